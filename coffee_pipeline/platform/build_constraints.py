"""Whether a Go file takes part in a build, by its name and its ``//go:build`` line.

References: the go command's documentation, "Build constraints" (``go help buildconstraint``), and
the file name rules of package go/build (``*_GOOS``, ``*_GOARCH``, ``*_GOOS_GOARCH``).
"""

from __future__ import annotations

import re
from collections.abc import Collection

SYSTEMS = frozenset({
    "aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
    "nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos",
})  # fmt: skip
ARCHITECTURES = frozenset({
    "386", "amd64", "amd64p32", "arm", "armbe", "arm64", "arm64be", "loong64", "mips", "mipsle",
    "mips64", "mips64le", "mips64p32", "mips64p32le", "ppc", "ppc64", "ppc64le", "riscv",
    "riscv64", "s390", "s390x", "sparc", "sparc64", "wasm",
})  # fmt: skip
CONTAINER_TAGS = frozenset({"linux", "amd64", "unix", "gc"})
"""What a service in a container is built for; without cgo, as images have no C library."""

_CONSTRAINT = re.compile(r"^//go:build[ \t]+(.+?)[ \t]*$", re.MULTILINE)
_IGNORED_BEFORE = re.compile(r"^// ?\+build[ \t]+ignore\b", re.MULTILINE)
"""Scripts of the time before ``//go:build``; other constraints of that form are read no more."""
_TOKEN = re.compile(r"\s*(\|\||&&|!|\(|\)|[\w.]+)")
_GO_RELEASE = re.compile(r"go1\.\d+")


def builds(name: str, source: bytes, tags: Collection[str] = CONTAINER_TAGS) -> bool:
    """Whether the file ``name`` with this ``source`` is built where ``tags`` hold.

    A constraint that cannot be read counts as satisfied: the compiler will say what is wrong.
    """
    return _name_builds(name, tags) and _source_builds(source, tags)


def _name_builds(name: str, tags: Collection[str]) -> bool:
    if name.startswith(("_", ".")):
        return False
    # A name that is only the word (linux.go) says nothing; the word must follow an underscore.
    words = name.removesuffix(".go").removesuffix("_test").split("_")[1:]
    if len(words) >= 2 and words[-1] in ARCHITECTURES and words[-2] in SYSTEMS:
        return words[-1] in tags and words[-2] in tags
    if words and words[-1] in SYSTEMS | ARCHITECTURES:
        return words[-1] in tags
    return True


def _source_builds(source: bytes, tags: Collection[str]) -> bool:
    """The constraint stands before the package clause."""
    before = re.split(rb"(?m)^package\s", source, maxsplit=1)[0].decode("utf-8", "replace")
    found = _CONSTRAINT.search(before.replace("\r\n", "\n"))
    if found is None:
        return _IGNORED_BEFORE.search(before) is None
    tokens = _TOKEN.findall(found[1])
    if "".join(tokens) != "".join(found[1].split()) or len(tokens) > _LONGEST:
        return True
    try:
        value, rest = _either(tokens, tags)
    except IndexError:
        return True
    return True if rest else value


_LONGEST = 200
"""Words of a constraint that is still looked at; it also bounds how deep brackets nest."""

_Answer = tuple[bool, list[str]]
"""What the words read so far come to, and the words that are left."""


def _either(tokens: list[str], tags: Collection[str]) -> _Answer:
    value, rest = _both(tokens, tags)
    while rest and rest[0] == "||":
        other, rest = _both(rest[1:], tags)
        value = value or other
    return value, rest


def _both(tokens: list[str], tags: Collection[str]) -> _Answer:
    value, rest = _one(tokens, tags)
    while rest and rest[0] == "&&":
        other, rest = _one(rest[1:], tags)
        value = value and other
    return value, rest


def _one(tokens: list[str], tags: Collection[str]) -> _Answer:
    first, rest = tokens[0], tokens[1:]
    if first == "!":
        value, rest = _one(rest, tags)
        return not value, rest
    if first == "(":
        value, rest = _either(rest, tags)
        return value, rest[1:] if rest[0] == ")" else ["unbalanced"]
    return first in tags or _GO_RELEASE.fullmatch(first) is not None, rest
