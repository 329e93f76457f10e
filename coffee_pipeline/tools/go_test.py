"""``go test -json`` over one module, with a cover profile."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coffee_pipeline.model.evidence import Record
from coffee_pipeline.model.outcome import Outcome, PackageOutcome, TestOutcome
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun, TestCase
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.coverage import Block, Coverage, Place, by_package, total
from coffee_pipeline.tools.go_events import Event, read_events
from coffee_pipeline.tools.go_messages import Complaint, complaint, first_line, shortened
from coffee_pipeline.tools.go_package_log import PackageLog, TestLog

NAME = "go test"

_WORST_FIRST = (
    (PackageOutcome.TIMED_OUT, "timed_out"),
    (PackageOutcome.PANICKED, "panicked"),
    (PackageOutcome.COMPILE_FAILED, "did_not_compile"),
    (PackageOutcome.DEPENDENCY_MISSING, "dependency_missing"),
    (PackageOutcome.VET_FAILED, "vet_failed"),
    (PackageOutcome.FAILED, "failed"),
    (PackageOutcome.NOT_RUN, "not_run"),
    (PackageOutcome.OK, "ok"),
    (PackageOutcome.NO_TESTS, "no_tests"),
)
_MODULE_COMPLAINTS = {
    Complaint.COMPILE: "did_not_compile",
    Complaint.DEPENDENCY: "dependency_missing",
    Complaint.VET: "vet_failed",
    Complaint.NO_PACKAGES: "no_packages",
}
_IN_PROFILE = {PackageOutcome.OK, PackageOutcome.NO_TESTS, PackageOutcome.FAILED}
_RAN = {"ok", "failed", "no_tests", "timed_out", "panicked"}


@dataclass(frozen=True, kw_only=True)
class TestSettings:
    """How the tests are run.

    ``fresh`` (``-count=1``) is on: Go would otherwise print remembered results with the
    durations of an earlier run.
    """

    __test__ = False  # not a test class of pytest

    race: bool = False
    fresh: bool = True
    tags: tuple[str, ...] = ()


@dataclass
class Stream:
    """Everything that ``go test -json`` printed, sorted by package."""

    packages: dict[str, PackageLog] = field(default_factory=dict)
    build_words: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    loose: list[str] = field(default_factory=list)

    def words_of(self, log: PackageLog) -> str:
        """What Go said of the build that ``log`` needed."""
        if log.failed_build is not None and log.failed_build in self.build_words:
            return "".join(self.build_words[log.failed_build])
        return "".join(self.build_words.get(log.name, ())) or "\n".join(self.loose)


def command(
    go: Path,
    target: Target,
    profile: Path,
    settings: TestSettings,
    environment: Mapping[str, str],
    *,
    package_seconds: float,
    cores: int = 1,
) -> Command:
    """Test all packages of the module, writing the cover profile to ``profile``.

    ``package_seconds`` is Go's own time limit of one test binary (it then names the hanging
    tests). The whole run may take as long as all binaries one after the other on ``cores``.
    """
    rounds = math.ceil(max(1, target.packages_listed or 1) / cores)
    flags = [
        "-json", f"-coverprofile={profile}", f"-timeout={package_seconds:g}s",
        f"-covermode={'atomic' if settings.race else 'set'}",
    ]  # fmt: skip
    flags += ["-count=1"] if settings.fresh else []
    flags += ["-race"] if settings.race else []
    flags += [f"-tags={','.join(settings.tags)}"] if settings.tags else []
    return Command(
        argv=(str(go), "test", *flags, *target.packages),
        cwd=target.folder,
        environment=environment,
        answers=frozenset({0, 1, 2}),
        timeout_seconds=target.timeout_seconds + package_seconds * rounds,
    )


def read_stream(output: Output) -> Stream:
    """Sort the events of a run; text between them, and stderr, is kept as loose words."""
    stream = Stream()
    for item in read_events(output.stdout):
        if isinstance(item, Event):
            _add(stream, item)
        else:
            stream.loose.append(item)
    words = output.stderr.decode("utf-8", "replace").splitlines()
    package: str | None = None
    for line in words:  # Go before 1.24 prints build errors on stderr, under "# package"
        if line.startswith("# ") and not line.startswith("# ["):
            package = line[2:].split(" ")[0]
        if package is not None:
            stream.build_words[package].append(f"{line}\n")
    stream.loose += words
    return stream


def _add(stream: Stream, event: Event) -> None:
    if event.action == "build-output" and event.import_path is not None:
        stream.build_words[event.import_path].append(event.output or "")
    elif event.package is not None:
        log = stream.packages.setdefault(event.package, PackageLog(event.package))
        log.add(event)


def parse(
    target: Target,
    output: Output,
    profile: Mapping[Place, Block] | None,
    *,
    listed: Sequence[str] = (),
    race: bool = False,
) -> Report:
    """Records of a run. ``profile`` holds the blocks to count, None when there is no profile.

    ``listed`` are the packages Go sees in the module: one that no event speaks of was not run.
    """
    stream = read_stream(output)
    for name in listed:
        if stream.packages:
            stream.packages.setdefault(name, PackageLog(name))
    covered = by_package(profile) if profile is not None else {}
    ended = output.timed_out
    runs = [_package_run(target, stream, log, covered, ended) for log in stream.packages.values()]
    cases = [case for log in stream.packages.values() for case in _cases(target, log)]
    outcome, detail = _module_outcome(stream, output, runs)
    module = _module_run(target, output, outcome, detail, runs, cases, profile, race)
    records: tuple[Record, ...] = (module, *runs, *cases)
    trust, reason = _trust(outcome, detail, runs)
    return Report(outcome=trust, reason=reason, records=records)


def _package_run(
    target: Target,
    stream: Stream,
    log: PackageLog,
    covered: Mapping[str, Coverage],
    ended: bool,
) -> PackageTestRun:
    words = stream.words_of(log)
    coverage = covered.get(log.name)
    return PackageTestRun(
        module=target.module,
        package=log.name,
        revision=target.revision,
        outcome=log.outcome(words, ended_by_runner=ended).value,
        detail=log.detail(words, ended_by_runner=ended),
        hanging_tests=", ".join(log.hanging_leaves()) or None,
        statements=coverage.statements if coverage else None,
        covered_statements=coverage.covered if coverage else None,
        coverage_percent=coverage.percent if coverage else None,
        duration_seconds=log.seconds,
    )


def _cases(target: Target, log: PackageLog) -> Iterable[TestCase]:
    panicking = log.panicking_tests()
    for test in log.tests.values():
        outcome = _case_outcome(log, test, panicking)
        if outcome is None:
            continue  # it waited for its turn and never ran
        passed = outcome in (TestOutcome.PASSED, TestOutcome.SKIPPED)
        seconds = test.seconds
        if test.outcome is None and test.started_at and log.last_time:
            seconds = max(0.0, (log.last_time - test.started_at).total_seconds())
        kept = str(test.output) if not passed or outcome is TestOutcome.SKIPPED else None
        yield TestCase(
            module=target.module,
            package=log.name,
            name=test.name,
            revision=target.revision,
            outcome=outcome.value,
            duration_seconds=seconds,
            output=kept,
        )


def _case_outcome(log: PackageLog, test: TestLog, panicking: set[str]) -> TestOutcome | None:
    if test.name in panicking:
        return TestOutcome.PANICKED
    if test.outcome is not None:
        return test.outcome
    if test.paused and test.name not in log.hanging:
        return None
    if log.timed_out or log.action is None:
        return TestOutcome.TIMED_OUT
    return TestOutcome.PANICKED if log.panicked else TestOutcome.FAILED


def _module_outcome(
    stream: Stream, output: Output, runs: Sequence[PackageTestRun]
) -> tuple[str, str | None]:
    if not runs:
        words = "\n".join(stream.loose)
        if output.timed_out:
            limit = output.command.timeout_seconds
            return "timed_out", f"go test did not end within {limit:.0f} s and ran no package"
        detail = shortened(words) or f"go test printed nothing, exit code {output.exit_code}"
        return _MODULE_COMPLAINTS.get(complaint(words), "tool_failed"), detail
    for package_outcome, name in _WORST_FIRST:
        worst = [run for run in runs if run.outcome == package_outcome]
        if worst and name in ("ok", "no_tests"):
            failed = output.exit_code not in (0, 1) or (
                output.exit_code == 1 and not output.timed_out
            )
            if failed or output.truncated:  # every package is fine and yet go test is not
                return "tool_failed", shortened("\n".join(stream.loose)) or _ending(output)
            return name, None
        if worst:
            more = f" (and {len(worst) - 1} more)" if len(worst) > 1 else ""
            return name, shortened(f"{worst[0].package}{more}: {worst[0].detail}")
    return "tool_failed", _ending(output)


def _ending(output: Output) -> str:
    if output.truncated:
        return "go test printed more than the output limit"
    return f"go test ended with exit code {output.exit_code}"


def _module_run(
    target: Target,
    output: Output,
    outcome: str,
    detail: str | None,
    runs: Sequence[PackageTestRun],
    cases: Sequence[TestCase],
    profile: Mapping[Place, Block] | None,
    race: bool,
) -> ModuleTestRun:
    counts = {o: sum(case.outcome == o for case in cases) for o in TestOutcome}
    complete = profile is not None and _complete(runs)
    # a profile without a block says nothing unless every package answered: then there are none
    coverage = total(profile.values()) if profile or (profile is not None and complete) else None
    return ModuleTestRun(
        module=target.module,
        revision=target.revision,
        outcome=outcome,
        detail=detail,
        packages=len(runs),
        passed=counts[TestOutcome.PASSED],
        failed=counts[TestOutcome.FAILED],
        skipped=counts[TestOutcome.SKIPPED],
        timed_out=counts[TestOutcome.TIMED_OUT],
        panicked=counts[TestOutcome.PANICKED],
        statements=coverage.statements if coverage else None,
        covered_statements=coverage.covered if coverage else None,
        coverage_percent=coverage.percent if coverage else None,
        coverage_complete=complete,
        race_detector=race,
        started_at=output.started_at,
        duration_seconds=output.duration_seconds,
    )


def _complete(runs: Sequence[PackageTestRun]) -> bool:
    return all(PackageOutcome(run.outcome) in _IN_PROFILE for run in runs)


def _trust(
    outcome: str, detail: str | None, runs: Sequence[PackageTestRun]
) -> tuple[Outcome, str | None]:
    """Failing tests are an answer; packages without an answer make it partial or failed."""
    if outcome in ("ok", "failed", "no_tests"):
        return Outcome.COMPLETED, None if outcome == "ok" else (first_line(detail or outcome))
    answered = [run for run in runs if PackageOutcome(run.outcome) in _IN_PROFILE]
    reason = f"{outcome.replace('_', ' ')}: {first_line(detail or '')}"
    if answered or outcome in _RAN:
        return Outcome.PARTIAL, reason
    return Outcome.FAILED, reason
