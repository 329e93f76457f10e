"""gosec: static security analysis of Go code. Report format: gosec 2.30, ``-fmt json``.

It is told the package folders one by one: ``./...`` walks into nested modules, and
``-exclude-dir`` is an unanchored pattern that would leave out more than was meant. ``-quiet`` is
never used: it prints nothing and exits 0 when nothing could be analysed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import first_line, shortened
from coffee_pipeline.tools.json_fields import count, mapping
from coffee_pipeline.tools.json_fields import number as number_of
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "gosec"
TITLE = "gosec JSON"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "code")
_SEVERITIES = {"HIGH": Severity.HIGH, "MEDIUM": Severity.MEDIUM, "LOW": Severity.LOW}
_CODE_LINE = re.compile(r"^\s*(?P<number>\d+): ?(?P<text>.*)$")


def obstacle(target: Target) -> str | None:
    """Nothing stands in gosec's way: its rules are compiled in."""
    del target
    return None


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means findings, or packages that could not be analysed: the report says which."""
    # With trimmed paths, what Go compiled for it below one checkout is found again from the next.
    flags = target.environment.get("GOFLAGS", "")
    return Command(
        argv=(str(executable), "-fmt=json", *target.tag_flags, *target.packages),
        cwd=target.folder,
        environment={**target.environment, "GOFLAGS": f"{flags} -trimpath".strip()},
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
    document = Document(output.stdout, "gosec output")
    report = replace(read(document), packages_scanned=packages)
    outcome, why = _trust(_content(document), report, target)
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, why, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """``Stats`` and ``Issues`` beside each other are gosec's own."""
    value = document.json_or_none()
    return isinstance(value, dict) and {"Issues", "Stats"} <= value.keys()


def read(document: Document) -> ReadReport:
    """The issues of a report; partial where it lists code that could not be analysed."""
    content = _content(document)
    files, lines = (_count(content["Stats"], name, document) for name in ("files", "lines"))
    problems: dict[tuple[object, ...], Reported] = {}
    for number, issue in enumerate(content.get("Issues") or []):
        problem = _reported(issue, number, document)
        # Several packages (tests, build tags) report the same line.
        problems.setdefault((problem.rule, problem.title, problem.path, problem.line), problem)
    report = ReadReport(
        findings=list(problems.values()),
        tool_version=_own_version(content),
        files_scanned=files,
        lines_scanned=lines,
    )
    outcome, reason = _trust(content, report, None)
    return replace(report, outcome=outcome, reason=reason)


def _content(document: Document) -> dict[str, Any]:
    content = document.json
    if not isinstance(content, dict) or not isinstance(content.get("Stats"), dict):
        raise document.error("line 1", "no gosec report: it has no 'Stats'")
    # null when empty, but never left out: a report without them is of something else
    if "Issues" not in content or not isinstance(content["Issues"], list | None):
        raise document.error("line 1", "'Issues' is missing or no list")
    # gosec 1 left out the errors
    if not isinstance(content.get("Golang errors"), dict | None):
        raise document.error("line 1", "'Golang errors' is no dict")
    return content


def _own_version(document: Mapping[str, Any]) -> str | None:
    version = document.get("GosecVersion")
    return version if isinstance(version, str) and version not in ("", "dev") else None


def _count(stats: Mapping[str, Any], name: str, document: Document) -> int:
    value = count(stats.get(name))
    if value is None:
        raise document.error("line 1", f"'Stats.{name}' is no count")
    return value


def _trust(
    content: Mapping[str, Any], report: ReadReport, target: Target | None
) -> tuple[Outcome, str | None]:
    errors = content.get("Golang errors") or {}
    said = [f"{file}: {first_line(str(_error_text(item)))}" for file, item in errors.items()]
    packages = report.packages_scanned
    if report.files_scanned == 0 or report.lines_scanned == 0:
        reason = scan_record.load_failure(_all_words(errors)) if said else "no Go file was analysed"
        return (Outcome.FAILED if said else Outcome.NOT_RUN), reason
    if said:
        more = f" (and {len(said) - 1} more)" if len(said) > 1 else ""
        return Outcome.PARTIAL, f"code that could not be analysed{more}: {_shown(said, target)}"
    listed = target.packages_listed if target else None
    if packages is not None and listed and packages < listed:
        return Outcome.PARTIAL, f"{packages} of {listed} packages with code were analysed"
    return Outcome.COMPLETED, None


def _shown(said: list[str], target: Target | None) -> str:
    telling = ([line for line in said if not line.startswith(": ")] or said)[0]
    folder = f"{target.folder.resolve().as_posix()}/" if target else ""
    return shortened(telling.replace(folder, "") if folder else telling, 400)


def _error_text(item: object) -> object:
    first = item[0] if isinstance(item, list) and item else item
    return first.get("error", "") if isinstance(first, dict) else first


def _all_words(errors: Mapping[str, Any]) -> str:
    return "\n".join(str(_error_text(item)) for item in errors.values())


def _reported(issue: object, number: int, document: Document) -> Reported:
    position = f"Issues[{number}]"
    if not isinstance(issue, dict):
        raise document.error(position, "a JSON object is expected")
    for name in ("rule_id", "file", "details"):
        if not isinstance(issue.get(name), str):
            raise document.error(position, f"{name!r} is missing")
    code = str(issue.get("code") or "")
    lines = [m["text"] if (m := _CODE_LINE.match(line)) else line for line in code.splitlines()]
    weakness = mapping(issue.get("cwe"))
    # older versions wrote its name in capitals
    weakness_number = number_of(weakness.get("id", weakness.get("ID")))
    suppressions = issue.get("suppressions")
    return Reported(
        rule=issue["rule_id"],
        title=issue["details"],
        severity=_SEVERITIES.get(str(issue.get("severity")).upper(), Severity.INFO),
        path=issue["file"],
        line=_first_number(issue.get("line")),
        column=_first_number(issue.get("column")),
        code="\n".join(lines),
        cwes=(weakness_number,) if weakness_number else (),
        confidence=str(issue["confidence"]).lower() if issue.get("confidence") else None,
        suppressed=_justification(suppressions) if isinstance(suppressions, list) else None,
        detail=code or None,
    )


def _justification(suppressions: list[Any]) -> str | None:
    """Why a ``#nosec`` comment says that the finding does not count."""
    first = suppressions[0] if suppressions else None
    if not isinstance(first, dict):
        return None
    return str(first.get("justification") or first.get("kind") or "#nosec")


def _first_number(value: object) -> int | None:
    """``12`` of ``12`` or ``12-15``."""
    found = re.match(r"\d{1,9}", str(value))
    return number_of(found[0]) if found else None


def _last_words(words: str) -> str:
    lines = [line.rpartition("] ")[2].strip() for line in words.splitlines() if line.strip()]
    return (
        re.sub(r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d ", "", lines[-1]) if lines else "it says nothing"
    )
