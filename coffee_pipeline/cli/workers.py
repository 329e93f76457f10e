"""Workers: Dagster processes that carry out runs, one process per core for all services."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from coffee_pipeline.cli.application import application_environment, application_root
from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.started import StartedProcess

GRACE_SECONDS = 15.0
"""Time a worker gets to end its tools and close its run."""

Line = Mapping[str, object]


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """One run: a job for one service (None for platform-wide assets)."""

    id: str
    job: str
    service: str | None
    tags: Mapping[str, str] = field(default_factory=dict)
    assets: tuple[str, ...]


@dataclass(frozen=True)
class Progress:
    """A line of a worker about the request it is busy with; ``request`` is None before."""

    request: RunRequest | None
    line: Line


class _Worker:
    """One Dagster process, its pipes, and the thread that reads what it says."""

    def __init__(self, number: int, command: Command, log: Path, inbox: _Inbox) -> None:
        self.number = number
        self.log = log
        with log.open("ab") as stream:
            # What the worker says comes on stdout; what its libraries print goes to the log.
            self._process = StartedProcess(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                grace_seconds=GRACE_SECONDS,
            )
        stdin, stdout = self._process.popen.stdin, self._process.popen.stdout
        assert stdin is not None
        assert stdout is not None
        self._requests: IO[bytes] = stdin
        self._answers: IO[bytes] = stdout
        self.request: RunRequest | None = None
        self._thread = threading.Thread(target=self._read, args=(inbox,), daemon=True)
        self._thread.start()

    def _read(self, inbox: _Inbox) -> None:
        for line in self._answers:
            inbox.put((self, json.loads(line)))
        inbox.put((self, None))

    def give(self, request: RunRequest) -> None:
        self.request = request
        self._requests.write(json.dumps(asdict(request)).encode() + b"\n")
        self._requests.flush()

    def stop(self) -> None:
        with suppress(BrokenPipeError):  # it is gone already, which is what closing asks for
            self._requests.close()
        self._process.end()
        self._process.wait()
        self._thread.join()
        self._answers.close()

    def last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


_Inbox = queue.SimpleQueue[tuple[_Worker, Line | None]]


class Workers:
    """A pool of workers; a context manager, so that none outlives the command."""

    def __init__(self, home: Home, platform: Path, count: int | None = None) -> None:
        self._home = home
        self._platform = platform
        self._count = count or os.cpu_count() or 1
        self._inbox: _Inbox = queue.SimpleQueue()
        self._workers: list[_Worker] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        self._workers.clear()

    def start_ahead(self, wanted: int) -> None:
        """Start workers for ``wanted`` runs that are about to come: loading Dagster takes long."""
        while len(self._workers) < min(self._count, wanted):
            self._start()

    def _start(self) -> _Worker:
        number = len(self._workers) + 1
        command = Command(
            argv=(sys.executable, "-m", "assets.worker"),
            cwd=application_root(),
            environment=application_environment(self._home, self._platform),
        )
        log = self._home.dagster / f"worker-{number}.log"
        worker = _Worker(number, command, log, self._inbox)
        self._workers.append(worker)
        return worker

    def carry_out(
        self, requests: Iterable[RunRequest], watch: Callable[[Progress], None]
    ) -> dict[str, bool]:
        """Carry out all requests, as many at a time as there are workers.

        Returns:
            For each request's id whether its run succeeded.

        Raises:
            EnvironmentFailedError: a worker died; the other runs are carried out first.
        """
        waiting = deque(requests)
        total, results = len(waiting), dict[str, bool]()
        self.start_ahead(total)
        for worker in self._workers:
            if worker.request is None and waiting:
                worker.give(waiting.popleft())
        died = ""
        while len(results) < total:
            worker, line = self._inbox.get()
            if line is None:
                died = self._bury(worker, waiting, results)
                continue
            watch(Progress(worker.request, line))
            if line.get("event") == "RUN_END":
                results[str(line["id"])] = bool(line["success"])
                worker.request = None
                if waiting:
                    worker.give(waiting.popleft())
        if died:
            raise EnvironmentFailedError(died)
        return results

    def _bury(self, worker: _Worker, waiting: deque[RunRequest], results: dict[str, bool]) -> str:
        """A worker died: its run failed; another takes its place for what is still waiting."""
        self._workers.remove(worker)
        worker.stop()
        if worker.request is not None:
            results[worker.request.id] = False
        if waiting and worker.request is None:
            raise EnvironmentFailedError(f"worker cannot start: {worker.last_words()}")
        if waiting:
            self._start().give(waiting.popleft())
        name = worker.request.service if worker.request else None
        return f"the worker of {name or 'the platform'} died: {worker.last_words()} ({worker.log})"
