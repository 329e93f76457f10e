"""Reports: service levels, delivery performance and security, as pages and as metadata."""

from datetime import UTC, datetime

import dagster as dg

from assets.metrics import service_levels
from assets.rollout import production_deployment
from assets.sweep import sweep
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.page import Page, summary
from coffee_pipeline.reports.render import to_markdown, write_html
from coffee_pipeline.reports.security import security_page
from coffee_pipeline.reports.slo import slo_page
from resources.delivery import DeliveryResource


def _publish(delivery: DeliveryResource, name: str, page: Page) -> dg.MaterializeResult:
    path = delivery.home.reports / f"{name}.html"
    write_html(page, path)
    return dg.MaterializeResult(
        metadata={
            **summary(page),
            "page": dg.MetadataValue.path(path),
            "report": dg.MetadataValue.md(to_markdown(page)),
        }
    )


@dg.asset(
    group_name="reports",
    deps=[service_levels],
    kinds={"plotly"},
    owners=["team:platform"],
    code_version="1",
)
def slo_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """Per objective: attained, error budget left, burn rates - as far as the data goes."""
    history = delivery.history
    history.refresh()
    return _publish(delivery, "slo", slo_page(history, delivery.platform.name, datetime.now(UTC)))


@dg.asset(
    group_name="reports",
    deps=[production_deployment],
    kinds={"plotly"},
    owners=["team:platform"],
    code_version="1",
)
def dora_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """The five software delivery metrics of dora.dev, from recorded commits and deployments."""
    history = delivery.history
    history.refresh()
    return _publish(delivery, "dora", dora_page(history, delivery.platform.name, datetime.now(UTC)))


@dg.asset(
    group_name="reports",
    deps=[sweep],
    kinds={"plotly"},
    owners=["team:security"],
    code_version="1",
)
def security_report(delivery: DeliveryResource) -> dg.MaterializeResult:
    """What is open, new, fixed and past due, how fast it is fixed, and what was not checked."""
    history = delivery.history
    history.refresh()
    page = security_page(history, delivery.platform.name, datetime.now(UTC))
    return _publish(delivery, "security", page)
