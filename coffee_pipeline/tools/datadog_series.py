"""Datadog's timeseries points: https://docs.datadoghq.com/api/latest/metrics/ (v1 query).

The query must count events in the step asked for: ``sum:requests{*}.as_count().rollup(sum, 60)``.
"""

from __future__ import annotations

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.series_query import (
    Credentials,
    Reading,
    SeriesQuery,
    SeriesRequest,
    added,
    document,
    refused,
)

NAME = "datadog"
MAXIMUM_STEPS = 1440
"""Datadog answers 1,500 points at most; this is a day of minutes."""

_PATH = "/api/v1/query"


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A query with both of Datadog's keys."""
    headers = {
        "DD-API-KEY": credentials.token or "",
        "DD-APPLICATION-KEY": credentials.application_key or "",
    }
    return SeriesRequest(
        "GET",
        _PATH,
        parameters={"query": query.text, "from": str(query.start), "to": str(query.end - 1)},
        headers={name: key for name, key in headers.items() if key},
    )


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """All series, added up; points begin their steps.

    Raises:
        ParseError: the answer is not the API's.
    """
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    if status >= 400 or found.get("status") == "error" or found.get("error"):
        return refused(NAME, status, found.get("errors") or found.get("error"))
    try:
        series = found["series"]
        other = {one["interval"] for one in series if one["pointlist"]} - {query.step}
        points = [(at / 1000, value) for one in series for at, value in one["pointlist"]]
    except (KeyError, TypeError, ValueError) as error:
        raise ParseError(NAME, "series", f"no series ({type(error).__name__})") from error
    if other:
        reason = f"steps of {min(map(str, other))} s: add .rollup(sum, {query.step})"
        return Reading(reason=f"{NAME} answered in {reason}")
    return added(query, points)
