"""Tells apart what Go complains about, by the words that Go itself prints."""

from __future__ import annotations

import re
from enum import StrEnum

from coffee_pipeline.redaction import excerpt, without_secrets

KEPT_CHARACTERS = 4000
"""How much of Go's words a record keeps."""


class Complaint(StrEnum):
    """Why Go did not build or load packages."""

    COMPILE = "compile"
    DEPENDENCY = "dependency"
    VET = "vet"
    NO_PACKAGES = "no_packages"
    GO_VERSION = "go_version"
    OTHER = "other"


_PATTERNS: tuple[tuple[Complaint, re.Pattern[str]], ...] = (
    (
        Complaint.GO_VERSION,
        re.compile(r"requires go >= |toolchain not available|requires newer Go"),
    ),
    (
        Complaint.DEPENDENCY,
        re.compile(
            r"missing go\.sum entry|no required module provides package|is not in std"
            r"|cannot find (?:main )?module|cannot find package|unrecognized import path"
            r"|updates to go\.(?:mod|sum) needed|inconsistent vendoring|checksum mismatch"
            r"|dial tcp|: no such host|module lookup disabled|unknown revision|SECURITY ERROR"
            r"|(?:reading|Get|fetch) \"?https?://|404 Not Found|410 Gone|403 Forbidden"
            r"|replacement directory \S+ does not exist|reading \S*go\.mod: open "
            r"|no matching versions|does not contain package|verifying (?:module|go\.mod)"
            r"|module \S+ found \(\S+\), but does not contain|ambiguous import"
        ),
    ),
    (
        Complaint.NO_PACKAGES,
        re.compile(
            r"matched no packages|no packages to test|no Go files in|no main packages to build"
            r"|directory not found|build constraints exclude all Go files in"
        ),
    ),
    # "vet: ..." is the type checker: the package does not compile
    (Complaint.COMPILE, re.compile(r"^vet: ", re.MULTILINE)),
    (Complaint.VET, re.compile(r"^# \[\S+\]$", re.MULTILINE)),
    (
        Complaint.COMPILE,
        re.compile(
            r"errors parsing go\.(?:mod|work)|import cycle not allowed|^# \S+"
            r"|\.(?:go|s|c|h|mod|work):\d+|found packages \S+|no matching files found"
            r"|use of internal package|is a program, not an importable package"
            r"|malformed import path|relocation target|undefined reference|link: |cgo: ",
            re.MULTILINE,
        ),
    ),
)


def complaint(text: str) -> Complaint:
    """The first kind of complaint, in the order of the table, that ``text`` speaks of."""
    for kind, pattern in _PATTERNS:
        if pattern.search(text):
            return kind
    return Complaint.OTHER


def shortened(text: str, limit: int = KEPT_CHARACTERS) -> str:
    """``text`` without surrounding space, cut at ``limit`` characters with a remark."""
    return cut(without_secrets(text.strip()), limit)  # first: half a secret is not known for one


def cut(text: str, limit: int) -> str:
    """``text``, whose secrets are out, not longer than ``limit`` characters and a remark."""
    if len(text) <= limit:
        return text
    return f"{text[:limit]}\n... {len(text) - limit} more characters"


def without_headers(text: str) -> str:
    """Go's words without the ``# package`` lines that stand above them."""
    return "\n".join(line for line in text.splitlines() if not line.startswith("# "))


def first_line(text: str) -> str:
    """The first line that says something: headers such as ``# package`` are passed over."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    telling = [
        line for line in lines if not line.startswith(("#", "go: warning", "go: downloading"))
    ]
    return excerpt((telling or lines or [""])[0], 300)
