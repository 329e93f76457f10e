"""gosec: static security analysis of Go code. Report format: gosec 2.30, ``-fmt json``.

It is told the package folders one by one: ``./...`` walks into nested modules, and
``-exclude-dir`` is an unanchored pattern that would leave out more than was meant. ``-quiet`` is
never used: it prints nothing and exits 0 when nothing could be analysed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.go_messages import first_line, shortened
from coffee_pipeline.tools.identity import CodePlace, code_identities, normalised
from coffee_pipeline.tools.json_stream import json_objects, text_of

NAME = "gosec"
_SEVERITIES = {"HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW}
_CODE_LINE = re.compile(r"^\s*(?P<number>\d+): ?(?P<text>.*)$")


def obstacle(target: Target) -> str | None:
    """Nothing stands in gosec's way: its rules are compiled in."""
    del target
    return None


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means findings, or packages that could not be analysed: the report says which."""
    return Command(
        argv=(str(executable), "-fmt=json", *target.tag_flags, *target.packages),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and positive evidence that files were looked at."""
    early = scan_record.ended_early(NAME, output)
    words = output.stderr.decode("utf-8", "replace")
    if early is None and not output.answered:
        early = f"gosec ended with exit code {output.exit_code}: {_last_words(words)}"
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    if not output.stdout.strip():
        reason = f"gosec printed no report: {_last_words(words)}"
        return scan_record.report(
            NAME, target, Outcome.NOT_RUN, reason, version=version, output=output
        )
    packages = len(re.findall(r"\bImport directory: ", words))
    return _report(target, output.stdout, "gosec output", version, output, packages)


def read(target: Target, content: bytes, source: str) -> Report:
    """The same from a report file; the number of packages is not in it."""
    return _report(target, content, source, None, None, None)


def _report(
    target: Target,
    content: bytes,
    source: str,
    version: str | None,
    output: Output | None,
    packages: int | None,
) -> Report:
    document = _document(content, source)
    files, lines = (_count(document["Stats"], name, source) for name in ("files", "lines"))
    errors = document.get("Golang errors") or {}
    findings = _findings(target, document.get("Issues") or [], source)
    outcome, reason = _trust(target, errors, files, lines, packages)
    answered = outcome in (Outcome.COMPLETED, Outcome.PARTIAL)
    report = scan_record.report(
        NAME, target, outcome, reason,
        version=version or _own_version(document), output=output, packages=packages,
        findings=findings if answered or findings else None,
        files=files, lines=lines,
    )  # fmt: skip
    return replace(report, left_out=len(document.get("Issues") or []) - len(findings))


def _document(content: bytes, source: str) -> dict[str, Any]:
    documents = list(json_objects(text_of(content, source), source))
    if len(documents) != 1:
        raise ParseError(source, "line 1", "one JSON object is expected")
    document = documents[0]
    if not isinstance(document.get("Stats"), dict):
        raise ParseError(source, "line 1", "no gosec report: it has no 'Stats'")
    for name, kind in (("Issues", list), ("Golang errors", dict)):
        # null when empty, but never left out: a report without them is cut or of something else
        if name not in document or not isinstance(document[name], kind | None):
            raise ParseError(source, "line 1", f"{name!r} is missing or no {kind.__name__}")
    return document


def _own_version(document: Mapping[str, Any]) -> str | None:
    version = document.get("GosecVersion")
    return version if isinstance(version, str) and version not in ("", "dev") else None


def _count(stats: Mapping[str, Any], name: str, source: str) -> int:
    value = stats.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ParseError(source, "line 1", f"'Stats.{name}' is no count")
    return value


def _trust(
    target: Target, errors: Mapping[str, Any], files: int, lines: int, packages: int | None
) -> tuple[Outcome, str | None]:
    said = [f"{file}: {first_line(str(_error_text(item)))}" for file, item in errors.items()]
    if files == 0 or lines == 0:
        reason = scan_record.load_failure(_all_words(errors)) if said else "no Go file was analysed"
        return (Outcome.FAILED if said else Outcome.NOT_RUN), reason
    if said:
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        return Outcome.PARTIAL, f"code that could not be analysed{more}: {_shown(said, target)}"
    if packages is not None and target.packages_listed and packages < target.packages_listed:
        return (
            Outcome.PARTIAL,
            f"{packages} of {target.packages_listed} packages with code were analysed",
        )
    return Outcome.COMPLETED, None


def _shown(said: list[str], target: Target) -> str:
    telling = [line for line in said if not line.startswith(": ")] or said
    return shortened(telling[0].replace(f"{target.folder.resolve().as_posix()}/", ""), 400)


def _error_text(item: object) -> object:
    first = item[0] if isinstance(item, list) and item else item
    return first.get("error", "") if isinstance(first, dict) else first


def _all_words(errors: Mapping[str, Any]) -> str:
    return "\n".join(str(_error_text(item)) for item in errors.values())


def _findings(target: Target, issues: Iterable[object], source: str) -> list[Finding]:
    kept: list[tuple[dict[str, Any], str]] = []
    for number, issue in enumerate(issues):
        if not isinstance(issue, dict):
            raise ParseError(source, f"Issues[{number}]", "a JSON object is expected")
        missing = [k for k in ("rule_id", "file", "details") if not isinstance(issue.get(k), str)]
        if missing:
            raise ParseError(source, f"Issues[{number}]", f"'{missing[0]}' is missing")
        path = target.module_path(issue["file"])
        if path is not None:  # else it belongs to a nested module, or to a dependency
            kept.append((issue, path))
    places = [_place(issue, path) for issue, path in kept]
    identities = code_identities(NAME, places)
    found = zip(kept, places, identities, strict=True)
    return [_finding(target, i, path, place, name) for (i, path), place, name in found]


def _place(issue: Mapping[str, Any], path: str) -> CodePlace:
    code = str(issue.get("code") or "")
    lines = [m["text"] if (m := _CODE_LINE.match(line)) else line for line in code.splitlines()]
    return CodePlace(
        rule=issue["rule_id"],
        path=path,
        context=normalised(lines),
        line=_first_number(issue.get("line")),
        column=_first_number(issue.get("column")),
    )


def _first_number(value: object) -> int | None:
    """``12`` of ``12`` or ``12-15``."""
    found = re.match(r"\d{1,9}", str(value))
    return int(found[0]) if found else None


def _finding(
    target: Target, issue: Mapping[str, Any], path: str, place: CodePlace, identity: str
) -> Finding:
    weakness = issue.get("cwe")
    number = weakness.get("id") if isinstance(weakness, dict) else None
    return Finding(
        tool=NAME,
        rule=place.rule,
        identity=identity,
        kind="sast",
        severity=_SEVERITIES.get(str(issue.get("severity")).upper(), Severity.INFO).value,
        severity_source=NAME,
        title=shortened(issue["details"], 300),
        module=target.module,
        revision=target.revision,
        path=target.repository_path(path),
        line=place.line,
        cwe=f"CWE-{number}" if number else None,
        aliases=None,
        component=None,
        component_version=None,
        fixed_version=None,
        reachable=None,
        confidence=str(issue["confidence"]).lower() if issue.get("confidence") else None,
        detail=shortened(str(issue.get("code") or "")) or None,
    )


def _last_words(words: str) -> str:
    lines = [line.rpartition("] ")[2].strip() for line in words.splitlines() if line.strip()]
    return (
        re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", lines[-1]) if lines else "it says nothing"
    )
