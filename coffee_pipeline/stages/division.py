"""Scans by tools that answer for no file when they cannot read one: without those they refuse.

One manifest with a number where a text belongs would otherwise hide every finding in hundreds of
others. The files that a tool gives up on are searched for by halves, each half a run of the tool.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools import scan_record
from coffee_pipeline.tools.base import Report, Target

MOST_RUNS = 100
"""Runs to search with: enough for eight refused files among a thousand."""

Answer = tuple[Output, Report]
"""What a process printed, and what was read from it."""


def without_refused(
    scan: Callable[[Target], Answer], tool: str, target: Target, files: Sequence[str], whole: Answer
) -> Answer:
    """The answer for all ``files`` but those that the tool gives up on.

    ``whole`` is its answer for all of them; it stands where it is one, where the tool was ended (a
    time limit), and where leaving files out does not help.
    """
    if not _gave_up(tool, whole) or len(files) < 2:
        return whole
    refused = _refused(scan, tool, target, files)
    if not refused or len(refused) == len(files):
        return whole
    output, report = scan(replace(target, refused=refused))
    answered = report.outcome in (Outcome.COMPLETED, Outcome.PARTIAL)
    return (output, report) if answered else whole


def _gave_up(tool: str, answer: Answer) -> bool:
    output, report = answer
    return report.outcome is Outcome.FAILED and scan_record.ended_early(tool, output) is None


def _refused(
    scan: Callable[[Target], Answer], tool: str, target: Target, files: Sequence[str]
) -> dict[str, str]:
    """Files that the tool gives up on even alone, with its words; none where that is not why."""
    found: dict[str, str] = {}
    failing = [files]
    for _ in range(MOST_RUNS // 2):
        if not failing:
            return dict(sorted(found.items()))
        group = failing.pop()
        middle = len(group) // 2
        for half in (group[:middle], group[middle:]):
            answer = scan(replace(target, packages=tuple(half)))
            if not _gave_up(tool, answer):
                continue
            if len(half) == 1:
                found[half[0]] = str(answer[1].reason)
            else:
                failing.append(half)
    return {}
