"""Trivy: vulnerable packages, misconfigurations, secrets and licences of an image.

It is run over an OCI image layout, without network. Its checks and rules are compiled in; its
vulnerability database is not, and it fails open there: an empty database, and one that is years
old, are "no vulnerabilities" with exit code 0. So the database is looked at first, and without a
usable one Trivy is not asked for vulnerabilities: the scan is ``partial`` and says why.

Settings of the target: ``image_layout``, the folder of the image, and ``trivy_cache``, the folder
whose ``db`` has the database (may be left out).
"""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from coffee_pipeline.model.outcome import FindingKind, Outcome
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import shortened
from coffee_pipeline.tools.reported import ReadReport
from coffee_pipeline.tools.trivy_database import TrivyDatabase, look_at
from coffee_pipeline.tools.trivy_report import is_report, read_report

NAME = "trivy"
TITLE = "Trivy JSON"
KIND = FindingKind.CONTAINER
IDENTITY = ("rule", "component", "fingerprint")
COUNTING = "every report of a list of whole reports"
STALE_AFTER = timedelta(days=30)
"""Age of a database beyond which the absence of vulnerabilities says nothing; Trivy's own is
updated every six hours."""
_ALWAYS = ("misconfig", "secret", "license")
_LOG_PREFIX = re.compile(r"^\S+\s+(?:FATAL|ERROR)\s+(?:Fatal error\s+)?")


def obstacle(target: Target) -> str | None:
    """No image: a folder that is no OCI image layout."""
    layout = target.settings.get("image_layout")
    if not layout:
        return "there is no image to scan"
    if not (Path(layout) / "index.json").is_file():
        return f"{layout}: no OCI image layout, it has no index.json"
    return None


def command(target: Target, executable: Path) -> Command:
    """Everything that needs no network; vulnerabilities only with a usable database.

    ``trivy.yaml`` and ``.trivyignore`` of the working folder would be read: it is the image's.
    """
    layout = target.settings["image_layout"]
    has_database = isinstance(_database(target), TrivyDatabase)
    scanners = ("vuln", *_ALWAYS) if has_database else _ALWAYS
    cache = target.settings.get("trivy_cache")
    return Command(
        argv=(
            str(executable), "image", "--input", layout, "--format", "json",
            "--scanners", ",".join(scanners),
            "--image-config-scanners", "misconfig,secret",
            "--list-all-pkgs", "--no-progress", "--offline-scan",
            "--skip-db-update", "--skip-java-db-update", "--skip-check-update",
            "--skip-version-check", "--disable-telemetry",
            *(("--cache-dir", cache) if cache else ()),
        ),
        cwd=Path(layout),
        environment=target.environment,
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings; ``partial`` where vulnerabilities were not looked for, or in old data only."""
    early = scan_record.ended_early(NAME, output)
    if early is None and not output.answered:
        early = f"trivy ended with exit code {output.exit_code}: {_last_words(output)}"
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    report = read(Document(output.stdout, f"{NAME} output"))
    database = _database(target)
    if isinstance(database, TrivyDatabase):
        report = replace(report, database_date=database.updated, database_entries=database.entries)
    outcome, why = _trust(report, database, output)
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, why, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """An artifact with a schema version, a cluster, or the list of targets of old versions."""
    return is_report(document.json_or_none())


def read(document: Document) -> ReadReport:
    """The problems of a report of any version; null is the report of old versions without any."""
    return read_report(document, document.json)


def _database(target: Target) -> TrivyDatabase | str:
    cache = target.settings.get("trivy_cache")
    return look_at(Path(cache)) if cache else "no vulnerability database is configured"


def _trust(
    report: ReadReport, database: TrivyDatabase | str, output: Output
) -> tuple[Outcome, str | None]:
    if not isinstance(database, TrivyDatabase):
        return Outcome.PARTIAL, f"vulnerabilities were not looked for: {database}"
    if report.outcome is not Outcome.COMPLETED:
        return report.outcome, report.reason
    if not report.packages_scanned:
        return Outcome.PARTIAL, "no package was found in the image, so none was looked up"
    if database.updated is None:
        return Outcome.PARTIAL, "the vulnerability database does not say how old it is"
    age = output.started_at - database.updated
    if age > STALE_AFTER:
        return Outcome.PARTIAL, f"the vulnerability database is {age.days} days old"
    return Outcome.COMPLETED, None


def _last_words(output: Output) -> str:
    lines = [line for line in output.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "FATAL" in line or "ERROR" in line] or lines
    return shortened(_LOG_PREFIX.sub("", telling[-1]), 300) if telling else "it says nothing"
