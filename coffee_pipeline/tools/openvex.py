"""OpenVEX: statements on whether a product is affected by a vulnerability.

Document format: OpenVEX 0.0.1 (names as plain text) and 0.2.0 (objects with ``@id``), alone or as
the predicate of an attestation. A statement takes findings away rather than making any: what is
not affected or fixed does not count, what is affected or still looked into does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text, texts
from coffee_pipeline.tools.package_url import package_of
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "openvex"
TITLE = "OpenVEX"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component", "resource")
_NOT_COUNTED = ("not_affected", "fixed")
_EARLY = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Vulnerability:
    name: str
    aliases: Sequence[str]
    reference: str | None


def recognises(document: Document) -> bool:
    """The context says so, also inside of an attestation."""
    return is_document(_attested(document.json_or_none()))


def is_document(value: object) -> bool:
    """Whether a JSON value is such a document itself, right or wrong."""
    return any("openvex" in word.lower() for word in texts(mapping(value).get("@context")))


def read(document: Document) -> ReadReport:
    """One finding for each vulnerability and product; of several statements the latest."""
    value = _attested(document.json)
    if not isinstance(value, dict) or not isinstance(value.get("statements"), list):
        raise document.error("line 1", "no OpenVEX document: it has no list of statements")
    written = _time(value.get("timestamp")) or _EARLY
    found: dict[tuple[str, str], tuple[datetime, Reported]] = {}
    incomplete = 0
    for index, statement in enumerate(value["statements"]):
        if not isinstance(statement, dict):
            raise document.error(f"statement {index + 1}", "a JSON object is expected")
        problems = _statement(statement)
        incomplete += not problems
        made = _time(statement.get("timestamp")) or written
        for product, problem in problems:
            before = found.get((problem.rule, product))
            if before is None or before[0] < made:
                found[problem.rule, product] = made, problem
    return ReadReport(
        findings=[problem for _made, problem in found.values()],
        outcome=Outcome.PARTIAL if incomplete else Outcome.COMPLETED,
        reason=f"{incomplete} statements lack a vulnerability, a status or a product"
        if incomplete
        else None,
    )


def _attested(value: object) -> Any:
    """What an attestation of in-toto says, which is how documents are attached to images."""
    said = mapping(value)
    is_attestation = "openvex" in str(said.get("predicateType")) and "predicate" in said
    return said["predicate"] if is_attestation else value


def _statement(statement: Mapping[str, Any]) -> list[tuple[str, Reported]]:
    """Every product that a statement speaks of, with what it says about it."""
    vulnerability = _vulnerability(statement.get("vulnerability"))
    status = (text(statement.get("status")) or "").strip().lower()
    if vulnerability is None or not status:
        return []
    products = {}
    for product in items(statement.get("products")):
        identifier = _identifier(product)
        parts = map(_identifier, items(mapping(product).get("subcomponents")))
        if identifier is not None:
            products[identifier] = [part for part in parts if part]
    return [
        (product, _reported(statement, status, vulnerability, product, parts))
        for product, parts in products.items()
    ]


def _vulnerability(value: object) -> _Vulnerability | None:
    """What the statement is about; in version 0.0.1 it is a plain name."""
    said = {"name": value} if isinstance(value, str) else mapping(value)
    address = text(said.get("@id"))
    name = text(said.get("name")) or address
    if name is None or not name.strip():
        return None
    reference = address if address and address.startswith(("https://", "http://")) else None
    return _Vulnerability(name.strip(), texts(said.get("aliases")), reference)


def _identifier(product: object) -> str | None:
    if isinstance(product, str):
        return text(product.strip())
    said = mapping(product)
    return text(said.get("@id")) or text(mapping(said.get("identifiers")).get("purl"))


def _reported(
    statement: Mapping[str, Any],
    status: str,
    vulnerability: _Vulnerability,
    product: str,
    parts: Sequence[str],
) -> Reported:
    # What a product has inside of it is what is vulnerable; several parts are told in the detail.
    affected = parts[0] if len(parts) == 1 else product
    package, whole = package_of(affected), package_of(product)
    component = package.name if package else affected
    said = [
        f"{field.replace('_', ' ')}: {words}"
        for field in ("impact_statement", "action_statement", "status_notes")
        if (words := text(statement.get(field)))
    ]
    said += [f"in {part}" for part in parts] if len(parts) > 1 else []
    return Reported(
        rule=vulnerability.name,
        title=f"{vulnerability.name} in {component}: {status.replace('_', ' ')}",
        # A statement is about exploitability and has no severity of its own.
        severity=Severity.MEDIUM if status == "affected" else Severity.INFO,
        severity_source="default",
        identifiers=tuple(vulnerability.aliases),
        component=component,
        component_version=package.version if package else None,
        resource=whole.locator if whole else product,
        suppressed=_suppressed(status, statement),
        detail="\n".join(said) or None,
        reference=vulnerability.reference,
    )


def _suppressed(status: str, statement: Mapping[str, Any]) -> str | None:
    """Why it does not count; a status that nobody knows must not hide anything."""
    if status not in _NOT_COUNTED:
        return None
    why = text(statement.get("justification"))
    return f"{status}: {why}" if why else status


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
