"""Results of a SARIF run as problems: one for each location, since each is fixed by itself.

The order of work matters: reports of 100,000 results are read in about the time that decoding
their JSON takes, so whatever a rule or a file says is worked out once (``Rules``, ``Places``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.collection import collector_paused
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import cwe_numbers, items, mapping, text, texts
from coffee_pipeline.tools.reported import Reported
from coffee_pipeline.tools.sarif_places import Places, logical
from coffee_pipeline.tools.sarif_rules import LEVELS, Rule, Rules, security_severity

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")
_STEPS = 40
"""How many steps of a data flow are kept in a finding's detail."""
_NOWHERE: list[dict[str, Any]] = [{}]
_UNPLACED = (None, None, None, None, None)
_NO_LABELS: Mapping[str, str] = {}


def problems_of(
    run: Mapping[str, Any], rules: Rules, document: Document, position: str
) -> list[Reported]:
    """The failures among the run's results; what passed or did not apply is no problem.

    Raises:
        ParseError: results or locations are not the lists of objects that they should be.
    """
    results = run.get("results")
    if results is None:
        return []
    if not isinstance(results, list):
        raise document.error(f"{position}.results", "a JSON list is expected")
    places = Places(run)
    found: list[Reported] = []
    with collector_paused():
        for index, result in enumerate(results):
            if type(result) is not dict:
                raise document.error(f"{position}.results[{index}]", "a JSON object is expected")
            kind = result.get("kind")
            if kind is not None and kind != "fail":
                continue
            locations = result.get("locations") or _NOWHERE
            if type(locations) is not list or any(type(one) is not dict for one in locations):
                raise document.error(
                    f"{position}.results[{index}].locations", "a list of JSON objects is expected"
                )
            rule = rules.of(result)
            if not rule.is_no_finding:
                found.extend(_reported(result, locations, rule, places))
    return found


def _reported(
    result: dict[str, Any], locations: list[dict[str, Any]], rule: Rule, places: Places
) -> list[Reported]:
    """The problem at each of its places; fields that are seldom there are looked for first."""
    title = _message(result, rule)
    cwes = rule.cwes
    if "properties" in result:
        severity, source, cvss = _own_severity(result, rule)
        cwes = _own_cwes(result, rule)
    else:
        severity, source, cvss = _severity(result, rule)
    fingerprint = suppressed = None
    if "partialFingerprints" in result or "fingerprints" in result:
        fingerprint = _fingerprint(result)
    if "suppressions" in result or "baselineState" in result:
        suppressed = _suppressed(result)
    detail = _flow(result["codeFlows"], places) if "codeFlows" in result else None
    found = []
    for location in locations:
        physical = location.get("physicalLocation")
        path, resource, line, column, code = (
            places.at(physical) if type(physical) is dict else _UNPLACED
        )
        if path is None and resource is None:
            resource = logical(location)
        found.append(
            Reported(
                rule=rule.id,
                title=title,
                severity=severity,
                severity_source=source,
                kind=rule.kind,
                identifiers=rule.identifiers,
                cwes=cwes,
                cvss_score=cvss,
                path=path,
                line=line,
                column=column,
                code=code,
                resource=resource,
                fingerprint=fingerprint,
                confidence=rule.confidence,
                suppressed=suppressed,
                labels=_NO_LABELS,
                detail=detail,
                reference=rule.reference,
            )
        )
    return found


def _own_severity(result: Mapping[str, Any], rule: Rule) -> tuple[Severity, str, float | None]:
    """Some tools give each result a security severity of its own."""
    properties = mapping(result["properties"])
    if "security-severity" in properties:
        own, source, cvss = security_severity(properties)
        if own is not None:
            return own, source, cvss
    return _severity(result, rule)


def _severity(result: Mapping[str, Any], rule: Rule) -> tuple[Severity, str, float | None]:
    if rule.severity is not None:
        return rule.severity, rule.severity_source, rule.cvss_score
    level = result.get("level")
    known = LEVELS.get(level if isinstance(level, str) else rule.level)
    return (known, "level", None) if known else (Severity.MEDIUM, "default", None)


def _own_cwes(result: Mapping[str, Any], rule: Rule) -> tuple[int, ...]:
    properties = mapping(result["properties"])
    own = cwe_numbers([*texts(properties.get("cwe")), *texts(properties.get("tags"))])
    return tuple(dict.fromkeys((*own, *rule.cwes))) if own else rule.cwes


def _message(result: Mapping[str, Any], rule: Rule) -> str:
    message = result.get("message")
    if type(message) is dict:
        words = message.get("text")
        if type(words) is str and words and "arguments" not in message:
            return words
        words = words or message.get("markdown")
        if not words and isinstance(message.get("id"), str):
            known = mapping(rule.messages.get(message["id"]))
            words = known.get("text") or known.get("markdown")
        if isinstance(words, str) and words.strip():
            arguments = message.get("arguments")
            return _filled(words, arguments) if arguments else words
    return rule.title or rule.id


def _filled(words: str, arguments: object) -> str:
    """``words`` with its ``{0}``, ``{1}`` ... replaced (section 3.11.5)."""
    values = items(arguments)

    def value(place: re.Match[str]) -> str:
        if place[1] is None:
            return place[0][0]
        index = int(place[1])
        return str(values[index]) if index < len(values) else place[0]

    return _PLACEHOLDER.sub(value, words)


def _fingerprint(result: Mapping[str, Any]) -> str | None:
    """The tool's stable fingerprint; partial ones only together (sections 3.27.17, 3.27.18)."""
    known = result.get("fingerprints") or result.get("partialFingerprints")
    if not known or not isinstance(known, dict):
        return None
    parts = [f"{name}:{_value(value)}" for name, value in sorted(known.items())]
    return "|".join(parts)[:1000]


def _value(value: object) -> str:
    """Some tools wrap a fingerprint in an object."""
    return str(value.get("value")) if isinstance(value, dict) else str(value)


def _suppressed(result: Mapping[str, Any]) -> str | None:
    """Why the result does not count: suppressed (section 3.27.23), or gone since the baseline.

    A suppression that is under review or rejected does not hold.
    """
    if result.get("baselineState") == "absent":
        return "absent: in the baseline, no longer in this run"
    known = [one for one in items(result.get("suppressions")) if isinstance(one, dict)]
    if not known or any(one.get("status") in ("underReview", "rejected") for one in known):
        return None
    first = known[0]
    return text(first.get("justification")) or f"suppressed ({first.get('kind') or 'external'})"


def _flow(flows: object, places: Places) -> str | None:
    """The steps of the first data flow, one a line."""
    for flow in items(flows):
        for thread in items(mapping(flow).get("threadFlows")):
            steps = items(mapping(thread).get("locations"))
            lines = [_step(mapping(mapping(step).get("location")), places) for step in steps]
            shown = [line for line in lines[:_STEPS] if line]
            if shown:
                more = [f"... {len(lines) - _STEPS} more"] if len(lines) > _STEPS else []
                return "\n".join(["data flow:", *shown, *more])
    return None


def _step(location: Mapping[str, Any], places: Places) -> str:
    path, resource, line, _column, code = places.at(mapping(location.get("physicalLocation")))
    where = f"{path or resource or '?'}{f':{line}' if line else ''}"
    words = text(mapping(location.get("message")).get("text")) or (code or "").strip()
    return f"{where} {words}".strip() if path or resource or words else ""
