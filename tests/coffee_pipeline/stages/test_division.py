"""One file that a tool cannot read hides nothing in the others."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.stages.division import MOST_RUNS, Answer, without_refused
from coffee_pipeline.stages.repository_scan import repository_scan
from coffee_pipeline.tools import conftest as conftest_tool
from coffee_pipeline.tools import gator, kube_score, scan_record
from coffee_pipeline.tools.base import Target

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]
WHOLE = Target(checkout=Path("/nowhere"), module=".", revision="a" * 40)


class Fragile:
    """A tool that answers only where it is given nothing of ``broken``."""

    def __init__(self, files: list[str], broken: set[str], *, exit_code: int = 0,
                 rest: Outcome = Outcome.COMPLETED) -> None:  # fmt: skip
        self.files, self.broken, self.exit_code, self.rest = files, broken, exit_code, rest
        self.runs = 0

    def __call__(self, target: Target) -> Answer:
        self.runs += 1
        named = self.files if target.packages == WHOLE.packages else target.packages
        given = [name for name in named if name not in target.refused]
        bad = sorted(self.broken.intersection(given))
        output = Output(
            command=Command(argv=("tool",)), exit_code=self.exit_code, stdout=b"", stderr=b"",
            started_at=datetime.now(UTC), duration_seconds=0.0, timed_out=False, truncated=False,
        )  # fmt: skip
        report = scan_record.report(
            "tool", target, Outcome.FAILED if bad else self.rest,
            f"broken: {bad[0]}" if bad else None,
        )  # fmt: skip
        return output, report

    def divided(self) -> tuple[Outcome, Target | None]:
        asked: list[Target] = []

        def scan(target: Target) -> Answer:
            asked.append(target)
            return self(target)

        _, report = without_refused(scan, "tool", WHOLE, self.files, self(WHOLE))
        return report.outcome, asked[-1] if asked else None


@given(st.sets(st.integers(0, 300), min_size=2), st.data())
def test_what_is_refused_is_found_and_the_rest_is_scanned(numbers: set[int], data) -> None:
    files = [f"{number}.yaml" for number in sorted(numbers)]
    broken = data.draw(st.sets(st.sampled_from(files), max_size=min(5, len(files) - 1)))
    tool = Fragile(files, broken)
    outcome, last = tool.divided()
    assert outcome is Outcome.COMPLETED
    assert (last.refused if last else {}) == {name: f"broken: {name}" for name in sorted(broken)}
    assert tool.runs <= MOST_RUNS + 2


def test_what_is_broken_as_a_whole_stays_failed_within_few_runs() -> None:
    files = [f"{number}.yaml" for number in range(1000)]
    for broken in (set(files), set(files[::2])):
        tool = Fragile(files, broken)
        assert tool.divided()[0] is Outcome.FAILED
        assert tool.runs <= MOST_RUNS + 1


def test_a_tool_that_was_ended_is_not_run_again() -> None:
    tool = Fragile(["a.yaml", "b.yaml"], {"a.yaml"}, exit_code=-9)
    assert tool.divided() == (Outcome.FAILED, None)


def test_where_the_rest_is_no_answer_the_files_that_failed_are_told() -> None:
    tool = Fragile(["a.yaml", "b.yaml"], {"a.yaml"}, rest=Outcome.NOT_RUN)
    assert tool.divided()[0] is Outcome.FAILED


POD = """apiVersion: v1
kind: Pod
metadata: {{name: {name}}}
spec:
  containers:
    - {{name: a, image: "a:latest"}}
"""
BROKEN = {
    "deploy/twice.yaml": POD.format(name="twice") + "kind: Pod\n",
    "deploy/typed.yaml": POD.format(name="typed") + "  priority: high\n",
    "deploy/bytes.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n"
                         'data: {a: !!binary "%%%"}\n',
}  # fmt: skip
REFUSED = {
    kube_score.NAME: {"deploy/twice.yaml", "deploy/typed.yaml"},
    conftest_tool.NAME: {"deploy/bytes.yaml"},
    gator.NAME: {"deploy/bytes.yaml"},
}


@pytest.mark.slow
@pytest.mark.parametrize("tool", REFUSED)
def test_manifests_that_a_tool_cannot_read_are_named_and_the_others_scanned(
    deliver, installed, tool: str
) -> None:
    installed(tool)
    good = {f"deploy/pod-{number}.yaml": POD.format(name=f"pod-{number}") for number in range(5)}
    delivery = deliver({"go.mod": "module shop\n", **good, **BROKEN})
    chosen = delivery.context.platform.security.model_copy(update={"scanners": (tool,)})
    delivery = delivery.platform(security=chosen)
    (found,) = repository_scan(delivery.context, "infrastructure_scan")
    (scan,) = [record for record in found.records if isinstance(record, Scan)]
    assert scan.outcome == Outcome.PARTIAL.value, scan.reason
    assert {path for path in BROKEN if f"{path} (" in str(scan.reason)} == REFUSED[tool]
    assert scan.files_scanned is not None
    assert scan.files_scanned >= len(good)
    assert scan.checks_run
