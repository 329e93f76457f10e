"""The test stage: every test of a module, and its coverage; shared by the module's services."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome, Stage
from coffee_pipeline.model.test import ModuleTestRun
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.module import ModuleWork, ToolProblem, open_module, tool_run
from coffee_pipeline.stages.shared import StageResult, once_per_delivery
from coffee_pipeline.tools import go_test
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.coverage import Block, Place, in_functions, parse_profile
from coffee_pipeline.tools.go_list import GoPackage
from coffee_pipeline.tools.go_test import TestSettings

_PROFILE_LIMIT = 512 * 1024 * 1024


def test_module(context: StageContext, module: str) -> StageResult:
    """Run the module's tests once in this delivery; later services get the same evidence."""
    key = f"test/{module}@{context.revision}"
    return once_per_delivery(context, key, lambda: _test(context, module, key))


test_module.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


def _test(context: StageContext, module: str, key: str) -> Evidence:
    started_at = datetime.now(UTC)
    try:
        return _run_tests(context, open_module(context, module), key)
    except ToolProblem as error:
        record = _not_run(module, context, str(error), started_at)
        return Evidence(
            materialization=key, outcome=Outcome.NOT_RUN, reason=str(error), records=(record,)
        )


def _run_tests(context: StageContext, work: ModuleWork, key: str) -> Evidence:
    go, packages = context.platform.go, work.packages()
    settings = TestSettings(race=go.race, tags=work.tags)
    target = Target(
        checkout=work.checkout,
        module=work.module,
        revision=context.revision,
        packages_listed=len(packages) if packages is not None else None,
        timeout_seconds=go.build_timeout_seconds,
    )
    environment = {**work.environment, "CGO_ENABLED": "1"} if go.race else work.environment
    context.home.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="test-", dir=context.home.cache) as temporary:
        profile = Path(temporary) / "cover.out"
        command = go_test.command(
            work.go.path, target, profile, settings, environment,
            package_seconds=go.test_timeout_seconds, cores=os.cpu_count() or 1,
        )  # fmt: skip
        context.report(f"{work.module}: go test of {target.packages_listed or 'its'} packages")
        output = run(command)
        blocks, problem = _coverage(profile, work)
    report = go_test.parse(target, output, blocks, listed=_names(packages), race=go.race)
    report = _with_profile_problem(report, problem)
    ran = tool_run(
        Stage.TEST.value, go_test.NAME, work.go.version, work.module, context.revision,
        output, report.outcome, report.reason,
    )  # fmt: skip
    return Evidence(
        materialization=key,
        outcome=report.outcome,
        reason=report.reason,
        records=(*report.records, ran),
    )


def _names(packages: Sequence[GoPackage] | None) -> list[str]:
    return [package.import_path for package in packages or ()]


def _coverage(profile: Path, work: ModuleWork) -> tuple[Mapping[Place, Block] | None, str | None]:
    """The counted blocks (None without a profile), and what was wrong with the profile."""
    if not profile.is_file() or profile.stat().st_size == 0:
        return None, None
    if profile.stat().st_size > _PROFILE_LIMIT:
        return None, f"the cover profile is larger than {_PROFILE_LIMIT >> 20} MiB"
    try:
        blocks = parse_profile(profile.read_text("utf-8", "replace"), f"{work.module}: cover.out")
    except ParseError as error:
        return None, str(error)
    return in_functions(blocks, work.folder, work.module_path), None


def _with_profile_problem(report: Report, problem: str | None) -> Report:
    if problem is None:
        return report
    worse = Outcome.PARTIAL if report.outcome is Outcome.COMPLETED else report.outcome
    reason = f"{report.reason}; {problem}" if report.reason else problem
    return replace(report, outcome=worse, reason=reason)


def _not_run(
    module: str, context: StageContext, reason: str, started_at: datetime
) -> ModuleTestRun:
    return ModuleTestRun(
        module=module,
        revision=context.revision,
        outcome="not_run",
        detail=reason,
        packages=0,
        passed=0,
        failed=0,
        skipped=0,
        timed_out=0,
        panicked=0,
        statements=None,
        covered_statements=None,
        coverage_percent=None,
        coverage_complete=False,
        race_detector=context.platform.go.race,
        started_at=started_at,
        duration_seconds=0.0,
    )
