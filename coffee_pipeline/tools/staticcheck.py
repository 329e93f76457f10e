"""staticcheck: bugs, simplifications and unused code in Go. Report format: ``-f json``.

One JSON object a line, and nothing at all where nothing was found: that the packages are clean is
told by the exit code, an empty stderr and by packages that do not load being reported loudly, as
objects with the code ``compile``. Packages are named one by one, since a pattern that matches
nothing is only a warning.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.go_messages import first_line
from coffee_pipeline.tools.json_fields import items, mapping, number, text
from coffee_pipeline.tools.reported import ReadReport, Reported

NAME = "staticcheck"
TITLE = "staticcheck JSON lines"
KIND = FindingKind.SAST
IDENTITY = ("rule", "path", "code")
COUNTING = "problems of code; packages that do not compile make the report `partial` or `failed`"
_CODE = re.compile(r"(SA|ST|S|QF|U)\d{4}\Z")
_SEVERITIES = {
    "SA": Severity.MEDIUM,
    "U": Severity.LOW,
    "S": Severity.INFO,
    "ST": Severity.INFO,
    "QF": Severity.INFO,
}
"""By class of check: staticcheck's own severity says only whether it fails a build."""
_UNLOADED = "compile"


def obstacle(target: Target) -> str | None:
    """Nothing stands in staticcheck's way: its checks are compiled in."""
    del target
    return None


def command(target: Target, executable: Path) -> Command:
    """Exit code 1 means diagnostics, of code or of packages that do not load."""
    return Command(
        argv=(str(executable), "-f=json", "-show-ignored", *target.tag_flags, *target.packages),
        cwd=target.folder,
        environment=target.environment,
        answers=frozenset({0, 1}),
        timeout_seconds=target.timeout_seconds,
    )


def parse(target: Target, output: Output, version: str | None) -> Report:
    """Diagnostics; packages that do not load make the answer partial, or none."""
    early = scan_record.ended_early(NAME, output)
    words = output.stderr.decode("utf-8", "replace").strip()
    if early is None and not output.answered:
        early = f"staticcheck ended with exit code {output.exit_code}: {first_line(words)}"
    if early is not None:
        return scan_record.report(
            NAME, target, Outcome.FAILED, early, version=version, output=output
        )
    if "matched no packages" in words:
        return scan_record.report(
            NAME, target, Outcome.NOT_RUN, "the module has no packages",
            version=version, output=output,
        )  # fmt: skip
    document = Document(output.stdout, "staticcheck output")
    entries = _entries(document) if output.stdout.strip() else []
    unloaded = [str(entry["message"]) for entry in entries if entry["code"] == _UNLOADED]
    found = [_reported(entry) for entry in entries if entry["code"] != _UNLOADED]
    packages = _analysed(target, unloaded)
    report = ReadReport(findings=found, packages_scanned=packages)
    outcome, reason = _trust(found, unloaded, packages, words)
    return scan_record.of_read(
        sys.modules[__name__], target, report, outcome, reason, version=version, output=output
    )


def recognises(document: Document) -> bool:
    """Objects with a code, a severity, and places as staticcheck writes them."""
    objects = document.objects_or_none()
    first = objects[0] if objects else {}
    place = first.get("location")
    return (
        {"code", "severity", "location", "end", "message"} <= first.keys()
        and isinstance(place, dict)
        and {"file", "line", "column"} <= place.keys()
    )


def read(document: Document) -> ReadReport:
    """The diagnostics of a report; partial where packages did not load.

    Nothing is what staticcheck prints of clean packages, and of a run that never was.
    """
    entries = [] if document.is_empty else _entries(document)
    unloaded = [str(entry["message"]) for entry in entries if entry["code"] == _UNLOADED]
    found = [_reported(entry) for entry in entries if entry["code"] != _UNLOADED]
    outcome, reason = _trust(found, unloaded, None, "")
    return ReadReport(findings=found, outcome=outcome, reason=reason)


def _entries(document: Document) -> list[Mapping[str, Any]]:
    entries = list(document.json_objects)
    for index, entry in enumerate(entries):
        if not text(entry.get("code")) or not isinstance(entry.get("message"), str):
            raise document.error(f"diagnostic {index + 1}", "'code' or 'message' is missing")
        if not isinstance(entry.get("location"), dict):
            raise document.error(f"diagnostic {index + 1}", "'location' is missing")
    return entries


def _reported(entry: Mapping[str, Any]) -> Reported:
    place, rule = entry["location"], entry["code"]
    known = _CODE.match(rule)
    related = (text(one.get("message")) for one in map(mapping, items(entry.get("related"))))
    return Reported(
        rule=rule,
        title=entry["message"] or rule,
        severity=_SEVERITIES[known[1]] if known else Severity.LOW,
        severity_source="class of check" if known else "default",
        path=text(place.get("file")),
        line=number(place.get("line")),
        column=number(place.get("column")),
        suppressed="lint:ignore" if entry.get("severity") == "ignored" else None,
        detail="\n".join(filter(None, related)) or None,
        reference=f"https://staticcheck.dev/docs/checks/#{rule}" if known else None,
    )


def _analysed(target: Target, unloaded: list[str]) -> int | None:
    """Packages that were named and that staticcheck did not complain about."""
    if target.packages_listed is None:
        return None
    headers = {name for words in unloaded for name in re.findall(r"^# (\S+)", words, re.MULTILINE)}
    return max(0, target.packages_listed - max(len(headers), 1 if unloaded else 0))


def _trust(
    found: list[Reported], unloaded: list[str], packages: int | None, words: str
) -> tuple[Outcome, str | None]:
    if unloaded:
        reason = scan_record.load_failure("\n".join(unloaded))
        return (Outcome.PARTIAL if found or packages else Outcome.FAILED), reason
    if words:
        return Outcome.PARTIAL, f"staticcheck says: {first_line(words)}"
    if packages == 0:
        return Outcome.NOT_RUN, "the module has no packages"
    if packages is None and not found:
        return Outcome.PARTIAL, "nothing is reported, and nothing says that packages were analysed"
    return Outcome.COMPLETED, None
