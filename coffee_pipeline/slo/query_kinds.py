"""What a PromQL query is: valid at all, of metrics or a constant, a sum of rates."""

from __future__ import annotations

import re

import promql_parser
from promql_parser import BinaryExpr, Call, Expr, VectorSelector

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.promql import MAXIMUM_LENGTH, UnsupportedQueryError, parse, short
from coffee_pipeline.slo.query_windows import fill, has_window

_RATE = re.compile(r"\brate\s*\(")


def events_of_rates(query: str) -> str:
    """The query with ``rate`` as ``increase``: events in the window, not events per second.

    Raises:
        ConfigurationError: the query is not PromQL.
        UnsupportedQueryError: it counts no events: other functions, or anything but sums of rates.
    """
    tree = parse(fill(query, "1m"))
    calls: list[str] = []

    def note(node: Expr) -> None:
        if isinstance(node, Call):
            calls.append(node.func.name)
        elif isinstance(node, BinaryExpr) and str(node.op) not in {"+", "-"}:
            raise UnsupportedQueryError(f"no sum of rates: {short(node.prettify())}")

    promql_parser.walk(tree, pre_visit=note)
    # Text that only looks like a call, inside a label's value, must not be rewritten.
    if not calls or len(set(calls)) > 1 or calls[0] not in {"rate", "increase"}:
        named = ", ".join(sorted(set(calls))) or "no function"
        raise UnsupportedQueryError(f"{named}, not rate or increase of counters: {short(query)}")
    if len(_RATE.findall(query)) != calls.count("rate"):
        raise UnsupportedQueryError(f"'rate(' inside a label's value: {short(query)}")
    return _RATE.sub("increase(", query)


def counts_rates(query: str) -> bool:
    """Whether the query says how many events a second there were, over the window it names."""
    return has_window(query) and _RATE.search(query) is not None


def reads_metrics(query: str) -> bool:
    """Whether the query selects any series, rather than being a constant.

    Raises:
        ConfigurationError: not PromQL.
    """
    found: list[VectorSelector] = []

    def note(node: Expr) -> None:
        if isinstance(node, VectorSelector):
            found.append(node)

    promql_parser.walk(parse(fill(query, "1m")), pre_visit=note)
    return bool(found)


def check(expression: str) -> None:
    """Check the PromQL of a generated rule, which may be longer than what people write.

    Raises:
        ConfigurationError: not PromQL.
    """
    if len(expression) > 10 * MAXIMUM_LENGTH:
        raise ConfigurationError("the rule of this query would be too long")
    try:
        promql_parser.parse(expression)
    except ValueError as error:
        raise ConfigurationError(f"not PromQL: {error}: {short(expression)}") from error
