"""Which reports are about the same vulnerability: connected by any name that they share.

One tool names CVE-2024-1 with the alias GO-2024-2, another GHSA-3 with the alias GO-2024-2: all
three names are one vulnerability. Reports are of one issue where the component is the same, too.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

_NAME = re.compile(r"[A-Z][A-Z0-9]{1,20}[-:](?=[^\s]*\d)[^\s,]{2,100}")
_PREFERRED = ("CVE-", "GHSA-", "GO-")
_NO_VULNERABILITY = ("CWE-", "CAPEC-")


@dataclass(frozen=True, slots=True)
class Naming:
    """What a report calls the vulnerability, and the component that has it."""

    component: str
    rule: str
    aliases: str


@dataclass(frozen=True, slots=True)
class Issue:
    """A vulnerability in a component. ``names`` are all its known names, the preferred first."""

    component: str
    names: Sequence[str]

    @property
    def key(self) -> str:
        """What the issue is called: ``CVE-2024-1 in golang.org/x/text``."""
        return f"{self.names[0]} in {self.component}"


def vulnerability_names(rule: str, aliases: str) -> list[str]:
    """Names of vulnerabilities among a rule and comma-separated aliases, in capitals.

    Weaknesses (CWE) are no names: many vulnerabilities share one.
    """
    words = (word.strip().upper() for word in (rule, *aliases.split(",")))
    return [
        word
        for word in words
        if not word.startswith(_NO_VULNERABILITY) and _NAME.fullmatch(word) is not None
    ]


def issues_of(namings: Iterable[Naming]) -> dict[Naming, Issue]:
    """The issue of every report that names a vulnerability: connected components by names."""
    named = {naming: vulnerability_names(naming.rule, naming.aliases) for naming in namings}
    parents: dict[tuple[str, str], tuple[str, str]] = {}
    for naming, names in named.items():
        for name in names:
            _join(parents, (naming.component, names[0]), (naming.component, name))
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for node in parents:
        groups[_root(parents, node)].append(node[1])
    issues = {
        root: Issue(root[0], tuple(sorted(names, key=_preference)))
        for root, names in groups.items()
    }
    return {
        naming: issues[_root(parents, (naming.component, names[0]))]
        for naming, names in named.items()
        if names
    }


def _preference(name: str) -> tuple[int, str]:
    rank = next((i for i, start in enumerate(_PREFERRED) if name.startswith(start)), 9)
    return rank, name


def _root(
    parents: dict[tuple[str, str], tuple[str, str]], node: tuple[str, str]
) -> tuple[str, str]:
    while parents[node] != node:
        parents[node] = parents[parents[node]]  # halves the way for the next one
        node = parents[node]
    return node


def _join(
    parents: dict[tuple[str, str], tuple[str, str]], one: tuple[str, str], other: tuple[str, str]
) -> None:
    parents.setdefault(one, one)
    parents.setdefault(other, other)
    parents[_root(parents, one)] = _root(parents, other)
