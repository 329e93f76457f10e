"""Policy compliance: OPA on a service's manifests, its evidence, and the platform around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coffee_pipeline.errors import ToolError
from coffee_pipeline.home import policies_folder
from coffee_pipeline.model.compliance import ComplianceScore, PolicyOutcome, PolicyResult
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome, Stage
from coffee_pipeline.platform.description import Service
from coffee_pipeline.policy.compliance import score, unmet
from coffee_pipeline.process.command import Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages.compliance_manifests import manifest_subjects
from coffee_pipeline.stages.compliance_subjects import platform_subject, service_subject
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.module import ToolProblem, tool_run
from coffee_pipeline.stages.scanner import program_of
from coffee_pipeline.toolbox.toolbox import Located
from coffee_pipeline.tools import file_scan, opa, opa_compliance, scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import clean, findings_of
from coffee_pipeline.tools.opa_compliance import Answer, Subject
from coffee_pipeline.tools.reported import Reported

POLICIES = "opa"
"""Folder of the Rego policies below ``policies/``."""
PLATFORM_SCOPE = "compliance:platform"
NO_POLICIES = "there are no policies: they are in the checkout of the pipeline, not in the wheel"
TIMEOUT_SECONDS = 120.0
IDENTITY = ("rule", "path", "resource")
"""Fields of a finding's identity: its message holds numbers that change while it stays open."""
_MESSAGE_CHARACTERS = 1000


@dataclass(frozen=True, kw_only=True)
class _Evaluation:
    """What OPA came to; ``answers`` are None where it gave none."""

    outcome: Outcome
    reason: str | None
    answers: Sequence[Answer] | None = None
    rules: str = ""
    program: Located | None = None
    output: Output | None = None
    at: datetime


def policy_compliance(context: StageContext, service: Service) -> Evidence:
    """What every policy says of the service's manifests, the service, and the platform.

    ``partial`` where a manifest could not be read or evidence is missing, so that findings which
    are not seen now are not taken for mended; ``not_run`` without OPA or without the policies.
    """
    context.history.refresh()
    try:
        found = _evaluate(context, service)
    except ToolProblem as error:
        found = _Evaluation(outcome=Outcome.NOT_RUN, reason=str(error), at=datetime.now(UTC))
    records = [*_records(context, service.name, found), *_records(context, None, found)]
    if found.output is not None and found.program is not None:
        records.append(
            tool_run(
                Stage.SCAN.value, opa.NAME, found.program.version, _scope(service.name),
                context.revision, found.output, found.outcome, found.reason,
            )
        )  # fmt: skip
    return Evidence(
        materialization=f"compliance/{service.name}@{context.revision}",
        outcome=found.outcome,
        reason=found.reason,
        records=records,
    )


def _evaluate(context: StageContext, service: Service) -> _Evaluation:
    at = datetime.now(UTC)
    folder = policies_folder(POLICIES)
    if folder is None or not opa_compliance.policy_names(folder):
        return _Evaluation(outcome=Outcome.NOT_RUN, reason=NO_POLICIES, at=at)
    program = program_of(context, opa.NAME)
    subjects, problems = manifest_subjects(context, service)
    subjects += [service_subject(context, service), platform_subject(context)]
    output = run(opa_compliance.command(program.path, folder, subjects, TIMEOUT_SECONDS))
    answers: Sequence[Answer] | None = None
    try:
        answers = _answers(output, subjects, folder)
        reason = file_scan.because(*problems, _missing(answers))
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    except ToolError as error:
        outcome, reason = Outcome.FAILED, str(error)
    return _Evaluation(
        outcome=outcome, reason=clean(reason, _MESSAGE_CHARACTERS), answers=answers, at=at,
        rules=opa_compliance.rules_digest(folder), program=program, output=output,
    )  # fmt: skip


def _answers(output: Output, subjects: Sequence[Subject], folder: Path) -> list[Answer]:
    """What OPA answered.

    Raises:
        ToolError: the process ended early, or its output is no whole answer.
    """
    early = scan_record.ended_early(opa.NAME, output)
    if early is None and not output.answered:
        early = f"opa ended with exit code {output.exit_code}: {file_scan.last_words(output)}"
    if early is not None:
        raise ToolError(early)
    document = Document(output.stdout, "opa output")
    return opa_compliance.read(document, subjects, opa_compliance.policy_names(folder))


def _records(context: StageContext, service: str | None, found: _Evaluation) -> list[Record]:
    """Scan, findings, results and score of the service, or of the platform as such."""
    answers = [
        one for one in found.answers or () if (one.subject.kind == "platform") is (service is None)
    ]
    results = [_result(context, service, found, one) for one in answers]
    return [
        *_scan(context, service, found, answers),
        *results,
        _score(context, service, found, results),
    ]


def _missing(answers: Sequence[Answer]) -> str | None:
    silent = {one.policy.id for one in answers if one.outcome is PolicyOutcome.NOT_EVALUATED}
    return f"not evaluated: {file_scan.named(sorted(silent))}" if silent else None


def _scope(service: str | None) -> str:
    return f"compliance:service/{service}" if service else PLATFORM_SCOPE


def _scan(
    context: StageContext, service: str | None, found: _Evaluation, answers: Sequence[Answer]
) -> Sequence[Record]:
    """The scan that the failures belong to, and a finding for each of them."""
    target = Target(
        checkout=context.checkout(), module=".", revision=context.revision,
        scope=_scope(service), service=service,
    )  # fmt: skip
    failed = [_reported(one) for one in answers if one.outcome is PolicyOutcome.FAILED]
    findings, _ = findings_of(opa.NAME, opa.KIND, IDENTITY, failed, target)
    outcome, reason = found.outcome, found.reason
    if outcome is Outcome.PARTIAL and service is None:
        reason = _missing(answers)
        outcome = Outcome.PARTIAL if reason else Outcome.COMPLETED
    return scan_record.report(
        opa.NAME, target, outcome, reason,
        version=found.program.version if found.program else None,
        findings=None if found.answers is None else findings,
        output=found.output,
        files=len({one.subject.path for one in answers if one.subject.path}),
        checks=len(answers) or None,
    ).records  # fmt: skip


def _reported(answer: Answer) -> Reported:
    policy = answer.policy
    return Reported(
        rule=policy.id,
        title=policy.title,
        severity=policy.severity,
        severity_source="policy",
        path=answer.subject.path,
        resource=answer.subject.id.partition(":")[2].rpartition("#")[2],
        detail=f"{answer.message}\n\n{policy.rationale}\n\n{'; '.join(policy.controls)}",
    )


def _result(
    context: StageContext, service: str | None, found: _Evaluation, answer: Answer
) -> PolicyResult:
    policy, subject = answer.policy, answer.subject
    return PolicyResult(
        platform=context.platform.name,
        service=service,
        revision=context.revision,
        policy=policy.id,
        title=policy.title,
        subject=clean(subject.id, _MESSAGE_CHARACTERS) or subject.kind,
        subject_kind=subject.kind,
        path=clean(subject.path, _MESSAGE_CHARACTERS),
        outcome=answer.outcome.value,
        message=clean(answer.message, _MESSAGE_CHARACTERS),
        severity=policy.severity.value,
        weight=policy.weight,
        controls="; ".join(policy.controls),
        rules=found.rules,
        evaluated_at=found.at,
    )


def _score(
    context: StageContext, service: str | None, found: _Evaluation, results: Sequence[PolicyResult]
) -> ComplianceScore:
    sums = score(results)
    left_out = unmet(results, PolicyOutcome.NOT_EVALUATED)
    reason = found.reason if found.answers is None else sums.reason
    return ComplianceScore(
        platform=context.platform.name,
        service=service,
        revision=context.revision,
        percent=sums.percent,
        reason=reason or (f"not evaluated: {left_out}" if left_out else None),
        minimum_percent=context.platform.gates.compliance_minimum_percent,
        passed=sums.counts[PolicyOutcome.PASSED],
        failed=sums.counts[PolicyOutcome.FAILED],
        not_evaluated=sums.counts[PolicyOutcome.NOT_EVALUATED],
        not_applicable=sums.counts[PolicyOutcome.NOT_APPLICABLE],
        passed_weight=sums.passed_weight,
        applicable_weight=sums.applicable_weight,
        policies=sums.policies,
        evaluated_at=found.at,
    )
