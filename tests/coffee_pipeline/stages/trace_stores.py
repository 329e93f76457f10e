"""Real trace stores for tests: Jaeger from the tool cache, Zipkin's jar from Maven's."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from filelock import FileLock

from coffee_pipeline.home import Home
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.toolbox.making import tools_folder
from coffee_pipeline.toolbox.toolbox import Toolbox
from tests.conftest import wait_until

ZIPKIN = "io.zipkin:zipkin-server:3.5.1:jar:exec"
ZIPKIN_SHA256 = "7ac633a6832647e71e50012a5e3e91fbc7054414955261724526030faf271d8d"
START_SECONDS = 180.0


@dataclass(frozen=True)
class RunningStore:
    """Where a store is asked, and where it takes spans."""

    url: str
    collector: str


def jaeger_program(home: Home) -> Path:
    """Jaeger, if it was made before: building it takes four minutes of a core."""
    found = Toolbox(home).look("jaeger")
    if found is None:
        pytest.skip("jaeger is not made here: coffee-pipeline doctor jaeger --install")
    return found.path


@contextmanager
def jaeger(home: Home, folder: Path) -> Iterator[RunningStore]:
    """Jaeger with its storage in memory, all ports free ones."""
    names = ("admin.http", "query.http-server", "query.grpc-server", "collector.grpc-server",
             "collector.http-server", "collector.otlp.grpc", "collector.otlp.http",
             "http-server")  # fmt: skip
    program = jaeger_program(home)
    ports = {name: free_port() for name in names}
    options = [f"--{name}.host-port=127.0.0.1:{port}" for name, port in ports.items()]
    options += [f"--processor.{kind}.server-host-port=127.0.0.1:0"
                for kind in ("jaeger-binary", "jaeger-compact", "zipkin-compact")]  # fmt: skip
    command = Command(argv=(str(program), *options), environment={"SPAN_STORAGE_TYPE": "memory"})
    with BackgroundProcess(command, folder / "jaeger.log", grace_seconds=5) as process:
        _await(process, f"http://127.0.0.1:{ports['admin.http']}/")
        query, otlp = ports["query.http-server"], ports["collector.otlp.http"]
        yield RunningStore(f"http://127.0.0.1:{query}", f"http://127.0.0.1:{otlp}")


@contextmanager
def zipkin(home: Home, folder: Path) -> Iterator[RunningStore]:
    """Zipkin with its storage in memory."""
    java = shutil.which("java")
    if java is None:
        pytest.skip("no Java here, so Zipkin cannot be started")
    port = free_port()
    command = Command(
        argv=(java, "-Xmx256m", "-XX:TieredStopAtLevel=1", "-jar", str(_zipkin_jar(home))),
        environment={"QUERY_PORT": str(port), "STORAGE_TYPE": "mem"},
        cwd=folder,
    )  # fmt: skip
    with BackgroundProcess(command, folder / "zipkin.log", grace_seconds=5) as process:
        _await(process, f"http://127.0.0.1:{port}/health")
        yield RunningStore(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{port}")


def _await(process: BackgroundProcess, url: str) -> None:
    def ready() -> bool:
        assert process.running(), process.log_tail(20)
        try:
            return httpx.get(url, trust_env=False, timeout=5).is_success
        except httpx.HTTPError:
            return False

    wait_until(ready, START_SECONDS)


def _zipkin_jar(home: Home) -> Path:
    """The jar in the tool cache; fetched once, by Maven."""
    kept = tools_folder(home) / f"zipkin-server-{ZIPKIN_SHA256[:16]}.jar"
    kept.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(kept.with_suffix(".lock")):
        if not kept.is_file():
            _fetch(kept)
    return kept


def _fetch(kept: Path) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        pytest.skip("no Maven here to fetch Zipkin with")
    folder = kept.with_suffix(".part")
    copied = subprocess.run(
        [maven, "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
         f"-Dartifact={ZIPKIN}", f"-DoutputDirectory={folder}"],
        capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    found = next(folder.glob("*.jar"), None) if folder.is_dir() else None
    if copied.returncode or found is None:
        pytest.skip(f"Maven could not fetch Zipkin: {copied.stdout[-300:]}")
    assert hashlib.sha256(found.read_bytes()).hexdigest() == ZIPKIN_SHA256
    found.replace(kept)
    shutil.rmtree(folder)
