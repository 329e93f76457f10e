"""What one package's events add up to: its tests, and why its test binary ended as it did."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime

from coffee_pipeline.model.outcome import PackageOutcome, TestOutcome
from coffee_pipeline.tools.go_events import Event
from coffee_pipeline.tools.go_messages import Complaint, complaint, shortened, without_headers

OUTPUT_LIMIT = 64 * 1024
"""Characters of output kept of one test; the start is kept, where the cause stands."""

_TIMED_OUT = re.compile(r"^panic: test timed out after ")
_DIED = re.compile(r"^(?:panic: |fatal error: |unexpected fault address|SIGSEGV)")
_RUNNING = re.compile(r"^\t\t?(?P<test>\S.*) \([\d.]+(?:ns|µs|ms|s|m|h)[\dhms.]*\)$")
_STATE = re.compile(r"^(?:=== (?:RUN|PAUSE|CONT|NAME) |\s*--- (?:PASS|FAIL|SKIP): )")
_TEST_FUNCTION = re.compile(r"^\S*?\.(?P<name>Test\w+|Fuzz\w+|Example\w*)\(")
_FINISHED = {
    "pass": TestOutcome.PASSED,
    "fail": TestOutcome.FAILED,
    "skip": TestOutcome.SKIPPED,
    "bench": TestOutcome.PASSED,
}
_BUILD_OUTCOMES = {
    Complaint.VET: PackageOutcome.VET_FAILED,
    Complaint.DEPENDENCY: PackageOutcome.DEPENDENCY_MISSING,
}


@dataclass
class _Text:
    """Lines up to a limit."""

    lines: list[str] = field(default_factory=list)
    size: int = 0
    left_out: int = 0

    def add(self, line: str) -> None:
        if self.size + len(line) > OUTPUT_LIMIT:
            self.left_out += len(line)
        else:
            self.lines.append(line)
            self.size += len(line)

    def __str__(self) -> str:
        text = "".join(self.lines)
        return f"{text}\n... {self.left_out} more characters" if self.left_out else text


@dataclass
class TestLog:
    """One test or subtest. ``outcome`` is None while it has not ended."""

    __test__ = False  # not a test class of pytest

    name: str
    started_at: datetime | None
    outcome: TestOutcome | None = None
    paused: bool = False
    seconds: float = 0.0
    output: _Text = field(default_factory=_Text)


@dataclass
class PackageLog:
    """Collects one package's events, in order."""

    name: str
    tests: dict[str, TestLog] = field(default_factory=dict)
    finished: list[str] = field(default_factory=list)
    output: _Text = field(default_factory=_Text)
    action: str | None = None
    seconds: float = 0.0
    failed_build: str | None = None
    last_time: datetime | None = None
    timed_out: bool = False
    death: str | None = None
    dying_test: str | None = None
    hanging: list[str] = field(default_factory=list)
    stack: list[str] = field(default_factory=list)
    ended_itself: bool = False

    def add(self, event: Event) -> None:
        """Take the next event of this package; actions it does not know change nothing."""
        self.last_time = event.time or self.last_time
        if event.output is not None and event.action == "output":
            self._add_output(event.test, event.output)
        elif event.test is not None:
            self._add_test_event(event, event.test)
        elif event.action in ("pass", "fail", "skip"):
            self.action = event.action
            self.seconds = event.elapsed_seconds or 0.0
            self.failed_build = event.failed_build

    def _test(self, name: str, time: datetime | None = None) -> TestLog:
        return self.tests.setdefault(name, TestLog(name, time))

    def _add_test_event(self, event: Event, name: str) -> None:
        test = self._test(name, event.time)
        if event.action in ("pause", "cont"):
            test.paused = event.action == "pause"
        elif event.action in _FINISHED:
            test.outcome = _FINISHED[event.action]
            test.seconds = event.elapsed_seconds or 0.0
            self.finished.append(name)

    def _add_output(self, name: str | None, text: str) -> None:
        (self._test(name).output if name else self.output).add(text)
        line = text.rstrip("\n")
        if self.death is not None:
            self._after_death(line)
        elif _TIMED_OUT.match(line):
            self.timed_out, self.death = True, line
        elif _DIED.match(line):
            self.death, self.dying_test = line, name
        elif name is None and line in ("PASS", "FAIL"):
            self.ended_itself = True

    def _after_death(self, line: str) -> None:
        if _STATE.match(line):
            if not self.timed_out:  # a test goes on: that was a line which a test printed
                self.death, self.dying_test, self.stack = None, None, []
            return
        if len(self.stack) < 200:
            self.stack.append(line)
        running = _RUNNING.match(line)
        if self.timed_out and running and "goroutine" not in line:
            self.hanging.append(running["test"])

    @property
    def died(self) -> bool:
        """Whether the test binary was torn down instead of reporting PASS or FAIL."""
        if self.ended_itself or self.failed_build or self.action == "pass":
            return False
        return self.action == "fail" or self.action is None

    @property
    def panicked(self) -> bool:
        """Whether a panic or a fatal error of the Go runtime tore it down."""
        return self.died and self.death is not None and not self.timed_out

    def unfinished(self) -> list[TestLog]:
        """Tests that were running when the stream ended; those still waiting never ran."""
        return [t for t in self.tests.values() if t.outcome is None and not t.paused]

    def hanging_leaves(self) -> list[str]:
        """The tests a time-out caught; of a test and its subtest only the subtest hangs."""
        names = self.hanging
        if not names and (self.timed_out or self.action is None):
            names = [test.name for test in self.unfinished()]
        return [n for n in names if not any(other.startswith(f"{n}/") for other in names)]

    def panicking_tests(self) -> set[str]:
        """The tests that a panic went through: the one it is reported under and its subtests."""
        if not self.panicked or self.dying_test is None:
            return set()
        through = {self.dying_test}
        frame = self._frame_under_runner()
        if frame is not None and frame == self.dying_test:
            return through
        innermost = self.dying_test
        for name in reversed([n for n in self.finished if n != self.dying_test]):
            is_child = name.rpartition("/")[0] == innermost
            if not is_child or self.tests[name].outcome is not TestOutcome.FAILED:
                break
            through.add(name)
            innermost = name
        return through

    def _frame_under_runner(self) -> str | None:
        """The function that the test runner had called, when it is a top-level test."""
        for index, line in enumerate(self.stack):
            if line.startswith("testing.tRunner(") and index >= 2:
                found = _TEST_FUNCTION.match(self.stack[index - 2])
                return found["name"] if found else None
        return None

    def outcome(self, build_words: str, *, ended_by_runner: bool) -> PackageOutcome:
        """The package's outcome; ``build_words`` are what Go said of its build."""
        if self.action is None:
            return PackageOutcome.TIMED_OUT if ended_by_runner else PackageOutcome.NOT_RUN
        if self.failed_build is not None or "[build failed]" in str(self.output):
            return _BUILD_OUTCOMES.get(complaint(build_words), PackageOutcome.COMPILE_FAILED)
        if "[setup failed]" in str(self.output):
            return _BUILD_OUTCOMES.get(complaint(build_words), PackageOutcome.COMPILE_FAILED)
        if self.action == "fail":
            return self._failure()
        return PackageOutcome.OK if self.tests else PackageOutcome.NO_TESTS

    def _failure(self) -> PackageOutcome:
        if self.timed_out and self.died:
            return PackageOutcome.TIMED_OUT
        return PackageOutcome.PANICKED if self.panicked else PackageOutcome.FAILED

    def detail(self, build_words: str, *, ended_by_runner: bool) -> str | None:
        """One or a few lines on why the package is not ok; None when it is."""
        match self.outcome(build_words, ended_by_runner=ended_by_runner):
            case PackageOutcome.OK | PackageOutcome.NO_TESTS:
                return None
            case PackageOutcome.TIMED_OUT if self.death:
                hanging = self.hanging_leaves()
                return f"{self.death}; hanging: {', '.join(hanging)}" if hanging else self.death
            case PackageOutcome.PANICKED if self.death:
                return f"{self.death} (in {self.dying_test})" if self.dying_test else self.death
            case PackageOutcome.TIMED_OUT:
                return "the whole go test run was ended at its time limit"
            case PackageOutcome.NOT_RUN:
                return "go test ended before it came to this package's end"
            case PackageOutcome.FAILED:
                failed = [t.name for t in self.tests.values() if t.outcome is TestOutcome.FAILED]
                return _failed_detail(failed, self)
            case _:
                return shortened(without_headers(build_words)) or "go test does not say why"


def _failed_detail(failed: list[str], log: PackageLog) -> str:
    if failed and not log.died:
        return f"{len(failed)} failed: {', '.join(failed[:10])}"
    lines = [line.strip() for line in str(log.output).splitlines()]
    words = [line for line in lines if line and not line.startswith(("FAIL\t", "coverage:"))]
    ended = ", ".join(test.name for test in log.unfinished())
    during = f" while {ended} ran" if ended else ", no test failed" if not failed else ""
    last = words[-1] if words else "exit code not 0"
    return f"the test binary ended itself{during}: {last}"
