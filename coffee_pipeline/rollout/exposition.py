"""The Prometheus text format, as a service's ``/metrics`` shows it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client.parser import text_string_to_metric_families

from coffee_pipeline.errors import ToolError

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


def _key(word: str) -> tuple[str, str | None]:
    name, _, label = word.partition("{le=")
    return name, label.removesuffix("}") or None


def _is_wanted(name: str, labels: Mapping[str, str], chosen: set[tuple[str, str | None]]) -> bool:
    return (name, None) in chosen or (name, labels.get("le")) in chosen
