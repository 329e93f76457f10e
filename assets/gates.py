"""The gates: which asset checks there are, what each asks of the evidence, and which of them block.

This is the only place that decides what blocks. A check whose evidence is missing fails and says
so; it never passes for want of data.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg

from coffee_pipeline.model.build import Build
from coffee_pipeline.model.compliance import ComplianceScore
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.gate import GateDecision
from coffee_pipeline.model.metrics import Instrumentation, ServiceLevel
from coffee_pipeline.model.outcome import BuildOutcome, DeploymentOutcome, Outcome, Verdict
from coffee_pipeline.model.sweep import Sweep
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.policy.compliance import meets
from coffee_pipeline.stages.scanner import REQUIRED_TOOLS


@dataclass(frozen=True)
class Judgement:
    """Whether a check passed, and why, in one line."""

    passed: bool
    why: str


Judge = Callable[[Evidence, Platform], Judgement]


def _missing(evidence: Evidence) -> Judgement:
    return Judgement(False, f"no evidence: {evidence.reason or evidence.outcome.value}")


def _compiles(evidence: Evidence, _: Platform) -> Judgement:
    builds = [record for record in evidence.records if isinstance(record, Build)]
    if not builds:
        return _missing(evidence)
    bad = [build for build in builds if build.outcome != BuildOutcome.BUILT]
    if bad:
        return Judgement(False, f"{bad[0].package}: {bad[0].outcome}: {bad[0].detail or ''}"[:500])
    return Judgement(True, f"{len(builds)} built, {builds[0].digest or 'library'}")


def _tests_pass(evidence: Evidence, _: Platform) -> Judgement:
    runs = [record for record in evidence.records if isinstance(record, ModuleTestRun)]
    if not runs:
        return _missing(evidence)
    run = runs[0]
    counts = (
        f"{run.passed} passed, {run.failed} failed, {run.skipped} skipped, "
        f"{run.timed_out} timed out, {run.panicked} panicked in {run.packages} packages"
    )
    detail = f"; {run.detail}" if run.detail else ""
    return Judgement(run.outcome == "ok", f"{run.outcome}: {counts}{detail}"[:500])


def _coverage(evidence: Evidence, platform: Platform) -> Judgement:
    runs = [record for record in evidence.records if isinstance(record, ModuleTestRun)]
    if not runs or runs[0].coverage_percent is None:
        return Judgement(False, "coverage unknown: no profile")
    run, floor = runs[0], platform.gates.coverage_minimum_percent
    percent = runs[0].coverage_percent
    complete = "" if run.coverage_complete else " (incomplete: a package dropped out)"
    passed = percent > floor and run.coverage_complete
    return Judgement(passed, f"{percent:.1f} % of statements, must exceed {floor:g} %{complete}")


def _no_blocking_findings(evidence: Evidence, platform: Platform) -> Judgement:
    scans = [record for record in evidence.records if isinstance(record, Scan)]
    unanswered = [scan for scan in scans if scan.tool in REQUIRED_TOOLS and not _answered(scan)]
    if not scans or unanswered:
        return _missing(evidence)
    findings = [
        record
        for record in evidence.records
        if isinstance(record, Finding) and record.suppressed is None
    ]
    blocking = [
        finding
        for finding in findings
        if finding.tool in REQUIRED_TOOLS and finding.severity in platform.gates.blocking_severities
    ]
    if blocking:
        worst = blocking[0]
        return Judgement(
            False, f"{len(blocking)} blocking: {worst.severity} {worst.rule} {worst.title}"[:500]
        )
    return Judgement(True, f"{len(findings)} findings, none of a blocking severity")


def _answered(scan: Scan) -> bool:
    return scan.outcome == Outcome.COMPLETED.value


def _compliant(evidence: Evidence, _: Platform) -> Judgement:
    scores = [record for record in evidence.records if isinstance(record, ComplianceScore)]
    mine = [found for found in scores if found.service is not None]
    if not mine:
        return _missing(evidence)
    return Judgement(*meets(mine[0]))


def _covered(evidence: Evidence, _: Platform) -> Judgement:
    sweeps = [record for record in evidence.records if isinstance(record, Sweep)]
    if not sweeps:
        return _missing(evidence)
    last = sweeps[-1]
    counts = f"{last.completed} of {last.scans} scans answered"
    passed = last.outcome == Outcome.COMPLETED.value
    fewer = last.previous_completed is not None and last.completed < last.previous_completed
    return Judgement(passed and not fewer, f"{counts}; {last.reason}" if last.reason else counts)


def _release_allowed(evidence: Evidence, _: Platform) -> Judgement:
    decisions = [record for record in evidence.records if isinstance(record, GateDecision)]
    if not decisions:
        return _missing(evidence)
    return Judgement(decisions[0].verdict == Verdict.PASSED, decisions[0].reason)


def _deployed(evidence: Evidence, _: Platform) -> Judgement:
    deployments = [record for record in evidence.records if isinstance(record, Deployment)]
    if not deployments:
        # A release that runs already is not deployed a second time: the stage says so.
        done = evidence.outcome is Outcome.COMPLETED
        return (
            Judgement(done, evidence.reason or "deployed already") if done else _missing(evidence)
        )
    last = deployments[-1]
    return Judgement(last.outcome == DeploymentOutcome.SUCCEEDED, f"{last.outcome}: {last.reason}")


def _instrumented(evidence: Evidence, _: Platform) -> Judgement:
    seen = [record for record in evidence.records if isinstance(record, Instrumentation)]
    if not seen:
        return _missing(evidence)
    aspects = ("health", "readiness", "metrics", "red_metrics", "traces", "version")
    absent = [name for name in aspects if getattr(seen[0], name) is not True]
    if absent:
        return Judgement(False, f"not seen: {', '.join(absent)} {seen[0].reason or ''}".strip())
    return Judgement(True, f"seen: {', '.join(aspects)}")


def _objectives_met(evidence: Evidence, _: Platform) -> Judgement:
    levels = [record for record in evidence.records if isinstance(record, ServiceLevel)]
    if not levels:
        return _missing(evidence)
    unknown = [level for level in levels if level.ratio is None]
    missed = [lv for lv in levels if lv.ratio is not None and lv.ratio < lv.objective]
    if missed:
        return Judgement(
            False, "; ".join(f"{lv.slo}: {lv.ratio:.4%} < {lv.objective:.4%}" for lv in missed)
        )
    if unknown:
        return Judgement(
            False, "; ".join(f"{lv.slo}: no data: {lv.reason}" for lv in unknown)[:500]
        )
    return Judgement(True, f"{len(levels)} objectives met over the release's window")


@dataclass(frozen=True)
class Gate:
    """One asset check: its asset, its question, what happens when the answer is no."""

    asset: str
    name: str
    question: str
    judge: Judge
    blocking: bool = False
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR

    @property
    def spec(self) -> dg.AssetCheckSpec:
        """The check as Dagster declares it."""
        return dg.AssetCheckSpec(
            self.name, asset=self.asset, description=self.question, blocking=self.blocking
        )


_WARN = dg.AssetCheckSeverity.WARN

GATES = (
    Gate("binary", "compiles", "Does the main package build?", _compiles, blocking=True),
    Gate("test_results", "tests_pass", "Do all tests of the module pass?", _tests_pass),
    Gate("test_results", "coverage_above_floor", "Is coverage above the floor?", _coverage),
    Gate(
        "static_analysis",
        "no_blocking_findings",
        "Did gosec look, and find nothing critical or high?",
        _no_blocking_findings,
    ),
    Gate(
        "dependency_scan",
        "no_blocking_findings",
        "Did govulncheck look, and find nothing critical or high?",
        _no_blocking_findings,
    ),
    Gate(
        "policy_compliance",
        "compliance",
        "Does the service meet more of the policies than the minimum?",
        _compliant,
    ),
    Gate(
        "sweep",
        "covered_as_before",
        "Did every scanner answer, and no fewer than the night before?",
        _covered,
        severity=_WARN,
    ),
    Gate(
        "release_gate",
        "release_allowed",
        "May this revision of the service be released?",
        _release_allowed,
        blocking=True,
    ),
    Gate("staging_deployment", "deployed", "Does it run in staging?", _deployed, blocking=True),
    Gate(
        "instrumentation",
        "instrumented",
        "Does it expose health, metrics, traces and its version?",
        _instrumented,
        severity=_WARN,
    ),
    Gate(
        "production_deployment",
        "rollout_succeeded",
        "Did the canary hold against the stable version?",
        _deployed,
    ),
    Gate(
        "release_levels",
        "objectives_met",
        "Did the release meet its objectives in production?",
        _objectives_met,
        severity=_WARN,
    ),
)


def specs(asset: str) -> list[dg.AssetCheckSpec]:
    """The checks declared on ``asset``."""
    return [gate.spec for gate in GATES if gate.asset == asset]


def evaluate(asset: str, evidence: Evidence, platform: Platform) -> Sequence[dg.AssetCheckResult]:
    """The answers of every check of ``asset`` on its evidence."""
    results = []
    for gate in GATES:
        if gate.asset == asset:
            said = gate.judge(evidence, platform)
            results.append(
                dg.AssetCheckResult(
                    passed=said.passed,
                    asset_key=asset,
                    check_name=gate.name,
                    severity=gate.severity,
                    description=said.why,
                    metadata={"outcome": evidence.outcome.value, "why": said.why},
                )
            )
    return results
