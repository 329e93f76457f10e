"""Facts of the nightly security sweep: what was covered, and what was not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One sweep over what runs in production and over the repository's head.

    ``scans`` were tried, ``completed`` of them answered; ``previous_completed`` is how many did in
    the sweep before, None for the first. ``attempts`` is 2 where scans that failed were tried
    again. ``outcome`` is ``completed`` when every scan that is not left out by choice answered,
    else ``partial``; ``reason`` says which did not.
    """

    sweep_id: str
    platform: str
    revision: str
    outcome: str
    reason: str | None
    scans: int
    completed: int
    previous_completed: int | None
    attempts: int
    started_at: datetime
    finished_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepScan:
    """One scan of a sweep: with which tool, rules and database, and how it ended.

    ``materialization_of_scan`` is the key under which the scan and its findings are stored;
    ``database_age_days`` counts from the database's date to the sweep.
    """

    sweep_id: str
    materialization_of_scan: str
    tool: str
    tool_version: str | None
    scope: str
    service: str | None
    environment: str | None
    outcome: str
    reason: str | None
    findings: int | None
    database_date: datetime | None
    database_age_days: float | None
