"""The release gate: collects a service's evidence from the history and lets the policy decide."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.platform.description import Service
from coffee_pipeline.policy.error_budget import Budget
from coffee_pipeline.policy.release_gate import GateEvidence, decide
from coffee_pipeline.stages.budgets import error_budgets
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.scanner import REQUIRED_TOOLS

GATE = "release"


def gate_evidence(
    history: HistoryReader, service: Service, revision: str, budgets: Sequence[Budget] = ()
) -> GateEvidence:
    """Everything the gate judges, as the history holds it for ``service`` at ``revision``."""
    here = "service = ? and revision = ?"
    module = "module = ? and revision = ?"
    scope = "scope = ? and revision = ?"
    builds = history.records(Build, here, (service.name, revision))
    revisions = history.records(Revision, "revision = ?", (revision,))
    tests = history.records(ModuleTestRun, module, (service.module, revision))
    return GateEvidence(
        build=builds[0] if builds else None,
        artifacts=tuple(history.records(Artifact, here, (service.name, revision))),
        test_run=tests[0] if tests else None,
        scans=tuple(history.records(Scan, scope, (service.module, revision))),
        open_findings=_open_findings(history, service.module, revision),
        required_tools=REQUIRED_TOOLS,
        budgets=budgets,
        subject=revisions[0].subject if revisions else "",
    )


_NOT_DECIDED = """
    scope = ? AND revision = ? AND suppressed IS NULL
    AND (tool, scope, identity) NOT IN (SELECT (tool, scope, identity) FROM finding_triage)
    ORDER BY tool, identity
"""


def _open_findings(history: HistoryReader, scope: str, revision: str) -> tuple[Finding, ...]:
    """What any scan of the scope at the revision reported, once, without what triage decided.

    Not the state of its life: a scan of a later revision may have found it fixed, there.
    """
    found = history.records(Finding, _NOT_DECIDED, (scope, revision))
    return tuple({(one.tool, one.identity): one for one in found}.values())


def release_gate(context: StageContext, service: Service) -> Evidence:
    """Decide whether ``service`` may be released at the context's revision; keep every rule."""
    context.history.refresh()
    now = datetime.now(UTC)
    budgets = error_budgets(context.history, context.platform, service, now)
    decision, rules = decide(
        service.name,
        context.revision,
        context.platform.gates,
        gate_evidence(context.history, service, context.revision, budgets),
        now,
    )
    context.report(f"{service.name}: release gate {decision.verdict}: {decision.reason}")
    return Evidence(
        materialization=f"gate/{GATE}/{service.name}@{context.revision}",
        outcome=Outcome.COMPLETED,
        reason=decision.reason,
        records=(decision, *rules),
    )
