"""The report of govulncheck before protocol v1: one object with call, import and require graphs.

Source: ``govulncheck -json`` of 2022. Each entry of ``Vulns`` is one vulnerable symbol with the
nodes of the graphs where it was reached; node 0 means that it was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text, texts
from coffee_pipeline.tools.reported import ReadReport, Reported
from coffee_pipeline.tools.severity import advisory_severity

_KEYS = frozenset({"Calls", "Imports", "Requires", "Vulns"})


def is_graph(value: object) -> bool:
    """Whether a JSON value is such a report."""
    return isinstance(value, dict) and value.keys() >= _KEYS


def read_graph(document: Document, value: Mapping[str, Any]) -> ReadReport:
    """One finding for each advisory and module; the packages are those of the import graph.

    Raises:
        ParseError: an entry has no advisory.
    """
    entries = value["Vulns"]
    if not isinstance(entries, list | None):
        raise document.error("line 1", "'Vulns' is no list")
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for number, entry in enumerate(entries or ()):
        advisory = mapping(mapping(entry).get("OSV"))
        if text(advisory.get("id")) is None:
            raise document.error(f"Vulns[{number}]", "'OSV' has no id")
        component = text(entry.get("ModPath")) or _module(advisory)
        grouped.setdefault((advisory["id"], component), []).append(entry)
    modules = mapping(mapping(value["Requires"]).get("Modules"))
    packages = len(mapping(mapping(value["Imports"]).get("Packages")))
    return ReadReport(
        findings=[
            _reported(advisory, component, found, modules)
            for (advisory, component), found in sorted(grouped.items())
        ],
        outcome=Outcome.PARTIAL if packages else Outcome.NOT_RUN,
        reason="the report does not say which vulnerability database was used"
        if packages
        else "the report names no package that was analysed",
        packages_scanned=packages,
    )


def _module(advisory: Mapping[str, Any]) -> str:
    first = next(iter(items(advisory.get("affected"))), None)
    return text(mapping(mapping(first).get("package")).get("name")) or ""


def _reported(
    advisory: str, component: str, found: list[Mapping[str, Any]], modules: Mapping[str, Any]
) -> Reported:
    osv = mapping(found[0].get("OSV"))
    called = any(_reached(entry.get("CallSink")) for entry in found)
    imported = any(_reached(entry.get("ImportSink")) for entry in found)
    by_reach = Severity.HIGH if called else Severity.MEDIUM if imported else Severity.LOW
    severity, source = advisory_severity(osv) or (by_reach, "reachability")
    sink = mapping(modules.get(str(found[0].get("RequireSink"))))
    symbols = sorted({name for entry in found if (name := text(entry.get("Symbol")))})
    return Reported(
        rule=advisory,
        title=text(osv.get("summary")) or text(osv.get("details")) or advisory,
        severity=severity,
        severity_source=source,
        identifiers=texts(osv.get("aliases")),
        component=component or None,
        component_version=text(sink.get("Version")),
        reachable=called,
        detail=f"vulnerable: {', '.join(symbols)}" if symbols else None,
        reference=f"https://pkg.go.dev/vuln/{advisory}" if advisory.startswith("GO-") else None,
    )


def _reached(node: object) -> bool:
    return isinstance(node, int) and not isinstance(node, bool) and node > 0
