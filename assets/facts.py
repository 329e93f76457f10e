"""What the reports stand on, as assets: whether the platform can be seen, its alerts, delivery."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.metrics import instrumentation
from assets.rollout import production_deployment
from assets.runtime import runtime_events
from coffee_pipeline.reports.dora_facts import recorded_performance
from resources.delivery import DeliveryResource
from resources.publishing import publish_rows


def _of_platform(delivery: DeliveryResource, view: str) -> list[dict[str, object]]:
    """The rows of a view that are about the platform or a service of it."""
    history, name = delivery.history, delivery.platform.name
    history.refresh()
    ours = "service = ? OR service IN (SELECT service FROM service_revisions WHERE platform = ?)"
    return history.query(f"SELECT * FROM {view} WHERE {ours}", (name, name))  # noqa: S608 - ours


@dg.asset(
    group_name="reports",
    deps=[instrumentation],
    kinds={"duckdb"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3)),
)
def observability_coverage(delivery: DeliveryResource) -> dg.MaterializeResult:
    """Which services and objectives have their dashboards and alerts; unknown is no pass."""
    rows = _of_platform(delivery, "observability_coverage")
    covered = sum(row["covered"] is True for row in rows)
    services = {one.name for one in delivery.platform.services if one.kind == "service"}
    unseen = len(services - {row["service"] for row in rows})
    return publish_rows(rows, checked=len(rows), covered=covered, services_never_checked=unseen)


@dg.asset(
    group_name="reports",
    deps=[runtime_events],
    kinds={"duckdb"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=3)),
)
def alerts(delivery: DeliveryResource) -> dg.MaterializeResult:
    """Alerts and incidents, newest first: fired, taken on, ended; critical ones within 5 min."""
    rows = _of_platform(delivery, "alert_response")
    critical = [row for row in rows if row["critical"]]
    return publish_rows(
        rows,
        alerts=len(rows),
        open=sum(row["resolved_at"] is None for row in rows),
        critical=len(critical),
        critical_in_time=sum(row["in_time"] is True for row in critical),
        critical_unknown=sum(row["in_time"] is None for row in critical),
    )


@dg.asset(
    group_name="reports",
    deps=[production_deployment],
    kinds={"duckdb"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30)),
)
def dora_facts(delivery: DeliveryResource) -> dg.MaterializeResult:
    """What the delivery metrics are taken from: deployments, changes, failures, attributions."""
    delivery.history.refresh()
    found = recorded_performance(
        delivery.history, delivery.platform.name, datetime.now(UTC),
        teams=delivery.teams, services=delivery.platform.service_names,
        calendar=delivery.calendar,
    )  # fmt: skip
    return dg.MaterializeResult(
        metadata={
            "deployments": len(found.deployments),
            "failed": sum(one.failure is not None for one in found.deployments),
            "changes": len(found.changes),
            "incidents": len(found.attributions),
            "attributed": sum(one.deployment_id is not None for one in found.attributions),
            "notes": dg.MetadataValue.md("\n".join(f"- {note}" for note in found.notes)),
        }
    )
