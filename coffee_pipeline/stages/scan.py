"""The scan stage: one scanner over one module; shared by the module's services."""

from __future__ import annotations

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome, Stage
from coffee_pipeline.process.command import Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.module import ModuleWork, ToolProblem, open_module, tool_run
from coffee_pipeline.stages.shared import StageResult, once_per_delivery
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Scanner, Target
from coffee_pipeline.tools.registry import SCANNERS
from coffee_pipeline.tools.vulndb import database_url

GARBAGE_COLLECTION = {"GOGC": "800", "GOMEMLIMIT": "3GiB"}
"""Go's own settings for scanners written in Go: they live for seconds and build large graphs, so
collecting garbage seldom saves a third of their processor time; the limit bounds its price."""


def scan_module(context: StageContext, module: str, tool_name: str) -> StageResult:
    """Run a scanner of the registry over the module once in this delivery."""
    tool = SCANNERS[tool_name]
    key = f"scan/{tool.NAME}/{module}@{context.revision}"
    return once_per_delivery(context, key, lambda: _scan(context, module, tool, key))


def _scan(context: StageContext, module: str, tool: Scanner, key: str) -> Evidence:
    try:
        work = open_module(context, module)
        target = _target(context, work)
        obstacle = tool.obstacle(target)
        if obstacle is None:
            return _run_scanner(context, tool, work, target, key)
        report = scan_record.report(tool.NAME, target, Outcome.NOT_RUN, obstacle)
    except ToolProblem as error:
        nowhere = Target(checkout=context.repository, module=module, revision=context.revision)
        report = scan_record.report(tool.NAME, nowhere, Outcome.NOT_RUN, str(error))
    return _evidence(key, report)


def _target(context: StageContext, work: ModuleWork) -> Target:
    packages = work.packages()
    folders = tuple(package.folder for package in packages or () if package.has_code)
    return Target(
        checkout=work.checkout,
        module=work.module,
        revision=context.revision,
        nested=work.nested,
        packages=folders or ("./...",),
        packages_listed=len(folders) if packages is not None else None,
        timeout_seconds=context.platform.go.scan_timeout_seconds,
        environment={**work.environment, **GARBAGE_COLLECTION},
        settings={"vulndb": database_url(context.platform.vulndb, context.base)},
        tags=work.tags,
    )


def _run_scanner(
    context: StageContext, tool: Scanner, work: ModuleWork, target: Target, key: str
) -> Evidence:
    program = context.toolbox.locate(tool.NAME, at_least=work.go_directive)
    context.report(f"{work.module}: {tool.NAME} of {target.packages_listed or 'its'} packages")
    output = run(tool.command(target, program.path))
    report = _parsed(tool, target, output, program.version)
    ran = tool_run(
        Stage.SCAN.value, tool.NAME, program.version, work.module, context.revision,
        output, report.outcome, report.reason,
    )  # fmt: skip
    return _evidence(key, Report(
        outcome=report.outcome, reason=report.reason, records=(*report.records, ran)
    ))  # fmt: skip


def _parsed(tool: Scanner, target: Target, output: Output, version: str | None) -> Report:
    try:
        return tool.parse(target, output, version)
    except ParseError as error:  # half a report of a tool that was ended, or another version's
        return scan_record.report(
            tool.NAME, target, Outcome.FAILED, str(error), version=version, output=output
        )


def _evidence(key: str, report: Report) -> Evidence:
    return Evidence(
        materialization=key, outcome=report.outcome, reason=report.reason, records=report.records
    )
