"""What a CycloneDX bill of materials says of vulnerabilities, whether it is JSON or XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

BOM_NAMESPACE = "http://cyclonedx.org/schema/bom/"
VULNERABILITY_NAMESPACE = "http://cyclonedx.org/schema/ext/vulnerability/"


@dataclass(frozen=True, slots=True)
class Component:
    """A component: its name and group as written, its version, its package URL."""

    name: str
    version: str | None = None
    group: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """One rating of a vulnerability; every part may be missing."""

    word: str | None = None
    score: float | None = None
    method: str | None = None
    vector: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """One vulnerability. ``affects`` are references to components, or components themselves.

    ``state``, ``justification`` and ``analysis`` (its explanation) are the VEX analysis;
    ``names`` are the ids of the same vulnerability elsewhere.
    """

    name: str | None
    names: Sequence[str] = ()
    ratings: Sequence[Rating] = ()
    weaknesses: Sequence[int] = ()
    description: str | None = None
    detail: str | None = None
    recommendation: str | None = None
    links: Sequence[str] = ()
    state: str | None = None
    justification: str | None = None
    analysis: str | None = None
    affects: Sequence[str | Component] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Bom:
    """The bill: components by reference, how many there are, what made it.

    ``vulnerabilities`` is None where it has no such section: an inventory, not a check.
    """

    components: dict[str, Component]
    component_count: int
    vulnerabilities: Sequence[Vulnerability] | None
    tool: str | None
    tool_version: str | None
