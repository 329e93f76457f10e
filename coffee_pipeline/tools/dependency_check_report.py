"""What a report of Dependency-Check has, whether it is XML or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree.ElementTree import Element

from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, score, text, texts
from coffee_pipeline.tools.xml_fields import child, child_text, children, local_name

# A vector's metrics in the order of the specification, with the names that the report uses.
_CVSS3 = (
    ("AV", "attackVector"),
    ("AC", "attackComplexity"),
    ("PR", "privilegesRequired"),
    ("UI", "userInteraction"),
    ("S", "scope"),
    ("C", "confidentialityImpact"),
    ("I", "integrityImpact"),
    ("A", "availabilityImpact"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vulnerability:
    """A vulnerability of a dependency. ``word`` and ``cvss_word`` are severities as written."""

    name: str
    word: str | None
    cvss_word: str | None
    vector: str | None
    score: float | None
    weaknesses: Sequence[str]
    description: str | None
    notes: str | None
    references: Sequence[str]
    suppressed: bool


@dataclass(frozen=True, slots=True)
class Bundled:
    """A file that was found vulnerable together with another: its name, path and packages."""

    file_name: str
    file_path: str | None
    packages: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """A dependency: its file, what names it, what was bundled with it, its vulnerabilities.

    ``coordinates`` are the (kind, name) identifiers of schema versions before 2; ``product`` and
    ``product_version`` are the first evidence of each. ``related`` are paths without a name.
    """

    file_name: str
    file_path: str | None
    packages: Sequence[str]
    coordinates: Sequence[tuple[str, str]]
    product: str | None
    product_version: str | None
    related: Sequence[str]
    bundled: Sequence[Bundled]
    vulnerabilities: Sequence[Vulnerability]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """The whole report; ``problems`` are the errors that the analysis itself had."""

    dependencies: Sequence[Dependency]
    version: str | None
    database_date: datetime | None
    problems: Sequence[str]


def of_xml(document: Document) -> Scanned:
    """The report in XML, of any schema version.

    Raises:
        ParseError: it is no analysis, or a vulnerability has no name.
    """
    root = document.xml
    if local_name(root) != "analysis" or child(root, "dependencies") is None:
        raise document.error("line 1", "no Dependency-Check report: no analysis of dependencies")
    return Scanned(
        dependencies=[
            _xml_dependency(element, f"dependency {index + 1}", document)
            for index, element in enumerate(children(root, "dependencies", "dependency"))
        ],
        version=child_text(root, "scanInfo", "engineVersion"),
        database_date=_newest(
            (child_text(source, "name"), child_text(source, "timestamp"))
            for source in children(root, "scanInfo", "dataSource")
        ),
        problems=[
            child_text(one, "message") or "an exception"
            for one in children(root, "scanInfo", "analysisExceptions", "exception")
        ],
    )


def of_json(document: Document) -> Scanned:
    """The report in JSON.

    Raises:
        ParseError: it is no analysis, or a vulnerability has no name.
    """
    value = mapping(document.json)
    if not isinstance(value.get("dependencies"), list):
        raise document.error("line 1", "no Dependency-Check report: it lists no dependencies")
    info = mapping(value.get("scanInfo"))
    return Scanned(
        dependencies=[
            _json_dependency(mapping(one), f"dependency {index + 1}", document)
            for index, one in enumerate(value["dependencies"])
        ],
        version=text(info.get("engineVersion")),
        database_date=_newest(
            (text(source.get("name")), text(source.get("timestamp")))
            for source in map(mapping, items(info.get("dataSource")))
        ),
        problems=[
            text(mapping(mapping(one).get("exception")).get("message")) or "an exception"
            for one in items(info.get("analysisExceptions"))
        ],
    )


def _xml_dependency(element: Element, position: str, document: Document) -> Dependency:
    name = child_text(element, "fileName")
    if name is None:
        raise document.error(position, "it has no fileName")
    evidence = children(element, "evidenceCollected", "evidence")
    first = {kind: value for one in reversed(evidence)
             if (kind := one.get("type")) and (value := child_text(one, "value"))}  # fmt: skip
    others = children(element, "relatedDependencies", "relatedDependency")
    return Dependency(
        file_name=name,
        file_path=_file(child_text(element, "filePath")),
        packages=_packages(element),
        coordinates=[
            (kind, name) for one in _identifiers(element)
            if local_name(one) == "identifier" and (kind := one.get("type"))
            and (name := child_text(one, "name"))
        ],
        product=first.get("product"),
        product_version=first.get("version"),
        related=[
            path for one in others
            if not child_text(one, "fileName") and (path := child_text(one, "filePath"))
        ],
        bundled=[
            Bundled(file, _file(child_text(one, "filePath")), _packages(one))
            for one in others if (file := child_text(one, "fileName"))
        ],
        vulnerabilities=[
            _xml_vulnerability(one, position, document)
            for parent in children(element, "vulnerabilities") for one in parent
            if local_name(one) in ("vulnerability", "suppressedVulnerability")
        ],
    )  # fmt: skip


def _identifiers(element: Element) -> list[Element]:
    """What names a dependency, or one that is bundled with it; some have a list in the list."""
    return [one for listed in children(element, "identifiers") for one in listed.iter()]


def _packages(element: Element) -> list[str]:
    found = [one for one in _identifiers(element) if local_name(one) == "package"]
    return [url for one in found if (url := child_text(one, "id"))]


def _xml_vulnerability(element: Element, position: str, document: Document) -> Vulnerability:
    name = child_text(element, "name")
    if name is None:
        raise document.error(position, "a vulnerability has no name")
    third, second = child(element, "cvssV3"), child(element, "cvssV2")
    listed = children(element, "cwes", "cwe") or children(element, "cwe")
    return Vulnerability(
        name=name,
        word=child_text(element, "severity") or child_text(second, "severity"),
        cvss_word=child_text(third, "baseSeverity"),
        vector=_vector({local_name(one): one.text for one in third} if third is not None else {}),
        score=score(
            child_text(third, "baseScore")
            or child_text(element, "cvssV4", "baseScore")
            or child_text(second, "score")
            or child_text(element, "cvssScore")
        ),
        weaknesses=[one.text for one in listed if one.text],
        description=child_text(element, "description"),
        notes=child_text(element, "notes"),
        references=[
            url for one in children(element, "references", "reference")
            if (url := child_text(one, "url"))
        ],
        suppressed=local_name(element) == "suppressedVulnerability",
    )  # fmt: skip


def _json_dependency(value: Mapping[str, Any], position: str, document: Document) -> Dependency:
    name = text(value.get("fileName"))
    if name is None:
        raise document.error(position, "it has no fileName")
    collected = mapping(value.get("evidenceCollected"))
    product, version = (
        next((found for one in items(collected.get(kind))
              if (found := text(mapping(one).get("value")))), None)
        for kind in ("productEvidence", "versionEvidence")
    )  # fmt: skip
    return Dependency(
        file_name=name,
        file_path=_file(text(value.get("filePath"))),
        packages=texts([mapping(one).get("id") for one in items(value.get("packages"))]),
        coordinates=(),
        product=product,
        product_version=version,
        related=[
            path for one in map(mapping, items(value.get("relatedDependencies")))
            if not text(one.get("fileName")) and (path := text(one.get("filePath")))
        ],
        bundled=[
            Bundled(
                file_name=file,
                file_path=_file(text(one.get("filePath"))),
                packages=texts([mapping(url).get("id") for url in items(one.get("packageIds"))]),
            )
            for one in map(mapping, items(value.get("relatedDependencies")))
            if (file := text(one.get("fileName")))
        ],
        vulnerabilities=[
            _json_vulnerability(mapping(one), suppressed, position, document)
            for field, suppressed in (("vulnerabilities", False),
                                      ("suppressedVulnerabilities", True))
            for one in items(value.get(field))
        ],
    )  # fmt: skip


def _json_vulnerability(
    value: Mapping[str, Any], suppressed: bool, position: str, document: Document
) -> Vulnerability:
    name = text(value.get("name"))
    if name is None:
        raise document.error(position, "a vulnerability has no name")
    third, second = mapping(value.get("cvssv3")), mapping(value.get("cvssv2"))
    fourth = mapping(value.get("cvssv4"))
    return Vulnerability(
        name=name,
        word=text(value.get("severity")) or text(second.get("severity")),
        cvss_word=text(third.get("baseSeverity")),
        vector=_vector(third),
        score=score(third.get("baseScore") or fourth.get("baseScore") or second.get("score")),
        weaknesses=texts(value.get("cwes")),
        description=text(value.get("description")),
        notes=text(value.get("notes")),
        references=texts([mapping(one).get("url") for one in items(value.get("references"))]),
        suppressed=suppressed,
    )


def _file(path: str | None) -> str | None:
    """The file on disk: a package of a lock file is written behind a question mark."""
    return path.partition("?")[0] if path else None


def _vector(metrics: Mapping[str, object]) -> str | None:
    """``CVSS:3.1/AV:N/...`` of metrics written as words (``NETWORK``) or as letters."""
    values = [(short, text(metrics.get(name))) for short, name in _CVSS3]
    if not all(value and value.strip() for _short, value in values):
        return None
    version = text(metrics.get("version"))
    written = "/".join(f"{short}:{value.strip()[0].upper()}" for short, value in values if value)
    return f"CVSS:{version if version in ('3.0', '3.1') else '3.1'}/{written}"


def _newest(sources: Iterable[tuple[str | None, str | None]]) -> datetime | None:
    """The date of the newest vulnerability data that the analysis had."""
    found = []
    for name, written in sources:
        if not name or "nvd" not in name.lower() or not written:
            continue
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            continue
        if moment.tzinfo is not None:
            found.append(moment)
    return max(found, default=None)
