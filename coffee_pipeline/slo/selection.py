"""Which series a query reads, so that a scraper keeps those and no others."""

from __future__ import annotations

from collections.abc import Iterable

import promql_parser
from promql_parser import Expr, MatchOp, VectorSelector

from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.promql import parse
from coffee_pipeline.slo.query_windows import fill


def series_of(slos: Iterable[Slo]) -> tuple[str, ...]:
    """Names of the series that the SLOs' queries read; ``name{le=0.2}`` for one bucket only.

    Queries that are not PromQL select nothing here; measuring them says why.
    """
    found: set[str] = set()
    for slo in slos:
        if slo.unsupported is None:
            for query in (slo.good, slo.bad, slo.total):
                if query is not None:
                    found |= _selected(query)
    return tuple(sorted(found))


def _selected(query: str) -> set[str]:
    names: set[str] = set()

    def keep(node: Expr) -> None:
        if isinstance(node, VectorSelector) and node.name:
            le = [
                matcher.value
                for matcher in node.matchers.matchers
                if matcher.name == "le" and matcher.op == MatchOp.Equal
            ]
            names.add(f"{node.name}{{le={le[0]}}}" if le else node.name)

    promql_parser.walk(parse(fill(query, "1m")), pre_visit=keep)
    return names
