"""Whether everything is seen: panels of every service, panel and alerts of every objective."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.observability.subject import Observed, Subject
from coffee_pipeline.observability.written import Written
from coffee_pipeline.slo.promql import parse, short

GRID = 24
"""Columns of a dashboard."""


class Kind(StrEnum):
    """What a check is about."""

    RED_PANELS = "red_panels"
    OBJECTIVE_PANEL = "objective_panel"
    OBJECTIVE_ALERT = "objective_alert"
    SCRAPE_ALERT = "scrape_alert"
    STRUCTURED_LOGS = "structured_logs"
    TRACE_IDS_IN_LOGS = "trace_ids_in_logs"
    DASHBOARD = "dashboard"
    EXPRESSIONS = "expressions"
    GENERATED = "generated"
    CONFIGURATION = "configuration"


@dataclass(frozen=True, slots=True)
class Check:
    """One answer: ``passed`` is None where it could not be asked, with the ``reason``."""

    kind: Kind
    subject: str
    service: str | None
    passed: bool | None
    reason: str | None = None


def coverage(subject: Subject, written: Written) -> Iterator[Check]:
    """Panels and alerts of every service and objective."""
    red = subject.platform.metrics.red
    for service in subject.services:
        own = [q.expression for q in written.queries if f'"{service.name}"' in q.expression]
        wanted = {
            "rate": any(f"{red.requests}{{" in one for one in own),
            "errors": any(red.requests in one and red.errors in one for one in own),
            "duration": any(f"{red.duration}_bucket" in one for one in own),
        }
        missing = [name for name, there in wanted.items() if not there]
        if service.path is None:
            missing = [f"rate, errors, duration{_unseen(service)}"]
        yield _check(Kind.RED_PANELS, service.name, service.name, missing, "no panel of")
        alerts = [
            one for one in written.alerts
            if "up{" in one.expression and f'service="{service.name}"' in one.expression
        ]  # fmt: skip
        absent = [] if alerts else [f"up of {service.name}{_unseen(service)}"]
        yield _check(Kind.SCRAPE_ALERT, service.name, service.name, absent, "no alert on")
    for promise in subject.promises:
        identity = f'sloth_id="{promise.labels["sloth_id"]}"'
        seen = any(identity in query.expression for query in written.queries)
        name = f"{promise.service}/{promise.slo}"
        yield _check(
            Kind.OBJECTIVE_PANEL, name, promise.service, [] if seen else [identity], "no panel of"
        )
        severities = {one.severity for one in written.alerts if identity in one.expression}
        missing = [] if severities else [identity]
        yield _check(Kind.OBJECTIVE_ALERT, name, promise.service, missing, "no alert on")


def _unseen(service: Observed) -> str:
    return "" if service.path else ": run.metrics in platform.yaml says that it has no metrics"


def structure(written: Written) -> Iterator[Check]:
    """Whether the dashboards hold together and every expression is PromQL."""
    for file, problem in written.problems:
        kind = Kind.DASHBOARD if file.endswith(".json") else Kind.CONFIGURATION
        yield Check(kind, file, None, False, problem)
    uids: dict[object, str] = {}
    for file, board in written.dashboards.items():
        problems = list(_board_problems(board))
        first = uids.setdefault(board.get("uid"), file)
        if first != file:
            problems.append(f"has the uid of {first}")
        yield _check(Kind.DASHBOARD, file, None, problems, "")
    by_file: dict[str, list[str]] = {}
    for file, expression in _expressions(written):
        problems = by_file.setdefault(file, [])
        try:
            parse(_without_variables(expression))
        except ConfigurationError as error:
            problems.append(f"{error} ({short(expression)})")
    for file, problems in by_file.items():
        yield _check(Kind.EXPRESSIONS, file, None, problems, "")


def unchanged(
    generated: Mapping[str, str], folder: Path, left_over: Iterable[str] = ()
) -> Iterator[Check]:
    """Whether the folder holds what would be generated now, and nothing ``left_over``."""
    for path in left_over:
        gone = "is not generated any more: run generate again"
        yield Check(Kind.GENERATED, path, None, False, gone)
    for path, text in generated.items():
        try:
            same = (folder / path).read_bytes() == text.encode()
        except OSError:
            yield Check(Kind.GENERATED, path, None, False, "is missing")
            continue
        reason = None if same else "differs from what would be generated: run generate again"
        yield Check(Kind.GENERATED, path, None, same, reason)


def _check(
    kind: Kind, subject: str, service: str | None, problems: Iterable[str], prefix: str
) -> Check:
    text = ", ".join(problems)
    return Check(kind, subject, service, not text, f"{prefix} {text}".strip() if text else None)


def _expressions(written: Written) -> Iterator[tuple[str, str]]:
    yield from written.expressions
    yield from ((one.file, one.expression) for one in written.alerts)
    yield from ((one.file, one.expression) for one in written.queries)


def _without_variables(expression: str) -> str:
    """The expression with Grafana's own variables as they might be filled in."""
    for name in ("$__rate_interval", "$__interval", "$__range"):
        expression = expression.replace(name, "5m")
    return expression


def _board_problems(board: Mapping[str, object]) -> Iterator[str]:
    """What Grafana would refuse or show wrongly: identifiers, places, sources."""
    for name in ("uid", "title"):
        if not isinstance(board.get(name), str) or not board[name]:
            yield f"has no {name}"
    panels = board.get("panels")
    if not isinstance(panels, list) or not panels:
        yield "has no panels"
        return
    seen: set[str] = set()
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        if not isinstance(panel, dict):
            yield "has a panel that is no mapping"
            continue
        title, identity = panel.get("title"), json.dumps(panel.get("id"))
        if identity in seen or not isinstance(panel.get("id"), int):
            yield f"panel {title!r} has no id of its own"
        seen.add(identity)
        cells = _cells(panel.get("gridPos"))
        if cells is None:
            yield f"panel {title!r} has no place in the grid"
        elif cells & taken:
            yield f"panel {title!r} overlaps another"
        else:
            taken |= cells
        if panel.get("type") not in ("row", "text") and not panel.get("targets"):
            yield f"panel {title!r} has no query"


def _cells(place: object) -> set[tuple[int, int]] | None:
    """Cells of the grid that a panel takes; None where its place is none."""
    if not isinstance(place, dict):
        return None
    numbers = [place.get(name) for name in ("x", "y", "w", "h")]
    if any(type(one) is not int or not 0 <= one <= 10_000 for one in numbers):
        return None
    x, y, width, height = (int(str(one)) for one in numbers)
    if not width or not height or x + width > GRID or height > 200:
        return None
    return {(x + i, y + j) for i in range(width) for j in range(height)}
