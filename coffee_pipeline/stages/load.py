"""Load through the gateway: open loop, at a constant rate, with requests of the description."""

from __future__ import annotations

import base64
import itertools
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.platform.description import LoadSettings, LoadTarget
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.tools import vegeta

SEQUENCE = "{sequence}"
TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What the callers saw: requests sent, those without any HTTP answer, those that failed.

    A request failed when it got no answer or 5xx.
    """

    requests: int
    lost: int
    failed: int


def targets(settings: LoadSettings, url: str, count: int, first: int) -> Iterator[str]:
    """``count`` lines of vegeta's JSON target format; kinds alternate by their weights.

    ``{sequence}`` counts up from ``first``, so that no request repeats one of an earlier load.
    """
    kinds = [target for target in settings.targets for _ in range(target.weight)]
    for number, target in zip(range(count), itertools.cycle(kinds), strict=False):
        yield _line(target, url, str(first + number))


def _line(target: LoadTarget, url: str, sequence: str) -> str:
    line: dict[str, object] = {
        "method": target.method,
        "url": url + target.path.replace(SEQUENCE, sequence),
        "header": {
            name: [value.replace(SEQUENCE, sequence)] for name, value in target.headers.items()
        },
    }
    if target.body is not None:
        body = target.body.replace(SEQUENCE, sequence)
        line["body"] = base64.b64encode(body.encode()).decode()
    return json.dumps(line)


def attack(
    context: StageContext, settings: LoadSettings, url: str, seconds: float, rate: int | None = None
) -> LoadResult:
    """Send load for ``seconds`` and count what the callers saw.

    Raises:
        ToolMissingError: the load generator is not to be had.
        EnvironmentFailedError: it could not do its work.
    """
    program = context.toolbox.locate(vegeta.NAME).path
    wanted = rate or settings.rate_per_second
    with tempfile.TemporaryDirectory(prefix="load-", dir=context.home.cache) as folder:
        plan = vegeta.Attack(
            targets=Path(folder) / "targets",
            results=Path(folder) / "results",
            rate_per_second=wanted,
            duration_seconds=seconds,
            timeout_seconds=TIMEOUT_SECONDS,
        )
        lines = targets(settings, url, int(wanted * seconds) + 1, time.time_ns() // 1_000_000)
        plan.targets.write_text("\n".join(lines), encoding="utf-8")
        for command in (
            vegeta.attack_command(plan, program),
            vegeta.encode_command(plan.results, program),
        ):
            output = run(command)
            if not output.answered:
                raise EnvironmentFailedError(f"vegeta: load could not be sent: {output.tail(2)}")
        samples = list(vegeta.parse(output.stdout))
    lost = sum(sample.lost for sample in samples)
    return LoadResult(len(samples), lost, lost + sum(sample.code >= 500 for sample in samples))
