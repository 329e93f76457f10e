"""Workers: Dagster processes that carry out runs, one process per core for all services."""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from coffee_pipeline.cli.application import application_environment, application_root
from coffee_pipeline.errors import EnvironmentFailedError, PipelineError
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


class _Host:
    """The process that loads Dagster once and forks workers; its log takes what libraries print."""

    def __init__(self, command: Command, log: Path, descriptors: Sequence[int]) -> None:
        self.log = log
        with log.open("ab") as stream:
            self._process = StartedProcess(
                command,
                stdin=None,
                stdout=stream,
                stderr=stream,
                grace_seconds=GRACE_SECONDS,
                descriptors=descriptors,
            )

    def stop(self, *, at_once: bool) -> None:
        """Wait for the end: its workers have been asked for it, but may be busy or not begun."""
        if at_once:
            self._process.end()
        self._process.wait()

    def last_words(self) -> str:
        lines = self.log.read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


class _Worker:
    """One worker: the pipes to it, and the thread that reads what it says."""

    def __init__(self, inbox: _Inbox) -> None:
        requests_reader, requests_writer = os.pipe()
        answers_reader, answers_writer = os.pipe()
        self.theirs = (requests_reader, answers_writer)
        self._requests = os.fdopen(requests_writer, "wb")
        self._answers = os.fdopen(answers_reader, "rb")
        self.request: RunRequest | None = None
        self.host: _Host | None = None
        self._answered = False
        self._thread = threading.Thread(target=self._read, args=(inbox,), daemon=True)

    def started(self, host: _Host) -> None:
        """The process at the other end of the pipes is there."""
        self.host = host
        self._thread.start()

    def let_go(self) -> None:
        """Close the ends that belong to the other process."""
        for descriptor in self.theirs:
            os.close(descriptor)

    def _read(self, inbox: _Inbox) -> None:
        for line in self._answers:
            self._answered = True
            inbox.put((self, json.loads(line)))
        inbox.put((self, None))

    @property
    def idle(self) -> bool:
        """Whether it waits for a request, and so ends as soon as it is asked to."""
        return self._answered and self.request is None

    def give(self, request: RunRequest) -> None:
        self.request = request
        with suppress(BrokenPipeError):  # it died: its end is read where answers are
            self._requests.write(json.dumps(asdict(request)).encode() + b"\n")
            self._requests.flush()

    def stop(self) -> None:
        """Ask for no more; the worker ends when it has none at hand."""
        with suppress(BrokenPipeError):  # it is gone already, which is what closing asks for
            self._requests.close()

    def close(self) -> None:
        """The process is gone: read to the end of what it said."""
        if self.host is not None:
            self._thread.join()
        self._answers.close()


_Inbox = queue.SimpleQueue[tuple[_Worker, Line | None]]


class Workers:
    """A pool of workers; a context manager, so that none outlives the command."""

    def __init__(self, home: Home, platform: Path, count: int | None = None) -> None:
        self._home = home
        self._platform = platform
        self._count = count or os.cpu_count() or 1
        self._inbox: _Inbox = queue.SimpleQueue()
        self._workers: list[_Worker] = []
        self._hosts: list[_Host] = []

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self._workers:
            worker.stop()
        at_once = not all(worker.idle for worker in self._workers)
        for host in self._hosts:
            host.stop(at_once=at_once)
        for worker in self._workers:
            worker.close()
        self._workers.clear()
        self._hosts.clear()

    def start_ahead(self, wanted: int | None = None) -> None:
        """Start workers for ``wanted`` runs that are about to come: loading Dagster takes long."""
        missing = min(self._count, wanted or self._count) - len(self._workers)
        if missing > 0:
            self._start(missing)

    def _start(self, count: int) -> list[_Worker]:
        """Start ``count`` workers below one host."""
        workers = [_Worker(self._inbox) for _ in range(count)]
        try:
            lanes = [f"{requests}:{answers}" for requests, answers in (w.theirs for w in workers)]
            command = Command(
                argv=(sys.executable, "-m", "assets.worker", *lanes),
                cwd=application_root(),
                environment=application_environment(self._home, self._platform),
            )
            log = self._home.dagster / "workers.log"
            host = _Host(command, log, [end for worker in workers for end in worker.theirs])
        except PipelineError:
            for worker in workers:
                worker.stop()
                worker.close()
            raise
        finally:
            for worker in workers:
                worker.let_go()
        for worker in workers:
            worker.started(host)
        self._hosts.append(host)
        self._workers += workers
        return workers

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
        worker.close()
        assert worker.host is not None
        words = worker.host.last_words()
        if worker.request is not None:
            results[worker.request.id] = False
        if waiting and worker.request is None:
            raise EnvironmentFailedError(f"worker cannot start: {words}")
        if waiting:
            self._start(1)[0].give(waiting.popleft())
        name = worker.request.service if worker.request else None
        return f"the worker of {name or 'the platform'} died: {words} ({worker.host.log})"
