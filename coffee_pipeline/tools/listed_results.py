"""Results that a checking tool lists as a test runner does: JUnit XML and TAP."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from coffee_pipeline.tools.document import Document

_STATES = {"failure": "failed", "error": "broken", "skipped": "skipped"}
_TAP_START = re.compile(rb"\s*(?:TAP version \d|1\.\.\d|(?:not )?ok \d)")
_TAP_LINE = re.compile(r"(?P<no>not )?ok \d+(?P<skip> #skip)? - (?P<words>.*)")
_TAP_FRAME = re.compile(r"1\.\.\d+|TAP version \d+|\s*")
_SKIP = " # skip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One testcase of a JUnit report; ``state`` is passed, failed, broken or skipped."""

    suite: str
    name: str
    kind: str
    state: str
    message: str


@dataclass(slots=True, kw_only=True)
class Line:
    """One result of a TAP report; ``heading`` is the comment right before it."""

    passed: bool
    skipped: bool
    words: str
    heading: str | None


def junit_suites(document: Document) -> Sequence[Element]:
    """The suites of a JUnit report; none where it is something else."""
    root = document.xml_or_none()
    if root is None or root.tag != "testsuites":
        return ()
    return root.findall("testsuite")


def junit_cases(document: Document) -> Iterator[Case]:
    """The testcases of a JUnit report; one may have failed for several reasons."""
    for suite in junit_suites(document):
        for case in suite.findall("testcase"):
            results = [one for one in case if one.tag in _STATES]
            yield Case(
                suite=suite.get("name", ""),
                name=case.get("name", ""),
                kind=case.get("classname", ""),
                state=_STATES[results[0].tag] if results else "passed",
                message="\n".join(filter(None, map(_message, results))),
            )


def _message(result: Element) -> str:
    """What stands in the element; else its attribute, which may be but a word for all of them."""
    return (result.text or "").strip() or result.get("message", "").strip()


def tap_lines(document: Document) -> Sequence[Line]:
    """The results of a TAP report; none where it is something else."""
    if not _TAP_START.match(document.content):
        return ()
    lines: list[Line] = []
    heading: str | None = None
    for text in (document.text_or_none() or "").splitlines():
        found = _TAP_LINE.fullmatch(text)
        if found:
            lines.append(
                Line(
                    passed=not found["no"],
                    skipped=bool(found["skip"]) or found["words"].endswith(_SKIP),
                    words=found["words"].removesuffix(_SKIP),
                    heading=heading,
                )
            )
            heading = None
        elif text.startswith("# "):
            heading = text[2:].strip().lower()
        elif lines and not _TAP_FRAME.fullmatch(text):
            lines[-1].words += f"\n{text}"  # a message of several lines
    return lines
