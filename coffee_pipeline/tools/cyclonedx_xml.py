"""CycloneDX in XML, specification 1.0 to 1.6, with the vulnerability extension of before 1.4.

The extension has vulnerabilities inside of their component, or in a list with a reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from coffee_pipeline.tools.cyclonedx_bom import (
    BOM_NAMESPACE,
    VULNERABILITY_NAMESPACE,
    Bom,
    Component,
    Rating,
    Vulnerability,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import number, score
from coffee_pipeline.tools.xml_fields import child, child_text, children, local_name, namespace


def bom_of_xml(document: Document) -> Bom:
    """The bill in ``document``.

    Raises:
        ParseError: it is no CycloneDX document, or a vulnerability affects nothing that is named.
    """
    root = document.xml
    if local_name(root) != "bom" or not namespace(root).startswith(BOM_NAMESPACE):
        raise document.error("line 1", "no CycloneDX document: no bom of its namespace")
    elements = list(_components(child(root, "components")))
    described = children(root, "metadata", "component")
    references = {
        reference: _component(one)
        for one in (*described, *elements, *children(root, "services", "service"))
        if (reference := one.get("bom-ref"))
    }
    lists = children(root, "vulnerabilities")
    inside = [one for one in elements if children(one, "vulnerabilities")]
    tool = child(root, "metadata", "tools", "tool")
    tool = tool if tool is not None else child(root, "metadata", "tools", "components", "component")
    return Bom(
        components=references,
        component_count=len(elements),
        vulnerabilities=list(_vulnerabilities(inside, lists, document))
        if lists or inside
        else None,
        tool=child_text(tool, "name"),
        tool_version=child_text(tool, "version"),
    )


def _components(parent: Element | None) -> Iterator[Element]:
    """Components and those inside of them."""
    for one in children(parent, "component"):
        yield one
        yield from _components(child(one, "components"))


def _component(one: Element) -> Component:
    return Component(
        name=child_text(one, "name") or one.get("bom-ref") or "unnamed",
        version=child_text(one, "version"),
        group=child_text(one, "group"),
        url=child_text(one, "purl"),
    )


def _vulnerabilities(
    inside: Sequence[Element], lists: Sequence[Element], document: Document
) -> Iterator[Vulnerability]:
    for component in inside:
        for one in children(component, "vulnerabilities", "vulnerability"):
            yield _of_extension(one, [_component(component)])
    listed = [one for parent in lists for one in children(parent, "vulnerability")]
    for index, one in enumerate(listed):
        if namespace(one).startswith(VULNERABILITY_NAMESPACE):
            yield _of_extension(one, [one.get("ref") or "unnamed"])
        else:
            yield _of_specification(one, f"vulnerability {index + 1}", document)


def _of_extension(one: Element, affects: Sequence[str | Component]) -> Vulnerability:
    recommended = [found.text for found in children(one, "recommendations", "recommendation")]
    advised = [found.text for found in children(one, "advisories", "advisory")]
    return Vulnerability(
        name=child_text(one, "id"),
        ratings=_ratings(one, "score", "base"),
        weaknesses=_weaknesses(one),
        description=child_text(one, "description"),
        recommendation="\n".join(filter(None, recommended)) or None,
        links=[*_source(one), *(url.strip() for url in advised if url and url.strip())],
        affects=affects,
    )


def _of_specification(one: Element, position: str, document: Document) -> Vulnerability:
    affects: list[str | Component] = []
    for target in children(one, "affects", "target"):
        reference = child_text(target, "ref")
        if reference is None:
            raise document.error(position, "a target of 'affects' has no 'ref'")
        affects.append(reference)
    return Vulnerability(
        name=child_text(one, "id") or one.get("bom-ref"),
        names=[
            name for other in children(one, "references", "reference")
            if (name := child_text(other, "id"))
        ],
        ratings=_ratings(one, "score"),
        weaknesses=_weaknesses(one),
        description=child_text(one, "description"),
        detail=child_text(one, "detail"),
        recommendation=child_text(one, "recommendation"),
        links=[
            *_source(one),
            *(url for found in children(one, "advisories", "advisory")
              if (url := child_text(found, "url"))),
        ],
        state=child_text(one, "analysis", "state"),
        justification=child_text(one, "analysis", "justification"),
        analysis=child_text(one, "analysis", "detail"),
        affects=affects,
    )  # fmt: skip


def _ratings(one: Element, *score_path: str) -> list[Rating]:
    return [
        Rating(
            word=child_text(rating, "severity"),
            score=score(child_text(rating, *score_path)),
            method=child_text(rating, "method"),
            vector=child_text(rating, "vector"),
        )
        for rating in children(one, "ratings", "rating")
    ]


def _weaknesses(one: Element) -> list[int]:
    written = [(cwe.text or "").strip() for cwe in children(one, "cwes", "cwe")]
    return [found for text in written if (found := number(text))]


def _source(one: Element) -> list[str]:
    url = child_text(one, "source", "url")
    return [url] if url else []
