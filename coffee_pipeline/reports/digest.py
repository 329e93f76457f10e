"""The security digest: what is new since the last one and what is past due. Nothing else.

A digest that repeats what everybody knows is not read; without anything new there is none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.reports.notification import Notification

SHOWN = 15
"""Findings of each sort that are named; the others are counted."""


@dataclass(frozen=True, slots=True)
class DigestEntry:
    """A finding in a digest. ``days_over`` is how long it is past due, where it is."""

    severity: Severity
    title: str
    service: str | None = None
    reference: str | None = None
    days_over: float | None = None


def security_digest(
    platform: str,
    new: Sequence[DigestEntry],
    past_due: Sequence[DigestEntry],
    warnings: Sequence[str] = (),
    link: str | None = None,
) -> Notification | None:
    """The digest; None when there is nothing to tell.

    Args:
        platform: whose findings they are.
        new: findings that were not open at the last digest.
        past_due: open findings whose time is over.
        warnings: what could not be checked, or was checked before and is not now: less that was
            looked at is told even when nothing was found.
        link: where the report is.
    """
    if not (new or past_due or warnings):
        return None
    order = list(Severity)
    both = [*new, *past_due]
    least = Severity.MEDIUM if warnings else Severity.INFO
    severity = min([least, *(one.severity for one in both)], key=order.index)
    lines = [f"not checked: {warning}" for warning in warnings[:SHOWN]]
    lines += [_line("past due", one) for one in _worst(past_due)]
    lines += [_line("new", one) for one in _worst(new)]
    return Notification(
        title=f"{platform} security: {_counted(new, 'new')}, {_counted(past_due, 'past due')}",
        severity=severity,
        key=f"coffee-pipeline/{platform}/security",
        source=platform,
        lines=lines,
        more=len(both) + len(warnings) - len(lines),
        labels={"platform": platform},
        link=link,
    )


def _worst(entries: Sequence[DigestEntry]) -> list[DigestEntry]:
    order = list(Severity)
    ranked = sorted(
        entries, key=lambda one: (order.index(one.severity), -(one.days_over or 0.0), one.title)
    )
    return ranked[:SHOWN]


def _line(what: str, entry: DigestEntry) -> str:
    over = f" by {entry.days_over:.0f} days" if entry.days_over is not None else ""
    service = f" in {entry.service}" if entry.service else ""
    reference = f" ({entry.reference})" if entry.reference else ""
    return f"{what}{over}: {entry.severity.value}: {entry.title}{service}{reference}"


def _counted(entries: Sequence[DigestEntry], what: str) -> str:
    counts = Counter(entry.severity for entry in entries)
    words = ", ".join(f"{counts[one]} {one.value}" for one in Severity if counts[one])
    return f"{len(entries)} {what}{f' ({words})' if words else ''}"
