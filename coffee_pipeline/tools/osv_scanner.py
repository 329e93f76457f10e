"""OSV-Scanner: known vulnerabilities of the modules that a go.mod or lock file names.

Report format: ``osv-scanner --format json`` of versions 1 and 2. It is run without network over
the module's ``go.mod``. Exit codes: 0 nothing found, 1 vulnerabilities, 127 any other fault (also
a missing database; the report is printed all the same), 128 no packages. Version 2.6 reports
nothing about Go's standard library, which govulncheck does. A valid database without
an advisory is "nothing found", so the database is counted first. The number of packages is only
said on stderr.

Settings of the target: ``osv_database``, the folder of ``--local-db-path``.
"""

from __future__ import annotations

import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import osv_record, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import shortened
from coffee_pipeline.tools.json_fields import items, mapping, text, texts
from coffee_pipeline.tools.osv_database import ARCHIVE
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "osv_scanner"
TITLE = "OSV-Scanner JSON"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component", "path")
COUNTING = "licence violations, too"
_NO_PACKAGES, _FAULT = 128, 127
_BESIDE_RESULTS = frozenset({"experimental_config", "image_metadata", "license_summary"})
_COUNTED = re.compile(r"\bfound (\d{1,9}) packages?\b")


def obstacle(target: Target) -> str | None:
    """No go.mod, no database, or one that lists no advisory for Go."""
    if not (target.folder / "go.mod").is_file():
        return f"{target.module}: there is no go.mod"
    database = target.settings.get("osv_database")
    if not database:
        return "no OSV database is configured"
    archive = Path(database) / ARCHIVE
    if not archive.is_file():
        return f"{database}: there is no OSV database ({ARCHIVE})"
    try:
        count = _advisories(archive)
    except (OSError, zipfile.BadZipFile) as error:
        return f"{archive}: the OSV database cannot be read ({error})"
    return None if count else f"{archive}: the OSV database lists no advisory"


def command(target: Target, executable: Path) -> Command:
    """The module's requirements against the local database; nothing leaves the machine."""
    return Command(
        argv=(
            str(executable), "scan", "source", "--format", "json", "--offline",
            "--local-db-path", target.settings["osv_database"], "--lockfile", "go.mod",
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, with the number of packages that stderr says and the size of the database."""
    words = output.stderr.decode("utf-8", "replace")
    outcome, early = Outcome.FAILED, scan_record.ended_early(NAME, output)
    if early is None and output.exit_code == _NO_PACKAGES:
        outcome, early = Outcome.NOT_RUN, "go.mod names no package"
    elif early is None and not output.answered:
        early = f"osv-scanner ended with exit code {output.exit_code}: {_last_words(words)}"
    if early is not None:
        return scan_record.report(NAME, target, outcome, early, version=version, output=output)
    archive = Path(target.settings["osv_database"]) / ARCHIVE
    counts = [int(count) for count in _COUNTED.findall(words)]
    report = replace(
        read(Document(output.stdout, f"{NAME} output")),
        packages_scanned=sum(counts) if counts else None,
        **_database(archive),
    )
    outcome, why = _trust(report, output)
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, why, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Results of sources with packages; without any, what only this tool writes beside them."""
    value = document.json_or_none()
    if not isinstance(value, dict) or not isinstance(value.get("results"), list):
        return False
    if not value["results"]:
        return len(value) == 1 or not _BESIDE_RESULTS.isdisjoint(value)
    first = mapping(value["results"][0])
    return isinstance(first.get("source"), dict) and isinstance(first.get("packages"), list)


def read(document: Document) -> ReadReport:
    """One finding for each advisory, package and source; and licences that are not allowed.

    Raises:
        ParseError: no OSV-Scanner report, or an entry is broken.
    """
    if document.is_empty:
        # It names the fault on stderr and leaves the report empty, where there is nothing to scan.
        return ReadReport(
            findings=[],
            outcome=Outcome.NOT_RUN,
            reason="the report is empty: nothing was looked up",
        )
    value = document.json
    if not isinstance(value, dict) or not isinstance(value.get("results"), list | None):
        raise document.error("line 1", "no OSV-Scanner report: it has no list 'results'")
    if "results" not in value:
        raise document.error("line 1", "no OSV-Scanner report: it has no 'results'")
    image = text(mapping(value.get("image_metadata")).get("os"))
    findings: list[Reported] = []
    for position, source, package in _packages(document, value["results"] or []):
        findings.extend(_of_package(document, position, source, package, image))
    return ReadReport(findings=findings)


def _advisories(archive: Path) -> int:
    with zipfile.ZipFile(archive) as content:
        return sum(name.endswith(".json") for name in content.namelist())


def _database(archive: Path) -> dict[str, Any]:
    try:
        date = datetime.fromtimestamp(archive.stat().st_mtime, UTC)
        return {"database_entries": _advisories(archive), "database_date": date}
    except (OSError, zipfile.BadZipFile):
        return {"database_entries": 0, "database_date": None}


def _trust(report: ReadReport, output: Output) -> tuple[Outcome, str | None]:
    if not report.database_entries:
        return Outcome.NOT_RUN, "the OSV database lists no advisory"
    if report.outcome is not Outcome.COMPLETED:
        return report.outcome, report.reason
    if output.exit_code == 1 and not report.findings:
        return Outcome.FAILED, "osv-scanner found vulnerabilities that its report does not name"
    if not report.packages_scanned:
        return Outcome.PARTIAL, "osv-scanner does not say how many packages it looked up"
    return Outcome.COMPLETED, None


def _last_words(words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return shortened(lines[-1], 300) if lines else "it says nothing"


def _packages(
    document: Document, results: list[Any]
) -> Iterator[tuple[str, str | None, Mapping[str, Any]]]:
    for number, result in enumerate(results):
        listed = mapping(result).get("packages")
        if not isinstance(result, dict) or not isinstance(listed, list | None):
            raise document.error(f"results[{number}]", "'packages' is no list")
        source = text(mapping(result.get("source")).get("path"))
        for place, package in enumerate(listed or ()):
            position = f"results[{number}].packages[{place}]"
            if not isinstance(package, dict):
                raise document.error(position, "a JSON object is expected")
            yield position, source, package


def _of_package(
    document: Document,
    position: str,
    source: str | None,
    package: Mapping[str, Any],
    image: str | None,
) -> Iterator[Reported]:
    listed = package.get("vulnerabilities")
    if not isinstance(listed, list | None):
        raise document.error(position, "'vulnerabilities' is no list")
    groups = [mapping(group) for group in items(package.get("groups"))]
    for number, record in enumerate(listed or ()):
        if not isinstance(record, dict) or text(record.get("id")) is None:
            raise document.error(f"{position}.vulnerabilities[{number}]", "it has no id")
        group = next((one for one in groups if record["id"] in texts(one.get("ids"))), {})
        yield _reported(record, group, source, mapping(package.get("package")), image)
    described = mapping(package.get("package"))
    for licence in texts(package.get("license_violations")):
        yield Reported(
            rule=f"licence {licence}",
            title=f"licence {licence} of {text(described.get('name')) or 'a package'} "
            "is not allowed",
            severity=Severity.MEDIUM,
            severity_source="default",
            kind=FindingKind.COMPLIANCE,
            component=text(described.get("name")),
            component_version=text(described.get("version")),
            path=source,
        )


def _reported(
    record: Mapping[str, Any],
    group: Mapping[str, Any],
    source: str | None,
    package: Mapping[str, Any],
    image: str | None,
) -> Reported:
    component = text(package.get("name"))
    severity, severity_source = osv_record.severity(record, group.get("max_severity"))
    affected = [
        entry for _, name, entry in osv_record.affected_packages(record) if name == component
    ]
    return Reported(
        rule=record["id"],
        title=text(record.get("summary")) or f"{record['id']} in {component or 'a package'}",
        severity=severity,
        severity_source=severity_source,
        kind=FindingKind.CONTAINER if image else None,
        identifiers=[*osv_record.names(record), *texts(group.get("aliases"))],
        cwes=osv_record.weaknesses(record),
        cvss_vector=osv_record.vector(record),
        cvss_score=osv_record.base_score(record),
        component=component,
        component_version=text(package.get("version")) or text(package.get("commit")),
        fixed_version=osv_record.fixed_versions(affected),
        path=source,
        reachable=_called(record["id"], group),
        detail=text(record.get("details")),
        reference=osv_record.reference(record),
    )


def _called(advisory: str, group: Mapping[str, Any]) -> bool | None:
    """Whether call analysis found that vulnerable code is called; None where it was not made."""
    analysis = mapping(group.get("experimentalAnalysis") or group.get("experimental_analysis"))
    called = mapping(analysis.get(advisory)).get("called")
    return called if isinstance(called, bool) else None
