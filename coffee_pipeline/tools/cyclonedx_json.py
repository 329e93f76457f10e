"""CycloneDX in JSON, specification 1.2 to 1.7."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.tools.cyclonedx_bom import Bom, Component, Rating, Vulnerability
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, number, score, text, texts


def bom_of_json(document: Document) -> Bom:
    """The bill in ``document``.

    Raises:
        ParseError: it is no CycloneDX document, or its parts are no lists of objects.
    """
    value = document.json
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise document.error("line 1", "no CycloneDX document: bomFormat is not 'CycloneDX'")
    metadata = mapping(value.get("metadata"))
    components = list(_components(value.get("components")))
    described = list(_components([metadata.get("component")]))
    references = {
        reference: _component(one)
        for one in (*described, *components, *map(mapping, items(value.get("services"))))
        if (reference := text(one.get("bom-ref")))
    }
    tool, version = _tool(metadata.get("tools"))
    return Bom(
        components=references,
        component_count=len(components),
        vulnerabilities=_vulnerabilities(value, document),
        tool=tool,
        tool_version=version,
    )


def _components(value: object) -> Iterator[Mapping[str, Any]]:
    """Components and those inside of them."""
    for one in map(mapping, items(value)):
        if one:
            yield one
            yield from _components(one.get("components"))


def _component(one: Mapping[str, Any]) -> Component:
    return Component(
        name=text(one.get("name")) or text(one.get("bom-ref")) or "unnamed",
        version=text(one.get("version")),
        group=text(one.get("group")),
        url=text(one.get("purl")),
    )


def _tool(value: object) -> tuple[str | None, str | None]:
    """(name, version) of what made it: a list until 1.4, components and services since."""
    listed = mapping(value).get("components") if isinstance(value, dict) else value
    first = mapping(next(iter(items(listed)), None))
    return text(first.get("name")), text(first.get("version"))


def _vulnerabilities(value: Mapping[str, Any], document: Document) -> list[Vulnerability] | None:
    listed = value.get("vulnerabilities")
    if listed is None:
        return None
    if not isinstance(listed, list):
        raise document.error("vulnerabilities", "a JSON list is expected")
    found = []
    for index, one in enumerate(listed):
        position = f"vulnerability {index + 1}"
        if not isinstance(one, dict):
            raise document.error(position, "a JSON object is expected")
        found.append(_vulnerability(one, position, document))
    return found


def _vulnerability(one: Mapping[str, Any], position: str, document: Document) -> Vulnerability:
    analysis = mapping(one.get("analysis"))
    affects = [text(mapping(target).get("ref")) for target in items(one.get("affects"))]
    if None in affects:
        raise document.error(position, "'affects' has an entry without 'ref'")
    links = [mapping(one.get("source")).get("url")]
    links += [mapping(advisory).get("url") for advisory in items(one.get("advisories"))]
    return Vulnerability(
        name=text(one.get("id")) or text(one.get("bom-ref")),
        names=texts([mapping(other).get("id") for other in items(one.get("references"))]),
        ratings=[
            Rating(
                word=text(rating.get("severity")),
                score=score(rating.get("score")),
                method=text(rating.get("method")),
                vector=text(rating.get("vector")),
            )
            for rating in map(mapping, items(one.get("ratings")))
        ],
        weaknesses=[found for cwe in items(one.get("cwes")) if (found := number(cwe))],
        description=text(one.get("description")),
        detail=text(one.get("detail")),
        recommendation=text(one.get("recommendation")),
        links=texts(links),
        state=text(analysis.get("state")),
        justification=text(analysis.get("justification")),
        analysis=text(analysis.get("detail")),
        affects=[reference for reference in affects if reference],
    )
