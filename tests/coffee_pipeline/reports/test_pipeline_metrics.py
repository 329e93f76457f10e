"""The pipeline's metrics: right numbers, a format that promtool has nothing to say about."""

from __future__ import annotations

import shutil
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from typer.testing import CliRunner

from coffee_pipeline.cli.main import application
from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.receiver.connection import Limits
from coffee_pipeline.reports.metrics_endpoint import MetricsEndpoint, exposition
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_sources import RecordedSource

NOW = datetime.now(UTC).replace(microsecond=0)
REVISION = "a" * 40
SLO = """\
version: prometheus/v1
service: kettle
slos:
  - name: boils
    objective: 99.8
    sli: {events: {error_query: "sum(rate(cold_total[{{.window}}]))",
                   total_query: "sum(rate(all_total[{{.window}}]))"}}
    alerting: {name: KettleCold}
"""


def run(step: str, seconds: float, verdict: str = "passed") -> StageRun:
    return StageRun(
        delivery="d", platform="shop", service='me"nu', revision=REVISION, stage="build",
        step=step, outcome="completed", verdict=verdict, reason=None,
        started_at=NOW - timedelta(hours=1),
        finished_at=NOW - timedelta(hours=1) + timedelta(seconds=seconds),
    )  # fmt: skip


def level(slo: str, good: float | None, total: float | None) -> ServiceLevel:
    known = good is not None and total is not None
    return ServiceLevel(
        service="menu", slo=slo, objective=0.99, environment="production", revision=REVISION,
        window_start=NOW - timedelta(hours=2), window_end=NOW - timedelta(hours=1), good=good,
        total=total, ratio=good / total if known else None, source="scrape",
        outcome="completed" if known else "not_run", reason=None if known else "no data",
    )  # fmt: skip


def decision(verdict: str, hours: int) -> GateDecision:
    return GateDecision(
        gate="release_gate", service="menu", revision=REVISION, verdict=verdict, reason="so",
        decided_at=NOW - timedelta(hours=hours),
    )  # fmt: skip


def scan() -> tuple[Scan, Finding]:
    common = dict.fromkeys(Finding.__slots__)
    finding = Finding(
        **{
            **common, "tool": "gosec", "rule": "G101", "identity": "i", "kind": "sast",
            "severity": "high", "severity_source": "tool", "title": "t", "scope": "services/menu",
            "revision": REVISION, "service": "menu",
        }
    )  # fmt: skip
    empty = dict.fromkeys(Scan.__slots__)
    made = Scan(
        **{
            **empty, "tool": "gosec", "tool_version": "2", "scope": "services/menu",
            "revision": REVISION, "outcome": "completed",
            "started_at": NOW - timedelta(hours=1), "finished_at": NOW - timedelta(minutes=30),
        }
    )  # fmt: skip
    return made, finding


@pytest.fixture
def history(home: Home) -> HistoryReader:
    deployed = Deployment(
        deployment_id="d-1", service="menu", environment="production", revision=REVISION,
        artifact_digest="sha256:a", strategy="canary", cause="delivery", previous_revision=None,
        started_at=NOW - timedelta(hours=1), finished_at=NOW, outcome="rolled_back", reason="slow",
    )  # fmt: skip
    records = (
        run("binary", 4), run("image", 40), run("sbom", 5000, "failed"), deployed,
        level("availability", 995, 1000), level("latency", None, None),
        decision("passed", 2), decision("failed", 1), *scan(),
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization="all", outcome=Outcome.COMPLETED, records=records)
    )
    reader = HistoryReader(home)
    reader.refresh()
    return reader


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name.removeprefix("coffee_"), tuple(sorted(sample.labels.items()))): (sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: dict, name: str, **labels: str) -> dict[tuple[tuple[str, str], ...], float]:
    return {
        key: value
        for (metric, key), value in found.items()
        if metric == name and labels.items() <= dict(key).items()
    }


def one(found: dict, name: str, **labels: str) -> float:
    (value,) = of(found, name, **labels).values()
    return value


def test_the_numbers_are_those_of_the_history(history: HistoryReader) -> None:
    found = samples(exposition(history))
    assert one(found, "step_seconds_sum", step="image") == 40
    assert one(found, "step_seconds_bucket", step="image", le="30.0") == 0
    assert one(found, "step_seconds_bucket", step="image", le="60.0") == 1
    assert one(found, "step_seconds_bucket", step="sbom", le="3600.0") == 0
    assert one(found, "step_seconds_bucket", step="sbom", le="+Inf") == 1
    assert one(found, "step_runs", outcome="completed", service='me"nu') == 3
    assert one(found, "step_duration_seconds", step="image") == 40
    verdicts = {
        word: one(found, "gate_verdict", verdict=word)
        for word in ("passed", "failed", "not_evaluated")
    }
    assert verdicts == {"passed": 0, "failed": 1, "not_evaluated": 0}
    assert one(found, "gate_decisions", verdict="passed") == 1
    assert one(found, "open_findings", severity="high") == 1
    scanned = one(found, "last_scan_timestamp_seconds", tool="gosec")
    assert scanned == (NOW - timedelta(minutes=30)).timestamp()
    assert one(found, "deployments", outcome="rolled_back") == 1
    assert one(found, "slo_ratio", slo="availability") == 0.995
    assert one(found, "error_budget_left_ratio", slo="availability") == 0.5


def test_objectives_measured_day_by_day_are_there_too(home: Home, tmp_path: Path) -> None:
    """A day of a hundred events a minute, one of a thousand bad."""
    (slo,) = parse([("f.yaml", SLO)])
    begin = NOW.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    start = int(begin.timestamp())
    rows = (f"boils,{start + 60 * minute},99.9,100" for minute in range(1440))
    series = tmp_path / "series.csv"
    series.write_text("\n".join(["slo,time,good,total", *rows]))
    for platform in ("one", "two"):
        owned = Owned(platform, "kettle", None, "production", slo)
        for evidence in measure_days(owned, [begin.date()], RecordedSource(series), NOW):
            HistoryWriter(home).write(evidence)
    reader = HistoryReader(home)
    reader.refresh()
    found = samples(exposition(reader))
    assert one(found, "slo_ratio", slo="boils", objective="0.998") == 0.999
    assert one(found, "error_budget_left_ratio", slo="boils") == 0.5


def test_what_is_not_known_has_no_sample(history: HistoryReader, tmp_path: Path) -> None:
    found = samples(exposition(history))
    for name in ("slo_ratio", "error_budget_left_ratio"):
        assert of(found, name, slo="latency") == {}
    assert of(found, "trace_coverage_ratio") == {}
    empty = HistoryReader(Home(tmp_path / "empty").prepare())
    assert samples(exposition(empty)) == {}


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_has_nothing_to_say(history: HistoryReader) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition(history), capture_output=True, text=True
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_each_scrape_sees_what_is_new(history: HistoryReader, home: Home) -> None:
    said: list[str] = []
    with (
        MetricsEndpoint(history, "127.0.0.1", 0, said.append) as endpoint,
        httpx.Client(trust_env=False) as http,
    ):
        first = http.get(endpoint.url)
        assert first.headers["content-type"].startswith("text/plain")
        assert one(samples(first.text), "step_seconds_count", step="binary") == 1
        HistoryWriter(home).write(
            Evidence(materialization="more", outcome=Outcome.COMPLETED, records=(run("binary", 8),))
        )
        HistoryReader(home).refresh()
        assert one(samples(http.get(endpoint.url).text), "step_seconds_count", step="binary") == 2
        assert http.get(endpoint.url.replace("/metrics", "/")).status_code == 404
        with pytest.raises(EnvironmentFailedError, match="in use"):
            MetricsEndpoint(history, "127.0.0.1", int(endpoint.url.split(":")[2][:-8]), print)
    assert said == []


def test_a_history_that_cannot_be_read_is_no_empty_answer(home: Home) -> None:
    home.history.parent.mkdir(parents=True, exist_ok=True)
    reader = HistoryReader(home)
    reader.refresh()
    home.history.write_bytes(b"no database")
    said: list[str] = []
    with (
        MetricsEndpoint(reader, "127.0.0.1", 0, said.append) as endpoint,
        httpx.Client(trust_env=False, timeout=60) as http,
    ):
        assert http.get(endpoint.url).status_code == 503
    assert said
    assert said[0].startswith("a scrape failed: ")


def test_a_client_that_says_nothing_holds_up_no_scrape(history: HistoryReader) -> None:
    with (
        MetricsEndpoint(history, "127.0.0.1", 0, print) as endpoint,
        httpx.Client(trust_env=False) as http,
        socket.create_connection(address(endpoint)) as silent,
    ):
        silent.sendall(b"GET /me")
        assert http.get(endpoint.url).status_code == 200


def test_bytes_that_drip_end_at_the_deadline(history: HistoryReader) -> None:
    said: list[str] = []
    limits = Limits(idle_seconds=30, request_seconds=0.3)
    with (
        MetricsEndpoint(history, "127.0.0.1", 0, said.append, limits) as endpoint,
        socket.create_connection(address(endpoint)) as client,
    ):
        client.settimeout(0.02)
        answer = None
        for _ in range(1000):  # twenty seconds, if nobody ends it
            try:
                client.sendall(b"x")
                answer = client.recv(1)
                break
            except TimeoutError:
                continue
            except ConnectionError:
                answer = b""
                break
    assert answer == b""
    assert said == [], "a client that is slow is no fault of ours"


def test_connections_have_a_bound(history: HistoryReader) -> None:
    said: list[str] = []
    with (
        MetricsEndpoint(history, "127.0.0.1", 0, said.append, Limits(connections=1)) as endpoint,
        socket.create_connection(address(endpoint)) as first,
    ):
        first.sendall(b"GET /me")
        with socket.create_connection(address(endpoint), timeout=30) as second:
            assert second.recv(1) == b""
        assert said == ["refused a connection: 1 are open"]
        first.sendall(b"trics HTTP/1.0\r\n\r\n")
        assert first.recv(12) == b"HTTP/1.0 200"


def address(endpoint: MetricsEndpoint) -> tuple[str, int]:
    url = httpx.URL(endpoint.url)
    return url.host, url.port or 0


def test_the_command_writes_a_file_at_once(history: HistoryReader, home: Home, tmp_path) -> None:
    target = tmp_path / "coffee.prom"
    target.write_text("old")
    words = ["--data-dir", str(home.root), "metrics", "show", "-o", str(target)]
    done = CliRunner().invoke(application(["metrics"]), words)
    assert done.exit_code == 0, done.output
    assert one(samples(target.read_text()), "open_findings", severity="high") == 1
    assert [path.name for path in tmp_path.glob("*coffee.prom*")] == ["coffee.prom"]
    words[-1] = str(tmp_path / "none" / "coffee.prom")
    done = CliRunner().invoke(application(["metrics"]), words)
    assert isinstance(done.exception, EnvironmentFailedError)
