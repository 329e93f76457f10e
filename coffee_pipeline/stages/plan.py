"""Planning: which services need which steps at a revision, and why the others do not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.outcome import Stage
from coffee_pipeline.model.source import ServiceRevision
from coffee_pipeline.platform.affected import affected
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.repository_scan import TOOLS
from coffee_pipeline.stages.scanner import chosen
from coffee_pipeline.stages.steps import OPTIONAL_STEPS, REPOSITORY, REPOSITORY_STEPS, steps_of
from coffee_pipeline.stages.workspace import find_service
from coffee_pipeline.tools import opa, trivy

_DONE = """
    SELECT latest.service, latest.step, source.input_digest
    FROM (
        SELECT platform, service, step, arg_max(revision, finished_at) AS revision,
               arg_max(outcome, finished_at) AS outcome
        FROM stage_runs WHERE platform = ? GROUP BY ALL
    ) AS latest
    JOIN service_revisions AS source USING (platform, service, revision)
    WHERE latest.outcome IN ('completed', 'partial')
       OR (latest.outcome = 'not_run' AND list_contains(?, latest.step))
"""
# Only the latest run of a step counts: after a change and its revert the first evidence is of the
# same content, but it is not what was delivered last.

_REPOSITORY_DONE = """
    SELECT step, arg_max(revision, finished_at) AS revision
    FROM stage_runs WHERE platform = ? AND service = ? GROUP BY step
    HAVING arg_max(outcome, finished_at) <> 'failed'
"""

_LAST_DELIVERED = """
    SELECT revision FROM stage_runs WHERE platform = ? AND revision <> ?
    ORDER BY finished_at DESC LIMIT 1
"""


@dataclass(frozen=True, kw_only=True)
class PlannedService:
    """What is to be done for one service; ``steps`` is empty where nothing is, for ``reason``."""

    service: str
    steps: tuple[str, ...]
    reason: str
    base_revision: str | None


def last_delivered(history: HistoryReader, platform: Platform, revision: str) -> str | None:
    """The revision delivered before, which ``revision`` is compared with; None for the first."""
    rows = history.query(_LAST_DELIVERED, (platform.name, revision))
    return str(rows[0]["revision"]) if rows else None


def _done(history: HistoryReader, platform: Platform) -> Mapping[str, Collection[tuple[str, str]]]:
    done: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
    for row in history.query(_DONE, (platform.name, sorted(OPTIONAL_STEPS))):
        done[str(row["service"])].add((str(row["step"]), str(row["input_digest"])))
    return done


def plan(
    platform: Platform,
    repository: Repository,
    revision: str,
    history: HistoryReader,
    *,
    stages: Sequence[Stage],
    services: Sequence[str] = (),
    force: bool = False,
) -> list[PlannedService]:
    """What to do at ``revision``: nothing for a service whose steps are done on the same input.

    A step is done when its latest run is completed or partial, at a revision at which the service
    had the same input digest. Naming services (or ``force``) does their steps again.

    Raises:
        UnknownServiceError: ``services`` names one that the platform does not have.
    """
    wanted = [find_service(platform, name) for name in services] or list(platform.services)
    base = last_delivered(history, platform, revision)
    standing = {found.service: found for found in affected(platform, repository, base, revision)}
    done = _done(history, platform)
    again = force or bool(services)
    planned = []
    for service in wanted:
        found = standing[service.name]
        steps = _chosen_steps(platform, steps_of(service, stages))
        missing = [step for step in steps if (step, found.input_digest) not in done[service.name]]
        planned.append(
            PlannedService(
                service=service.name,
                steps=steps if again or missing else (),
                reason=_reason(found, missing, steps, again),
                base_revision=base,
            )
        )
    if not services:
        planned.append(_plan_repository(platform, repository, revision, history, stages, force))
    return planned


def _plan_repository(
    platform: Platform,
    repository: Repository,
    revision: str,
    history: HistoryReader,
    stages: Sequence[Stage],
    force: bool,
) -> PlannedService:
    """The steps of the whole repository: done again when any of its files has changed."""
    steps = tuple(
        step
        for step, stage in REPOSITORY_STEPS.items()
        if stage in stages and _is_chosen(platform, step)
    )
    done = {
        str(row["step"])
        for row in history.query(_REPOSITORY_DONE, (platform.name, REPOSITORY))
        if repository.same_tree(str(row["revision"]), revision)
    }
    missing = [step for step in steps if step not in done]
    reason = "asked for" if force else f"not done yet: {', '.join(missing)}"
    return PlannedService(
        service=REPOSITORY,
        steps=steps if force or missing else (),
        reason=reason if force or missing else "no file has changed since it was scanned",
        base_revision=None,
    )


_TOOLS = {**TOOLS, "image_scan": (trivy.NAME,), "policy_compliance": (opa.NAME,)}
"""Steps that a platform may do without, and the tools that they are about."""


def _chosen_steps(platform: Platform, steps: Sequence[str]) -> tuple[str, ...]:
    return tuple(step for step in steps if _is_chosen(platform, step))


def _is_chosen(platform: Platform, step: str) -> bool:
    return step not in _TOOLS or any(chosen(platform, tool) for tool in _TOOLS[step])


def called_first(platform: Platform, planned: Sequence[PlannedService]) -> list[PlannedService]:
    """The same with every service behind those it calls; circles are cut where they are entered.

    A first release that comes before the services it calls would fail its first requests.
    """
    waiting = {item.service: item for item in planned}
    ordered: list[PlannedService] = []

    def visit(name: str) -> None:
        item = waiting.pop(name, None)
        if item is None:
            return
        run = None if name == REPOSITORY else find_service(platform, name).run
        for called in run.called_services if run else ():
            visit(called)
        ordered.append(item)

    for item in planned:
        visit(item.service)
    return ordered


def _reason(
    found: ServiceRevision, missing: Sequence[str], steps: Sequence[str], again: bool
) -> str:
    if again:
        return "asked for"
    if not missing:
        return f"unchanged since it was delivered: {found.reason}"
    if len(missing) == len(steps):
        return found.reason
    return f"not done yet: {', '.join(missing)}"
