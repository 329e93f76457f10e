"""Reports for readers: an HTML file in the data directory, Markdown and main numbers in Dagster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import dagster as dg

from coffee_pipeline.reports.page import Page, summary
from coffee_pipeline.reports.render import to_markdown, write_html
from resources.delivery import DeliveryResource

MAXIMUM_ROWS = 200
"""Rows that Dagster is told; the history has them all."""


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


def publish_rows(
    rows: Sequence[Mapping[str, object]], **numbers: int
) -> dg.MaterializeResult[None]:
    """Tell Dagster the first rows of a view of the history, and what they come to."""
    metadata: dict[str, dg.MetadataValue] = {
        name: dg.MetadataValue.int(value) for name, value in numbers.items()
    }
    if rows:
        shown = [dg.TableRecord({name: _cell(value) for name, value in row.items()})
                 for row in rows[:MAXIMUM_ROWS]]  # fmt: skip
        schema = dg.TableSchema([dg.TableColumn(name) for name in rows[0]])
        metadata["rows"] = dg.MetadataValue.table(records=shown, schema=schema)
    return dg.MaterializeResult(metadata=metadata)


def _cell(value: object) -> str | int | float | bool | None:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
