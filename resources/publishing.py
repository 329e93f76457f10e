"""Reports for readers: an HTML file in the data directory, Markdown and main numbers in Dagster."""

from __future__ import annotations

import dagster as dg

from coffee_pipeline.reports.page import Page, summary
from coffee_pipeline.reports.render import to_markdown, write_html
from resources.delivery import DeliveryResource


def publish(delivery: DeliveryResource, name: str, page: Page) -> dg.MaterializeResult[None]:
    """Write the page to ``reports/NAME.html`` and tell Dagster what it says."""
    path = delivery.home.reports / f"{name}.html"
    write_html(page, path)
    return dg.MaterializeResult(
        metadata={
            **summary(page),
            "page": dg.MetadataValue.path(path),
            "report": dg.MetadataValue.md(to_markdown(page)),
        }
    )
