"""The assets that the reports stand on, materialized over a history with and without rows."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.facts import alerts, dora_facts, observability_coverage
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import Outcome
from resources.delivery import DeliveryResource
from tests.conftest import ROOT

PLATFORM = ROOT / "examples" / "go-coffee" / "platform.yaml"
FIRED = datetime(2026, 3, 1, 8, tzinfo=UTC)


def told(home: Home, asset: dg.AssetsDefinition) -> dict[str, dg.MetadataValue]:
    delivery = DeliveryResource(data_directory=str(home.root), platform_path=str(PLATFORM))
    result = dg.materialize([asset], resources={"delivery": delivery}, selection=[asset])
    assert result.success
    (made,) = result.asset_materializations_for_node(asset.node_def.name)
    return dict(made.metadata)


def incident(name: str, severity: str, acknowledged: timedelta | None) -> Incident:
    return Incident(
        incident_id=name, service="go-coffee", environment="production", revision=None,
        deployment_id=None, title=name, severity=severity, source="test", opened_at=FIRED,
        resolved_at=None, acknowledged_at=FIRED + acknowledged if acknowledged else None,
    )  # fmt: skip


def test_alerts_say_which_critical_ones_were_taken_on_in_time(home: Home) -> None:
    records = (
        incident("late", "critical", timedelta(minutes=6)),
        incident("early", "critical", timedelta(minutes=4)),
        incident("nobody", "critical", None),
        incident("small", "warning", None),
    )
    HistoryWriter(home).write(
        Evidence(materialization="incidents", outcome=Outcome.COMPLETED, records=records)
    )
    found = told(home, alerts)
    rows = found.pop("rows")
    assert {name: value.value for name, value in found.items()} == {
        "alerts": 4, "open": 4, "critical": 3, "critical_in_time": 1, "critical_unknown": 1,
    }  # fmt: skip
    assert isinstance(rows, dg.TableMetadataValue)
    assert {one.data["incident_id"] for one in rows.records} == {"late", "early", "nobody", "small"}


def test_nothing_recorded_is_nothing_and_no_coverage(home: Home) -> None:
    coverage = told(home, observability_coverage)
    assert {name: value.value for name, value in coverage.items()} == {
        "checked": 0, "covered": 0, "services_never_checked": 5,
    }  # fmt: skip
    facts = told(home, dora_facts)
    assert [facts[name].value for name in ("deployments", "failed", "attributed")] == [0, 0, 0]
