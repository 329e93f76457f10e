"""The closed vocabularies that records use."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The stages of a delivery, in order."""

    SOURCE = "source"
    BUILD = "build"
    TEST = "test"
    SCAN = "scan"
    METRICS = "metrics"
    ROLLOUT = "rollout"


class Outcome(StrEnum):
    """How a tool or a stage ended. Only ``completed`` may count as clean or close a finding."""

    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    NOT_RUN = "not_run"


class Verdict(StrEnum):
    """A gate's or a rule's answer; ``not_evaluated`` means that evidence is missing."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_EVALUATED = "not_evaluated"


class Severity(StrEnum):
    """Severity of a finding, most severe first."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


class FindingKind(StrEnum):
    """What sort of thing a finding is about."""

    SAST = "sast"
    DEPENDENCY = "dependency"
    CONTAINER = "container"
    INFRASTRUCTURE = "infrastructure"
    SECRET = "secret"  # noqa: S105  # a kind of finding, no secret
    RUNTIME = "runtime"
    COMPLIANCE = "compliance"
    DAST = "dast"


class BuildOutcome(StrEnum):
    """What ``go build`` of one main package (or a library module) came to."""

    BUILT = "built"
    COMPILE_FAILED = "compile_failed"
    DEPENDENCY_MISSING = "dependency_missing"
    NO_PACKAGES = "no_packages"
    TIMED_OUT = "timed_out"
    TOOL_FAILED = "tool_failed"
    NOT_RUN = "not_run"


class PackageOutcome(StrEnum):
    """What ``go test`` said of one package."""

    OK = "ok"
    FAILED = "failed"
    COMPILE_FAILED = "compile_failed"
    DEPENDENCY_MISSING = "dependency_missing"
    VET_FAILED = "vet_failed"
    NO_TESTS = "no_tests"
    TIMED_OUT = "timed_out"
    PANICKED = "panicked"
    NOT_RUN = "not_run"


class TestOutcome(StrEnum):
    """What one test case or subtest came to."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    TIMED_OUT = "timed_out"
    PANICKED = "panicked"


class DeploymentOutcome(StrEnum):
    """How a deployment ended."""

    SUCCEEDED = "succeeded"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


class AnalysisPhase(StrEnum):
    """Phase of an analysis run, a step or a measurement, as Argo Rollouts names them."""

    SUCCESSFUL = "Successful"
    FAILED = "Failed"
    INCONCLUSIVE = "Inconclusive"
    ERROR = "Error"
    RUNNING = "Running"
