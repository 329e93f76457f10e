"""Events of Falco as findings: at most one for each rule and workload in a window of time.

A window is of the time of *receipt*, so nothing comes late. What it holds so far is kept on disk
with the names of the messages in it, and its evidence is made anew from that whenever something is
added: the same message twice, or a crash at any point, changes no count.

Events say what happened. That there is none says nothing, so a window is a ``partial`` scan: it
opens findings and closes none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from coffee_pipeline.errors import ParseError
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.receiver.inbox import Inbox, Message
from coffee_pipeline.stages.kept_state import KeptState
from coffee_pipeline.stages.places import Places
from coffee_pipeline.tools import falco, scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.falco import EventGroup
from coffee_pipeline.tools.findings import Attribution, clean
from coffee_pipeline.tools.reported import ReadReport, Reported

UNKNOWN_REVISION = "unknown"
"""Revision of what events are about where no deployment says what runs there."""
HEARTBEAT = "Falco internal: metrics snapshot"
"""Falco's own statistics come as events of this rule; they are about nothing."""
KEPT_SECONDS = 2 * 24 * 3600.0
"""How long a window that nothing was added to is kept; messages of it are long gone by then."""
_LABELS = 60
_REASON = "events tell what happened; that there is none tells nothing, so none is closed"

Running = Callable[[str, str], tuple[str, str] | None]
"""(service, environment) -> revision and artifact digest that run there, where it is known."""


@dataclass(slots=True)
class Window:
    """What was received in one window. ``left_out`` counts events beyond the limit of findings."""

    start: datetime
    first: datetime
    last: datetime
    messages: set[str] = field(default_factory=set)
    groups: list[EventGroup] = field(default_factory=list)
    left_out: int = 0


class RuntimeEvents:
    """Takes messages of Falco, and makes evidence of the windows that they are in."""

    def __init__(self, home: Home, platform: Platform, running: Running) -> None:
        self._kept = KeptState(home.inbox / "windows", Window)
        self._platform = platform
        self._places = Places(platform)
        self._running = running
        self._windows: dict[str, Window] = {}

    def take(self, message: Message, inbox: Inbox) -> None:
        """Add the events of a message to its window.

        One line that is no event does not spoil the others: it is rejected by itself.

        Raises:
            ParseError: there is no event in it at all.
        """
        groups = _readable(message, inbox)
        window = self._window(message.received_at)
        if message.name in window.messages:
            return
        window.messages.add(message.name)
        window.first = min(window.first, message.received_at)
        window.last = max(window.last, message.received_at)
        limit = self._platform.security.runtime.findings_limit
        known = {(group.rule, group.workload): number for number, group in enumerate(window.groups)}
        for group in groups:
            key = group.rule, group.workload
            if key in known:
                window.groups[known[key]] = window.groups[known[key]].joined(group)
            elif len(window.groups) < limit:
                known[key] = len(window.groups)
                window.groups.append(group)
            else:
                _make_way(window, group)
                known = {(one.rule, one.workload): n for n, one in enumerate(window.groups)}

    def evidence(self, waiting: Iterable[str]) -> list[Evidence]:
        """Keep the windows that were added to, then make their evidence.

        ``waiting`` are the messages that are still on disk: only these can come again.
        """
        still = set(waiting)
        for name, window in self._windows.items():
            window.messages &= still
            self._kept.write(name, window)
        return [one for window in self._windows.values() for one in self._of_window(window)]

    def forget(self) -> None:
        """Forget windows that are long over."""
        self._kept.forget(KEPT_SECONDS, besides=set(self._windows))

    def _window(self, received_at: datetime) -> Window:
        seconds = self._platform.security.runtime.window_seconds
        start = datetime.fromtimestamp(received_at.timestamp() // seconds * seconds, UTC)
        name = f"{start:%Y%m%dT%H%M%S.%f}"
        if name not in self._windows:
            kept = self._kept.read(name)
            self._windows[name] = kept or Window(start, received_at, received_at)
        return self._windows[name]

    def _of_window(self, window: Window) -> Iterable[Evidence]:
        scopes: dict[str | None, list[EventGroup]] = {}
        for group in window.groups:
            scopes.setdefault(self._places.environment_of(group.labels), []).append(group)
        for environment, groups in scopes.items():
            yield self._of_scope(window, environment, groups)

    def _of_scope(
        self, window: Window, environment: str | None, groups: list[EventGroup]
    ) -> Evidence:
        target = Target(
            checkout=Path(),  # events name no files
            module=".",
            revision=UNKNOWN_REVISION,
            scope=f"runtime:{environment or self._platform.name}",
            seen_in=environment,
        )
        reason = _REASON
        if window.left_out:
            limit = self._platform.security.runtime.findings_limit
            reason += f"; {window.left_out} events beyond {limit} findings were left out"
        read = ReadReport(
            findings=[group.reported() for group in groups], outcome=Outcome.PARTIAL, reason=reason
        )

        def attribute(problem: Reported) -> Attribution:
            return self._attribution(problem.labels, environment)

        report = scan_record.of_read(falco, target, read, attribute=attribute)
        records = [
            replace(record, started_at=window.first, finished_at=window.last)
            if isinstance(record, Scan) else record
            for record in report.records
        ]  # fmt: skip
        return Evidence(
            materialization=f"runtime/falco/{target.scope_name}@{window.start.isoformat()}",
            outcome=report.outcome,
            reason=report.reason,
            records=records,
        )

    def _attribution(self, labels: Mapping[str, str], environment: str | None) -> Attribution:
        service = self._places.service_of(labels)
        runs = self._running(service, environment) if service and environment else None
        return Attribution(service, revision=runs[0] if runs else None)


def _readable(message: Message, inbox: Inbox) -> list[EventGroup]:
    """The events of a message, without secrets.

    Raises:
        ParseError: none of its lines is one.
    """
    try:
        found = falco.groups(Document(message.body, message.name))
    except ParseError as whole:
        lines = [line for line in message.body.split(b"\n") if line.strip()]
        if len(lines) < 2:
            raise
        found = _line_by_line(message, lines, inbox)
        if not found:
            raise whole
    return [_cleaned(group) for group in found if group.rule != HEARTBEAT]


def _line_by_line(message: Message, lines: list[bytes], inbox: Inbox) -> list[EventGroup]:
    found: list[EventGroup] = []
    broken: list[tuple[bytes, str]] = []
    for number, line in enumerate(lines, start=1):
        try:
            found += falco.groups(Document(line, f"{message.name} line {number}"))
        except ParseError as error:
            broken.append((line, str(error)))
    for line, reason in broken if found else ():
        inbox.reject_part(message, line, reason)
    return found


def _cleaned(group: EventGroup) -> EventGroup:
    """The group as it may be kept: no secrets, no control characters, nothing endless."""
    labels = ((clean(name, 200), clean(value, 300)) for name, value in group.labels.items())
    kept = [(name, value) for name, value in labels if name and value]
    return replace(
        group,
        rule=clean(group.rule, 300) or "unnamed",
        workload=clean(group.workload, 1000),
        output=clean(group.output, 3000),
        labels=dict(kept[:_LABELS]),
        tags=tuple(filter(None, (clean(tag, 100) for tag in group.tags[:_LABELS]))),
    )


def _make_way(window: Window, group: EventGroup) -> None:
    """The window is full: the less severe of two is left out, but counted."""
    order = list(Severity)
    number = max(
        range(len(window.groups)), key=lambda index: order.index(window.groups[index].severity)
    )
    mildest = window.groups[number]
    if order.index(group.severity) < order.index(mildest.severity):
        window.groups[number] = group
        window.left_out += mildest.count
    else:
        window.left_out += group.count
