"""``go.mod`` and ``go.work``: what a module is called and which modules of the platform it needs.

Syntax: https://go.dev/ref/mod#go-mod-file. Only what decides local dependencies is read; a file
that cannot be read that way yields a problem, never an exception.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|//.*|=>|[()]|[^\s()"`]+')


@dataclass(frozen=True, slots=True)
class GoMod:
    """The parts of a ``go.mod`` the pipeline uses; ``problem`` says why it cannot be trusted."""

    module: str | None
    go_version: str | None
    requires: frozenset[str] = frozenset()
    local_replaces: Mapping[str, str] = field(default_factory=dict)
    problem: str | None = None


def _statements(text: str) -> Iterator[tuple[str, list[str]]]:
    """Directives with their words; blocks are unrolled."""
    block: str | None = None
    for line in text.splitlines():
        words = [w for w in _WORD.findall(line) if not w.startswith("//")]
        words = [w[1:-1] if w[0] in '"`' and len(w) > 1 else w for w in words]
        if not words:
            continue
        if block is not None:
            if words == [")"]:
                block = None
            else:
                yield block, words
        elif len(words) == 2 and words[1] == "(":
            block = words[0]
        else:
            yield words[0], words[1:]


def _is_local(path: str) -> bool:
    return path.startswith(("./", "../")) or path in (".", "..")


def parse_go_mod(content: bytes) -> GoMod:
    """Read a ``go.mod``."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return GoMod(None, None, problem="not UTF-8 text")
    module = go_version = None
    requires: set[str] = set()
    replaces: dict[str, str] = {}
    for verb, words in _statements(text):
        if verb == "module" and words:
            module = words[0]
        elif verb == "go" and words:
            go_version = words[0]
        elif verb == "require" and words:
            requires.add(words[0])
        elif verb == "replace" and "=>" in words:
            arrow = words.index("=>")
            target = words[arrow + 1 :]
            if arrow and target and _is_local(target[0]):
                replaces[words[0]] = target[0]
    problem = None if module else "no module directive"
    return GoMod(module, go_version, frozenset(requires), replaces, problem)


def parse_go_work(content: bytes) -> tuple[list[str], dict[str, str]]:
    """The ``use`` folders and the local replacements of a ``go.work``; empty when unreadable."""
    text = content.decode("utf-8", "replace")
    uses: list[str] = []
    replaces: dict[str, str] = {}
    for verb, words in _statements(text):
        if verb == "use" and words:
            uses.append(words[0])
        elif verb == "replace" and "=>" in words:
            arrow = words.index("=>")
            if arrow and len(words) > arrow + 1 and _is_local(words[arrow + 1]):
                replaces[words[0]] = words[arrow + 1]
    return uses, replaces


def _folder(base: str, relative: str) -> str:
    return posixpath.normpath(posixpath.join(base, relative))


def local_dependencies(
    modules: Mapping[str, GoMod], workspaces: Mapping[str, bytes]
) -> dict[str, frozenset[str]]:
    """For each module folder the module folders of the platform it depends on, transitively.

    Args:
        modules: ``go.mod`` by module folder.
        workspaces: contents of ``go.work`` by its folder; only the innermost one above a module
            counts for it, as with the go command.
    """
    direct = {folder: _direct(folder, mod, modules, workspaces) for folder, mod in modules.items()}
    closed: dict[str, frozenset[str]] = {}
    for folder in modules:
        seen: set[str] = set()
        pending = list(direct[folder])
        while pending:
            needed = pending.pop()
            if needed not in seen:
                seen.add(needed)
                pending += direct.get(needed, ())
        closed[folder] = frozenset(seen - {folder})
    return closed


def _direct(
    folder: str, mod: GoMod, modules: Mapping[str, GoMod], workspaces: Mapping[str, bytes]
) -> set[str]:
    found = {
        target
        for name, path in mod.local_replaces.items()
        if name in mod.requires and (target := _folder(folder, path)) in modules
    }
    above = [place for place in workspaces if place == "." or f"{folder}/".startswith(f"{place}/")]
    if above:
        place = max(above, key=len)
        uses, replaces = parse_go_work(workspaces[place])
        used = {_folder(place, use) for use in uses}
        if folder in used:
            found |= {
                other
                for other in used
                if other in modules and modules[other].module in mod.requires
            }
            found |= {
                target
                for name, path in replaces.items()
                if name in mod.requires and (target := _folder(place, path)) in modules
            }
    return found
