"""Facts of gates: decisions, with every rule and input that led to them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """A policy decision over evidence; ``verdict`` as :class:`Verdict`."""

    gate: str
    service: str
    revision: str
    verdict: str
    reason: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """One rule of a decision. ``evidence`` says which rows it read; ``blocking`` if it can stop."""

    gate: str
    service: str
    revision: str
    rule: str
    verdict: str
    blocking: bool
    actual: str
    required: str
    evidence: str
    decided_at: datetime
