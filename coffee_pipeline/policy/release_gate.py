"""The release gate: may this revision of this service be released? Pure: evidence in, verdict out.

Every rule keeps what it read, what it found and what it demanded. A rule whose evidence is missing
is ``not_evaluated``, never passed; whether that blocks is the platform's setting
(``gates.missing_evidence_blocks``, on by default).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.gate import GateDecision, GateRule
from coffee_pipeline.model.outcome import BuildOutcome, Outcome, PackageOutcome, Verdict
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.platform.description import GateSettings
from coffee_pipeline.policy.answer import Answer
from coffee_pipeline.policy.error_budget import Budget, judge

GATE = "release"
NO_ARTIFACT_KINDS = frozenset({"sbom"})
"""Kinds of artifacts that cannot be deployed by themselves."""


class OpenFinding(Protocol):
    """What the gate needs of an open finding: a record of the history or of one scan."""

    @property
    def tool(self) -> str:
        """Who reported it."""
        ...

    @property
    def rule(self) -> str:
        """The rule or advisory, as the tool names it."""
        ...

    @property
    def severity(self) -> str:
        """A value of :class:`~coffee_pipeline.model.outcome.Severity`."""
        ...

    @property
    def title(self) -> str:
        """What it is, in one line."""
        ...


@dataclass(frozen=True)
class GateEvidence:
    """All that the gate looks at, for one service at one revision and for its module.

    ``required_tools`` are the scanners that must have completed for a clean bill to mean anything.
    ``budgets`` are those of the service's SLOs in production, ``subject`` the commit's.
    """

    build: Build | None
    artifacts: Sequence[Artifact]
    test_run: ModuleTestRun | None
    scans: Sequence[Scan]
    open_findings: Sequence[OpenFinding]
    required_tools: tuple[str, ...]
    budgets: Sequence[Budget] = ()
    subject: str = ""


Rule = Callable[[GateEvidence, GateSettings], Answer]


def decide(
    service: str,
    revision: str,
    settings: GateSettings,
    evidence: GateEvidence,
    decided_at: datetime,
) -> tuple[GateDecision, list[GateRule]]:
    """The decision and every rule that led to it.

    Failed if a rule that blocks failed; not_evaluated if none did but a rule that blocks for
    missing evidence was not evaluated; passed otherwise. The reason names the rules, in one line,
    those that only warn too.
    """
    rules_due = {
        name: rule
        for name, rule in RULES.items()
        if rule is not _error_budget or settings.error_budget.mode != "off"
    }
    answers = {name: rule(evidence, settings) for name, rule in rules_due.items()}
    blocking = {
        name: not answer.advisory
        and (answer.verdict is not Verdict.NOT_EVALUATED or settings.missing_evidence_blocks)
        for name, answer in answers.items()
    }
    verdict, reason = _overall(answers, blocking)
    rules = [
        GateRule(
            gate=GATE,
            service=service,
            revision=revision,
            rule=name,
            verdict=answer.verdict.value,
            blocking=blocking[name],
            actual=answer.actual,
            required=answer.required,
            evidence=answer.evidence,
            decided_at=decided_at,
        )
        for name, answer in answers.items()
    ]
    decision = GateDecision(
        gate=GATE,
        service=service,
        revision=revision,
        verdict=verdict.value,
        reason=reason,
        decided_at=decided_at,
    )
    return decision, rules


def _overall(answers: Mapping[str, Answer], blocking: Mapping[str, bool]) -> tuple[Verdict, str]:
    bad = [name for name, answer in answers.items() if answer.verdict is Verdict.FAILED]
    failed = [name for name in bad if blocking[name]]
    warnings = [f"{name} warns: {answers[name].actual}" for name in bad if not blocking[name]]
    missing = [name for name, answer in answers.items() if answer.verdict is Verdict.NOT_EVALUATED]
    stopping = [name for name in missing if blocking[name]]
    parts = [f"{name}: {answers[name].actual}" for name in failed]
    parts += [f"{name} not evaluated: {answers[name].actual}" for name in stopping]
    if failed:
        return Verdict.FAILED, "; ".join((*parts, *warnings))
    if stopping:
        return Verdict.NOT_EVALUATED, "; ".join((*parts, *warnings))
    said = f"{len(answers) - len(missing) - len(bad)} of {len(answers)} rules passed"
    if missing:
        said += f"; not evaluated and not blocking: {', '.join(missing)}"
    return Verdict.PASSED, "; ".join((said, *warnings))


def _build_succeeded(evidence: GateEvidence, _: GateSettings) -> Answer:
    required = BuildOutcome.BUILT.value
    build = evidence.build
    if build is None:
        return Answer(Verdict.NOT_EVALUATED, "no build recorded", required, "builds: none")
    read = f"builds: {build.package} at {build.started_at:%Y-%m-%dT%H:%M:%SZ}"
    if build.outcome == BuildOutcome.NOT_RUN:
        actual = f"build not run: {build.detail or 'no reason given'}"
        return Answer(Verdict.NOT_EVALUATED, actual, required, read)
    built = build.outcome == BuildOutcome.BUILT
    return Answer(Verdict.PASSED if built else Verdict.FAILED, build.outcome, required, read)


def _artifact_present(evidence: GateEvidence, _: GateSettings) -> Answer:
    required = "an artifact with the digest of the build"
    build = evidence.build
    if build is None or build.digest is None:
        return Answer(Verdict.NOT_EVALUATED, "no built digest", required, "builds: no digest")
    found = [one for one in evidence.artifacts if one.kind not in NO_ARTIFACT_KINDS]
    listed = ", ".join(f"{one.kind} {one.digest}" for one in found) or "none"
    if any(one.digest == build.digest for one in found):
        return Answer(Verdict.PASSED, build.digest, required, f"artifacts: {listed}")
    if found:
        actual = "only artifacts of another digest"
        return Answer(Verdict.FAILED, actual, required, f"artifacts: {listed}")
    return Answer(Verdict.NOT_EVALUATED, "no artifact recorded", required, "artifacts: none")


def _tests_passed(evidence: GateEvidence, _: GateSettings) -> Answer:
    required = "every test passes, and there is one"
    run = evidence.test_run
    if run is None:
        return Answer(Verdict.NOT_EVALUATED, "no test run", required, "module_test_runs: none")
    read = f"module_test_runs: {run.module}, {run.packages} packages"
    counts = (
        f"{run.passed} passed, {run.failed} failed, {run.timed_out} timed out, "
        f"{run.panicked} panicked"
    )
    if run.failed or run.timed_out or run.panicked:
        return Answer(Verdict.FAILED, counts, required, read)
    if run.outcome in _UNKNOWN_TESTS:
        actual = f"{run.outcome}: {run.detail}" if run.detail else run.outcome
        return Answer(Verdict.NOT_EVALUATED, actual, required, read)
    if run.outcome != PackageOutcome.OK:
        return Answer(Verdict.FAILED, f"{run.outcome}, {counts}", required, read)
    if not run.passed:
        return Answer(Verdict.NOT_EVALUATED, "no test passed or failed", required, read)
    return Answer(Verdict.PASSED, counts, required, read)


_UNKNOWN_TESTS = frozenset({"no_tests", "no_packages", "tool_failed", "not_run"})
"""Outcomes of a module's tests that say nothing about its code."""


def _coverage_minimum(evidence: GateEvidence, settings: GateSettings) -> Answer:
    floor = settings.coverage_minimum_percent
    required = f"> {floor:g} % of statements"
    run = evidence.test_run
    if run is None or run.coverage_percent is None:
        return Answer(Verdict.NOT_EVALUATED, "no coverage profile", required, "coverage: none")
    percent = run.coverage_percent
    read = f"module_test_runs: {run.covered_statements} of {run.statements} statements"
    actual = f"{percent:.1f} %"
    if not run.coverage_complete:
        # What dropped out of the profile is unknown: neither side of the floor is proven.
        actual += ", incomplete: a package is missing from the profile"
        return Answer(Verdict.NOT_EVALUATED, actual, required, read)
    return Answer(Verdict.PASSED if percent > floor else Verdict.FAILED, actual, required, read)


def _no_blocking_finding(evidence: GateEvidence, settings: GateSettings) -> Answer:
    severities = settings.blocking_severities
    required = f"0 open findings of severity {', '.join(severities) or '(none blocks)'}"
    blocking = [one for one in evidence.open_findings if one.severity in severities]
    read = f"findings: {len(evidence.open_findings)} open; scans: {_scanned(evidence)}"
    if blocking:
        order = {severity: rank for rank, severity in enumerate(("critical", "high", "medium"))}
        worst = min(blocking, key=lambda one: (order.get(one.severity, 9), one.tool, one.rule))
        title = " ".join(worst.title.split())[:80]
        actual = f"{len(blocking)} open, worst {worst.severity} {worst.tool} {worst.rule}: {title}"
        return Answer(Verdict.FAILED, actual, required, read)
    missing = _missing_scans(evidence)
    if missing:
        return Answer(Verdict.NOT_EVALUATED, f"unknown without {missing[0]}", required, read)
    return Answer(Verdict.PASSED, "0 open", required, read)


def _scans_completed(evidence: GateEvidence, _: GateSettings) -> Answer:
    required = f"completed: {', '.join(evidence.required_tools) or '(no scanner required)'}"
    read = f"scans: {_scanned(evidence)}"
    if not evidence.required_tools:
        return Answer(Verdict.NOT_EVALUATED, "no scanner is required", required, read)
    missing = _missing_scans(evidence)
    if missing:
        return Answer(Verdict.NOT_EVALUATED, "; ".join(missing), required, read)
    return Answer(Verdict.PASSED, f"{len(evidence.required_tools)} completed", required, read)


def _error_budget(evidence: GateEvidence, settings: GateSettings) -> Answer:
    return judge(evidence.budgets, evidence.subject, settings.error_budget)


def _scanned(evidence: GateEvidence) -> str:
    return ", ".join(f"{one.tool} {one.outcome}" for one in evidence.scans) or "none"


def _missing_scans(evidence: GateEvidence) -> list[str]:
    """Required scanners without a completed scan, each with its reason."""
    missing = []
    for tool in evidence.required_tools:
        runs = [one for one in evidence.scans if one.tool == tool]
        if any(one.outcome == Outcome.COMPLETED for one in runs):
            continue
        last = max(runs, key=lambda one: one.finished_at, default=None)
        why = f"{last.outcome} ({last.reason or 'no reason given'})" if last else "no scan"
        missing.append(f"{tool}: {why}")
    return missing or ([] if evidence.required_tools else ["any required scanner"])


RULES: Mapping[str, Rule] = {
    "build_succeeded": _build_succeeded,
    "artifact_present": _artifact_present,
    "tests_passed": _tests_passed,
    "coverage_minimum": _coverage_minimum,
    "no_open_critical_or_high": _no_blocking_finding,
    "scans_completed": _scans_completed,
    "error_budget": _error_budget,
}
"""Every rule of the gate by its name, in the order of the decision table."""
