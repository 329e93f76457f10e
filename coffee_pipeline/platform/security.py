"""The part ``security`` of ``platform.yaml``: scanners, what runs, and who may tell of it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from coffee_pipeline.platform.fields import Description, Name, RepositoryPath, Seconds

VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]
"""Name of an environment variable: a secret is never written into the description itself."""


class ReceiverSettings(Description):
    """Environment variables with the secrets of ``coffee-pipeline listen``, by endpoint.

    A variable may hold several secrets with white space between them, so that one can be replaced
    by another without a gap.
    """

    falco_secret: VariableName = "COFFEE_FALCO_SECRET"  # noqa: S105  # a name
    alertmanager_secret: VariableName = "COFFEE_ALERTMANAGER_SECRET"  # noqa: S105
    pagerduty_secret: VariableName = "COFFEE_PAGERDUTY_SECRET"  # noqa: S105
    github_secret: VariableName = "COFFEE_GITHUB_SECRET"  # noqa: S105
    generic_secret: VariableName = "COFFEE_WEBHOOK_SECRET"  # noqa: S105


class RuntimeSettings(Description):
    """Events of Falco.

    ``falco_file`` is a file of JSON lines that Falco writes on this machine; relative to the
    description. Events of one rule in one workload that arrive within ``window_seconds`` are one
    finding with a count; a window has at most ``findings_limit`` findings.
    """

    falco_file: str | None = None
    window_seconds: Seconds = 3600
    findings_limit: Annotated[int, Field(ge=1, le=100_000)] = 1000


Hours = Annotated[float, Field(gt=0, le=87_600)]


class SlaHours(Description):
    """Hours that a problem may stay open after it was first seen, by severity; None: never due.

    The defaults are what the field agrees on: critical 7 days, high 30, medium 90, low 120.
    """

    critical: Hours | None = 168
    high: Hours | None = 720
    medium: Hours | None = 2160
    low: Hours | None = 2880
    info: Hours | None = None


class SecuritySettings(Description):
    """Scanners and where they get their rules and databases from; what is watched while it runs.

    ``scanners`` names those to run, which are made when they are missing; gosec and govulncheck
    always run. Without it every scanner runs that is installed. Paths are relative to the
    description's folder: ``semgrep_rules`` are folders beside the pipeline's own rules,
    ``osv_database`` is OSV-Scanner's offline database, made of a local ``vulndb`` where it is not
    named; ``trivy_cache`` holds Trivy's. ``kubernetes`` is the release (``"1.34"``) whose schemas
    manifests are validated against; without it the newest one that is known.

    ``triage`` is the file of decisions about findings, ``openvex`` are OpenVEX documents or folders
    of them; both are paths in the repository and are read at the head of the watched branch. A
    problem is due ``sla_hours`` after it was first seen. ``epss`` (FIRST's CSV, may be gzipped) and
    ``kev`` (CISA's JSON) are files that tell which vulnerabilities are exploited.

    ``namespaces`` maps a Kubernetes namespace to an environment; one that is called like an
    environment, or ends with its name behind a hyphen, needs no entry (``x-pre-production`` is not
    ``production``). ``incident_labels`` are the labels that make an issue on GitHub an incident.
    """

    scanners: tuple[str, ...] | None = None
    semgrep_rules: tuple[str, ...] = ()
    osv_database: str | None = None
    trivy_cache: str | None = None
    kubernetes: Annotated[str, Field(pattern=r"^1\.[0-9]+$")] | None = None
    triage: RepositoryPath = "triage.yaml"
    openvex: tuple[RepositoryPath, ...] = ("vex",)
    sla_hours: SlaHours = SlaHours()
    epss: str | None = None
    kev: str | None = None
    receiver: ReceiverSettings = ReceiverSettings()
    runtime: RuntimeSettings = RuntimeSettings()
    namespaces: dict[str, Name] = Field(default_factory=dict)
    incident_labels: tuple[str, ...] = ("incident",)
