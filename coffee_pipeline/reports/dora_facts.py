"""What the history holds of a platform's delivery: the facts that its five metrics are made of."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from coffee_pipeline.dora.attribution import BOUND, Breach
from coffee_pipeline.dora.metrics import DeliveryPerformance, delivery_performance
from coffee_pipeline.dora.phases import Passed
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.source import Revision

_UNTOUCHED = """
    SELECT revision, string_agg(service, chr(10) ORDER BY service) AS services
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


def recorded_performance(
    history: HistoryReader,
    platform: str,
    now: datetime,
    days: int = 30,
    environment: str = "production",
    teams: Mapping[str, str] | None = None,
) -> DeliveryPerformance:
    """The metrics of what the history holds of ``platform``, over the last ``days`` days.

    All facts up to ``now`` are read: lead time and rework look back past the period.

    Raises:
        HistoryError: the history cannot be read.
    """
    ours = "service in (select service from service_revisions where platform = ?)"
    start = now - timedelta(days=days)
    missed = f"{ours} and ratio < objective and window_end > ? and window_start <= ?"
    return delivery_performance(
        revisions=history.records(Revision, "platform = ?", (platform,)),
        untouched=untouched_services(history, platform),
        deployments=history.records(Deployment, f"{ours} and finished_at <= ?", (platform, now)),
        incidents=history.records(Incident, f"{ours} and opened_at <= ?", (platform, now)),
        start=start,
        end=now,
        environment=environment,
        breaches=[
            Breach(one.service, one.environment, one.slo, one.window_start, one.window_end,
                   one.ratio, one.objective)
            for one in history.records(ServiceLevel, missed, (platform, start - BOUND, now))
            if one.ratio is not None
        ],
        passed=[
            Passed(str(service), str(revision), str(milestone), at)
            for service, revision, milestone, at in
            history.answer(_MILESTONES, (platform, now)).rows
            if isinstance(at, datetime)
        ],
        teams=teams,
    )  # fmt: skip


def untouched_services(history: HistoryReader, platform: str) -> dict[str, frozenset[str]]:
    """The services that each revision left as they were.

    Raises:
        HistoryError: the history cannot be read.
    """
    # Most revisions leave one of a few sets of services untouched: each set is made once.
    sets: dict[str, frozenset[str]] = {}
    found = {}
    for revision, services in history.answer(_UNTOUCHED, (platform,)).rows:
        text = str(services)
        if text not in sets:
            sets[text] = frozenset(text.split("\n"))
        found[str(revision)] = sets[text]
    return found
