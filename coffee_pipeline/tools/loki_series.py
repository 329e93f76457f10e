"""Loki's range queries: https://grafana.com/docs/loki/latest/reference/loki-http-api/.

The query is a metric query: ``sum(count_over_time({app="orders"} |= "error" [{{.window}}]))``.
"""

from __future__ import annotations

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.prometheus_series import headers, matrix
from coffee_pipeline.tools.series_query import (
    Credentials,
    Reading,
    SeriesQuery,
    SeriesRequest,
    document,
    partial,
    refused,
)

NAME = "loki"
MAXIMUM_STEPS = 10_080
_PATH = "/loki/api/v1/query_range"


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A range query; times are nanoseconds."""
    return SeriesRequest(
        "GET",
        _PATH,
        parameters={
            "query": query.text,
            "start": f"{query.start + query.step}000000000",
            "end": f"{query.end}000000000",
            "step": f"{query.step}s",
        },
        headers=headers(credentials),
    )


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """All series of a matrix, added up. Errors are plain text.

    Raises:
        ParseError: the answer is not the API's.
    """
    if status >= 400:
        return refused(NAME, status, body[:300].decode(errors="replace"))
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    if found.get("status") != "success":
        raise ParseError(NAME, "", f"status {status}, not an answer of the query API")
    if found.get("warnings"):
        return partial(NAME, found["warnings"])
    return matrix(NAME, query, found.get("data"))
