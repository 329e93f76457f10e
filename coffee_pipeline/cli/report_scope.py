"""What ``ingest`` and ``fetch`` share: which module a report is about, storing it, saying so."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import typer
from rich.console import Console

from coffee_pipeline.cli.application import remembered_platform
from coffee_pipeline.errors import UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.stages.module import nested_modules
from coffee_pipeline.stages.repository_scan import service_of
from coffee_pipeline.stages.workspace import find_service, repository_path
from coffee_pipeline.tools.base import Report, Target

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True)
class ReportScope:
    """Which module at which revision the report is about, and where its files lie."""

    module: str
    revision: str
    repository: Path
    nested: tuple[str, ...] = ()
    service: str | None = None

    @property
    def target(self) -> Target:
        """What was scanned, for the tools."""
        return Target(
            checkout=self.repository,
            module=self.module,
            revision=self.revision,
            nested=self.nested,
            service=self.service,
            foreign=True,
        )


def report_scope(
    home: Home, service: str | None, module: str | None, revision: str | None
) -> ReportScope:
    """The module that the options name, of the platform this data directory belongs to.

    Raises:
        UsageError: they name none, or two; there is no platform and too little was given.
    """
    if service and module:
        raise UsageError("--service and --module: give one of the two")
    path = remembered_platform(home)
    if path is None:
        if service or module is None or not _COMMIT.fullmatch(revision or ""):
            raise UsageError(
                f"{home.root}: this data directory knows no platform yet; give --module and the "
                "full hash with --revision, or run the pipeline once"
            )
        return ReportScope(module, str(revision), home.root)
    platform = load_platform(path)
    known = [entry.path for entry in platform.modules]
    if service:
        module = find_service(platform, service).module
    elif module is None and len(known) == 1:
        module = known[0]
    if module not in known:
        raise UsageError(f"--module: one of {', '.join(known[:20])} is needed, or --service")
    repository = Repository(repository_path(platform, path.parent))
    commit = repository.resolve(revision or platform.branch)
    return ReportScope(
        module,
        commit,
        repository.path,
        nested_modules(module, known),
        service or service_of(module, platform),
    )


def is_last_scan(home: Home, key: str, report: Report) -> bool:
    """Whether the last scan of the report's tool and scope has a key that begins with ``key``."""
    history = HistoryReader(home)
    history.refresh()
    scan = next(record for record in report.records if isinstance(record, Scan))
    rows = history.query(
        "SELECT materialization FROM scans WHERE tool = ? AND scope = ? "
        "ORDER BY finished_at DESC, materialization DESC LIMIT 1",
        (scan.tool, scan.scope),
    )
    return bool(rows) and str(rows[0]["materialization"]).startswith(f"{key}/")


def store_report(home: Home, key: str, report: Report) -> None:
    """Write the scan and its findings into the history, under the key of a materialization."""
    home.prepare()
    HistoryWriter(home).write(
        Evidence(
            materialization=key,
            outcome=report.outcome,
            reason=report.reason,
            records=report.records,
        )
    )


def say(tool: str, scope: ReportScope, report: Report, as_json: bool) -> None:
    """Print what was stored: outcome, reason, counts."""
    severities = Counter(r.severity for r in report.records if isinstance(r, Finding))
    total = sum(severities.values())
    if as_json:
        typer.echo(
            json.dumps(
                {"tool": tool, "module": scope.module, "revision": scope.revision,
                 "outcome": report.outcome.value, "reason": report.reason, "findings": total,
                 "severities": dict(severities), "left_out": report.left_out},
            )
        )  # fmt: skip
        return
    words = ", ".join(f"{count} {severity}" for severity, count in severities.items())
    lines = [f"{tool}: {scope.module}@{scope.revision[:12]}: {report.outcome.value}"]
    lines += [f"reason: {report.reason}"] if report.reason else []
    lines.append(f"{total} findings{f' ({words})' if words else ''}")
    if report.left_out:
        lines.append(f"{report.left_out} left out: their files are not of this module")
    console = Console()
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
