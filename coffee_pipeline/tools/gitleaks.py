"""gitleaks: secrets in files and in the history of a repository.

Report formats: the JSON of gitleaks 8 and of its versions up to 7. Neither the secret nor the
line that holds it goes any further than this module: a finding says where, never what, and its
identity is made of rule and path alone, since a hash of a weak password can be guessed.

Exit code 0 and "no leaks found" is also the answer of an empty folder and of a configuration
without rules, so both are looked for.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import shortened
from coffee_pipeline.tools.json_fields import number, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "gitleaks"
TITLE = "gitleaks JSON"
KIND = FindingKind.SECRET
IDENTITY = ("rule", "path")
COUNTING = "leaks of several rules on one line"
HARD_CODED_CREDENTIALS = 798
"""The weakness (CWE) that every secret in a file is."""
_CONFIGURATION = ".gitleaks.toml"
_FOUND = 3
"""Our exit code for "leaks were found"; gitleaks' own, 1, is also that of its errors."""
_SCANNED = re.compile(r"scanned ~(\d+) bytes")
_COUNTED = re.compile(r"leaks found: (\d+)")
_COMPLAINT = re.compile(r"^\S+ (?:ERR|FTL) (.*)$|^\S+ WRN (?!leaks found)(.*)$", re.MULTILINE)
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_REDACTED = "REDACTED"
# What gitleaks 7 called the rules whose secrets give whole accounts away.
_ACCOUNTS = ("AWS", "Github", "Heroku")


def obstacle(target: Target) -> str | None:
    """A configuration of the scanned folder that has no rules, or cannot be read."""
    file = target.folder / _CONFIGURATION
    try:
        settings = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return f"{_CONFIGURATION} cannot be read: {error}"
    extended = settings.get("extend")
    more = isinstance(extended, dict) and (extended.get("useDefault") or extended.get("path"))
    if not settings.get("rules") and not more:
        return f"{_CONFIGURATION} has no rules and extends none; nothing would be found"
    return None


def command(target: Target, executable: Path) -> Command:
    """The files of the module's folder as they are, the report on standard output, redacted."""
    return Command(
        argv=(
            str(executable), "dir", ".", "--no-banner", "--no-color", "--redact",
            "--report-format", "json", "--report-path", "-", "--exit-code", str(_FOUND),
        ),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, _FOUND}),
        timeout_seconds=target.timeout_seconds,
    )  # fmt: skip


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Findings, and positive evidence that something was read."""
    early = scan_record.ended_early(NAME, output)
    words = _COLOUR.sub("", output.stderr.decode("utf-8", "replace"))
    if early is None and not output.answered:
        said = " ".join(words.split()) or "it says nothing"
        early = f"gitleaks ended with exit code {output.exit_code}: {shortened(said, 400)}"
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    report = read(Document(output.stdout, "gitleaks output"))
    outcome, reason = _trust(report, words, output.exit_code)
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """A list of leaks; an empty one could be anybody's."""
    value = document.json_or_none()
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict):
        return False
    # The first releases of version 8 had no RuleID.
    if {"StartLine", "File"} <= first.keys():
        return bool({"RuleID", "Secret"} & first.keys())
    return {"offender", "rule", "file", "commit"} <= first.keys()


def read(document: Document) -> ReadReport:
    """The leaks; the same secret on the same line of a file is one, in whatever commits."""
    value = document.json
    if value is None:  # what gitleaks 7 writes when there is nothing
        return ReadReport(findings=[])
    if not isinstance(value, list):
        raise document.error("line 1", "no gitleaks report: a JSON list is expected")
    found: dict[tuple[object, ...], Reported] = {}
    for index, leak in enumerate(value):
        position = f"leak {index + 1}"
        if not isinstance(leak, dict):
            raise document.error(position, "a JSON object is expected")
        is_version_7 = text(leak.get("rule")) is not None
        reader = _of_version_7 if is_version_7 else _of_version_8
        problem, secret = reader(leak, position, document)
        # Rules of version 7 overlap: one secret is reported by several. What is blanked out may
        # be several secrets.
        counts_by_rule = not is_version_7 or secret == _REDACTED
        title = problem.title if counts_by_rule else None
        found.setdefault((title, problem.path, problem.line, secret), problem)
    return ReadReport(findings=list(found.values()))


def _trust(report: ReadReport, words: str, exit_code: int) -> tuple[Outcome, str | None]:
    complaints = [first or second for first, second in _COMPLAINT.findall(words)]
    scanned = _SCANNED.search(words)
    if scanned is not None and int(scanned[1]) == 0:
        return Outcome.NOT_RUN, "gitleaks had no file to read"
    if complaints:
        more = f" (and {len(complaints) - 1} more)" if len(complaints) > 1 else ""
        return Outcome.PARTIAL, f"gitleaks says: {shortened(complaints[0], 300)}{more}"
    if scanned is None:
        return Outcome.PARTIAL, "gitleaks does not say how much it read"
    counted = _COUNTED.search(words)
    if exit_code == _FOUND and (not report.findings or counted is None):
        return Outcome.PARTIAL, "gitleaks found leaks that its report does not list"
    return Outcome.COMPLETED, None


def _of_version_7(
    leak: Mapping[str, Any], position: str, document: Document
) -> tuple[Reported, str]:
    path = text(leak.get("file"))
    if path is None or not isinstance(leak.get("offender"), str):
        raise document.error(position, "'file' or 'offender' is missing")
    rule = str(leak["rule"])
    severe = any(name in rule for name in _ACCOUNTS)
    return Reported(
        rule=rule,
        title=rule,
        severity=Severity.CRITICAL if severe else Severity.HIGH,
        severity_source="default",
        cwes=(HARD_CODED_CREDENTIALS,),
        path=path,
        line=number(leak.get("lineNumber")),
        resource=_commit(leak.get("commit")),
        detail=_commit_detail(leak.get("commit"), leak.get("date")),
    ), leak["offender"]


def _of_version_8(
    leak: Mapping[str, Any], position: str, document: Document
) -> tuple[Reported, str]:
    rule = text(leak.get("RuleID")) or text(leak.get("Description"))
    path = text(leak.get("File"))
    secret = leak.get("Secret")
    if rule is None or path is None or not isinstance(secret, str):
        raise document.error(position, "no gitleaks finding: RuleID, File or Secret is missing")
    return Reported(
        rule=rule,
        title=text(leak.get("Description")) or rule,
        severity=Severity.HIGH,
        severity_source="default",
        cwes=(HARD_CODED_CREDENTIALS,),
        path=path,
        line=number(leak.get("StartLine")),
        column=number(leak.get("StartColumn")),
        resource=_commit(leak.get("Commit")),
        detail=_commit_detail(leak.get("Commit"), leak.get("Date")),
    ), secret


def _commit(value: object) -> str | None:
    """Where a secret of the history is; the file may be gone by now."""
    return f"commit {value[:12]}" if isinstance(value, str) and value else None


def _commit_detail(commit: object, date: object) -> str | None:
    """The whole hash and the date; author and message are nobody's business here."""
    if not isinstance(commit, str) or not commit:
        return None
    return f"commit {commit}{f' of {date}' if isinstance(date, str) and date else ''}"
