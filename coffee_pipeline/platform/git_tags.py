"""The tags of a repository, read so that a broken one costs only itself."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.platform.git_command import ask, exact, readable
from coffee_pipeline.platform.git_objects import OFFLINE, read_objects

MAXIMUM_DEPTH = 5
"""Tags of tags that are followed."""
_TAGGER = re.compile(rb"^tagger .*?(\d{1,12}) [+-]\d+\s*$", re.MULTILINE)
_OBJECT = re.compile(rb"^object ([0-9a-f]{40,64})$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag of a commit; ``tagged`` in seconds since 1970, None for a lightweight tag."""

    name: str
    commit: str
    tagged: int | None


def read_tags(path: Path) -> tuple[list[Tag], list[str]]:
    """The tags that name commits, and words about those that cannot be read."""
    # Only the references are read here: git would give up on all tags for one missing object.
    answer = ask(path, "for-each-ref", "--format=%(objectname) %(refname)", "refs/tags",
                 environment=OFFLINE)  # fmt: skip
    if not answer.answered:
        return [], [f"tags: {answer.tail(1)}"]
    named = {}
    for line in exact(answer.stdout).splitlines():
        name, _, reference = line.partition(" ")
        named[readable(reference.removeprefix("refs/tags/"))] = name
    warnings = [readable(line) for line in exact(answer.stderr).splitlines()[:5]]
    tags, missing = _peeled(path, named)
    unread = [f"tag {name}: its object is missing or damaged" for name in missing]
    return sorted(tags, key=lambda tag: tag.name), [*warnings, *unread]


def _peeled(path: Path, named: dict[str, str]) -> tuple[list[Tag], list[str]]:
    """Follow tag objects down to commits; tags of trees and files are left out."""
    tags: list[Tag] = []
    lost: list[str] = []
    times: dict[str, int] = {}
    left = dict(named)
    for _ in range(MAXIMUM_DEPTH):
        types = read_objects(path, list(dict.fromkeys(left.values())), contents=False)
        unknown = set(types.missing)
        lost += [name for name, target in left.items() if target in unknown]
        annotated = {}
        for name, target in left.items():
            kind = types.found.get(target, ("", b""))[0]
            if kind == "commit":
                tags.append(Tag(name, target, times.get(name)))
            elif kind == "tag":
                annotated[name] = target
        if not annotated:
            break
        read = read_objects(path, list(dict.fromkeys(annotated.values())))
        left = {}
        for name, target in annotated.items():
            content = read.found.get(target, ("", b""))[1]
            header = content.partition(b"\n\n")[0]
            aimed, tagger = _OBJECT.search(header), _TAGGER.search(header)
            if aimed is None:
                lost.append(name)
                continue
            left[name] = aimed[1].decode("ascii")
            if tagger is not None:
                times.setdefault(name, int(tagger[1]))
    return tags, lost
