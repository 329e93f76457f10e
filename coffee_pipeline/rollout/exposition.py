"""The Prometheus text format, as a service's ``/metrics`` shows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families

from coffee_pipeline.errors import ToolError
from coffee_pipeline.platform.description import RedSeries

Point = tuple[str, Mapping[str, str], float]
"""Name of the series, its labels, its value."""


class NoMetricsError(ToolError):
    """The text is not in the format: what answers at the path is no metrics endpoint."""


def read_exposition(text: str, wanted: Iterable[str] | None = None) -> list[Point]:
    """Points of a scrape; ``wanted`` are names, or ``name{le=0.2}`` for one bucket of a histogram.

    Raises:
        NoMetricsError: not the text format - a JSON body with status 200, an HTML page.
    """
    chosen = None if wanted is None else {_key(word) for word in wanted}
    points: list[Point] = []
    series = 0
    try:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                series += 1
                if chosen is None or _is_wanted(sample.name, sample.labels, chosen):
                    points.append((sample.name, dict(sample.labels), float(sample.value)))
    except (ValueError, KeyError, IndexError) as error:
        raise NoMetricsError(f"not the Prometheus text format: {error}") from error
    if series == 0:
        raise NoMetricsError("no series in the answer")
    return points


def missing_red(points: Iterable[Point], red: RedSeries, service: str) -> list[str]:
    """What is not there of rate, errors and duration of ``service``; empty when all is.

    Only the series that ``red`` names count, with the labels that dashboards select by: a counter
    of scrapes (``promhttp_metric_handler_requests_total``) or of calls to others tells nothing of
    the requests that users make.
    """
    # Prometheus adds its own label "service" where a series has none.
    added = service if red.service_label == "service" else None
    own = [
        (name, labels)
        for name, labels, _ in points
        if labels.get(red.service_label, added) == service
    ]
    counted = [labels for name, labels in own if name == red.requests]
    status = re.split("[=!]", red.errors, maxsplit=1)[0]
    missing = []
    if not counted:
        missing.append(f"rate: no series of {red.requests}")
    elif not any(status in labels for labels in counted):
        missing.append(f"errors: {red.requests} has no label {status}")
    if not any(name == f"{red.duration}_bucket" for name, _ in own):
        missing.append(f"duration: no series of {red.duration}_bucket")
    return missing


def _key(word: str) -> tuple[str, str | None]:
    name, _, label = word.partition("{le=")
    return name, label.removesuffix("}") or None


def _is_wanted(name: str, labels: Mapping[str, str], chosen: set[tuple[str, str | None]]) -> bool:
    return (name, None) in chosen or (name, labels.get("le")) in chosen
