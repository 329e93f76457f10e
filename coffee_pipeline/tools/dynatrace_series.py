"""Dynatrace's metric data points, Metrics API v2 (``metrics/query``).

https://docs.dynatrace.com/docs/dynatrace-api/environment-api/metric-v2/get-data-points. The query
is a metric selector of a count: ``builtin:service.errors.total.count:splitBy():sum``.
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
    partial,
    refused,
)

NAME = "dynatrace"
MAXIMUM_STEPS = 10_080
_PATH = "/api/v2/metrics/query"


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A query of data points in the resolution of the step."""
    token = credentials.token
    return SeriesRequest(
        "GET",
        _PATH,
        parameters={
            "metricSelector": query.text,
            "from": str(query.start * 1000),
            "to": str(query.end * 1000),
            "resolution": f"{query.step // 60}m",
        },
        headers={"Authorization": f"Api-Token {token}"} if token else {},
    )


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """All series of the one metric, added up; a data point's time ends its step.

    Raises:
        ParseError: the answer is not the API's.
    """
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    try:
        if status >= 400 or found.get("error"):
            error = found.get("error")
            text = error.get("message") if isinstance(error, dict) else error
            return refused(NAME, status, text)
        results = found["result"]
        if found.get("nextPageKey"):
            return partial(NAME, "more than one page of series; split by nothing")
        warnings = [warning for one in (found, *results) for warning in one.get("warnings") or []]
        if len(results) > 1:
            return Reading(reason=f"{NAME}: the query must select one metric")
        if found.get("resolution") not in (None, f"{query.step // 60}m"):
            return Reading(reason=f"{NAME} answered in steps of {found['resolution']}")
        points = [
            (at / 1000 - query.step, value)
            for result in results
            for series in result["data"]
            for at, value in zip(series["timestamps"], series["values"], strict=True)
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(NAME, "result", f"no data points ({type(error).__name__})") from error
    return partial(NAME, warnings[0]) if warnings else added(query, points)
