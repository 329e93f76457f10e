"""Where the lead time of changes went: from commit through build, test, scan and staging.

A deployment's milestones are when its revision was last built, tested, scanned and staged for its
service before the deployment ended. Steps may overlap, so a milestone is never before the one it
follows; then the phases of a change whose milestones are all known add up to its lead time. A phase
of which one end is not recorded has no length for that change, and its count says so.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from coffee_pipeline.dora.changes import DeliveredChange
from coffee_pipeline.dora.quantiles import Distribution, distribution

MILESTONES = ("built", "tested", "scanned", "staged")
"""What is recorded between commit and production, in order."""

PHASES = (
    "commit to built", "built to tested", "tested to scanned", "scanned to staged",
    "staged to production",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Passed:
    """A revision of a service passed a milestone."""

    service: str
    revision: str
    milestone: str
    at: datetime


@dataclass(frozen=True)
class Phase:
    """One phase over all changes: its spread in seconds, None where it is known of none."""

    name: str
    spread: Distribution | None
    changes: int


def phases(
    changes: Sequence[DeliveredChange],
    passed: Iterable[Passed],
    revisions: Mapping[str, str],
) -> tuple[Phase, ...]:
    """How long each phase took, over ``changes``.

    ``revisions`` are the deployed revisions by deployment: what was built and tested of a change is
    the revision that brought it.
    """
    times: dict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for one in passed:
        times[one.service, one.revision, one.milestone].append(one.at)
    for moments in times.values():
        moments.sort()
    found: list[list[float]] = [[] for _ in PHASES]
    milestones: dict[str, list[tuple[int, datetime]]] = {}
    for change in changes:
        name = change.deployment_id
        if name not in milestones:
            key = (change.service, revisions.get(name, ""))
            milestones[name] = [
                (at, moment)
                for at, one in enumerate(MILESTONES, 1)
                if (moment := _last(times.get((*key, one), ()), change.deployed_at)) is not None
            ]
        for at, seconds in _lengths(change, milestones[name]):
            found[at].append(seconds)
    return tuple(
        Phase(name, distribution(values), len(changes))
        for name, values in zip(PHASES, found, strict=True)
    )


def _last(moments: Sequence[datetime], until: datetime) -> datetime | None:
    at = bisect_right(moments, until)
    return moments[at - 1] if at else None


def _lengths(
    change: DeliveredChange, milestones: Iterable[tuple[int, datetime]]
) -> Iterator[tuple[int, float]]:
    """The phases of a change of which both ends are recorded: place in PHASES, and seconds.

    ``milestones`` are those recorded, each with its place: 0 is the commit.
    """
    before, begin = 0, change.committed_at
    for at, moment in (*milestones, (len(MILESTONES) + 1, change.deployed_at)):
        end = max(begin, moment)
        if at == before + 1:
            yield before, (end - begin).total_seconds()
        before, begin = at, end
