"""Requests through real services and a real gateway, their traces in a real store."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.trace import TraceCoverage, TraceGap
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from coffee_pipeline.rollout.releases import Release
from coffee_pipeline.stages.trace_coverage import (
    GatewayCount,
    Window,
    counted_by_gateway,
    measure_coverage,
)
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.traces.store import traces_of
from coffee_pipeline.tools.traces.stores import trace_store
from tests.coffee_pipeline.stages import trace_stores
from tests.conftest import ROOT, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SERVICES = ("menu", "payments", "kitchen", "orders", "storefront")
ORDER = {"drink": "espresso", "quantity": 1, "card": "4242424242424242"}
REQUESTS = 20


def releases(home: Home, folder: Path) -> list[Release]:
    """The bundled platform's services, built; its sources are only read."""
    toolbox = Toolbox(home)
    go = str(toolbox.locate("go").path)
    source = folder / "go-coffee"
    shutil.copytree(ROOT / "examples" / "go-coffee", source)
    described = {one.name: one for one in load_platform(source / "platform.yaml").services}
    made = []
    for name in SERVICES:
        binary = folder / name
        output = run(
            Command(
                argv=(go, "build", "-o", str(binary), described[name].package),
                cwd=source / described[name].module,
                environment=toolbox.go_environment(),
            )
        )
        assert output.answered, output.tail()
        digest = hashlib.sha256(binary.read_bytes()).hexdigest()
        settings = described[name].run
        assert settings is not None
        made.append(
            Release(service=name, revision="a" * 40, digest=f"sha256:{digest}", binary=binary,
                    run=settings)
        )  # fmt: skip
    return made


def test_requests_of_the_platform_are_seen_end_to_end_in_jaeger(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace_stores.jaeger_program(home)
    built = releases(home, tmp_path)
    with trace_stores.jaeger(home, tmp_path) as store:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", store.collector)
        with ensure_owner(home), EnvironmentClient(home) as client:
            for release in built:
                client.start("production", release, "stable")
            urls = {name: client.service("production", name).url for name in SERVICES}
            start = datetime.now(UTC)
            with httpx.Client(trust_env=False, timeout=20) as http:
                for _ in range(REQUESTS):
                    http.get(f"{urls['menu']}/drinks").raise_for_status()
                    http.post(f"{urls['orders']}/orders", json=ORDER).raise_for_status()
                    http.get(urls["storefront"]).raise_for_status()
            end = datetime.now(UTC)
            coverage = measured(home, store.url, "storefront", start, end)
            found = {name: measured(home, store.url, name, start, end) for name in SERVICES}
        assert (coverage.requests, coverage.complete, coverage.ratio) == (REQUESTS, REQUESTS, 1.0)
        assert found["orders"].requests >= REQUESTS
        assert found["menu"].requests > REQUESTS  # orders and storefront ask it, too
        for one in found.values():
            assert (one.ratio, one.missing, one.partial) == (1.0, 0, 0), one
            assert one.requests_source == "access log"
        history = HistoryReader(home)
        history.refresh()
        stored = history.records(TraceCoverage, "store = 'jaeger'", ())
        assert {one.service for one in stored} == set(SERVICES)
        # Requests that are not in the store are missing, not a better ratio.
        lost = GatewayCount(REQUESTS + 5, "given")
        window = Window("storefront", "production", start, end)
        with HttpClient(store.url) as asked:
            evidence = measure_coverage(
                asked, trace_store("jaeger"), window, lost, end + timedelta(minutes=1)
            )
        (less, gap) = evidence.records
        assert isinstance(less, TraceCoverage)
        assert isinstance(gap, TraceGap)
        assert (less.missing, less.ratio, gap.kind) == (5, REQUESTS / (REQUESTS + 5), "absent")


def measured(home: Home, url: str, service: str, start: datetime, end: datetime) -> TraceCoverage:
    """Coverage once all spans have come: exporters send batches."""
    window = Window(service, "production", start, end)
    store = trace_store("jaeger")
    kept = []

    def whole() -> bool:
        with HttpClient(url) as asked:
            counted = counted_by_gateway(home, window)
            later = end + timedelta(minutes=1)
            evidence = measure_coverage(asked, store, window, counted, later)
        kept.append(evidence)
        (coverage, *_) = evidence.records
        assert isinstance(coverage, TraceCoverage)
        return coverage.ratio == 1.0

    wait_until(whole, 60)
    HistoryWriter(home).write(kept[-1])
    (coverage,) = kept[-1].records
    return coverage


def test_traces_are_read_back_from_zipkin(home: Home, tmp_path: Path) -> None:
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1)
    micros = int(start.timestamp() * 1e6)
    with trace_stores.zipkin(home, tmp_path) as store:
        spans = []
        for number in range(1, 701):  # more than one answer has
            trace = f"{number:032x}"
            at = micros + number * 20_000
            front = {"serviceName": "storefront"}
            spans += [
                {"traceId": trace, "id": f"{number:016x}", "kind": "SERVER", "name": "get /",
                 "timestamp": at, "duration": 9000, "localEndpoint": front},
                {"traceId": trace, "parentId": f"{number:016x}", "id": f"{number + 5000:016x}",
                 "kind": "CLIENT", "timestamp": at + 1000, "duration": 5000,
                 "localEndpoint": front, "remoteEndpoint": {"serviceName": "menu"}},
            ]  # fmt: skip
            if number % 10:  # the other end of every tenth call got lost; ids are shared, as in B3
                spans.append(
                    {"traceId": trace, "parentId": f"{number:016x}", "id": f"{number + 5000:016x}",
                     "kind": "SERVER", "shared": True, "timestamp": at + 2000, "duration": 1000,
                     "localEndpoint": {"serviceName": "menu"}}
                )  # fmt: skip
        sent = httpx.post(
            f"{store.collector}/api/v2/spans",
            content=json.dumps(spans),
            headers={"Content-Type": "application/json"},
            trust_env=False,
        )
        assert sent.status_code == 202
        window = Window("storefront", "production", start, start + timedelta(seconds=30))
        with HttpClient(store.url) as client:
            kind = trace_store("zipkin")
            first, last = int(start.timestamp()), int(start.timestamp()) + 30
            wait_until(lambda: len(traces_of(client, kind, "storefront", first, last).spans) == 700)
            counted = GatewayCount(720, "given")
            evidence = measure_coverage(client, kind, window, counted, datetime.now(UTC))
    coverage, *gaps = evidence.records
    assert isinstance(coverage, TraceCoverage)
    assert (coverage.outcome, coverage.reason) == ("completed", None)
    assert (coverage.complete, coverage.partial, coverage.missing) == (630, 70, 20)
    assert coverage.ratio == 630 / 720
    assert [(gap.kind, gap.requests) for gap in gaps] == [("call_unanswered", 70), ("absent", 20)]
