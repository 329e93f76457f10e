"""Lines of services' logs as the usual Go loggers write them, counted and never kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.rollout.service_log import LIMIT, count_lines, has_trace_id, structured

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    "line",
    [
        '{"time":"2026-03-01T08:00:00Z","level":"INFO","msg":"request"}',  # slog, JSON
        'time=2026-03-01T08:00:00Z level=INFO msg="GET /menu" status=200',  # slog, text; logrus
        '{"level":"info","ts":1772352000.1,"caller":"a.go:1","msg":"up"}',  # zap
        '{"level":"info","time":1772352000,"message":"up"}',  # zerolog
        '{"severity":"INFO","timestamp":"2026-03-01T08:00:00Z","message":"up"}',  # Cloud Logging
        '{"@timestamp":"2026-03-01T08:00:00Z","log.level":"info","message":"up"}',  # ECS
        'ts=2026-03-01T08:00:00Z caller=main.go:1 level=info msg=up empty= quoted="a \\"b\\""',
        '{"SeverityText":"INFO","Body":"up","Timestamp":"1"}',  # OpenTelemetry
    ],
)
def test_structured_lines(line: str) -> None:
    assert structured(line) is not None
    assert not has_trace_id(structured(line) or {})


@pytest.mark.parametrize(
    "line",
    [
        "2026/03/01 08:00:00 listening on :8080",  # log
        "2026-03-01T08:00:00Z INFO request {\"status\": 200}",  # zap, console
        "goroutine 1 [running]:", "[GIN] 2026/03/01 - 08:00:00 | 200 | GET /menu", "a=b c=d",
        '{"msg": "no level and no time"}', '{"level": "info", "time": 1}', '["msg", "level"]',
        '{"level": "info", "msg": "cut', "{" * 5000, "level=info msg=",  # the last one has all
    ],
)  # fmt: skip
def test_other_lines(line: str) -> None:
    assert (structured(line) is None) is (line != "level=info msg=")


@pytest.mark.parametrize(
    ("name", "value", "there"),
    [
        ("trace_id", TRACE, True), ("traceID", TRACE, True), ("trace.id", TRACE, True),
        ("dd.trace_id", "1234567890", True),
        ("traceparent", f"00-{TRACE}-b7ad6b7169203331-01", True),
        ("logging.googleapis.com/trace", f"projects/p/traces/{TRACE}", True),
        ("trace_id", "", False), ("trace_id", "0" * 32, False), ("trace_id", None, False),
        ("span_id", "b7ad6b7169203331", False),
    ],
)  # fmt: skip
def test_names_of_trace_ids(name: str, value: str | None, there: bool) -> None:
    fields = structured(json.dumps({"level": "info", "msg": "m", name: value}))
    assert fields is not None
    assert has_trace_id(fields) is there


def test_only_whole_lines_of_this_run_count(tmp_path: Path) -> None:
    log = tmp_path / "menu.log"
    before = "an earlier run\n"
    log.write_text(
        before + f"\nlevel=info msg=up\nplain {TRACE}\nlevel=info msg=r trace_id={TRACE}\nlevel=in"
    )
    found = count_lines(log, len(before), TRACE)
    assert (found.lines, found.structured, found.with_trace_id) == (3, 2, 1)
    assert (found.traced, found.cut) == (True, False)
    assert count_lines(log, len(before), "f" * 32).traced is False
    log.write_text("level=info msg=up\n")  # somebody emptied it
    assert count_lines(log, 1000).lines == 1
    log.write_text("")
    assert count_lines(log, 0).lines == 0


def test_of_a_long_log_the_end_counts(tmp_path: Path) -> None:
    log = tmp_path / "menu.log"
    line = "level=info msg=up\n"
    log.write_text("x" * LIMIT + "\n" + line * 10)
    found = count_lines(log, 0)
    assert (found.lines, found.structured, found.cut) == (10, 10, True)
    assert count_lines(log, LIMIT).cut is False


@given(st.text(max_size=200))
def test_any_text_is_structured_or_not(text: str) -> None:
    fields = structured(text)
    assert fields is None or has_trace_id(fields) in (True, False)
