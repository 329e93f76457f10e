"""Answers of scanners for inputs that did not change: taken again instead of asked for again.

Only scanners that name all they read (:class:`~coffee_pipeline.tools.base.Repeatable`) take part:
the same files, the same rules and the same version of the tool give the same findings. What is
kept is evidence, whose secrets are out, below ``home.cache/scans``. Partial answers are not kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import coffee_pipeline.tools
from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.kept_evidence import forget_unused, read_evidence, write_evidence
from coffee_pipeline.toolbox.toolbox import Located
from coffee_pipeline.tools.base import Repeatable, Scanner, Target

KEPT_SECONDS = 30 * 24 * 3600.0
"""Answers that nobody took for so long are forgotten."""
_ADAPTERS = Path(coffee_pipeline.tools.__file__).parent


def kept_answer_file(home: Home, tool: Scanner, program: Located, target: Target) -> Path | None:
    """Where the answer for ``target`` is kept; None where the tool cannot say what it reads."""
    if not isinstance(tool, Repeatable) or program.version is None:
        return None
    command = tool.command(target, Path(tool.NAME))
    asked = {
        "adapters": _adapters(),
        "tool": [tool.NAME, program.version],
        "arguments": [part.replace(str(target.checkout), "") for part in command.argv],
        "target": [target.module, target.scope_name, sorted(target.nested)],
        "inputs": _contents(tool.inputs(target), target.checkout),
    }
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8", "replace"))
    return _answers(home) / f"{digest.hexdigest()[:40]}.json"


def answer_again(file: Path, key: str, target: Target) -> Evidence | None:
    """The kept answer as one about the target's revision; None where there is none.

    The scan says that it was not made anew, and of which revision it was; the tool did not run.
    """
    kept = read_evidence(file)
    if kept is None:
        return None
    with suppress(FileNotFoundError):
        os.utime(file)
    now = datetime.now(UTC)
    records = [_anew(one, target, now) for one in kept.records if not isinstance(one, ToolRun)]
    return replace(kept, materialization=key, records=tuple(records))


def keep_answer(file: Path, evidence: Evidence) -> None:
    """Keep a complete answer; anything less is asked for again next time."""
    if evidence.outcome is not Outcome.COMPLETED:
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    forget_unused(file.parent, KEPT_SECONDS)
    write_evidence(file, evidence)


def forget_answers(home: Home) -> None:
    """Have every scanner asked anew next time.

    Raises:
        EnvironmentFailedError: they cannot be removed.
    """
    folder = _answers(home)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise EnvironmentFailedError(f"{folder}: cannot be removed ({error.strerror})") from error


def _answers(home: Home) -> Path:
    return home.cache / "scans"


@cache
def _adapters() -> str:
    """Digest of what reads reports: an adapter that changed may find other things in an answer."""
    sources = _contents(sorted(_ADAPTERS.glob("*.py")), _ADAPTERS)
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def _anew(record: Record, target: Target, now: datetime) -> Record:
    if isinstance(record, Scan):
        made = f"{record.started_at:%Y-%m-%d %H:%M} UTC at {record.revision[:12]}"
        return replace(
            record, revision=target.revision, started_at=now, finished_at=now,
            reason=f"unchanged inputs: the answer of {made}",
        )  # fmt: skip
    if isinstance(record, Finding):
        return replace(record, revision=target.revision)
    return record


def _contents(files: Iterable[Path], checkout: Path) -> list[list[str]]:
    """Name and digest of each file, sorted; of a link, where it leads."""
    return sorted(
        [str(file.relative_to(checkout)) if file.is_relative_to(checkout) else str(file),
         _digest(file)]
        for file in files
    )  # fmt: skip


def _digest(file: Path) -> str:
    if file.is_symlink():
        return f"link:{file.readlink()}"
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
