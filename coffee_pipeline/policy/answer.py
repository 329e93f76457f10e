"""What one rule of a gate says."""

from __future__ import annotations

from dataclasses import dataclass

from coffee_pipeline.model.outcome import Verdict


@dataclass(frozen=True)
class Answer:
    """What a rule found (``actual``) and demanded, and what it read (``evidence``).

    An ``advisory`` answer never blocks, whatever it says.
    """

    verdict: Verdict
    actual: str
    required: str
    evidence: str
    advisory: bool = False
