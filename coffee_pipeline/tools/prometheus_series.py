"""Prometheus' range queries: Prometheus, VictoriaMetrics, Thanos, Mimir.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries. Mimir's and Thanos'
tenant goes into ``X-Scope-OrgID``.
"""

from __future__ import annotations

from typing import Any

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.prometheus import partial_warning
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

NAME = "prometheus"
MAXIMUM_STEPS = 10_080
"""Prometheus answers 11,000 points of a series at most; this is a week of minutes."""

_PATH = "/api/v1/query_range"


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A range query; the value at a moment is that of the step that ends there."""
    return SeriesRequest(
        "POST",
        _PATH,
        parameters={
            "query": query.text,
            "start": str(query.start + query.step),
            "end": str(query.end),
            "step": str(query.step),
        },
        headers=headers(credentials),
    )


def headers(credentials: Credentials) -> dict[str, str]:
    """A bearer token and the tenant."""
    found: dict[str, str] = {}
    if credentials.token:
        found["Authorization"] = f"Bearer {credentials.token}"
    if credentials.organisation:
        found["X-Scope-OrgID"] = credentials.organisation
    return found


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """All series of a matrix, added up.

    Thanos and Mimir warn, VictoriaMetrics says ``isPartial``, when a part of the data is missing.

    Raises:
        ParseError: the answer is not the API's.
    """
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    if found.get("status") == "error" or status >= 400:
        return refused(NAME, status, f"{found.get('errorType')}: {found.get('error')}")
    if found.get("status") != "success":
        raise ParseError(NAME, "", f"status {status}, not an answer of the query API")
    if found.get("isPartial"):
        return partial(NAME, "isPartial")
    if missing := partial_warning(found):
        return partial(NAME, missing)
    return matrix(NAME, query, found.get("data"))


def matrix(api: str, query: SeriesQuery, data: Any) -> Reading:
    """The reading of ``resultType: matrix``, whose points end their steps.

    Of a query for single values, moments at which several series have one are refused.

    Raises:
        ParseError: it is none.
    """
    try:
        if data["resultType"] != "matrix":
            raise ParseError(api, "data.resultType", "must be matrix")
        points = [
            (float(at) - query.step, float(value))
            for series in data["result"]
            for at, value in series["values"]
        ]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise ParseError(api, "data", f"no matrix ({type(error).__name__})") from error
    if query.single and len({at for at, _ in points}) < len(points):
        return Reading(
            reason=f"{api}: several series where one value is needed: aggregate them, as max() does"
        )
    return added(query, points)
