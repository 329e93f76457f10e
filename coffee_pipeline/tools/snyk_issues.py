"""Issues of Snyk's REST API: of dependencies, images, code, configuration and licences.

``GET /rest/orgs/{org}/issues``, one page or several: put together, or in a list. An issue is one
package of one project, however many paths lead to it, and has the name Snyk knows it by; ``snyk
test`` counts paths and knows files, so the two are compared with themselves only.
https://docs.snyk.io/snyk-api/reference/issues
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    items,
    mapping,
    number,
    score,
    severity_of,
    text,
    texts,
)
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "snyk_issues"
TITLE = "Snyk issues (REST API JSON)"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("fingerprint",)
COUNTING = "licences and configuration, too"
_KINDS = {
    "package_vulnerability": FindingKind.DEPENDENCY,
    "license": FindingKind.COMPLIANCE,
    "code": FindingKind.SAST,
    "config": FindingKind.INFRASTRUCTURE,
    "cloud": FindingKind.INFRASTRUCTURE,
}


def recognises(document: Document) -> bool:
    """JSON:API pages whose first entry is an issue with Snyk's level, or that are empty."""
    value = document.json_or_none()
    pages = value if isinstance(value, list) else [value]
    return bool(pages) and all(_is_page(page) for page in pages)


def read(document: Document) -> ReadReport:
    """The issues; ignored and resolved ones are marked as not counting."""
    value = document.json
    pages = value if isinstance(value, list) and value else [value]
    found = [
        _reported(issue, f"{position}data[{index}]", document)
        for number_of_page, page in enumerate(pages)
        for position in (f"page {number_of_page + 1}, " if len(pages) > 1 else "",)
        for index, issue in enumerate(_data(page, document))
        if mapping(issue).get("type") in (None, "issue")  # not what is only listed beside them
    ]
    following = mapping(mapping(pages[-1]).get("links")).get("next")
    if text(following) or text(mapping(following).get("href")):
        reason = "there are more issues on pages that the report does not have"
        return ReadReport(findings=found, outcome=Outcome.PARTIAL, reason=reason)
    return ReadReport(findings=found)


def _is_page(value: object) -> bool:
    page = mapping(value)
    if "jsonapi" not in page or not isinstance(page.get("data"), list):
        return False
    if not page["data"]:  # anybody's page, unless it says of which address it is
        return "/issues" in str(mapping(page.get("links")).get("self"))
    first = mapping(page["data"][0])
    return first.get("type") == "issue" and (
        "effective_severity_level" in mapping(first.get("attributes"))
    )


def _data(page: object, document: Document) -> list[Any]:
    value = mapping(page)
    if not isinstance(value.get("data"), list):
        errors = [text(mapping(one).get("detail")) for one in items(value.get("errors"))]
        said = f": {excerpt(str(errors[0]), 200)}" if errors else ""
        raise document.error("line 1", f"no issues of Snyk: it has no 'data'{said}")
    entries: list[Any] = value["data"]
    return entries


def _reported(issue: object, position: str, document: Document) -> Reported:
    entry = mapping(issue)
    attributes = entry.get("attributes")
    if not isinstance(attributes, dict):
        raise document.error(position, "no issue: it has no 'attributes'")
    key = text(attributes.get("key")) or text(entry.get("id"))
    if key is None:
        raise document.error(position, "no issue: it has neither 'key' nor 'id'")
    problems = [mapping(one) for one in items(attributes.get("problems"))]
    named = [name for one in problems if (name := text(one.get("id")))]
    rule = _rule(problems) or key
    severity = severity_of(attributes.get("effective_severity_level"))
    place = _place(attributes)
    points, vector = _cvss(attributes)
    project = text(_related(entry, "scan_item").get("id"))
    return Reported(
        rule=rule,
        title=text(attributes.get("title")) or rule,
        severity=severity or Severity.MEDIUM,
        severity_source="tool" if severity else "default",
        kind=_KINDS.get(str(attributes.get("type"))),
        identifiers=tuple(dict.fromkeys(name for one in named for name in advisory_names(one))),
        cwes=cwe_numbers([*named, *texts(attributes.get("classes")), *_classes(attributes)]),
        cvss_vector=vector,
        cvss_score=points,
        component=text(place.package.get("package_name")),
        component_version=text(place.package.get("package_version")),
        fixed_version=place.fixed,
        path=text(place.source.get("file")),
        line=number(place.start.get("line")),
        column=number(place.start.get("column")),
        resource=place.resource or project,
        fingerprint=f"{project or ''}:{key}",
        reachable=place.reachable,
        suppressed=_suppressed(attributes),
        detail=text(attributes.get("description")),
        reference=next((url for one in problems if (url := text(one.get("url")))), None),
    )


class _Place:
    """Where an issue is: package, source, resource; and what mends it."""

    def __init__(self) -> None:
        self.package: Mapping[str, Any] = {}
        self.source: Mapping[str, Any] = {}
        self.start: Mapping[str, Any] = {}
        self.resource: str | None = None
        self.fixed: str | None = None
        self.reachable: bool | None = None


def _place(attributes: Mapping[str, Any]) -> _Place:
    """The first of each kind among the coordinates."""
    place = _Place()
    for coordinate in map(mapping, items(attributes.get("coordinates"))):
        if coordinate.get("reachability") in ("function", "reachable"):
            place.reachable = True
        for shown in map(mapping, items(coordinate.get("representations"))):
            place.package = place.package or mapping(shown.get("dependency"))
            place.source = place.source or mapping(shown.get("sourceLocation"))
            cloud = mapping(mapping(shown.get("cloud_resource")).get("resource"))
            place.resource = (
                place.resource or text(shown.get("resourcePath")) or text(cloud.get("name"))
            )
        for remedy in map(mapping, items(coordinate.get("remedies"))):
            details = mapping(remedy.get("details"))
            data = mapping(mapping(remedy.get("meta")).get("data"))
            upgrade = text(details.get("upgrade_package"))
            place.fixed = place.fixed or upgrade or ", ".join(texts(data.get("fixed_in"))) or None
    place.start = mapping(mapping(place.source.get("region")).get("start"))
    return place


def _rule(problems: list[Mapping[str, Any]]) -> str | None:
    """Snyk's own name of the problem, the same in every project."""
    own = [one for one in problems if str(one.get("source")).upper() == "SNYK"]
    named = [one for one in problems if advisory_names(str(one.get("id")))]
    return next((name for one in (*own, *named) if (name := text(one.get("id")))), None)


def _classes(attributes: Mapping[str, Any]) -> list[str]:
    listed = [text(mapping(one).get("id")) for one in items(attributes.get("classes"))]
    return [name for name in listed if name]


def _cvss(attributes: Mapping[str, Any]) -> tuple[float | None, str | None]:
    for one in map(mapping, items(attributes.get("severities"))):
        points, vector = score(one.get("score")), text(one.get("vector"))
        if points is not None or vector is not None:
            return points, vector
    return None, None


def _related(entry: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return mapping(mapping(mapping(entry.get("relationships")).get(name)).get("data"))


def _suppressed(attributes: Mapping[str, Any]) -> str | None:
    if attributes.get("ignored") is True:
        return "ignored in Snyk"
    return "resolved" if attributes.get("status") == "resolved" else None
