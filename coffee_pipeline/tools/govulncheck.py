"""govulncheck: known vulnerabilities of Go dependencies, and whether the code calls them.

Report format: ``govulncheck -format json`` (protocol v1.0.0): JSON objects one after the other (or
in a list), each with one of config, SBOM, progress, osv, finding. Its SARIF and OpenVEX are read,
too. Exit code 0 whatever was found; an empty database is "no vulnerabilities", so it is looked at
first.

An ``osv`` message is an advisory that was considered, for any version of a required module; only a
``finding`` says that it applies. Scanners 1.0.x had no SBOM message, and named only advisories
that apply: there, one without a finding is a finding about the module.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import openvex, sarif, scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import first_line, shortened
from coffee_pipeline.tools.govulncheck_graph import is_graph, read_graph
from coffee_pipeline.tools.json_fields import items, mapping, number, text, texts
from coffee_pipeline.tools.reported import ReadReport, Reported, ReportFormat
from coffee_pipeline.tools.severity import advisory_severity
from coffee_pipeline.tools.vulndb import count_advisories, database_folder

NAME = "govulncheck"
TITLE = "govulncheck JSON stream"
KIND = FindingKind.DEPENDENCY
IDENTITY = ("rule", "component")
COUNTING = "advisories that apply to the module"
MODE = "mode"
BINARY = "binary"
"""The setting that says that the target's one package is the path of a binary."""
_UNREACHABLE = (
    "creating client:",
    "fetching vulnerabilities",
    "vulnerability database",
    "dial tcp",
)


@dataclass
class _Messages:
    """The stream, sorted by kind. ``roots`` is None without an SBOM message."""

    config: Mapping[str, Any] | None = None
    roots: int | None = None
    advisories: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    findings: list[Mapping[str, Any]] = field(default_factory=list)


def obstacle(target: Target) -> str | None:
    """A database without an advisory: govulncheck would call everything clean."""
    url = target.settings["vulndb"]
    folder = database_folder(url)
    if folder is None:
        return None
    if not folder.is_dir():
        return f"{folder}: the vulnerability database is not there; set vulndb in platform.yaml"
    if count_advisories(folder) == 0:
        return f"{folder}: the vulnerability database lists no advisory; nothing would be found"
    return None


def command(target: Target, executable: Path) -> Command:
    """Symbol-level analysis of the module's packages, tests left out; or of one binary."""
    mode = (f"-mode={BINARY}",) if target.settings.get(MODE) == BINARY else ()
    return Command(
        argv=(
            str(executable), *mode, "-format=json", "-scan=symbol",
            f"-db={target.settings['vulndb']}",
            *target.tag_flags,
            *target.packages,
        ),
        cwd=target.folder,
        environment=target.environment,
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, with the database's date and size and the number of packages analysed."""
    early = scan_record.ended_early(NAME, output)
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    if not output.answered:
        outcome, reason = _failure(output)
        return scan_record.report(NAME, target, outcome, reason, version=version, output=output)
    document = Document(output.stdout, f"{NAME} output")
    messages = _messages(document)
    report = _report(messages)
    folder = database_folder(str((messages.config or {}).get("db", "")))
    entries = count_advisories(folder) if folder is not None else None
    outcome, why = _trust(report, entries, target.packages_listed)
    return scan_record.of_read(
        sys.modules[__name__], target, replace(report, database_entries=entries), outcome, why,
        version=version, output=output,
    )  # fmt: skip


def recognises(document: Document) -> bool:
    """Messages that begin with the scanner's configuration, or the graphs of old versions."""
    value = document.json_or_none()
    objects = value if isinstance(value, list) else document.objects_or_none()
    config = mapping(objects[0]).get("config") if objects else None
    return is_graph(value) or (isinstance(config, dict) and "scanner_name" in config)


def read(document: Document) -> ReadReport:
    """The findings of a report, one for each advisory and component."""
    value = document.json_or_none()
    if is_graph(value):
        return read_graph(document, value)
    others: tuple[ReportFormat, ...] = (sarif, openvex)  # the other values of -format
    if other := next((one for one in others if one.recognises(document)), None):
        return other.read(document)
    report = _report(_messages(document))
    outcome, reason = _trust(report, None, None)
    if report.packages_scanned is None and report.database_date is not None:
        outcome = Outcome.PARTIAL
        reason = "this version of govulncheck does not say which packages it analysed"
    return replace(report, outcome=outcome, reason=reason)


def _failure(output: Output) -> tuple[Outcome, str]:
    words = output.stderr.decode("utf-8", "replace").strip()
    lowered = words.lower()
    if any(word in lowered for word in _UNREACHABLE) and "loading packages" not in lowered:
        return (
            Outcome.NOT_RUN,
            f"the vulnerability database cannot be read: {shortened(first_line(words), 300)}",
        )
    if "no packages matched" in lowered:
        return Outcome.NOT_RUN, "the module has no packages"
    frame = ("There are errors with the provided", "For details on package patterns")
    lines = [line.removeprefix("govulncheck: loading packages:") for line in words.splitlines()]
    telling = [line for line in lines if line.strip() and not line.startswith(frame)]
    said = "\n".join(telling) or f"exit code {output.exit_code}"
    return Outcome.FAILED, scan_record.load_failure(said)


def _messages(document: Document) -> _Messages:
    messages = _Messages()
    value = document.json_or_none()
    objects = value if isinstance(value, list) else document.json_objects
    for index, message in enumerate(objects):
        position = f"message {index + 1}"
        if not isinstance(message, dict):
            raise document.error(position, "a JSON object is expected")
        for kind, value in message.items():
            if kind in ("config", "SBOM", "osv", "finding") and not isinstance(value, dict):
                raise document.error(position, f"{kind!r} is no JSON object")
            _sort(messages, kind, value, position, document)
    if messages.config is None:
        raise document.error("line 1", "no govulncheck report: it has no 'config' message")
    return messages


def _sort(messages: _Messages, kind: str, value: Any, position: str, document: Document) -> None:
    if kind == "config":
        messages.config = value
    elif kind == "SBOM":
        # A binary has no packages to start from; the modules linked into it are looked at.
        messages.roots = len(items(value.get("roots")) or items(value.get("modules")))
    elif kind == "osv":
        if not isinstance(value.get("id"), str):
            raise document.error(position, "'osv' has no id")
        messages.advisories[value["id"]] = value
    elif kind == "finding":
        trace = value.get("trace")
        usable = isinstance(trace, list) and trace and isinstance(trace[0], dict)
        if not isinstance(value.get("osv"), str) or not usable:
            raise document.error(position, "'finding' has no osv or no trace")
        messages.findings.append(value)


def _report(messages: _Messages) -> ReadReport:
    config = messages.config or {}
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in messages.findings:
        component = str(finding["trace"][0].get("module", ""))
        grouped.setdefault((finding["osv"], component), []).append(finding)
    named = {advisory for advisory, _ in grouped}
    for advisory, osv in messages.advisories.items() if _names_affected_only(messages) else ():
        if advisory not in named:
            component = _affected_module(osv)
            message = {"osv": advisory, "trace": [{"module": component}]}
            grouped[advisory, component] = [message]
    return ReadReport(
        # The closest trace speaks for all of one advisory and component.
        findings=[
            _reported(advisory, component, found, messages.advisories.get(advisory, {}))
            for (advisory, component), found in sorted(grouped.items())
        ],
        tool_version=text(config.get("scanner_version")),
        packages_scanned=messages.roots,
        database_date=_date(config.get("db_last_modified")),
    )


def _names_affected_only(messages: _Messages) -> bool:
    version = text(mapping(messages.config).get("scanner_version")) or ""
    return messages.roots is None and version.startswith(("v1.0.", "1.0."))


def _affected_module(osv: Mapping[str, Any]) -> str:
    first = next(iter(items(osv.get("affected"))), None)
    return text(mapping(mapping(first).get("package")).get("name")) or ""


def _trust(
    report: ReadReport, entries: int | None, listed: int | None
) -> tuple[Outcome, str | None]:
    if report.database_date is None:
        return Outcome.NOT_RUN, "the vulnerability database has no date: it is empty or broken"
    if entries == 0:
        return Outcome.NOT_RUN, "the vulnerability database lists no advisory"
    if not report.packages_scanned:
        return Outcome.NOT_RUN, "the report names no package that was analysed"
    if listed is not None and report.packages_scanned < listed:
        return Outcome.PARTIAL, f"{report.packages_scanned} of {listed} packages were analysed"
    return Outcome.COMPLETED, None


def _level(finding: Mapping[str, Any]) -> int:
    """2: a vulnerable function is called, 1: its package is imported, 0: its module is required."""
    first = finding["trace"][0]
    return 2 if first.get("function") else 1 if first.get("package") else 0


def _reported(
    advisory: str, component: str, found: list[Mapping[str, Any]], osv: Mapping[str, Any]
) -> Reported:
    closest = max(found, key=_level)
    level, frame = _level(closest), closest["trace"][0]
    by_reach = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)[level], "reachability"
    severity, source = advisory_severity(osv) or by_reach
    path, line = _position(_caller(closest["trace"]))
    return Reported(
        rule=advisory,
        title=text(osv.get("summary")) or f"{advisory} in {component}",
        severity=severity,
        severity_source=source,
        path=path,
        line=line,
        identifiers=texts(osv.get("aliases")),
        component=component or None,
        component_version=text(frame.get("version")),
        fixed_version=text(closest.get("fixed_version")),
        reachable=level == 2,
        detail=_trace_text(closest["trace"]) if level == 2 else None,
        reference=f"https://pkg.go.dev/vuln/{advisory}" if advisory.startswith("GO-") else None,
    )


def _caller(trace: list[Any]) -> Mapping[str, Any]:
    """The platform's own function at the far end of the trace."""
    last = trace[-1]
    return last if isinstance(last, dict) else {}


def _position(frame: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Where the platform's code calls; positions of dependencies are not of this repository."""
    position = frame.get("position")
    if not isinstance(position, dict) or frame.get("version"):
        return None, None
    path = position.get("filename")
    if not isinstance(path, str) or not path:
        return None, None
    return path, number(position.get("line"))


def _trace_text(trace: list[Any]) -> str:
    names = []
    for frame in reversed(trace):
        if isinstance(frame, dict):
            parts = (frame.get("package"), frame.get("receiver"), frame.get("function"))
            names.append(".".join(str(part) for part in parts if part))
    return shortened(" calls ".join(names))


def _date(value: object) -> datetime | None:
    """A date of the database; the zero time of Go means that it has none."""
    if not isinstance(value, str):
        return None
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return date.astimezone(UTC) if date.year > 1 and date.tzinfo else None
