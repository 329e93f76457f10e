"""conftest's JUnit and TAP output in the terms of its JSON, which says the most.

JUnit does not tell a warning from a failure, so both are failures there.
"""

from __future__ import annotations

import re
from typing import Any

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.listed_results import Case, junit_cases, junit_suites, tap_lines

_SUITE = "conftest"
_WORDS = re.compile(r"(?:(?P<file>.*?) )?- (?P<namespace>[\w.\-]+) - (?P<message>.*)", re.DOTALL)
_HEADINGS = {
    "warnings": "warnings",
    "exceptions": "exceptions",
    "skipped": "skipped",
    "skips": "skipped",
    "successes": "successes",
}
"""What the comments of conftest's TAP stand above; failures stand above all of them."""
_CASES = {"passed": "successes", "failed": "failures", "broken": "failures", "skipped": "skipped"}


class _Entries:
    """Checked files in the order they are told."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], dict[str, Any]] = {}

    def add(self, file: str, namespace: str, kind: str, message: str) -> None:
        """One result of a file; of what passed only the number is told."""
        entry = self._found.setdefault(
            (file, namespace), {"filename": file, "namespace": namespace, "successes": 0}
        )
        if kind == "successes":
            entry["successes"] += 1
        else:
            entry.setdefault(kind, []).append({"msg": message})

    def listed(self) -> list[dict[str, Any]]:
        """All of them, as in the JSON."""
        return list(self._found.values())


def entries(document: Document) -> list[dict[str, Any]] | None:
    """The checked files of a report in JUnit XML or TAP; None where it is neither of conftest."""
    if document.xml_or_none() is None:
        return _of_lines(document)
    names = [suite.get("name", "") for suite in junit_suites(document)]
    if not names or not all(f"{name}.".startswith(f"{_SUITE}.") for name in names):
        return None
    found = _Entries()
    for case in junit_cases(document):
        file, namespace = _place(case)
        found.add(file, namespace, _CASES[case.state], case.message)
    return found.listed()


def _place(case: Case) -> tuple[str, str]:
    """(file, namespace): a case is named by its file and the first line of its message.

    Before suites had the namespace in their name, cases had it in theirs.
    """
    place = case.name
    if case.message:
        place = place.removesuffix(f" - {case.message.splitlines()[0]}")
    namespace = case.suite.removeprefix(_SUITE).removeprefix(".")
    if not namespace:
        place, _, namespace = place.rpartition(" - ")
    return place, namespace


def _of_lines(document: Document) -> list[dict[str, Any]] | None:
    found = _Entries()
    last, kind, told = ("", ""), "failures", False
    for line in tap_lines(document):
        said = _WORDS.fullmatch(line.words)
        if said is None:
            return None
        place = said["file"] or "", said["namespace"]
        if line.heading in _HEADINGS:
            kind, told = _HEADINGS[line.heading], True
        elif place != last:  # failures of the next file come without a heading
            kind = "failures"
        if line.passed == (kind in ("failures", "warnings")):
            return None
        found.add(*place, kind, said["message"])
        last = place
    # Without one of its headings it may be any tool's.
    return found.listed() if told else None
