"""Anchore Enterprise: an image checked against a policy.

Formats: ``anchore-cli --json evaluate check IMAGE --detail`` (a list of image digests, their tags
and their evaluations, each with a table of rows) and ``anchorectl image check --detail -o json``
(an object with ``evaluations`` of findings). Enterprise's report of vulnerabilities has the form of
Anchore Engine's and is read as that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools import anchore_engine
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.image_packages import joined
from coffee_pipeline.tools.json_fields import advisory_names, items, mapping, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "anchore_enterprise"
TITLE = "Anchore Enterprise policy check JSON"
KIND = FindingKind.COMPLIANCE
IDENTITY = ("rule", "component", "fingerprint")
COUNTING = "its report of vulnerabilities, too"
_ACTIONS = {"stop": Severity.CRITICAL, "warn": Severity.MEDIUM}
"""What the policy does about a row; anything else is ``low``."""
_COLUMNS = (
    "image", "tag", "triggerId", "gate", "trigger", "message", "action", "allowlisted", "policyId",
)  # fmt: skip
_PATH = re.compile(r"\s(/[^\s]+)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{8,}")


def recognises(document: Document) -> bool:
    """A list of image digests, or evaluations with details."""
    value = document.json_or_none()
    if isinstance(value, list):
        names = list(mapping(value[0])) if value else []
        return bool(names) and all(_DIGEST.match(name) for name in names)
    listed = items(mapping(value).get("evaluations"))
    return bool(listed) and "finalAction" in mapping(listed[0])


def read(document: Document) -> ReadReport:
    """One finding for each row; those that the policy allows are suppressed.

    Raises:
        ParseError: none of the formats, or an evaluation without result.
    """
    value = document.json
    if isinstance(value, dict) and "securityEvaluation" in value:
        report = anchore_engine.read(document)
        found_in_image = [replace(one, kind=anchore_engine.KIND) for one in report.findings]
        return replace(report, findings=found_in_image)
    if isinstance(value, list):
        findings = [found for entry in _evaluations(document, value) for found in entry]
        evaluated = len(value)
    elif isinstance(value, dict) and isinstance(value.get("evaluations"), list):
        findings = list(_new_evaluations(document, value))
        evaluated = len(value["evaluations"])
    else:
        raise document.error("line 1", "no policy check: it has no evaluations")
    return ReadReport(
        findings=findings,
        outcome=Outcome.COMPLETED if evaluated else Outcome.NOT_RUN,
        reason=None if evaluated else "the report names no image that was evaluated",
    )


def _evaluations(document: Document, value: list[Any]) -> Iterator[Iterator[Reported]]:
    for number, images in enumerate(value):
        if not isinstance(images, dict):
            raise document.error(f"[{number}]", "an object of image digests is expected")
        for digest, tags in images.items():
            for tag, evaluations in mapping(tags).items():
                for place, evaluation in enumerate(items(evaluations)):
                    position = f"[{number}].{digest[:19]}.{tag}[{place}]"
                    yield _rows(document, mapping(evaluation), position)


def _rows(document: Document, evaluation: Mapping[str, Any], position: str) -> Iterator[Reported]:
    detail = mapping(evaluation.get("detail"))
    result = mapping(detail.get("result"))
    of_image = mapping(mapping(result.get("result")).get(str(result.get("image_id"))))
    rows = mapping(of_image.get("result")).get("rows")
    if not isinstance(rows, list):
        raise document.error(position, "the evaluation has no rows")
    names = {
        text(mapping(policy).get("id")): text(mapping(policy).get("name"))
        for policy in items(mapping(detail.get("policy")).get("policies"))
    }
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) < len(_COLUMNS):
            raise document.error(f"{position}.rows[{number}]", "it has too few columns")
        entry = dict(zip(_COLUMNS, row, strict=False))
        yield _reported(entry, names.get(text(entry["policyId"])))


def _new_evaluations(document: Document, value: Mapping[str, Any]) -> Iterator[Reported]:
    for number, evaluation in enumerate(value["evaluations"]):
        details = mapping(mapping(evaluation).get("details"))
        listed = details.get("findings")
        if not isinstance(listed, list):
            raise document.error(f"evaluations[{number}]", "it has no details with findings")
        for place, entry in enumerate(listed):
            if not isinstance(entry, dict):
                raise document.error(
                    f"evaluations[{number}].findings[{place}]", "a JSON object is expected"
                )
            tag = text(entry.get("tag")) or text(value.get("tag"))
            yield _reported({**entry, "tag": tag}, None)


def _reported(entry: Mapping[str, Any], policy: str | None) -> Reported:
    gate, trigger = text(entry.get("gate")) or "gate", text(entry.get("trigger")) or "trigger"
    trigger_id = text(entry.get("triggerId")) or ""
    message = text(entry.get("message"))
    action = (text(entry.get("action")) or "").lower()
    image, _, version = (text(entry.get("tag")) or "").rpartition(":")
    advisories = advisory_names(trigger_id.partition("+")[0])
    place = _PATH.search(message or "")
    lead = f"{policy}: " if policy else ""
    return Reported(
        rule=f"{gate}/{trigger}",
        title=f"{lead}{gate} {trigger}: {message or trigger_id}",
        severity=_ACTIONS.get(action, Severity.LOW),
        severity_source="action",
        identifiers=advisories,
        component=image or text(entry.get("tag")),
        component_version=version if image else None,
        path=place[1] if place else None,
        resource=text(entry.get("tag")),
        fingerprint=joined((trigger_id, text(entry.get("policyId")))),
        suppressed=_allowed(entry.get("allowlisted")),
        detail=message,
    )


def _allowed(value: object) -> str | None:
    """By what an entry is allowed: a list of exceptions by id and name, or a plain yes."""
    if isinstance(value, dict):
        named = text(value.get("whitelist_name")) or text(value.get("matched_rule_id"))
        return f"allowed by {named or 'the policy'}"
    return "allowed by the policy" if value is True else None
