"""``incidents import`` as a person calls it: each incident once, and changes told."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from coffee_pipeline.cli import incidents
from coffee_pipeline.cli.application import remember_platform
from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.platform.description import Module, Platform, Service
from coffee_pipeline.stages.incident_events import IncidentEvents
from coffee_pipeline.tools.told import Change, IncidentEvent

PLATFORM = "name: shop\nmodules: [{path: .}]\nservices: [{name: menu, module: .}]\n"


def row(name: str, opened: str = "08:00", **more: str) -> dict[str, Any]:
    return {"id": name, "service": "menu", "opened_at": f"2026-03-01T{opened}:00Z", **more}


@pytest.fixture
def import_(home: Home, tmp_path: Path):
    app = typer.Typer()

    @app.callback()
    def options(context: typer.Context) -> None:
        context.obj = home

    incidents.register(app)

    def call(*rows: dict[str, Any] | str, more: tuple[str, ...] = ()) -> Any:
        path = tmp_path / "export"
        path.write_text(rows[0] if isinstance(rows[0], str) else json.dumps(rows))
        return CliRunner().invoke(app, ["incidents", "import", str(path), *more])

    return call


@pytest.fixture
def stored(home: Home):
    def read() -> list[Incident]:
        history = HistoryReader(home)
        history.refresh()
        return sorted(history.records(Incident), key=lambda one: one.incident_id)

    return read


def told(done: Any) -> dict[str, Any]:
    assert done.exit_code == 0, done.output
    return {name: value for name, value in json.loads(done.stdout).items() if value}


def test_a_file_read_again_changes_nothing(import_, stored) -> None:
    rows = [row(f"i{number}") for number in range(50)]
    assert told(import_(*rows, more=("--json",))) == {"source": "file", "incidents": 50, "new": 50}
    before = stored()
    assert len(before) == 50
    assert told(import_(*rows, more=("--json",)))["unchanged"] == 50
    assert stored() == before


def test_what_changed_is_told_and_kept_as_it_was_known_before(import_, stored, home: Home) -> None:
    import_(row("a", acknowledged_at="2026-03-01T08:03:00Z"), row("b"))
    between = datetime.now(UTC)
    done = import_(row("a", resolved_at="2026-03-01T09:00:00Z"))
    assert "1 incidents: 0 new, 1 changed, 0 unchanged" in done.output
    assert "a: resolved_at: None -> 2026-03-01T09:00:00+00:00" in done.output
    first, second = stored()
    assert first.resolved_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    assert first.acknowledged_at == datetime(2026, 3, 1, 8, 3, tzinfo=UTC)
    assert second.resolved_at is None
    history = HistoryReader(home)
    states = history.query(
        "SELECT resolved_at, recorded_at < ? AS before FROM incident_history WHERE incident_id = ?"
        " ORDER BY version", (between, "a"),
    )  # fmt: skip
    assert [(one["resolved_at"], one["before"]) for one in states] == [
        (None, True), (first.resolved_at, False),
    ]  # fmt: skip


def test_an_older_export_says_nothing_new(import_, stored) -> None:
    ended = row("i1", resolved_at="2026-03-01T09:00:00Z", updated_at="2026-03-01T09:00:00Z")
    assert told(import_(ended, more=("--json",)))["new"] == 1
    earlier = row("i1", updated_at="2026-03-01T08:30:00Z")
    assert told(import_(earlier, more=("--json",)))["unchanged"] == 1
    assert stored()[0].resolved_at == datetime(2026, 3, 1, 9, tzinfo=UTC)
    again = row("i1", updated_at="2026-03-01T10:00:00Z")
    assert told(import_(again, more=("--json",)))["changed"] != {}
    assert stored()[0].resolved_at is None


def test_a_file_with_a_broken_row_stores_nothing(import_, stored) -> None:
    done = import_(row("a"), {"id": "b"}, {"id": "c", "opened_at": "soon"})
    assert isinstance(done.exception, ParseError)
    assert "opened_at is missing (and 1 more rows); nothing was stored" in str(done.exception)
    assert "opened_at: 'soon' is no time" in done.output
    assert stored() == []
    assert isinstance(import_(row("a"), more=("--source", "x")).exception, UsageError)


def test_services_are_found_by_what_others_call_them(
    import_, stored, home: Home, tmp_path: Path
) -> None:
    (tmp_path / "platform.yaml").write_text(PLATFORM)
    remember_platform(home, tmp_path / "platform.yaml")
    rows = (row("a", service="shop-menu", environment="eu-staging"), row("b", service="till"))
    done = import_(*rows)
    assert "the platform has no service till: no report counts their incidents" in done.output
    assert [(one.service, one.environment) for one in stored()] == [
        ("menu", "staging"), ("till", "production"),
    ]  # fmt: skip
    assert told(import_(*rows, more=("--json",)))["unknown_services"] == ["till"]


PAGED = {
    "type": "incident", "incident_number": 1, "title": "down", "urgency": "high",
    "created_at": "2026-03-01T08:00:00Z", "status": "triggered", "service": {"summary": "menu"},
}  # fmt: skip


def test_an_incident_that_messages_told_of_is_not_counted_twice(
    import_, stored, home: Home
) -> None:
    """Imported first, then told of by the receiver, then in an export again."""
    import_({**PAGED, "id": "P1"}, {**PAGED, "id": "P2"})
    opened = IncidentEvent(
        source="pagerduty", incident="P1", change=Change.OPENED,
        at=datetime(2026, 3, 1, 8, tzinfo=UTC), title="down", services=("menu",),
    )  # fmt: skip
    ended = replace(opened, change=Change.RESOLVED, at=opened.at + timedelta(hours=1))
    platform = Platform(
        name="shop", modules=(Module(path="."),), services=(Service(name="menu", module="."),)
    )
    events = IncidentEvents(home, platform)
    events.take([opened, ended])
    for evidence in events.evidence():
        HistoryWriter(home).write(evidence)
    done = told(import_({**PAGED, "id": "P1"}, {**PAGED, "id": "P2"}, more=("--json",)))
    assert (done["received"], done["unchanged"]) == (1, 1)
    assert [(one.incident_id, one.resolved_at is None) for one in stored()] == [
        ("pagerduty-P1", False), ("pagerduty-P2", True),
    ]  # fmt: skip
