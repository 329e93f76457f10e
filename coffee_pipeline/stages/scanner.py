"""Running one scanner over one target: whether to, where from, and what came of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace

from coffee_pipeline.errors import ParseError, ToolError
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import Outcome, Stage
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.process.command import Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.division import Answer, without_refused
from coffee_pipeline.stages.module import ToolProblem, tool_run
from coffee_pipeline.stages.reuse import answer_again, keep_answer, kept_answer_file
from coffee_pipeline.toolbox.toolbox import Located
from coffee_pipeline.tools import gosec, govulncheck, scan_record
from coffee_pipeline.tools.base import Divisible, Report, Scanner, Target

REQUIRED_TOOLS = (gosec.NAME, govulncheck.NAME)
"""Scanners that are always run, and without whose answer no service is released."""

MEMORY_LIMIT_BYTES = 6 << 30
"""Memory of one scanner process; none of them needs half of it on a large repository."""

SCRATCH = "scratch"
"""Setting that names a folder for what a tool wants to leave behind."""


def chosen(platform: Platform, name: str) -> bool:
    """Whether the platform wants this scanner: named, required, or none was named."""
    named = platform.security.scanners
    return named is None or name in named or name in REQUIRED_TOOLS


def scan(
    context: StageContext,
    tool: Scanner,
    key: str,
    target: Callable[[], Target],
    nowhere: Target,
    *,
    at_least: str | None = None,
) -> Evidence:
    """Evidence of one scan; whatever stands in its way is an outcome with its reason.

    Args:
        context: the revision.
        tool: the scanner.
        key: the scan's materialization.
        target: makes what is scanned; a :data:`ToolProblem` of it is an outcome, too.
        nowhere: the target to write down where there is none.
        at_least: the Go release that the code needs, for tools that read Go.
    """
    try:
        program = program_of(context, tool.NAME, at_least)
        place = target()
        obstacle = tool.obstacle(place)
        if obstacle is None:
            return _answer(context, tool, program, place, key)
        report = scan_record.report(tool.NAME, place, Outcome.NOT_RUN, obstacle)
    except ToolProblem as error:
        report = scan_record.report(tool.NAME, nowhere, Outcome.NOT_RUN, str(error))
    context.report(f"{tool.NAME}: {report.outcome.value}: {report.reason}")
    return evidence_of(key, report)


def evidence_of(key: str, report: Report) -> Evidence:
    """A report as the evidence of one materialization."""
    return Evidence(
        materialization=key, outcome=report.outcome, reason=report.reason, records=report.records
    )


def combined(key: str, scans: Sequence[Evidence]) -> Evidence:
    """What several scans, or other materializations, come to together, for a step and its gates.

    Scanners that nobody requires and that were not run leave the outcome to the others; the
    reason names them all the same.
    """
    records = tuple(record for one in scans for record in one.records)
    outcomes = []
    reasons = [] if scans else ["no scanner was chosen for it"]
    for one in scans:
        if not any(isinstance(record, Scan) for record in one.records):
            outcomes.append(one.outcome)
            if one.reason:
                reasons.append(one.reason)
    for record in records:
        if isinstance(record, Scan):
            if record.outcome != Outcome.COMPLETED:
                reasons.append(f"{record.tool} {record.outcome}: {record.reason}")
            if record.tool in REQUIRED_TOOLS or record.outcome != Outcome.NOT_RUN:
                outcomes.append(Outcome(record.outcome))
    return Evidence(
        materialization=key, outcome=_worst(outcomes), reason="; ".join(reasons) or None,
        records=records,
    )  # fmt: skip


def _worst(outcomes: Sequence[Outcome]) -> Outcome:
    if not outcomes:
        return Outcome.NOT_RUN
    if set(outcomes) == {Outcome.COMPLETED}:
        return Outcome.COMPLETED
    answered = {Outcome.COMPLETED, Outcome.PARTIAL} & set(outcomes)
    if answered:
        return Outcome.PARTIAL
    return Outcome.FAILED if Outcome.FAILED in outcomes else Outcome.NOT_RUN


def program_of(context: StageContext, name: str, at_least: str | None = None) -> Located:
    """The scanner's program. Those that nobody named are used where they are, and not made.

    Raises:
        ToolError: it is left out by choice, or not to be had.
    """
    if not chosen(context.platform, name):
        raise ToolError("platform.yaml leaves it out of security.scanners")
    if name in REQUIRED_TOOLS or context.platform.security.scanners is not None:
        return context.toolbox.locate(name, at_least=at_least)
    found = context.toolbox.look(name, at_least=at_least)
    if found is None:
        raise ToolError(f"not installed; 'coffee-pipeline doctor --install {name}' gets it")
    return found


def _answer(
    context: StageContext, tool: Scanner, program: Located, target: Target, key: str
) -> Evidence:
    """What the tool says, or said of the same inputs before."""
    kept = kept_answer_file(context.home, tool, program, target)
    again = answer_again(kept, key, target) if kept else None
    if again is not None:
        context.report(f"{target.scope_name}: {tool.NAME}: unchanged inputs, answer reused")
        return again
    evidence = _run(context, tool, program, target, key)
    if kept:
        keep_answer(kept, evidence)
    return evidence


def _run(
    context: StageContext, tool: Scanner, program: Located, target: Target, key: str
) -> Evidence:
    context.report(f"{target.scope_name}: {tool.NAME}")
    context.home.cache.mkdir(parents=True, exist_ok=True)

    def once(place: Target) -> Answer:
        with tempfile.TemporaryDirectory(prefix="scan-", dir=context.home.cache) as folder:
            place = replace(place, settings={**place.settings, SCRATCH: folder})
            command = tool.command(place, program.path)
            output = run(replace(command, memory_limit_bytes=MEMORY_LIMIT_BYTES))
        return output, _parsed(tool, place, output, program.version)

    output, report = once(target)
    if report.outcome is Outcome.FAILED and isinstance(tool, Divisible):
        context.report(
            f"{target.scope_name}: {tool.NAME} gave up; is it for the sake of some files?"
        )
        output, report = without_refused(
            once, tool.NAME, target, tool.files_given(target), (output, report)
        )
    ran = tool_run(
        Stage.SCAN.value, tool.NAME, program.version, target.scope_name, context.revision,
        output, report.outcome, report.reason,
    )  # fmt: skip
    return evidence_of(key, replace(report, records=(*report.records, ran)))


def _parsed(tool: Scanner, target: Target, output: Output, version: str | None) -> Report:
    try:
        return tool.parse(target, output, version)
    except ParseError as error:  # half a report of a tool that was ended, or another version's
        return scan_record.report(
            tool.NAME, target, Outcome.FAILED, str(error), version=version, output=output
        )
