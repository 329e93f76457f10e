"""SonarQube: issues and security hotspots, in each of the forms that they are handed around in.

- ``api/issues/search`` and ``api/hotspots/search`` (SonarQube 8 to 2025, SonarQube Cloud): JSON,
  or a list or a ZIP archive of such pages
- the generic issue format that SonarQube imports (``sonar.externalIssuesReportPaths``)
- the reports of sonar-report: JSON, or HTML

Every issue is a problem of its own, also where several have one rule and file: each has its key,
and each is fixed by itself.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from typing import Any
from zlib import error as ZlibError  # noqa: N812  # it is a class

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.tools import sonarqube_html
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping
from coffee_pipeline.tools.json_stream import REPORT_LIMIT
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.sonarqube_issues import (
    Known,
    api_hotspot,
    api_issue,
    generic_issue,
    listed,
)

NAME = "sonarqube"
TITLE = "SonarQube issues and hotspots (API, generic, sonar-report)"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "resource", "code")
COUNTING = "one finding an issue key"
_ARCHIVE = (b"PK\x03\x04", b"PK\x05\x06")
_PAGES = 10_000
"""Files of an archive that are read."""
_OF_AN_ISSUE = {"key", "rule", "component", "project"}
_OF_ISSUES = ({"paging", "components"}, {"paging", "effortTotal"}, {"total", "p", "ps"})


def recognises(document: Document) -> bool:
    """Any of the forms."""
    if document.content.startswith(_ARCHIVE):
        return _is_archive(document)
    if sonarqube_html.recognises(document):
        return True
    value = document.json_or_none()
    pages = value if isinstance(value, list) else [value]
    return bool(pages) and all(_is_known(page) for page in pages)


def read(document: Document) -> ReadReport:
    """Issues and hotspots; those that SonarQube has closed are marked as not counting."""
    if document.content.startswith(_ARCHIVE):
        return _read_pages([(page.json, page) for page in _pages(document)], "archive")
    if sonarqube_html.recognises(document):
        return sonarqube_html.read(document)
    if isinstance(document.json, list):
        return _read_pages([(page, document) for page in document.json], "list")
    return _read_json(document.json, document)


def _is_known(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    if isinstance(value.get("hotspots"), list):
        return "paging" in value
    issues = value.get("issues")
    if not isinstance(issues, list):
        return False
    first = mapping(issues[0]) if issues else {}
    if "primaryLocation" in first or first.keys() >= _OF_AN_ISSUE:
        return True
    return "sonarBaseURL" in value or any(names <= value.keys() for names in _OF_ISSUES)


def _read_json(value: object, document: Document) -> ReadReport:
    if not isinstance(value, dict) or not ({"issues", "hotspots"} & value.keys()):
        raise document.error("line 1", "no SonarQube report: neither 'issues' nor 'hotspots'")
    found: list[Reported] = []
    known = Known(value)
    issues, hotspots = listed(value, "issues", document), listed(value, "hotspots", document)
    for index, issue in enumerate(issues):
        is_generic = "primaryLocation" in issue
        make: Callable[..., Reported] = generic_issue if is_generic else api_issue
        found.append(make(issue, known, f"issues[{index}]", document))
    for index, hotspot in enumerate(hotspots):
        found.append(api_hotspot(hotspot, known, f"hotspots[{index}]", document))
    found = _without_repeats(found) if "sonarBaseURL" in value else found
    outcome, reason = _trust(value, len(issues) + len(hotspots))
    return ReadReport(findings=found, outcome=outcome, reason=reason)


def _without_repeats(found: list[Reported]) -> list[Reported]:
    """A report may list the same issue, by its key, among vulnerabilities and hotspots."""
    return list({(one.fingerprint or index): one for index, one in enumerate(found)}.values())


def _trust(value: Mapping[str, Any], count: int) -> tuple[Outcome, str | None]:
    total = mapping(value.get("paging")).get("total")
    if isinstance(total, int) and total > count:
        return Outcome.PARTIAL, f"one page of several: {count} of {total} issues"
    return Outcome.COMPLETED, None


def _is_archive(document: Document) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(document.content)) as archive:
            names = _reports(archive)
            return bool(names) and _is_known(
                Document(_member(archive, names[0]), names[0]).json_or_none()
            )
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError, ZlibError):
        return False


def _pages(document: Document) -> list[Document]:
    """The JSON files of an archive, unpacked in memory up to the limit of one report."""
    try:
        with zipfile.ZipFile(io.BytesIO(document.content)) as archive:
            names = _reports(archive)[:_PAGES]
            if sum(archive.getinfo(name).file_size for name in names) > REPORT_LIMIT:
                raise document.error("", f"unpacks to more than {REPORT_LIMIT >> 20} MiB")
            return [Document(_member(archive, name), f"{document.source}:{name}") for name in names]
    except (zipfile.BadZipFile, ValueError, OSError, RuntimeError, EOFError, ZlibError) as error:
        raise document.error("line 1", f"not a ZIP archive: {error}") from error


def _reports(archive: zipfile.ZipFile) -> list[str]:
    """Names of the JSON files, without what macOS puts beside each file of an archive."""
    names = [name for name in archive.namelist() if name.lower().endswith(".json")]
    return [name for name in names if not name.startswith("__MACOSX/")]


def _member(archive: zipfile.ZipFile, name: str) -> bytes:
    """A member's content, not more than it declares: the directory's sizes may lie."""
    with archive.open(name) as stream:
        return stream.read(min(archive.getinfo(name).file_size, REPORT_LIMIT) + 1)


def _read_pages(pages: list[tuple[object, Document]], holder: str) -> ReadReport:
    """Pages of one export together: each alone is one of several."""
    if not pages:
        return ReadReport(
            findings=[], outcome=Outcome.NOT_RUN, reason=f"the {holder} holds no page of JSON"
        )
    found = [problem for page, document in pages for problem in _read_json(page, document).findings]
    totals = (mapping(mapping(page).get("paging")).get("total") for page, _document in pages)
    most = max((total for total in totals if isinstance(total, int)), default=0)
    if most > len(found):
        reason = f"the {holder} lacks pages: {len(found)} of at least {most} issues"
        return ReadReport(findings=found, outcome=Outcome.PARTIAL, reason=reason)
    return ReadReport(findings=found)
