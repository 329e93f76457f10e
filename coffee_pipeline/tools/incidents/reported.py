"""An incident as a source reports it, before it is known to be whole; and the source's protocol."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.incidents.rows import Row

EARLIEST = datetime(1971, 1, 1, tzinfo=UTC)
"""Times before mean "never": Go writes the year 1 for an alert that has not ended."""
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadRowError(Exception):
    """A row that is no incident; ``str()`` says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedIncident:
    """What a source says of an incident; None where it says nothing.

    ``identity`` is the source's own and stays the same in every later export. ``updated_at`` tells
    which of two rows of one incident is newer.
    """

    identity: str
    title: str | None
    opened_at: datetime
    resolved_at: datetime | None
    acknowledged_at: datetime | None = None
    service: str | None = None
    environment: str | None = None
    severity: str | None = None
    deployment_id: str | None = None
    revision: str | None = None
    updated_at: datetime | None = None


class IncidentSource(Protocol):
    """One system's export. ``STICKY_END``: a row without an end does not reopen an ended one."""

    NAME: str
    TITLE: str
    STICKY_END: bool

    def recognises(self, row: Row) -> bool:
        """Whether the row is this system's; never raises."""

    def read(self, row: Row) -> ReportedIncident | None:
        """The incident; None for a row that is none (a pull request among issues).

        Raises:
            BadRowError: it is one, but broken.
        """


def needed_moment(value: Any, name: str) -> datetime:
    """A time that must be there.

    Raises:
        BadRowError: it is not, or is none.
    """
    found = moment(value, name)
    if found is None:
        raise BadRowError(f"{name} is missing")
    return found


def moment(value: Any, name: str) -> datetime | None:
    """A time in ISO 8601 (UTC where it has no zone) or since 1970 in s, ms, us or ns.

    None where there is none, and for times before 1971.

    Raises:
        BadRowError: it is something else.
    """
    if value is None or value == "":
        return None
    digits = value.strip() if isinstance(value, str) else ""
    if digits.isascii() and digits.isdigit() and 9 <= len(digits) <= 20:  # shorter ones are dates
        value = int(digits)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(value, name)
    if not isinstance(value, str):
        raise BadRowError(f"{name}: {excerpt(str(value), 40)!r} is no time")
    try:
        found = datetime.fromisoformat(value.strip())
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except OverflowError:
        return None  # the year 1 in a zone east of Greenwich
    except ValueError as error:
        raise BadRowError(f"{name}: {excerpt(value, 40)!r} is no time") from error
    return found if found >= EARLIEST else None


def _since_1970(value: float, name: str) -> datetime | None:
    scale = next(
        (size for limit, size in ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3)) if value >= limit), 1
    )
    try:
        found = _EPOCH + timedelta(seconds=value / scale)
    except (OverflowError, ValueError) as error:
        raise BadRowError(f"{name}: {value} is no time") from error
    if found >= _LATEST:
        raise BadRowError(f"{name}: {value} is no time")
    return found if found >= EARLIEST else None
