"""Release tags by component: what a tag's name says, and which release was there before.

A repository of several services tags each with its own versions (``payments/v1.2.0``,
``orders-v1.0.3``, ``@scope/pkg@1.2.3``, Go's ``services/x/v1.2.3``): every prefix is a series of
its own. Within a series the release before another is the one with the highest version that is not
above it, so that a fix of an old line (1.9.5 after 2.0.0) follows that line.
"""

from __future__ import annotations

import re
from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

_RELEASE_WORDS = frozenset(
    ["v", "ver", "version", "r", "rel", "release", "releases", "deploy", "deployed", "deployment",
     "prod", "production", "live"]
)  # fmt: skip
_UNRELEASED = frozenset(
    ["a", "alpha", "b", "beta", "c", "rc", "cr", "m", "milestone", "ea", "pre", "preview",
     "prerelease", "dev", "devel", "snapshot", "nightly", "canary", "test", "testing", "draft",
     "wip", "staging", "stage", "qa", "uat"]
)  # fmt: skip
_STAGES = frozenset(["staging", "stage", "qa", "uat", "nightly", "canary", "snapshot"])
"""Words that speak of no production also where a component's name follows."""
_BOOKMARKS = frozenset(
    ["archive", "archived", "backup", "before", "after", "old", "tmp", "temp", "start", "end"]
)
LONGEST_NAME = 200
"""Characters of a tag's name; longer ones are no releases."""
_VERSION = re.compile(
    # Names with digits (log4j-2.17, k8s-v1.0), but neither v2. of v2.0.0 nor go1. of go1.21.3.
    r"(?P<before>(?:(?!(?:v|ver|version|r|rel|release)\d)"
    r"(?:[A-Za-z][A-Za-z0-9]*[-_]|[A-Za-z](?:[A-Za-z0-9]*[A-Za-z])?\.))*)"
    r"(?P<word>[A-Za-z]*)[-_.]?(?P<number>\d+(?:[._-]\d+)*)(?P<after>.*)",
    re.IGNORECASE,
)
_LETTERS = re.compile(r"[A-Za-z]+")

Version = tuple[int, ...]
"""The numbers of a version or date, most significant first."""


@dataclass(frozen=True, slots=True)
class ReleaseName:
    """What a release tag's name says; ``component`` is empty where it names none."""

    component: str
    version: Version


def is_release(name: str) -> bool | None:
    """Whether a tag's name is a release's; None for a pre-release, False for anything else.

    A release has a version (``v1.2``, ``orders/v1.2.3``, ``release-7``, ``2026-03-01``). Tags of
    environments before production (``staging-7``) are taken for pre-releases.
    """
    match, folder = _parts(name)
    if match is None:
        return False
    around = [word.lower() for word in _LETTERS.findall(match["before"] + " " + match["word"])]
    # Whole parts of a path: staging/v1.2 is none, dev-server@1.2 and archive-service/v1.2 are.
    folders = folder.lower().rstrip("/@").split("/")
    if _BOOKMARKS & {*around, *folders}:
        return False
    number = match["number"]
    dated = len(number) >= 8 and number.isdigit()
    versioned = bool(re.search(r"\d[._-]\d", number)) or dated
    if not versioned and not (_RELEASE_WORDS & set(around)):
        return False
    after = match["after"].partition("+")[0]
    words = {word.lower() for word in _LETTERS.findall(after)}
    named = [word for word in around if word not in _RELEASE_WORDS]
    words |= {word for word in (*folders, *named[-1:]) if len(word) > 1} | (_STAGES & {*named[:1]})
    return None if _UNRELEASED & words else True


def release_name(name: str) -> ReleaseName:
    """Component and version of a name of which :func:`is_release` holds.

    Words such as ``v``, ``release`` or ``prod`` name no component.
    """
    match, folder = _parts(name)
    if match is None:
        return ReleaseName("", ())
    folders = _named(folder.rstrip("/@").split("/"))
    own = _named([*re.split(r"[-_.]", match["before"]), match["word"]])
    component = "/".join(filter(None, ["/".join(folders), "-".join(own)]))
    return ReleaseName(component, tuple(int(one) for one in re.findall(r"\d+", match["number"])))


def previous_releases(releases: Sequence[ReleaseName]) -> tuple[int | None, ...]:
    """For each of ``releases``, in order of time, the index of the one that it followed.

    That is the latest of the highest version not above its own among the earlier ones of its
    component; the latest one at all where every earlier version is higher; None for the first.
    """
    earlier: dict[str, list[tuple[Version, int]]] = {}
    latest: dict[str, int] = {}
    found: list[int | None] = []
    for index, one in enumerate(releases):
        known = earlier.setdefault(one.component, [])
        at = bisect_right(known, (one.version, index))
        found.append(known[at - 1][1] if at else latest.get(one.component))
        insort(known, (one.version, index))
        latest[one.component] = index
    return tuple(found)


def _parts(name: str) -> tuple[re.Match[str] | None, str]:
    """The last part of a name as a version, and what stands before that part."""
    if len(name) > LONGEST_NAME:
        return None, ""
    segment = re.split(r"[/@]", name)[-1] or name
    return _VERSION.fullmatch(segment), name.removesuffix(segment)


def _named(words: Sequence[str]) -> list[str]:
    return [word for word in words if word and word.lower() not in _RELEASE_WORDS]
