"""Triage: what the repository decides about findings, the time they may take, what is exploited.

Decisions are read at the head of the watched branch: they hold for what runs, and a branch of its
own cannot accept its own risks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from coffee_pipeline.errors import ConfigurationError, ParseError, RepositoryError
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.model.triage import Exploitation, SlaPolicy, TriageDecision
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.triage_file import read_triage
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.exploitation import read_epss, read_kev
from coffee_pipeline.tools.openvex_decisions import is_openvex, read_openvex


def triage(context: StageContext) -> list[Evidence]:
    """Decisions; and the time that findings may take, EPSS and KEV.

    Raises:
        ConfigurationError: a file of decisions is broken; those read before stay.
        ParseError: an EPSS or KEV file is broken.
    """
    return [decisions(context), priorities(context)]


def decisions(context: StageContext) -> Evidence:
    """What the repository decides about findings now.

    Raises:
        ConfigurationError: a file of decisions is broken; those read before stay.
    """
    found = tuple(_decisions(context))
    words = f"{len(found)} decisions"
    context.report(f"triage: {words}")
    return _evidence(f"triage/{context.platform.name}", words, found)


def decisions_if_sound(context: StageContext) -> Evidence | None:
    """The same for a gate: None where a file is broken, so that those read before hold."""
    try:
        return decisions(context)
    except (ConfigurationError, ParseError, RepositoryError) as error:
        context.report(f"triage: the decisions read before are used: {error}")
        return None


def priorities(context: StageContext) -> Evidence:
    """The time that findings may take by their severity, EPSS and KEV.

    Raises:
        ParseError: an EPSS or KEV file is broken.
    """
    platform = context.platform
    exploited = _exploitation(context)
    hours = platform.security.sla_hours
    policies = [
        SlaPolicy(platform=platform.name, severity=one.value, hours=getattr(hours, one.value))
        for one in Severity
    ]
    words = f"{len(exploited)} vulnerabilities with scores"
    return _evidence(f"priorities/{platform.name}", words, (*policies, *exploited))


def _evidence(key: str, words: str, records: Sequence[Record]) -> Evidence:
    return Evidence(
        materialization=key, outcome=Outcome.COMPLETED, reason=words, records=tuple(records)
    )


def _decisions(context: StageContext) -> Iterator[TriageDecision]:
    security = context.platform.security
    repository = Repository(context.repository)
    try:
        head = repository.resolve(context.platform.branch)
    except RepositoryError:  # a checkout without the branch, as build servers make them
        head = context.revision
    paths = [entry.path for entry in repository.tree(head)]
    listed = [
        path
        for path in paths
        if any(path == one or path.startswith(f"{one}/") for one in security.openvex)
    ]
    wanted = [security.triage, *(path for path in listed if path.endswith(".json"))]
    contents = repository.read(head, wanted)
    for path in sorted({*wanted} & {*paths} - {*contents}):
        raise ConfigurationError(f"{path}: too large, or not in this clone")
    services = {service.name for service in context.platform.services}
    for path, content in contents.items():
        if path == security.triage:
            yield from read_triage(path, content, head)
        elif path in security.openvex or is_openvex(content):
            yield from read_openvex(path, content, head, services)


def _exploitation(context: StageContext) -> list[Exploitation]:
    security = context.platform.security
    found: list[Exploitation] = []
    for file, read in ((security.epss, read_epss), (security.kev, read_kev)):
        if file is not None:
            document = Document.of_file(context.base / file)
            found += read(document.source, document.content)
    return found
