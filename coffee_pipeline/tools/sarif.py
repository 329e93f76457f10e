"""SARIF 2.1.0: what most code scanners can write; the driver of a run is the tool.

An empty list of results is an answer only if the run says, too, that something was analysed: some
tools write one when nothing compiled.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.sarif_results import problems_of
from coffee_pipeline.tools.sarif_rules import Rules

NAME = "sarif"
TITLE = "SARIF 2.1.0"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "resource", "code")
COUNTING = "no checks that passed, were excepted or skipped"


def recognises(document: Document) -> bool:
    """``runs`` beside a version or schema of SARIF, or with a driver."""
    return bool(drivers(document)) or _is_empty_log(document.json_or_none())


def drivers(document: Document) -> list[str]:
    """The tools that made the document's runs; empty where it is no SARIF."""
    value = document.json_or_none()
    runs = value.get("runs") if isinstance(value, dict) else None
    names = (mapping(mapping(mapping(run).get("tool")).get("driver")) for run in items(runs))
    return [str(driver["name"]) for driver in names if text(driver.get("name"))]


def read(document: Document) -> ReadReport:
    """The failures of all runs, one for each location."""
    return read_log(document.json, document)


def read_log(log: object, document: Document) -> ReadReport:
    """The same of one log inside of a document.

    Raises:
        ParseError: ``log`` is no SARIF 2.
    """
    runs = _runs(log, document)
    found: list[Reported] = []
    tools: list[str | None] = []
    versions: list[str | None] = []
    unchecked = 0
    for index, run in enumerate(runs):
        position = f"runs[{index}]"
        if not isinstance(run, dict):
            raise document.error(position, "a JSON object is expected")
        rules = Rules(run, document, position)
        found.extend(problems_of(run, rules, document, position))
        unchecked += rules.unchecked(run)
        tools.append(text(rules.driver.get("name")))
        versions.append(
            text(rules.driver.get("semanticVersion")) or text(rules.driver.get("version"))
        )
    outcome, reason = _trust(runs, len(found))
    if unchecked and outcome is Outcome.COMPLETED:
        outcome, reason = Outcome.PARTIAL, f"{unchecked} results say that nothing was checked there"
    return ReadReport(
        findings=found,
        outcome=outcome,
        reason=reason,
        tool=_agreed(tools),
        tool_version=_agreed(versions),
        files_scanned=_files(runs),
    )


def _is_empty_log(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("runs", 0), list | None):
        return False
    schema = value.get("$schema")
    return not value["runs"] and (
        value.get("version") == "2.1.0" or (isinstance(schema, str) and "sarif" in schema)
    )


def _runs(value: object, document: Document) -> list[Any]:
    if not isinstance(value, dict) or not isinstance(value.get("runs", 0), list | None):
        raise document.error("line 1", "no SARIF log: it has no 'runs'")
    version = value.get("version")
    if isinstance(version, str) and not version.startswith("2."):
        raise document.error("version", f"SARIF {version[:20]} is not read, only 2.1.0")
    runs: list[Any] | None = value["runs"]
    return runs or []  # null: there was to be a run and it failed (section 3.13.4)


def _agreed(names: Iterable[str | None]) -> str | None:
    """The one name of all runs; None where they differ."""
    different = set(names)
    return different.pop() if len(different) == 1 else None


def _files(runs: Iterable[Mapping[str, Any]]) -> int | None:
    """Files that the runs say they analysed; None where they do not say."""
    count = sum(
        "analysisTarget" in items(mapping(artifact).get("roles"))
        for run in runs
        for artifact in items(run.get("artifacts"))
    )
    return count or None


def _trust(runs: list[Any], found: int) -> tuple[Outcome, str | None]:
    """What the runs say of their own success (sections 3.14.23, 3.20.14, 3.20.21)."""
    said = [words for run in runs if (words := _complaint(run)) is not None]
    if not runs or all(run.get("results") is None for run in runs):
        return Outcome.NOT_RUN, said[0] if said else "no run of the report has results"
    if said:
        return (Outcome.PARTIAL if found else Outcome.FAILED), said[0]
    if any(run.get("results") is None for run in runs):
        return Outcome.PARTIAL, "a run of the report has no results"
    silent = [
        run for run in runs if not run["results"] and not run.get("invocations")
        and not run.get("artifacts") and not run.get("properties")
    ]  # fmt: skip
    if silent:
        return (
            Outcome.PARTIAL,
            "no results, and nothing in the report says that anything was analysed",
        )
    return Outcome.COMPLETED, None


def _complaint(run: Mapping[str, Any]) -> str | None:
    for invocation in map(mapping, items(run.get("invocations"))):
        for kind in ("toolExecutionNotifications", "toolConfigurationNotifications"):
            for notice in map(mapping, items(invocation.get(kind))):
                if notice.get("level") == "error":
                    words = text(mapping(notice.get("message")).get("text")) or "an error"
                    return f"the tool reports: {' '.join(words.split())[:300]}"
        if invocation.get("executionSuccessful") is False:
            words = text(invocation.get("exitCodeDescription")) or "it gives no reason"
            return f"the tool did not succeed: {words[:300]}"
    return None
