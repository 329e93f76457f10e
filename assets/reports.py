"""Reports: service levels, delivery performance and security, as pages and as metadata."""

from datetime import UTC, datetime, timedelta

import dagster as dg

from assets.facts import dora_facts
from assets.levels import service_levels
from assets.metrics import release_levels
from assets.partitions import PLATFORM
from assets.sweep import sweep
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.security import security_page
from coffee_pipeline.reports.slo import slo_page
from resources.delivery import DeliveryResource
from resources.publishing import publish


@dg.asset(
    group_name="reports",
    deps=[release_levels, service_levels],
    kinds={"plotly"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=3), warn_window=timedelta(hours=2)
    ),
)
def slo_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """Per objective: attained, error budget left, burn rates - as far as the data goes."""
    history = delivery.history
    history.refresh()
    page = slo_page(history, delivery.platform.name, datetime.now(UTC), teams=delivery.teams)
    return publish(delivery, "slo", page)


@dg.asset(
    group_name="reports",
    deps=[dora_facts],
    kinds={"plotly"},
    owners=["team:platform"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.cron(
        deadline_cron="0 7 * * *",
        lower_bound_delta=timedelta(hours=1),
        timezone=PLATFORM.schedules.timezone,
    ),
)
def dora_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """The five software delivery metrics of dora.dev, from recorded commits and deployments."""
    history = delivery.history
    history.refresh()
    page = dora_page(
        history, delivery.platform.name, datetime.now(UTC), teams=delivery.teams,
        services=delivery.platform.service_names, calendar=delivery.calendar,
    )  # fmt: skip
    return publish(delivery, "dora", page)


@dg.asset(
    group_name="reports",
    deps=[sweep],
    kinds={"plotly"},
    owners=["team:security"],
    code_version="1",
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=30)),
)
def security_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """What is open, new, fixed and past due, how fast it is fixed, and what was not checked."""
    history = delivery.history
    history.refresh()
    page = security_page(history, delivery.platform.name, datetime.now(UTC))
    return publish(delivery, "security", page)
