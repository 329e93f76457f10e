"""Facts of the test stage: modules, packages and test cases.

Tests belong to a module; every service of that module points at the same rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleTestRun:
    """One ``go test`` over a module.

    ``outcome``: ok, failed, did_not_compile, dependency_missing, vet_failed, no_tests, timed_out,
    panicked, no_packages, tool_failed, not_run - the worst of its packages. ``coverage_percent``
    is statement-weighted, as ``go tool cover -func`` totals the profile; None without a profile;
    ``coverage_complete`` is False where a package dropped out of the profile.
    """

    module: str
    revision: str
    outcome: str
    detail: str | None
    packages: int
    passed: int
    failed: int
    skipped: int
    timed_out: int
    panicked: int
    statements: int | None
    covered_statements: int | None
    coverage_percent: float | None
    coverage_complete: bool
    race_detector: bool
    started_at: datetime
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageTestRun:
    """What ``go test`` said of one package; ``hanging_tests`` names those a time-out caught."""

    module: str
    package: str
    revision: str
    outcome: str
    detail: str | None
    hanging_tests: str | None
    statements: int | None
    covered_statements: int | None
    coverage_percent: float | None
    duration_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TestCase:
    """One test or subtest (``name`` is ``TestA/sub``); ``output`` is kept when it did not pass."""

    module: str
    package: str
    name: str
    revision: str
    outcome: str
    duration_seconds: float
    output: str | None
