"""New Relic's NRQL through NerdGraph: https://docs.newrelic.com/docs/apis/nerdgraph/.

The query is NRQL without a time range: ``SELECT count(*) FROM Transaction WHERE error IS true``.
The account is the organisation, or ``accountId`` beside the query.
"""

from __future__ import annotations

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.tools.series_query import (
    Credentials,
    Reading,
    SeriesQuery,
    SeriesRequest,
    added,
    document,
    refused,
)

NAME = "newrelic"
MAXIMUM_STEPS = 360
"""NRQL makes 366 buckets at most; this is six hours of minutes."""

_PATH = "/graphql"
_GRAPHQL = (
    "query($account: Int!, $nrql: Nrql!) "
    "{ actor { account(id: $account) { nrql(query: $nrql, timeout: 60) { results } } } }"
)
_TIMES = {"beginTimeSeconds", "endTimeSeconds"}


def request(query: SeriesQuery, credentials: Credentials) -> SeriesRequest:
    """A GraphQL query with the NRQL as its variable.

    Raises:
        ConfigurationError: no account is named.
    """
    account = query.options.get("accountId") or credentials.organisation or ""
    if not (account.isascii() and account.isdigit()):
        raise ConfigurationError("New Relic needs the account's number: accountId or organisation")
    nrql = (
        f"{query.text} SINCE {query.start * 1000} UNTIL {query.end * 1000} "
        f"TIMESERIES {query.step} seconds"
    )
    return SeriesRequest(
        "POST",
        _PATH,
        headers={"API-Key": credentials.token} if credentials.token else {},
        body={"query": _GRAPHQL, "variables": {"account": int(account), "nrql": nrql}},
    )


def parse(query: SeriesQuery, status: int, body: bytes) -> Reading:
    """The one number of each bucket.

    Raises:
        ParseError: the answer is not the API's.
    """
    found = document(NAME, status, body)
    if isinstance(found, Reading):
        return found
    try:
        if status >= 400 or found.get("errors"):
            messages = found.get("errors") or [{}]
            return refused(NAME, status, messages[0].get("message"))
        results = found["data"]["actor"]["account"]["nrql"]["results"]
        points = [
            (float(one["beginTimeSeconds"]), value)
            for one in results
            for name, value in one.items()
            if name not in _TIMES
        ]
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise ParseError(NAME, "data", f"no results ({type(error).__name__})") from error
    if len(points) != len(results):
        return Reading(reason=f"{NAME}: the query must select one number, without FACET")
    return added(query, points)
