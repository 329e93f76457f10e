"""PromQL of SLO queries: the increase over a window, for Prometheus and for recorded samples.

:func:`windowed` turns an OpenSLO counter query into the PromQL of its increase over a window;
:func:`evaluate` answers the same expression from recorded samples where no Prometheus is to be had.
Both work on the tree of the ``promql-parser`` package.

How the evaluator differs from Prometheus, on purpose: it does not extrapolate. ``increase`` is the
sum of the rises between the samples inside the window (a fall is a counter reset: the counter began
again at 0), so counters of whole requests give whole requests. A series that a target did not
expose at its first scrape in the window, but at a later one, was born at 0 in between: its first
value counts. A series that was there at the target's first scrape counts from that value on. A
target with one scrape in the window yields no data, as in Prometheus.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import promql_parser
from promql_parser import (
    AggregateExpr,
    BinaryExpr,
    Call,
    Expr,
    Matcher,
    MatchOp,
    MatrixSelector,
    NumberLiteral,
    ParenExpr,
    SubqueryExpr,
    UnaryExpr,
    VectorSelector,
)

from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.model.metrics import Sample
from coffee_pipeline.slo.query_windows import fill
from coffee_pipeline.slo.series import Series, collect, increase, operator

MAXIMUM_LENGTH = 2_000
MAXIMUM_OPERATORS = 100
"""The parser recurses without a limit and its rewriting takes time cubic in the depth of the tree,
so untrusted queries are bounded by their brackets and operators before it sees them."""

_STRING = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`')

_PROBE = timedelta(seconds=7919)
"""A range that nobody writes, to tell the window's place from fixed ranges."""


class UnsupportedQueryError(UsageError):
    """Valid PromQL that this release cannot rewrite or evaluate: record ``not_run``, with this."""


@dataclass(frozen=True)
class Window:
    """A period of time; both ends belong to it."""

    start: datetime
    end: datetime

    @property
    def length(self) -> timedelta:
        """Duration of the window."""
        return self.end - self.start


def windowed(
    query: str, window: timedelta, *, counter: bool, matchers: Mapping[str, str] | None = None
) -> str:
    """The PromQL of ``query`` over ``window``, every selector narrowed by ``matchers``.

    With ``counter``, an instant selector ``X`` becomes ``increase(X[window])``. A query that holds
    range vectors keeps its functions; ``[{{.window}}]`` is filled.

    Raises:
        ConfigurationError: the query is not PromQL.
        UnsupportedQueryError: offset, ``@``, subqueries, ranges mixed with instant selectors, or
            a fixed range, whose answer would be the same for every window.
    """
    refuse_fixed_ranges(query)
    duration = _duration(window)
    tree = parse(fill(query, duration))
    ranges, instants = _selectors(tree)
    if not ranges and not instants:
        raise UnsupportedQueryError(f"query selects no metric: {short(query)}")
    if counter and ranges and instants:
        raise UnsupportedQueryError(f"query mixes ranges and instant selectors: {short(query)}")
    extra = dict(matchers or {})
    wrap = counter and not ranges

    def narrow(node: Expr) -> Expr | None:
        if not isinstance(node, VectorSelector):
            return None
        text = _selector(node, extra)
        return promql_parser.parse(f"increase({text}[{duration}])" if wrap else text)

    return promql_parser.transform(tree, post_visit=narrow).prettify()


def refuse_fixed_ranges(query: str) -> None:
    """Refuse ``rate(x[5m])``: whatever the window, it looks back over five minutes only.

    Raises:
        ConfigurationError: the query is not PromQL.
        UnsupportedQueryError: a range of the query is not ``[{{.window}}]``.
    """
    tree = parse(fill(query, f"{_PROBE // timedelta(seconds=1)}s"))

    def check(node: Expr) -> None:
        if isinstance(node, MatrixSelector) and node.range != _PROBE:
            raise UnsupportedQueryError(
                f"a fixed range: write [{{{{.window}}}}] instead: {short(node.prettify())}"
            )

    promql_parser.walk(tree, pre_visit=check)


def parse(query: str) -> Expr:
    """The tree of a PromQL expression, after bounding its length and operators.

    Raises:
        ConfigurationError: too long, too many operators, or not PromQL.
    """
    if len(query) > MAXIMUM_LENGTH:
        raise ConfigurationError(f"query is longer than {MAXIMUM_LENGTH} characters")
    # What stands in strings nests nothing; behind a comment's sign quotes may be no strings.
    code = query if "#" in query else _STRING.sub('""', query)
    if sum(code.count(sign) for sign in "(+-*/%^=<>") + len(code.split()) > MAXIMUM_OPERATORS:
        raise ConfigurationError(f"query has more than {MAXIMUM_OPERATORS} operators and words")
    try:
        return promql_parser.parse(query)
    except ValueError as error:
        raise ConfigurationError(f"not PromQL: {error}: {short(query)}") from error


def evaluate(expression: str, samples: Iterable[Sample], window: Window) -> float | None:
    """The value of ``expression`` at the end of ``window``, from recorded samples.

    The subset: ``increase`` and ``rate`` of a range, ``sum`` (``by``/``without`` only outermost:
    the groups are added up), ``+ - * /``, numbers. Ranges end at ``window.end``; the order of the
    samples does not matter.

    Returns:
        The value; None when no series has data, or for a division by zero.

    Raises:
        ConfigurationError: not PromQL.
        UnsupportedQueryError: anything outside of the subset.
    """
    answer = _Evaluation(collect(samples), window.end).of(parse(expression))
    return answer.value if answer.value is not None and math.isfinite(answer.value) else None


@dataclass(frozen=True)
class _Answer:
    """A value; ``grouped`` while it stands for several series or groups, added up."""

    value: float | None
    grouped: bool = False
    literal: bool = False


@dataclass(frozen=True)
class _Evaluation:
    series: list[Series]
    end: datetime

    def of(self, node: Expr) -> _Answer:
        if isinstance(node, NumberLiteral):
            return _Answer(node.val, literal=True)
        if isinstance(node, ParenExpr):
            return self.of(node.expr)
        if isinstance(node, UnaryExpr):
            inner = self.of(node.expr)
            value = None if inner.value is None else -inner.value
            return _Answer(value, inner.grouped, inner.literal)
        if isinstance(node, Call):
            return self._call(node)
        if isinstance(node, AggregateExpr):
            return self._sum(node)
        if isinstance(node, BinaryExpr):
            return self._binary(node)
        what = type(node).__name__
        raise UnsupportedQueryError(f"{what} is not evaluated: {short(node.prettify())}")

    def _sum(self, node: AggregateExpr) -> _Answer:
        if str(node.op) != "sum":
            raise UnsupportedQueryError(f"aggregation {node.op} is not evaluated, only sum is")
        inner = self.of(node.expr)
        if inner.literal:
            raise UnsupportedQueryError(f"sum of a number: {short(node.prettify())}")
        return _Answer(inner.value, grouped=node.modifier is not None)

    def _call(self, node: Call) -> _Answer:
        name = node.func.name
        if name not in {"increase", "rate"}:
            raise UnsupportedQueryError(f"function {name} is not evaluated: use increase or rate")
        selector = node.args[0]
        if not isinstance(selector, MatrixSelector):
            raise UnsupportedQueryError(f"subqueries are not evaluated: {short(node.prettify())}")
        vector = selector.vector_selector
        _check_selector(vector)
        matchers = list(vector.matchers.matchers)
        if vector.name:
            matchers.append(Matcher(MatchOp.Equal, "__name__", vector.name))
        total = increase(self.series, matchers, self.end - selector.range, self.end)
        if total is not None and name == "rate":
            total /= selector.range.total_seconds()
        return _Answer(total, grouped=True)

    def _binary(self, node: BinaryExpr) -> _Answer:
        sign = str(node.op)
        if sign not in {"+", "-", "*", "/"}:
            raise UnsupportedQueryError(f"operator {sign} is not evaluated, only + - * / are")
        if node.modifier is not None and node.modifier.matching is not None:
            raise UnsupportedQueryError(f"vector matching: {short(node.prettify())}")
        left, right = self.of(node.lhs), self.of(node.rhs)
        # Adding up groups commutes with scaling by a number, and with nothing else.
        scaled = (right.literal and sign in {"*", "/"}) or (left.literal and sign == "*")
        if (left.grouped or right.grouped) and not scaled:
            raise UnsupportedQueryError(f"sum both sides first: {short(node.prettify())}")
        return _Answer(
            _arithmetic(sign, left.value, right.value),
            grouped=left.grouped or right.grouped,
            literal=left.literal and right.literal,
        )


def _arithmetic(sign: str, left: float | None, right: float | None) -> float | None:
    if left is None or right is None:
        return None
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left / right if right else None


def _selectors(tree: Expr) -> tuple[int, int]:
    """Numbers of range and of instant selectors; refuses what cannot be narrowed faithfully."""
    found: list[Expr] = []

    def keep(node: Expr) -> None:
        found.append(node)

    promql_parser.walk(tree, pre_visit=keep)
    vectors = [node for node in found if isinstance(node, VectorSelector)]
    for node in found:
        if isinstance(node, SubqueryExpr):
            raise UnsupportedQueryError(f"subqueries: {short(node.prettify())}")
    for vector in vectors:
        _check_selector(vector)
    ranges = sum(isinstance(node, MatrixSelector) for node in found)
    return ranges, len(vectors) - ranges


def _check_selector(node: VectorSelector) -> None:
    if node.offset is not None or node.at is not None:
        raise UnsupportedQueryError(f"offset and @ modifiers: {short(node.prettify())}")
    if node.matchers.or_matchers:
        raise UnsupportedQueryError(f"'or' between matchers: {short(node.prettify())}")


def _selector(node: VectorSelector, extra: Mapping[str, str]) -> str:
    """The selector's text, narrowed by ``extra``: both must match where a label is in both."""
    written = [
        f"{matcher.name}{operator(matcher.op)}{_quoted(matcher.value)}"
        for matcher in node.matchers.matchers
    ]
    written += [f"{name}={_quoted(value)}" for name, value in sorted(extra.items())]
    return f"{node.name or ''}{{{','.join(written)}}}"


def _quoted(value: str) -> str:
    """A PromQL string; every escape that JSON uses means the same in PromQL."""
    return json.dumps(value, ensure_ascii=False)


def _duration(window: timedelta) -> str:
    """The window as PromQL writes it, rounded up to whole milliseconds."""
    milliseconds = -(-window // timedelta(milliseconds=1))
    if milliseconds <= 0:
        raise ValueError("window must be longer than 0")
    return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"


def short(query: str) -> str:
    """The query on one line, for messages."""
    line = " ".join(query.split())
    return line if len(line) <= 120 else line[:117] + "..."
