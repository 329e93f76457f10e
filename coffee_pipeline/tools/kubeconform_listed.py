"""kubeconform's JUnit and TAP output in the terms of its JSON, which says the most."""

from __future__ import annotations

import re
from typing import Any

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.listed_results import Case, Line, junit_cases, tap_lines

_STATUSES = {
    "passed": "statusValid",
    "failed": "statusInvalid",
    "broken": "statusError",
    "skipped": "statusSkipped",
}
_NO_SCHEMA = "could not find schema for "
_OBJECT = r" \((?P<object>empty|(?:[^()]*/)?[A-Z]\w*(?:/[^()]*)?)\)"
_PASSED = re.compile(rf"(?P<path>.+?){_OBJECT}")
_FAILED = re.compile(rf"(?P<path>.+?)(?:{_OBJECT})?: (?P<message>.+)", re.DOTALL)


def resources(document: Document) -> list[dict[str, Any]] | None:
    """The resources of a report in JUnit XML or TAP; None where it is neither of kubeconform."""
    root = document.xml_or_none()
    if root is not None:
        if root.tag != "testsuites" or root.get("name") != "kubeconform":
            return None
        return [_of_case(case) for case in junit_cases(document)]
    found = [_of_line(line) for line in tap_lines(document)]
    return [one for one in found if one is not None] if found and all(found) else None


def _of_case(case: Case) -> dict[str, Any]:
    kind, _, version = case.kind.partition("@")
    return {
        "filename": case.suite,
        "kind": kind,
        "name": case.name.rpartition("/")[2],
        "version": version,
        "status": _STATUSES[case.state],
        "msg": case.message,
    }


def _of_line(line: Line) -> dict[str, Any] | None:
    if line.skipped:
        said = _PASSED.fullmatch(line.words)
        path, named = (said["path"], said["object"]) if said else (line.words, "")
        return _resource(path, named, "skipped", "")
    said = (_PASSED if line.passed else _FAILED).fullmatch(line.words)
    if said is None:
        return None
    if line.passed:
        return _resource(said["path"], said["object"], "passed", "")
    path, named, message = said["path"], said["object"], said["message"]
    if named:
        return _resource(path, named, "failed", message)
    # What could not be read or has no schema is told without its object.
    kind = message.removeprefix(_NO_SCHEMA) if message.startswith(_NO_SCHEMA) else ""
    return _resource(path, kind, "broken", message)


def _resource(path: str, named: str, state: str, message: str) -> dict[str, Any]:
    """``named`` is version/kind/namespace/name; the kind alone in older versions."""
    parts = named.rsplit("/", 3) if named.count("/") >= 3 else ["", named, "", ""]
    version, kind, _, name = parts
    return {
        "filename": path,
        "kind": kind,
        "name": name,
        "version": version,
        "status": "" if named == "empty" else _STATUSES[state],
        "msg": message,
    }
