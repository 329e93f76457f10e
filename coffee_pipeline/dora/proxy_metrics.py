"""The five metrics from a Git repository alone: proxies, each with its reason; unknown ones None.

Git knows when something was committed and tagged. It does not know what was deployed, what failed
and when users could work again. So: deployments are tags, merges or commits; a deployment failed
where a later commit reverts what it brought, or a hotfix follows it; that nothing was reverted does
not prove that nothing failed, so without any recognised failure the rate is None and never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from coffee_pipeline.dora import metric as making
from coffee_pipeline.dora.benchmarks import deployment_days
from coffee_pipeline.dora.metric import Making, Metric
from coffee_pipeline.dora.proxy_changes import ProxyChange, delivered
from coffee_pipeline.dora.proxy_deployments import (
    ProxyDeployment,
    ProxyDeployments,
    Source,
    proxy_deployments,
)
from coffee_pipeline.dora.proxy_period import (
    FailedDeployment,
    Inside,
    Period,
    of_component,
    period_of,
    time_of,
)
from coffee_pipeline.dora.trend import DeploymentPoint, Step, TrendPoint, suitable_step, trend
from coffee_pipeline.dora.working_time import (
    WorkingCalendar,
    working_frequency,
    working_lead_time,
)
from coffee_pipeline.platform.commit_log import CommitLog
from coffee_pipeline.platform.component_commits import component_commits

INFORMATIVE = 0.5
"""Share of the changes whose times must say something for a lead time to be given."""
CLOCK_SKEW = timedelta(days=1)
"""How far in the future a commit may be dated and still be believed."""

_NO_RECORDS = "a repository holds no deployment records"


@dataclass(frozen=True)
class RepositoryPerformance:
    """The metrics of one branch of one repository over a period, with what they rest on.

    ``components`` are the same metrics of each component, where release tags name several. A change
    is counted once: to the component that delivered it first.
    """

    log: CommitLog
    chosen: ProxyDeployments
    period: Period
    metrics: tuple[Metric, ...]
    deployments: tuple[ProxyDeployment, ...]
    lead_times: tuple[tuple[ProxyChange, ProxyDeployment], ...]
    failures: tuple[FailedDeployment, ...]
    trend: tuple[TrendPoint, ...]
    notes: tuple[str, ...]
    unread: tuple[str, ...]
    calendar: WorkingCalendar | None = None
    components: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)


def repository_performance(
    log: CommitLog,
    now: datetime,
    wanted: Source = Source.AUTO,
    since: datetime | None = None,
    until: datetime | None = None,
    step: Step | None = None,
    *,
    reachable_only: bool = False,
    calendar: WorkingCalendar | None = None,
) -> RepositoryPerformance:
    """The metrics of what ``log`` holds.

    Without ``since`` from the first deployment known, without ``until`` to the last commit or
    release: the report of an unchanged repository stays the same. With a ``calendar``, lead time
    and frequency are told in working time as well.
    """
    latest = int((now + CLOCK_SKEW).timestamp())
    chosen = proxy_deployments(log, wanted, latest, reachable_only=reachable_only)
    touched, folders = component_commits(log, chosen.components)
    brought = delivered(log, chosen, touched)
    period = period_of(log, chosen, since, until, latest)
    inside = Inside(chosen, brought, period)
    making_ = _Making(chosen)
    steps = () if period.start is None or period.end is None else _trend(inside, period, step)
    return RepositoryPerformance(
        log=log,
        chosen=chosen,
        period=period,
        metrics=_metrics(inside, period, making_, calendar),
        deployments=tuple(chosen.found[index] for index in inside.indices),
        lead_times=tuple(
            (one, chosen.found[one.deployment])
            for one in inside.changes
            if one.lead_time is not None
        ),
        failures=inside.failures,
        trend=steps,
        notes=(*log.notes, *chosen.notes, *folders, *brought.notes),
        unread=log.unread,
        calendar=calendar,
        components={
            one: _metrics(Inside(chosen, brought, own, one), own, making_, calendar)
            for one in (chosen.components if len(chosen.components) > 1 else ())
            for own in (of_component(period, chosen, one),)
        },
    )


def _metrics(
    inside: Inside, period: Period, words: _Making, calendar: WorkingCalendar | None
) -> tuple[Metric, ...]:
    return (
        _lead_time(inside, words, calendar),
        _frequency(inside, period, words, calendar),
        _recovery_time(inside, words),
        _change_fail_rate(inside, words),
        _rework_rate(inside, words),
    )


class _Making:
    """The methods in words, for what was chosen."""

    def __init__(self, chosen: ProxyDeployments) -> None:
        noun = {Source.TAGS: "release tag", Source.MERGES: "merge"}.get(chosen.source, "commit")
        self.noun = noun
        why = f"proxy: {_NO_RECORDS}, each {noun} stands for a deployment"
        self.frequency = Making(f"{noun}s / days since the first one", True, why)
        arrival = f"the {noun} that first contains the commit"
        if chosen.source is Source.COMMITS:
            arrival = "the committer's time of the commit that brought it to the branch"
        self.lead_time = Making(f"median from author's time to {arrival}", True, why)
        judged = f"{why}; only reverts and hotfixes show a failure, so this is a lower bound"
        self.fail_rate = Making(
            f"{noun}s of which a later commit reverts a change, or which a hotfix follows, within "
            f"30 days / {noun}s",
            True,
            judged,
        )
        self.recovery = Making(
            f"median from the failed {noun} to the first one that carries its revert or hotfix",
            True,
            f"{why}; when users were hurt and helped is not in a repository",
        )
        self.rework = Making(
            f"{noun}s that carry a revert or hotfix of an earlier one / {noun}s",
            True,
            f"{why}; whether it was unplanned is taken from the revert or hotfix alone",
        )


def _frequency(
    inside: Inside, period: Period, words: _Making, calendar: WorkingCalendar | None
) -> Metric:
    count = len(inside.indices)
    known = period.since and inside.before > 0
    value, reason = None, f"no {words.noun} in the period"
    if period.days is not None and (count > 1 or (count == 1 and known)):
        value = count / period.days
    elif count == 1:
        reason = f"one {words.noun} alone shows no frequency"
    days = working = None
    if value is not None and period.start is not None and period.end is not None:
        moments = [time_of(inside.chosen.found[index].at) for index in inside.indices]
        days = deployment_days(moments, period.start, period.end)
        begin = period.observed_from or period.start
        working = working_frequency(calendar, moments, begin, period.end)
    return making.frequency(count, value, reason, words.frequency, days=days, working=working)


def _lead_time(inside: Inside, words: _Making, calendar: WorkingCalendar | None) -> Metric:
    spans = [
        (time_of(at - one.lead_time), time_of(at))
        for one in inside.changes
        if one.lead_time is not None
        for at in (inside.chosen.found[one.deployment].at,)
    ] if calendar else []  # fmt: skip
    values = [float(one.lead_time) for one in inside.changes if one.lead_time is not None]
    same = sum(one.reason == "same" for one in inside.changes)
    reason = f"no {words.noun} in the period brought a commit with a known beginning"
    if same and len(values) < INFORMATIVE * (len(values) + same):
        reason = (
            f"author's and committer's times are the same in {same} of {len(values) + same} "
            "changes (squashed, or committed straight to the branch): nothing says how long they "
            "took"
        )
        values = []
    elif inside.changes and not values:
        cut = sum(one.reason == "cut" for one in inside.changes)
        reason = f"of {len(inside.changes)} commits {cut} reach into history that is not here, " \
            f"{len(inside.changes) - cut} have impossible times"  # fmt: skip
    working = working_lead_time(calendar, spans) if values else None
    return making.lead_time(values, reason, words.lead_time, working=working)


def _change_fail_rate(inside: Inside, words: _Making) -> Metric:
    count = len(inside.indices)
    reason = f"no {words.noun} in the period"
    if count:
        reason = (
            f"no revert or hotfix of any of {count} {words.noun}s was recognised; that is no proof "
            "that none failed"
        )
    return making.change_fail_rate(len(inside.failed) or None, count, reason, words.fail_rate)


def _recovery_time(inside: Inside, words: _Making) -> Metric:
    values = [
        float(one.recovery_seconds) for one in inside.failures if one.recovery_seconds is not None
    ]
    reason = f"no failed {words.noun} was recognised, so nothing to recover from is known"
    if inside.failures:
        reason = f"no {words.noun} carries the repair of the {len(inside.failures)} failed ones yet"
    return making.recovery_time(values, reason, words.recovery)


def _rework_rate(inside: Inside, words: _Making) -> Metric:
    count = len(inside.indices)
    reason = f"no {words.noun} in the period"
    if count:
        reason = (
            f"no revert or hotfix in any of {count} {words.noun}s was recognised; that is no proof "
            "that all were planned"
        )
    return making.rework_rate(len(inside.rework) or None, count, reason, words.rework)


def _trend(inside: Inside, period: Period, step: Step | None) -> tuple[TrendPoint, ...]:
    if period.start is None or period.end is None or period.start > period.end:
        return ()
    found = inside.chosen.found
    return trend(
        period.start,
        period.end,
        step or suitable_step(period.start, period.end),
        (
            DeploymentPoint(
                time_of(found[index].at),
                failed=index in inside.failed,
                rework=True if index in inside.rework else None,
            )
            for index in inside.indices
        ),
        (
            (time_of(found[one.deployment].at), float(one.lead_time))
            for one in inside.changes
            if one.lead_time is not None
        ),
        (
            (time_of(one.deployment.at), float(one.recovery_seconds))
            for one in inside.failures
            if one.recovery_seconds is not None
        ),
        silence_proves=False,
    )
