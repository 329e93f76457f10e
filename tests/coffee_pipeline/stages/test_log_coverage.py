"""Log coverage as evidence: what is not known is no pass."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.metrics import LogCoverage
from coffee_pipeline.model.observability import ObservabilityCheck
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import Service
from coffee_pipeline.rollout import service_log
from coffee_pipeline.rollout.releases import Release, Running
from coffee_pipeline.stages import log_coverage as stage
from coffee_pipeline.stages.log_coverage import log_checks, log_coverage

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = f"level=info msg=request trace_id={TRACE}\n"


NOW = datetime(2026, 3, 1, tzinfo=UTC)


class _Context:
    revision = "a" * 40


@pytest.fixture
def covered(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(stage, "LINE_SECONDS", 0.0)

    def cover(text: str | None, trace: str | None = TRACE) -> LogCoverage:
        log = tmp_path / "menu.log"
        if text is not None:
            log.write_text(text)
        release = Release(
            service="menu", revision="a" * 40, digest="sha256:" + "0" * 64, binary=Path("/menu")
        )
        running = Running(
            release=release, track="stable", pid=1, address="127.0.0.1:1", log=log, log_offset=0,
            started_at=datetime(2026, 3, 1, tzinfo=UTC),
        )  # fmt: skip
        service = Service(name="menu", module=".")
        return log_coverage(_Context(), service, running, "staging", trace)  # type: ignore[arg-type]

    return cover


def answers(found: LogCoverage) -> dict[str, tuple[bool | None, str | None]]:
    return {one.kind: (one.passed, one.reason) for one in log_checks(found, NOW)}


def test_structured_lines_with_the_trace_pass(covered) -> None:
    found = covered("level=info msg=up\n" + TRACED)
    assert (found.lines, found.structured, found.with_trace_id) == (2, 2, 1)
    assert (found.outcome, found.reason) == ("completed", None)
    assert answers(found) == {"structured_logs": (True, None), "trace_ids_in_logs": (True, None)}


def test_plain_lines_and_requests_without_a_line_fail(covered) -> None:
    structured, traced = answers(covered("listening\n" + TRACED.replace(TRACE, "f" * 32))).values()
    assert structured[0] is False
    assert structured[1].startswith("1 of 2 lines are JSON or logfmt")
    assert traced == (False, "a request with a trace id left no line with it")


def test_what_is_not_known_is_no_pass(covered) -> None:
    missing = covered(None)
    assert (missing.outcome, missing.lines, missing.traced_request_logged) == (
        "not_run",
        None,
        None,
    )
    assert {passed for passed, _ in answers(missing).values()} == {None}
    assert all("cannot be read" in why for _, why in answers(missing).values())
    silent = covered("\n\n")
    assert (silent.outcome, silent.lines) == ("partial", 0)
    assert answers(silent) == {
        "structured_logs": (None, "the service wrote no line since it was started"),
        "trace_ids_in_logs": (False, "a request with a trace id left no line with it"),
    }
    unasked = covered(TRACED, trace=None)
    assert unasked.traced_request_logged is None
    assert answers(unasked)["trace_ids_in_logs"] == (
        None, "no request with a trace id could be sent",
    )  # fmt: skip


def test_the_end_of_a_log_is_no_pass_for_all_of_it(
    covered, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_log, "LIMIT", 10 * len(TRACED))
    part = covered("listening\n" * 1000 + TRACED * 10)
    assert (part.outcome, part.structured) == ("partial", part.lines)
    assert answers(part) == {
        "structured_logs": (None, "only the end of the log was looked at"),
        "trace_ids_in_logs": (True, None),
    }
    structured, _ = answers(covered(TRACED * 1000 + "listening\n" * 100)).values()
    assert structured[0] is False


def test_answers_about_logs_belong_to_the_look_at_everything_else(covered, home: Home) -> None:
    """The view takes a service's latest look: logs are read a moment after the rest."""
    panel = ObservabilityCheck(
        service="menu", revision="a" * 40, kind="red_panels", subject="menu", passed=False,
        reason="no panel of rate", observed_at=NOW,
    )  # fmt: skip
    found = covered(TRACED)
    assert found.observed_at > NOW
    HistoryWriter(home).write(
        Evidence(
            materialization="m", outcome=Outcome.COMPLETED,
            records=[found, panel, *log_checks(found, NOW)],
        )
    )  # fmt: skip
    history = HistoryReader(home)
    history.refresh()
    rows = history.query("SELECT kind, covered FROM observability_coverage ORDER BY kind")
    assert [(row["kind"], row["covered"]) for row in rows] == [
        ("red_panels", False), ("structured_logs", True), ("trace_ids_in_logs", True),
    ]  # fmt: skip
