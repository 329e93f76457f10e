"""Results of a SARIF run as problems: one for each location, since each is fixed by itself.

The order of work matters: reports of 100,000 results are read in about the time that decoding
their JSON takes, so whatever a rule or a file says is worked out once (``Rules``, ``Places``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import cwe_numbers, items, mapping, text, texts
from coffee_pipeline.tools.reported import Reported
from coffee_pipeline.tools.sarif_places import Places, logical, region
from coffee_pipeline.tools.sarif_rules import LEVELS, Rule, Rules, security_severity

_PLACEHOLDER = re.compile(r"\{\{|\}\}|\{(\d{1,3})\}")
_STEPS = 40
"""How many steps of a data flow are kept in a finding's detail."""
_NOWHERE: Sequence[Any] = ({},)


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
    for index, result in enumerate(results):
        if type(result) is not dict:
            raise document.error(f"{position}.results[{index}]", "a JSON object is expected")
        kind = result.get("kind")
        if kind is not None and kind != "fail":
            continue
        locations = result.get("locations") or _NOWHERE
        if not isinstance(locations, list | tuple):
            raise document.error(f"{position}.results[{index}].locations", "a list is expected")
        rule = rules.of(result)
        for location in locations:
            if type(location) is not dict:
                raise document.error(
                    f"{position}.results[{index}].locations", "a JSON object is expected"
                )
            found.append(_reported(result, location, rule, places))
    return found


def _reported(
    result: Mapping[str, Any], location: Mapping[str, Any], rule: Rule, places: Places
) -> Reported:
    path = resource = line = column = code = None
    physical = location.get("physicalLocation")
    if isinstance(physical, dict):
        artifact = physical.get("artifactLocation")
        if isinstance(artifact, dict):
            path, resource = places.of(artifact)
        line, column, code = region(physical)
    if path is None and resource is None:
        resource = logical(location)
    severity, source, cvss = _severity(result, rule)
    return Reported(
        rule=rule.id,
        title=_message(result, rule),
        severity=severity,
        severity_source=source,
        kind=rule.kind,
        identifiers=rule.identifiers,
        cwes=_cwes(result, rule),
        cvss_score=cvss,
        path=path,
        line=line,
        column=column,
        code=code,
        resource=resource,
        fingerprint=_fingerprint(result),
        confidence=rule.confidence,
        suppressed=_suppressed(result),
        detail=_flow(result["codeFlows"], places) if result.get("codeFlows") else None,
        reference=rule.reference,
    )


def _severity(result: Mapping[str, Any], rule: Rule) -> tuple[Severity, str, float | None]:
    properties = result.get("properties")
    if isinstance(properties, dict) and "security-severity" in properties:
        own, source, cvss = security_severity(properties)
        if own is not None:
            return own, source, cvss
    if rule.severity is not None:
        return rule.severity, rule.severity_source, rule.cvss_score
    level = result.get("level")
    known = LEVELS.get(level if isinstance(level, str) else rule.level)
    return (known, "level", None) if known else (Severity.MEDIUM, "default", None)


def _cwes(result: Mapping[str, Any], rule: Rule) -> tuple[int, ...]:
    properties = result.get("properties")
    if not isinstance(properties, dict) or not properties:
        return rule.cwes
    own = cwe_numbers([*texts(properties.get("cwe")), *texts(properties.get("tags"))])
    return tuple(dict.fromkeys((*own, *rule.cwes))) if own else rule.cwes


def _message(result: Mapping[str, Any], rule: Rule) -> str:
    message = result.get("message")
    if isinstance(message, dict):
        words = message.get("text") or message.get("markdown")
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
    physical = mapping(location.get("physicalLocation"))
    path, resource = places.of(mapping(physical.get("artifactLocation")))
    line, _column, code = region(physical)
    where = f"{path or resource or '?'}{f':{line}' if line else ''}"
    words = text(mapping(location.get("message")).get("text")) or (code or "").strip()
    return f"{where} {words}".strip() if path or resource or words else ""
