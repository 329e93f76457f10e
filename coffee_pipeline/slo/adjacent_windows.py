"""Increases of counters over windows that follow each other, with nothing lost between them.

Prometheus' ``increase(x[1m])`` sees the samples inside of its window only. What a counter rises by
between the last sample of one minute and the first of the next is in neither, and is made up for by
extrapolation: right on steady traffic, wrong where requests come in bursts at full minutes, and no
data at all where a scrape comes once a minute
(https://prometheus.io/docs/prometheus/latest/querying/functions/#increase). The difference between
the counter now and a window ago adds up without a seam instead.
"""

from __future__ import annotations

from datetime import timedelta

import promql_parser
from promql_parser import Call, Expr, MatrixSelector


def without_seams(query: str) -> str:
    """The query with every ``increase`` over a range taken from one window's end to the next.

    Where the counter began again in the last two windows, or was not there a window ago, it is
    Prometheus' ``increase`` as before; where that has no data either (one scrape a window), what
    the counter has risen to since it began again. Without a sample in two windows there is no data.
    """

    def seamless(node: Expr) -> Expr | None:
        if not isinstance(node, Call) or node.func.name != "increase":
            return None
        ranged = node.args[0]
        if not isinstance(ranged, MatrixSelector):
            return None
        counter = ranged.vector_selector.prettify()
        length = f"{ranged.range // timedelta(milliseconds=1)}ms"
        twice = f"{2 * ranged.range // timedelta(milliseconds=1)}ms"
        before = f"({counter} offset {length})"
        # Of a single sample, too, resets is 0; without one it is nothing.
        return promql_parser.parse(
            f"(((({counter} - {before}) >= 0) and (resets({counter}[{twice}]) == 0))"
            f" or increase({counter}[{length}]) or ({counter} < {before}))"
        )

    tree = promql_parser.transform(promql_parser.parse(query), post_visit=seamless)
    return tree.prettify()
