"""Identity of findings: the same problem keeps it when lines move or a report is shuffled."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii


@dataclass(frozen=True, slots=True)
class CodePlace:
    """Where a code finding is: rule, file, the flagged line's text with its neighbours, line.

    The line number only orders equal places of one file.
    """

    rule: str
    path: str
    context: str
    line: int | None
    column: int | None = None


def normalised(lines: Iterable[str]) -> str:
    """Source lines without the white space that formatting changes; empty lines are left out."""
    words = (" ".join(line.split()) for line in lines)
    return "\n".join(line for line in words if line)


def code_identities(tool: str, places: Sequence[CodePlace]) -> list[str]:
    """One identity for each place, in order.

    Equal places (rule, file and context the same) are told apart by their order in the file, so
    neither moving lines nor shuffling the report changes an identity.
    """
    order = sorted(
        range(len(places)),
        key=lambda index: (places[index].line or 0, places[index].column or 0),
    )
    seen: Counter[tuple[str, str, str]] = Counter()
    identities = [""] * len(places)
    for index in order:
        place = places[index]
        key = (place.rule, place.path, place.context)
        identities[index] = digest(tool, *key, str(seen[key]))
        seen[key] += 1
    return identities


def dependency_identity(tool: str, advisory: str, module: str, component: str) -> str:
    """Identity of a vulnerable dependency: advisory and component, whatever its version."""
    return digest(tool, advisory, module, component)


def digest(*parts: str) -> str:
    """SHA-256 over the parts as a JSON list: no two different lists give the same text."""
    # What json.dumps makes of a list of texts, in a third of the time.
    text = ", ".join(map(encode_basestring_ascii, parts))
    return hashlib.sha256(f"[{text}]".encode()).hexdigest()
