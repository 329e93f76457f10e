"""govulncheck: known vulnerabilities of Go dependencies, and whether the code calls them.

Report format: ``govulncheck -format json`` (protocol v1.0.0): JSON objects one after the other,
each with one of config, SBOM, progress, osv, finding. Exit code 0 in this format, whatever was
found; an empty database is "no vulnerabilities", so the database is looked at first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.go_messages import first_line, shortened
from coffee_pipeline.tools.identity import dependency_identity
from coffee_pipeline.tools.json_stream import json_objects, text_of
from coffee_pipeline.tools.severity import advisory_severity
from coffee_pipeline.tools.vulndb import count_advisories, database_folder

NAME = "govulncheck"
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
    """Symbol-level analysis of the module's packages, tests left out."""
    return Command(
        argv=(
            str(executable), "-format=json", "-scan=symbol", f"-db={target.settings['vulndb']}",
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
    messages = _read(output.stdout, "govulncheck output")
    return _report(target, messages, version, output)


def read(target: Target, content: bytes, source: str) -> Report:
    """The same from a report file."""
    return _report(target, _read(content, source), None, None)


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


def _read(content: bytes, source: str) -> _Messages:
    messages = _Messages()
    for number, message in enumerate(json_objects(text_of(content, source), source)):
        for kind, value in message.items():
            if kind in ("config", "SBOM", "osv", "finding") and not isinstance(value, dict):
                raise ParseError(source, f"message {number + 1}", f"{kind!r} is no JSON object")
            _sort(messages, kind, value, f"message {number + 1}", source)
    if messages.config is None:
        raise ParseError(source, "line 1", "no govulncheck report: it has no 'config' message")
    return messages


def _sort(messages: _Messages, kind: str, value: Any, position: str, source: str) -> None:
    if kind == "config":
        messages.config = value
    elif kind == "SBOM":
        messages.roots = len(value.get("roots") or ())
    elif kind == "osv":
        if not isinstance(value.get("id"), str):
            raise ParseError(source, position, "'osv' has no id")
        messages.advisories[value["id"]] = value
    elif kind == "finding":
        trace = value.get("trace")
        usable = isinstance(trace, list) and trace and isinstance(trace[0], dict)
        if not isinstance(value.get("osv"), str) or not usable:
            raise ParseError(source, position, "'finding' has no osv or no trace")
        messages.findings.append(value)


def _report(
    target: Target, messages: _Messages, version: str | None, output: Output | None
) -> Report:
    config = messages.config or {}
    date = _date(config.get("db_last_modified"))
    folder = database_folder(str(config.get("db", "")))
    entries = count_advisories(folder) if folder is not None and output is not None else None
    findings = _findings(target, messages)
    outcome, reason = _trust(target, messages, date, entries)
    return scan_record.report(
        NAME, target, outcome, reason,
        version=version or _text(config.get("scanner_version")), output=output,
        findings=None if outcome is Outcome.NOT_RUN else findings,
        packages=messages.roots, database_date=date, database_entries=entries,
    )  # fmt: skip


def _trust(
    target: Target, messages: _Messages, date: datetime | None, entries: int | None
) -> tuple[Outcome, str | None]:
    if date is None:
        return Outcome.NOT_RUN, "the vulnerability database has no date: it is empty or broken"
    if entries == 0:
        return Outcome.NOT_RUN, "the vulnerability database lists no advisory"
    if not messages.roots:
        return Outcome.NOT_RUN, "the report names no package that was analysed"
    if target.packages_listed is not None and messages.roots < target.packages_listed:
        return (
            Outcome.PARTIAL,
            f"{messages.roots} of {target.packages_listed} packages were analysed",
        )
    return Outcome.COMPLETED, None


def _findings(target: Target, messages: _Messages) -> list[Finding]:
    """One finding for each advisory and component: the closest trace speaks for all."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for finding in messages.findings:
        component = str(finding["trace"][0].get("module", ""))
        grouped.setdefault((finding["osv"], component), []).append(finding)
    return [
        _finding(target, advisory, component, found, messages.advisories.get(advisory, {}))
        for (advisory, component), found in sorted(grouped.items())
    ]


def _level(finding: Mapping[str, Any]) -> int:
    """2: a vulnerable function is called, 1: its package is imported, 0: its module is required."""
    first = finding["trace"][0]
    return 2 if first.get("function") else 1 if first.get("package") else 0


def _finding(
    target: Target,
    advisory: str,
    component: str,
    found: list[Mapping[str, Any]],
    osv: Mapping[str, Any],
) -> Finding:
    closest = max(found, key=_level)
    level, frame = _level(closest), closest["trace"][0]
    by_reach = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)[level], "reachability"
    severity, source = advisory_severity(osv) or by_reach
    caller = _caller(closest["trace"])
    path, line = _position(target, caller)
    aliases = [alias for alias in osv.get("aliases") or () if isinstance(alias, str)]
    return Finding(
        tool=NAME,
        rule=advisory,
        identity=dependency_identity(NAME, advisory, target.module, component),
        kind="dependency",
        severity=severity.value,
        severity_source=source,
        title=shortened(str(osv.get("summary") or f"{advisory} in {component}"), 300),
        module=target.module,
        revision=target.revision,
        path=path,
        line=line,
        cwe=None,
        aliases=",".join(sorted(aliases)) or None,
        component=component or None,
        component_version=_text(frame.get("version")),
        fixed_version=_text(closest.get("fixed_version")),
        reachable=level == 2,
        confidence=None,
        detail=_trace_text(closest["trace"]) if level == 2 else None,
    )


def _caller(trace: list[Any]) -> Mapping[str, Any]:
    """The platform's own function at the far end of the trace."""
    last = trace[-1]
    return last if isinstance(last, dict) else {}


def _position(target: Target, frame: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Where the platform's code calls; positions of dependencies are not of this repository."""
    position = frame.get("position")
    if not isinstance(position, dict) or frame.get("version"):
        return None, None
    path = target.module_path(str(position.get("filename", "")))
    line = position.get("line")
    if path is None:
        return None, None
    return target.repository_path(path), line if isinstance(line, int) else None


def _trace_text(trace: list[Any]) -> str:
    names = []
    for frame in reversed(trace):
        if isinstance(frame, dict):
            parts = (frame.get("package"), frame.get("receiver"), frame.get("function"))
            names.append(".".join(str(part) for part in parts if part))
    return shortened(" calls ".join(names))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _date(value: object) -> datetime | None:
    """A date of the database; the zero time of Go means that it has none."""
    if not isinstance(value, str):
        return None
    try:
        date = datetime.fromisoformat(value)
    except ValueError:
        return None
    return date.astimezone(UTC) if date.year > 1 and date.tzinfo else None
