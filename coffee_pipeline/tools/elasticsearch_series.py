"""Elasticsearch: documents per step, by a date histogram.

https://www.elastic.co/guide/en/elasticsearch/reference/current/search-aggregations-bucket-datehistogram-aggregation.html.
The query is a Lucene query string; ``index`` and ``timeField`` (default ``@timestamp``) may stand
beside it. A step without documents is known to be idle, as far as an index can tell.
"""

from __future__ import annotations

from urllib.parse import quote

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

NAME = "elasticsearch"
MAXIMUM_STEPS = 10_080
"""search.max_buckets is 65,536; this is a week of minutes."""

_DEFAULT_FIELD = "@timestamp"


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A search that returns the histogram and no documents."""
    field = query.options.get("timeField", _DEFAULT_FIELD)
    first, last = query.start * 1000, query.end * 1000
    within = {"range": {field: {"gte": first, "lt": last, "format": "epoch_millis"}}}
    histogram = {
        "field": field,
        "fixed_interval": f"{query.step}s",
        "min_doc_count": 0,
        "extended_bounds": {"min": first, "max": last - query.step * 1000},
        "format": "epoch_millis",
    }
    token = credentials.token
    return SeriesRequest(
        "POST",
        f"/{quote(query.options.get('index', '_all'), safe='*,-_.')}/_search",
        headers={"Authorization": f"ApiKey {token}"} if token else {},
        body={
            "size": 0,
            "track_total_hits": False,
            "query": {"bool": {"filter": [within, {"query_string": {"query": query.text}}]}},
            "aggs": {"steps": {"date_histogram": histogram}},
        },
    )


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """The documents of each bucket.

    Raises:
        ParseError: the answer is not the API's.
    """
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    try:
        if status >= 400 or found.get("error"):
            error = found.get("error")
            return refused(NAME, status, error.get("reason") if isinstance(error, dict) else error)
        if found.get("timed_out"):
            return partial(NAME, "timed_out")
        shards = found["_shards"]
        if not shards["total"]:
            return Reading(reason=f"{NAME}: no index of this name")
        if shards["failed"]:
            return partial(NAME, f"{shards['failed']} of {shards['total']} shards failed")
        buckets = found["aggregations"]["steps"]["buckets"]
        points = [(one["key"] / 1000, one["doc_count"]) for one in buckets]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ParseError(NAME, "aggregations", f"no buckets ({type(error).__name__})") from error
    return added(query, points)
