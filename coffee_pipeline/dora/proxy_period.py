"""What of a repository's deployments, changes and failures lies in the period that is reported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from coffee_pipeline.dora.proxy_changes import Delivered
from coffee_pipeline.dora.proxy_deployments import EARLIEST, ProxyDeployment, ProxyDeployments
from coffee_pipeline.dora.proxy_repairs import Repair
from coffee_pipeline.platform.commit_log import CommitLog


@dataclass(frozen=True)
class Period:
    """What is reported: [``start``, ``end``]; both None where nothing was there to date it by.

    ``since`` and ``until`` say whether the bounds were asked for. ``observed_from`` is the first
    deployment known in it, or ``start``: ``days`` are counted from there.
    """

    start: datetime | None
    end: datetime | None
    days: float | None
    since: bool
    until: bool
    observed_from: datetime | None = None


@dataclass(frozen=True)
class FailedDeployment:
    """A deployment taken for failed, what speaks for it, and when it was put right."""

    deployment: ProxyDeployment
    repaired_by: ProxyDeployment | None
    recovery_seconds: int | None
    evidence: tuple[str, ...]


def period_of(
    log: CommitLog,
    chosen: ProxyDeployments,
    since: datetime | None,
    until: datetime | None,
    latest: int,
) -> Period:
    """The period asked for, else from the first deployment to the last commit or release.

    ``latest`` is the last second (since 1970) that a commit may be dated and still be believed.
    """
    moments = [one.at for one in chosen.found]
    times = [
        one.committed
        for one in log.commits.values()
        if one.committed is not None and EARLIEST <= one.committed <= latest
    ]
    last = max([*times, *moments], default=None)
    first = min(moments or times, default=None)
    end = until or (time_of(last) if last is not None else None)
    start = since or (time_of(first) if first is not None else None)
    if since is None and start is not None and end is not None:
        start = min(start, end)
    days = known = None
    if start is not None and end is not None and start <= end:
        # As everywhere: a period is not diluted by days before the first deployment known.
        known = max(start, time_of(first)) if first is not None else start
        days = max((end - known) / timedelta(days=1), 1.0)
    return Period(start, end, days, since is not None, until is not None, known)


def of_component(period: Period, chosen: ProxyDeployments, component: str) -> Period:
    """The same period with the days since the component's own first deployment known in it."""
    first = min((one.at for one in chosen.found if one.component == component), default=None)
    if first is None or period.start is None or period.end is None or period.days is None:
        return period
    known = max(period.start, time_of(first))
    days = max((period.end - known) / timedelta(days=1), 1.0)
    return replace(period, days=days, observed_from=known)


class Inside:
    """What of the deployments, changes and failures lies in the period; perhaps of a component."""

    def __init__(
        self,
        chosen: ProxyDeployments,
        brought: Delivered,
        period: Period,
        component: str | None = None,
    ) -> None:
        self.chosen = chosen
        low = period.start.timestamp() if period.start else float("-inf")
        high = period.end.timestamp() if period.end else float("inf")
        own = [
            index
            for index, one in enumerate(chosen.found)
            if component is None or one.component == component
        ]
        self.indices = [index for index in own if low <= chosen.found[index].at <= high]
        here = set(self.indices)
        self.before = sum(chosen.found[index].at < low for index in own)
        self.changes = [one for one in brought.changes if one.deployment in here]
        repairs: dict[int, list[Repair]] = {}
        for one in brought.repairs:
            if one.failed in here:
                repairs.setdefault(one.failed, []).append(one)
        self.failed = repairs
        self.rework = {one.repaired_by for one in brought.repairs if one.repaired_by in here}
        self.failures = tuple(self._failure(index, found) for index, found in repairs.items())

    def _failure(self, index: int, found: Sequence[Repair]) -> FailedDeployment:
        broken = self.chosen.found[index]
        done = [one for one in found if one.repaired_at is not None]
        first = min(done, key=lambda one: one.repaired_at or 0, default=None)
        recovery = None
        if first is not None and first.repaired_at is not None and first.repaired_at >= broken.at:
            recovery = first.repaired_at - broken.at
        by = (
            self.chosen.found[first.repaired_by]
            if first and first.repaired_by is not None
            else None
        )
        return FailedDeployment(broken, by, recovery, tuple(one.evidence for one in found))


def time_of(seconds: int) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)
