"""What the history holds of a platform's delivery: the facts that its five metrics are made of."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TypeVar, cast

from coffee_pipeline.dora.attribution import BOUND, Breach
from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.metrics import DeliveryPerformance, delivery_performance
from coffee_pipeline.dora.phases import Passed
from coffee_pipeline.dora.rework import NO_REWORK, Reverted, Rework
from coffee_pipeline.dora.working_time import WorkingCalendar
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.tools.collection import collector_paused

_COMMITS = """
    SELECT revision, parents, base_revision, subject, committed_at, reverted_commits,
        reverted_requests, reverted_subject, hotfix
    FROM commits WHERE platform = ?
"""
_UNTOUCHED = """
    SELECT revision, string_agg(service, chr(10)) AS services
    FROM untouched_services WHERE platform = ? GROUP BY revision
"""

_MILESTONES = """
    SELECT service, revision, milestone, max(finished_at) AS passed_at
    FROM (
        SELECT *, CASE
            WHEN step = 'staging_deployment' THEN 'staged'
            WHEN stage = 'build' THEN 'built'
            WHEN stage = 'test' THEN 'tested'
            WHEN stage = 'scan' THEN 'scanned'
        END AS milestone
        FROM stage_runs
        WHERE platform = ? AND outcome IN ('completed', 'partial') AND finished_at <= ?
    )
    WHERE milestone IS NOT NULL
    GROUP BY delivery, service, revision, milestone
"""

_OURS = (
    "(service in (select service from service_revisions where platform = ?) "
    "or list_contains(?::varchar[], service))"
)
_CURRENT = """
    SELECT DISTINCT service FROM service_revisions
    WHERE kind = 'service' AND (platform, revision) IN (
        SELECT (platform, arg_max(revision, committed_at)) FROM revisions WHERE platform = ?
        GROUP BY platform
    )
"""
_VERSIONS = """
    SELECT * FROM incident_history WHERE opened_at > ? AND opened_at <= ?
    ORDER BY incident_id, version
"""
_Fact = TypeVar("_Fact", Deployment, Incident)
_Row = tuple[str, str, str | None, str, datetime, str | None, str | None, str | None, bool | None]
_EVER = datetime(9999, 12, 31, tzinfo=UTC)
_WRITTEN = "materialization in (select materialization from materializations where written_at <= ?)"


@dataclass(frozen=True)
class LateChange:
    """What became known of an incident after it was first recorded: names, before, after."""

    incident_id: str
    recorded_at: datetime
    changed: tuple[tuple[str, object, object], ...]


@collector_paused()
def recorded_performance(
    history: HistoryReader,
    platform: str,
    now: datetime,
    days: int = 30,
    environment: str = "production",
    teams: Mapping[str, str] | None = None,
    *,
    services: Collection[str] = (),
    since: datetime | None = None,
    as_of: datetime | None = None,
    calendar: WorkingCalendar | None = None,
) -> DeliveryPerformance:
    """The metrics of what the history holds of ``platform``, over the last ``days`` days.

    Its services are those recorded with its revisions, and ``services``: deployments and incidents
    may have been imported without any revision.
    All facts up to ``now`` are read: lead time and rework look back past the period. ``since`` is
    the period's beginning, instead of ``days``. ``as_of``: only what had been written down by then
    counts, as if the report had been made at that time; an incident closed later is open in it.
    ``calendar``: the working days that lead time and frequency are also told in.

    Raises:
        HistoryError: the history cannot be read.
    """
    named = list(services)
    start = since or now - timedelta(days=days)
    known = as_of or _EVER
    missed = (
        f"{_OURS} and ratio < objective and window_end > ? and window_start <= ? and {_WRITTEN}"
    )
    levels = history.records(ServiceLevel, missed, (platform, named, start - BOUND, now, known))
    return delivery_performance(
        revisions=known_commits(history, platform),
        untouched=untouched_services(history, platform),
        deployments=_deployments(history, (platform, named, now), as_of),
        incidents=_incidents(history, platform, named, now, as_of),
        services=_current_services(history, platform) | frozenset(services),
        start=start,
        end=now,
        environment=environment,
        breaches=[
            Breach(one.service, one.environment, one.slo, one.window_start, one.window_end,
                   one.ratio, one.objective)
            for one in levels
            if one.ratio is not None
        ],
        passed=[
            Passed(str(service), str(revision), str(milestone), at)
            for service, revision, milestone, at in
            history.answer(_MILESTONES, (platform, now)).rows
            if isinstance(at, datetime)
        ],
        teams=teams,
        calendar=calendar,
    )  # fmt: skip


def known_commits(history: HistoryReader, platform: str) -> list[Commit]:
    """The commits of the platform, each with those that it follows as far as they matter.

    A parent outside of what a delivery brought had been delivered before: the revision that was
    delivered before stands for it.

    Raises:
        HistoryError: the history cannot be read.
    """
    rows = cast("list[_Row]", history.answer(_COMMITS, (platform,)).rows)
    known = {row[0] for row in rows}
    found = []
    for row in rows:
        revision, parents, base, subject, committed_at = row[:5]
        if base is None:
            found.append(Commit(revision, parents or None, subject, committed_at))
            continue
        first, *others = (one if one in known else base for one in parents.split() or [base])
        found.append(
            Commit(revision, first, subject, committed_at, tuple(others), _rework(*row[5:]))
        )
    return found


def _rework(
    commits: str | None, requests: str | None, subject: str | None, hotfix: bool | None
) -> Rework:
    if not (commits or requests or subject or hotfix):
        return NO_REWORK
    hashes = tuple((commits or "").split())
    numbers = tuple(map(int, (requests or "").split()))
    reverted = Reverted(hashes, numbers, subject) if hashes or numbers or subject else None
    return Rework(reverted, hotfix=bool(hotfix))


def _deployments(
    history: HistoryReader, asked: tuple[object, ...], as_of: datetime | None
) -> list[Deployment]:
    where = f"{_OURS} and finished_at <= ?"
    if as_of is None:
        return history.records(Deployment, where, asked)
    return _known_then(history, Deployment, "deployment_history", where, (*asked, as_of, as_of))


def _known_then(
    history: HistoryReader, kind: type[_Fact], view: str, where: str, asked: tuple[object, ...]
) -> list[_Fact]:
    """The states of a history's view that held at a moment, the last two of ``asked``."""
    names = ", ".join(one.name for one in fields(kind))
    rows = history.query(
        f"SELECT {names} FROM {view} WHERE {where} AND recorded_at <= ? "  # noqa: S608 - names of ours
        "AND (replaced_at IS NULL OR replaced_at > ?)",
        asked,
    )
    return [kind(**row) for row in rows]  # type: ignore[arg-type]


def _current_services(history: HistoryReader, platform: str) -> frozenset[str]:
    rows = history.answer(_CURRENT, (platform,)).rows
    return frozenset(str(name) for (name,) in rows)


def _incidents(
    history: HistoryReader,
    platform: str,
    services: list[str],
    now: datetime,
    as_of: datetime | None,
) -> list[Incident]:
    """The incidents of the platform's services, and those of the platform as such."""
    where = f"(service = ? or {_OURS}) and opened_at <= ?"
    asked = (platform, platform, services, now)
    if as_of is None:
        # One that was imported, and that messages told of as well, is as the messages tell it.
        ordered = f"{where} ORDER BY starts_with(materialization, 'incident/'), opened_at"
        found = history.records(Incident, ordered, asked)
        return list({one.incident_id: one for one in found}.values())
    return _known_then(history, Incident, "incident_history", where, (*asked, as_of, as_of))


def told_later(history: HistoryReader, found: DeliveryPerformance) -> list[LateChange]:
    """What was said of incidents of the period after they had been recorded, oldest first.

    Raises:
        HistoryError: the history cannot be read.
    """
    ours = {one.incident.incident_id for one in found.attributions}
    rows = history.query(_VERSIONS, (found.start, found.end))
    before: dict[str, dict[str, object]] = {}
    changes = []
    for row in rows:
        name, recorded = str(row["incident_id"]), row["recorded_at"]
        earlier = before.get(name)
        before[name] = row
        if earlier is None or name not in ours or not isinstance(recorded, datetime):
            continue
        changed = tuple(
            (one.name, earlier[one.name], row[one.name])
            for one in fields(Incident)
            if one.compare and earlier[one.name] != row[one.name]
        )
        if changed:
            changes.append(LateChange(name, recorded, changed))
    return sorted(changes, key=lambda one: (one.recorded_at, one.incident_id))


def untouched_services(history: HistoryReader, platform: str) -> dict[str, frozenset[str]]:
    """The services that each revision left as they were.

    Raises:
        HistoryError: the history cannot be read.
    """
    # Most revisions leave one of a few sets of services untouched: each is made once, as the names
    # mostly come in one order (to have them sorted would take longer than a few sets more).
    sets: dict[str, frozenset[str]] = {}
    found = {}
    for revision, services in history.answer(_UNTOUCHED, (platform,)).rows:
        text = str(services)
        if text not in sets:
            sets[text] = frozenset(text.split("\n"))
        found[str(revision)] = sets[text]
    return found
