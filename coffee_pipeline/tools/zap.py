"""OWASP ZAP: problems of a running web application. Traditional XML and JSON reports.

One problem for each alert of a site, whatever number of requests (instances) shows it. Requests,
responses and evidence are not kept: they hold cookies and what users typed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping, objects, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "zap"
TITLE = "OWASP ZAP XML or JSON"
KIND = FindingKind.DAST
IDENTITY = ("rule", "title", "resource")
_RISKS = {"0": Severity.INFO, "1": Severity.LOW, "2": Severity.MEDIUM, "3": Severity.HIGH}
_CONFIDENCES = {"1": "low", "2": "medium", "3": "high", "4": "confirmed"}
_FALSE_POSITIVE = "0"
_FIELDS = (
    "pluginid", "alert", "name", "riskcode", "confidence", "desc", "solution", "reference", "cweid",
)  # fmt: skip
_TAG = re.compile(r"<[^<>]{0,200}>")
_URL = re.compile(r"https?://[^\s<>\"']{1,400}")
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class _Alert:
    """One alert of either format: its fields, and (method, URL, parameter) of its instances."""

    site: str
    fields: Mapping[str, str]
    instances: tuple[tuple[str, str, str], ...]


def recognises(document: Document) -> bool:
    """The root element, or JSON with ZAP's attributes of sites."""
    root = document.xml_or_none()
    if root is not None:
        return root.tag == "OWASPZAPReport"
    value = mapping(document.json_or_none())
    sites = _sites(value)
    if not isinstance(sites, list) or not {"@version", "@programName", "@generated"} & value.keys():
        return False
    return all("@name" in mapping(site) for site in sites)


def read(document: Document) -> ReadReport:
    """The alerts of all sites."""
    if document.xml_or_none() is not None or document.content.lstrip()[:1] == b"<":
        root = document.xml
        if root.tag != "OWASPZAPReport":
            raise document.error("line 1", "no ZAP report: the root is no OWASPZAPReport")
        version, sites = root.get("version"), len(root.findall("site"))
        alerts = list(_of_xml(root))
    else:
        content = document.json
        if not isinstance(content, dict) or "site" not in content:
            raise document.error("line 1", "no ZAP report: it has no 'site'")
        found = objects(_sites(content), "site", document)
        version, sites = text(content.get("@version")), len(found)
        alerts = list(_of_json(found, document))
    return ReadReport(
        findings=[_reported(alert) for alert in alerts],
        outcome=Outcome.COMPLETED if sites else Outcome.NOT_RUN,
        reason=None if sites else "the report names no site that was looked at",
        tool_version=version or None,
    )


def _sites(report: Mapping[str, Any]) -> Any:
    """The sites; older versions write a lone one without a list around it."""
    sites = report.get("site")
    return [sites] if isinstance(sites, dict) else sites


def _of_xml(root: Element) -> Iterator[_Alert]:
    for site in root.findall("site"):
        for alert in site.findall("alerts/alertitem"):
            yield _Alert(
                site.get("name") or site.get("host") or "",
                {name: alert.findtext(name) or "" for name in _FIELDS},
                tuple(
                    (one.findtext("method") or "", one.findtext("uri") or "",
                     one.findtext("param") or "")
                    for one in alert.findall("instances/instance")
                ),
            )  # fmt: skip


def _of_json(sites: Any, document: Document) -> Iterator[_Alert]:
    for number, site in enumerate(sites):
        for alert in objects(site.get("alerts"), f"site[{number}].alerts", document):
            shown = objects(alert.get("instances"), f"site[{number}].alerts[].instances", document)
            yield _Alert(
                text(site.get("@name")) or text(site.get("@host")) or "",
                {name: _word(alert.get(name)) for name in _FIELDS},
                tuple(
                    (_word(one.get("method")), _word(one.get("uri")), _word(one.get("param")))
                    for one in shown
                ),
            )


def _word(value: object) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _reported(alert: _Alert) -> Reported:
    fields = alert.fields
    title = _plain(fields["alert"] or fields["name"]) or f"alert {fields['pluginid'] or 'unnamed'}"
    risk = _RISKS.get(fields["riskcode"].strip())
    weakness = fields["cweid"].strip()
    url = _URL.search(html.unescape(fields["reference"]))
    return Reported(
        rule=fields["pluginid"].strip() or title,
        title=title,
        severity=risk or Severity.INFO,
        severity_source="tool" if risk else "default",
        cwes=(int(weakness),) if re.fullmatch(r"[1-9][0-9]{0,5}", weakness) else (),
        resource=alert.site or None,
        confidence=_CONFIDENCES.get(fields["confidence"].strip()),
        suppressed="marked as a false positive"
        if fields["confidence"].strip() == _FALSE_POSITIVE
        else None,
        detail=_detail(alert) or None,
        reference=url[0] if url else None,
    )


def _detail(alert: _Alert) -> str:
    lines = [
        " ".join(part for part in (method, uri.partition("?")[0], param and f"({param})") if part)
        for method, uri, param in alert.instances[:_SHOWN]
    ]
    if len(alert.instances) > _SHOWN:
        lines.append(f"... and {len(alert.instances) - _SHOWN} more requests")
    texts = (_plain(alert.fields["desc"]), "\n".join(lines), _plain(alert.fields["solution"]))
    return "\n\n".join(part for part in texts if part)


def _plain(markup: str) -> str:
    """Text without the HTML that ZAP wraps its own texts in."""
    return " ".join(html.unescape(_TAG.sub(" ", markup)).split())
