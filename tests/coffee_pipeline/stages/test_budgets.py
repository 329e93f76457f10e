"""Error budgets of a service, as the release gate gets them from the history."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import BudgetGateSettings, GateSettings, Platform
from coffee_pipeline.stages.budgets import error_budgets
from coffee_pipeline.stages.gate import gate_evidence
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_sources import RecordedSource
from tests.coffee_pipeline.reports.conftest import NOW, REVISIONS, facts
from tests.coffee_pipeline.stages.test_series_source import slo

PLATFORM = Platform.model_validate(
    {
        "name": "go-coffee",
        "modules": [{"path": "services/orders"}],
        "services": [{"name": "orders", "module": "services/orders"}],
    }
)
ORDERS = PLATFORM.services[0]


@pytest.fixture
def history(home: Home) -> HistoryReader:
    evidence = Evidence(materialization="story", outcome=Outcome.COMPLETED, records=facts())
    HistoryWriter(home).write(evidence)
    reader = HistoryReader(home)
    reader.refresh()
    return reader


def test_releases_measurements_stand_in_where_no_day_was_kept(history: HistoryReader) -> None:
    found = {one.slo: one for one in error_budgets(history, PLATFORM, ORDERS, NOW)}
    assert {name: one.action for name, one in found.items()} == {
        "orders-availability": "freeze", "orders-latency": None,
    }  # fmt: skip
    assert found["orders-availability"].used == pytest.approx(199 / 147.501)
    evidence = gate_evidence(history, ORDERS, REVISIONS[3], tuple(found.values()))
    assert evidence.subject == "orders: release the reservation when it fails"
    assert len(evidence.budgets) == 2


@pytest.mark.parametrize(
    ("bad", "action"), [(0, None), (6, "notify"), (8, "review"), (20, "freeze")]
)
def test_kept_days_come_first_with_their_policy(
    history: HistoryReader, home: Home, tmp_path: Path, bad: int, action: str | None
) -> None:
    """A thousand requests of one hour, 1 % may be bad."""
    begin = int((NOW - timedelta(days=2)).timestamp())
    rows = [f"orders-latency,{begin + 60 * at},{100 - (bad if at == 0 else 0)},100"
            for at in range(10)]  # fmt: skip
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(["slo,time,good,total", *rows]))
    one = slo().model_copy(update={"name": "orders-latency"})
    owned = Owned("go-coffee", "orders", None, "production", one)
    day = (NOW - timedelta(days=2)).date()
    for evidence in measure_days(owned, [day], RecordedSource(path), NOW):
        HistoryWriter(home).write(evidence)
    history.refresh()
    found = {one.slo: one for one in error_budgets(history, PLATFORM, ORDERS, NOW)}
    assert found["orders-latency"].action == action
    assert found["orders-latency"].used == pytest.approx(bad / 10)
    assert "of its period measured" in found["orders-latency"].measured
    assert found["orders-availability"].action == "freeze"


def test_a_gate_that_is_off_asks_for_nothing(history: HistoryReader) -> None:
    off = GateSettings(error_budget=BudgetGateSettings(mode="off"))
    platform = PLATFORM.model_copy(update={"gates": off})
    assert error_budgets(history, platform, ORDERS, NOW) == []
