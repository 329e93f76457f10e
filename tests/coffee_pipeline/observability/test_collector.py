"""The generated configuration, checked and run by a real OpenTelemetry collector."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from filelock import FileLock
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import format_trace_id

from coffee_pipeline.home import Home
from coffee_pipeline.observability.images import IMAGES
from coffee_pipeline.observability.traces import EVERYWHERE, Settings, TraceStore, collector
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.toolbox.making import tools_folder
from coffee_pipeline.toolbox.toolbox import Toolbox
from tests.conftest import ROOT, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
SOURCE = Path(__file__).with_name("otel-collector")
BUNDLED = ROOT / "examples" / "go-coffee" / "observability" / "otel-collector" / "config.yaml"
SPANS = 25


@pytest.fixture
def program(home: Home) -> Path:
    """A collector with the components of the configuration, built once into the tool cache."""
    toolbox = Toolbox(home)
    go = toolbox.locate("go")
    environment = {**os.environ, **toolbox.go_environment(), "CGO_ENABLED": "0", "GOWORK": "off"}
    source = b"".join(file.read_bytes() for file in sorted(SOURCE.iterdir()))
    name = f"otel-collector-{hashlib.sha256(source).hexdigest()[:16]}-go{go.version}"
    kept = tools_folder(home) / name
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(kept.with_name(f"{name}.lock")):
        if not kept.is_file():

            def run(*arguments: str) -> subprocess.CompletedProcess[str]:
                return subprocess.run(
                    [go.path, *arguments], cwd=SOURCE, env=environment,
                    capture_output=True, text=True, check=False,
                )  # fmt: skip

            fetched = run("list", "-deps", ".")
            if fetched.returncode:
                pytest.skip(f"the collector's modules cannot be had here: {fetched.stderr[-300:]}")
            part = kept.with_name(f"{name}.part")
            built = run("build", "-trimpath", "-mod=readonly", "-o", str(part), ".")
            assert built.returncode == 0, built.stderr
            part.replace(kept)
    return kept


def test_the_collector_is_of_the_version_that_the_stack_names() -> None:
    version = IMAGES["otel-collector"].reference.rpartition(":")[2]
    assert f'const version = "{version}"' in (SOURCE / "main.go").read_text()
    assert f"exporter/otlpexporter v{version}" in (SOURCE / "go.mod").read_text()


def validate(program: Path, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [program, "validate", "--config", f"file:{file}"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_collector_accepts_the_bundled_configuration_and_no_broken_one(
    program: Path, tmp_path: Path
) -> None:
    assert validate(program, BUNDLED).returncode == 0
    broken = tmp_path / "broken.yaml"
    broken.write_text(BUNDLED.read_text().replace("send_batch_size", "send_batch_sizes"))
    refused = validate(program, broken)
    assert refused.returncode != 0
    assert "send_batch_sizes" in refused.stderr


def on_loopback(settings: object, ports: dict[int, int], sink: str) -> object:
    """The same configuration for a process of this machine: free ports, every store is ``sink``."""
    if isinstance(settings, dict):
        moved = {key: on_loopback(value, ports, sink) for key, value in settings.items()}
        if "port" in moved:
            moved |= {"host": "127.0.0.1", "port": ports.setdefault(moved["port"], free_port())}
        return moved
    if isinstance(settings, list):
        return [on_loopback(value, ports, sink) for value in settings]
    if isinstance(settings, str) and settings.startswith(f"{EVERYWHERE}:"):
        port = int(settings.rpartition(":")[2])
        return f"127.0.0.1:{ports.setdefault(port, free_port())}"
    return sink if settings in {f"{store}:4317" for store in TraceStore} else settings


@contextmanager
def running(
    program: Path, folder: Path, name: str, settings: object, health: int
) -> Iterator[BackgroundProcess]:
    file = folder / f"{name}.yaml"
    file.write_text(yaml.safe_dump(settings))
    command = Command(argv=(str(program), "--config", f"file:{file}"))
    with BackgroundProcess(command, folder / f"{name}.log", grace_seconds=5) as process:

        def ready() -> bool:
            assert process.running(), process.log_tail(20)
            try:
                return httpx.get(f"http://127.0.0.1:{health}/", trust_env=False).is_success
            except httpx.TransportError:
                return False

        wait_until(ready)
        yield process


def printing(grpc: int, health: int) -> Settings:
    """A collector that prints every span it receives, in place of the stores."""
    return {
        "receivers": {"otlp": {"protocols": {"grpc": {"endpoint": f"127.0.0.1:{grpc}"}}}},
        "exporters": {"debug": {"verbosity": "detailed"}},
        "extensions": {"health_check": {"endpoint": f"127.0.0.1:{health}"}},
        "service": {
            "extensions": ["health_check"],
            "telemetry": {"metrics": {"level": "none"}},
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": ["debug"]}},
        },
    }


def send(endpoint: str) -> set[str]:
    """Spans over OTLP, as the services send them; the identifiers of their traces."""
    provider = TracerProvider(resource=Resource({"service.name": "orders"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    tracer, sent = provider.get_tracer("test"), set()
    for number in range(SPANS):
        with tracer.start_as_current_span(f"request {number}") as span:
            sent.add(format_trace_id(span.get_span_context().trace_id))
    provider.shutdown()
    return sent


def test_every_span_reaches_every_store(program: Path, tmp_path: Path) -> None:
    grpc, health = free_port(), free_port()
    ports: dict[int, int] = {}
    settings = on_loopback(
        collector([TraceStore.JAEGER, TraceStore.TEMPO]), ports, f"127.0.0.1:{grpc}"
    )
    assert set(ports) == {4317, 4318, 8888, 13133}
    with (
        running(program, tmp_path, "stores", printing(grpc, health), health) as stores,
        running(program, tmp_path, "collector", settings, ports[13133]),
    ):
        sent = send(f"http://127.0.0.1:{ports[4318]}/v1/traces")

        def received() -> list[str]:
            return re.findall(r"Trace ID\s*: ([0-9a-f]{32})", stores.log.read_text())

        wait_until(lambda: len(received()) >= 2 * SPANS)
        assert sorted(received()) == sorted([*sent, *sent])
        told = httpx.get(f"http://127.0.0.1:{ports[8888]}/metrics", trust_env=False).text
    accepted = re.findall(r"^otelcol_receiver_accepted_spans\S* (\S+)$", told, re.MULTILINE)
    assert list(map(float, accepted)) == [SPANS]
