"""Reading an incident export: every row, or no row and a list of what is wrong with which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.incidents import alertmanager, opsgenie, pagerduty, plain
from coffee_pipeline.tools.incidents.github_issues import DEFAULT_LABEL, GithubIssues
from coffee_pipeline.tools.incidents.reported import BadRowError, IncidentSource, ReportedIncident
from coffee_pipeline.tools.incidents.rows import Row, rows_of

TITLE_LENGTH = 300
UNKNOWN_SEVERITY = "unknown"


@dataclass(frozen=True)
class Defaults:
    """What rows that do not say it belong to; ``label`` makes an issue an incident."""

    service: str | None = None
    environment: str = "production"
    label: str = DEFAULT_LABEL


@dataclass(frozen=True)
class IncidentReport:
    """The incidents of one file, one row each, in order of their beginning.

    ``skipped`` rows are no incidents (pull requests, issues without the label), ``repeated`` ones
    were superseded by another row of the file.
    """

    source: str
    sticky_end: bool
    incidents: tuple[Incident, ...]
    skipped: int
    repeated: int


class BadRowsError(ParseError):
    """Rows that are no incidents; ``problems`` are all of them, the message is the first."""

    def __init__(self, source: str, problems: Sequence[tuple[int, str]]) -> None:
        line, problem = problems[0]
        more = f" (and {len(problems) - 1} more rows)" if len(problems) > 1 else ""
        super().__init__(source, f"line {line}", f"{problem}{more}; nothing was stored")
        self.problems = tuple(f"{source}:line {at}: {words}" for at, words in problems)


def sources(label: str = DEFAULT_LABEL) -> Mapping[str, IncidentSource]:
    """The sources by name, in the order they are asked whether a file is theirs."""
    found = (pagerduty, alertmanager, opsgenie, GithubIssues(label), plain)
    return {one.NAME: cast("IncidentSource", one) for one in found}


def read_incidents(
    document: Document, defaults: Defaults, source: str | None = None
) -> IncidentReport:
    """The incidents of a file of one source, by default the one whose rows it holds.

    Raises:
        ParseError: no incident export at all.
        BadRowsError: rows of it are broken.
        UsageError: there is no such source.
    """
    known = sources(defaults.label)
    if source is not None and source not in known:
        raise UsageError(f"--source {source}: one of {', '.join(known)} is needed")
    rows = rows_of(document)
    reader = known[source] if source else _detected(document, rows, known)
    incidents: dict[str, tuple[ReportedIncident, Incident]] = {}
    problems: list[tuple[int, str]] = []
    skipped = repeated = 0
    for row in rows:
        try:
            found = _read(reader, row)
            if found is None:
                skipped += 1
                continue
            incident = _incident(reader.NAME, found, defaults)
        except BadRowError as error:
            problems.append((row.line, str(error)))
            continue
        before = incidents.get(incident.incident_id)
        repeated += before is not None
        if before is None or _newer(found, before[0], sticky=reader.STICKY_END):
            incidents[incident.incident_id] = (found, incident)
    if problems:
        raise BadRowsError(document.source, problems)
    ordered = sorted((i for _, i in incidents.values()), key=lambda i: (i.opened_at, i.incident_id))
    return IncidentReport(reader.NAME, reader.STICKY_END, tuple(ordered), skipped, repeated)


def _detected(
    document: Document, rows: Sequence[Row], known: Mapping[str, IncidentSource]
) -> IncidentSource:
    """The source that recognises the first row; a file without rows is a plain one."""
    if not rows:
        return known[plain.NAME]
    for reader in known.values():
        if reader.recognises(rows[0]):
            return reader
    names = ", ".join(str(name)[:40] for name in list(rows[0].values)[:8])
    raise document.error(
        f"line {rows[0].line}", f"an incident of none of {', '.join(known)}; it has {names}"
    )


def _read(reader: IncidentSource, row: Row) -> ReportedIncident | None:
    if not reader.recognises(row):
        raise BadRowError(f"no row of {reader.TITLE}")
    return reader.read(row)


def _incident(source: str, found: ReportedIncident, defaults: Defaults) -> Incident:
    service = _text(found.service) or defaults.service
    if service is None:
        raise BadRowError("it names no service; give --service for such rows")
    if found.resolved_at is not None and found.resolved_at < found.opened_at:
        raise BadRowError(f"it ends ({found.resolved_at}) before it begins ({found.opened_at})")
    identity = _text(found.identity)
    if identity is None:
        raise BadRowError("id is missing")
    return Incident(
        # As the receiver names it, so that a webhook's incident and an export's are one.
        incident_id=identity if source == plain.NAME else f"{source}-{identity}",
        service=service,
        environment=_text(found.environment) or defaults.environment,
        revision=_text(found.revision),
        deployment_id=_text(found.deployment_id),
        title=_text(found.title) or identity,
        severity=_text(found.severity) or UNKNOWN_SEVERITY,
        source=source,
        opened_at=found.opened_at,
        resolved_at=found.resolved_at,
        # Clocks differ: nobody took it on before it began.
        acknowledged_at=max(found.acknowledged_at, found.opened_at)
        if found.acknowledged_at
        else None,
        updated_at=found.updated_at,
    )


def _newer(found: ReportedIncident, before: ReportedIncident, *, sticky: bool) -> bool:
    """Whether a row supersedes an earlier one of the same incident."""
    if sticky and found.resolved_at is None and before.resolved_at is not None:
        return False
    if found.updated_at is not None and before.updated_at is not None:
        return found.updated_at >= before.updated_at
    return True


def _text(value: str | None) -> str | None:
    """One line of text that can be stored; None for an empty one."""
    if value is None:
        return None
    line = " ".join(value.replace("\0", " ").split()).encode("utf-8", "replace").decode()
    return line[:TITLE_LENGTH] or None
