"""What people and public sources say about findings: decisions, exploitation, time allowed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class TriageState(StrEnum):
    """Why a finding that is reported need not be fixed."""

    ACCEPTED = "accepted"
    FALSE_POSITIVE = "false_positive"
    NOT_AFFECTED = "not_affected"


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageDecision:
    """One decision about findings; it counts until ``expires_at``. ``state``: :class:`TriageState`.

    It applies by exactly one of ``identity``, ``rule`` (with a glob ``path``, whose regular
    expression is ``path_pattern``) and ``vulnerability`` (any name of it, in capitals; only in
    ``component``, ``component_version`` and ``service`` where these are given). ``component`` is
    spelled as in the history's issues: small letters, parts separated by slashes.
    """

    source: str
    file: str
    line: int | None
    revision: str | None
    state: str
    reason: str
    author: str
    expires_at: datetime | None
    identity: str | None = None
    rule: str | None = None
    path: str | None = None
    path_pattern: str | None = None
    vulnerability: str | None = None
    component: str | None = None
    component_version: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploitation:
    """What is known of a CVE being used: its EPSS score, or its place in CISA's catalogue (KEV).

    ``epss_score`` is the probability of exploitation in the next 30 days and ``epss_percentile``
    the share of vulnerabilities with the same or a lower score, both 0..1.
    """

    vulnerability: str
    epss_score: float | None
    epss_percentile: float | None
    known_exploited: bool
    published_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlaPolicy:
    """Hours that a problem of a severity may stay open, as the platform sets it; None: for ever."""

    platform: str
    severity: str
    hours: float | None
