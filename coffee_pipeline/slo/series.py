"""Time series of recorded samples: selection by label matchers, and the increase of counters."""

from __future__ import annotations

import itertools
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
from promql_parser import Matcher, MatchOp

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.metrics import Sample

_OPERATORS = (
    (MatchOp.Equal, "="),
    (MatchOp.NotEqual, "!="),
    (MatchOp.Re, "=~"),
    (MatchOp.NotRe, "!~"),
)


def operator(op: MatchOp) -> str:
    """How PromQL writes a matcher's operator; the parser's values cannot be keys of a mapping."""
    return next(text for known, text in _OPERATORS if known == op)


Target = tuple[str, str, str, str]
"""What was scraped: environment, service, revision, track."""


@dataclass(frozen=True)
class Series:
    """Samples of one metric with one set of labels, in the order of time.

    ``labels`` are the exposed ones and ``__name__``, and over them the target's: environment,
    service, revision, track, as Prometheus lets target labels win.
    """

    target: Target
    labels: Mapping[str, str]
    points: Sequence[tuple[datetime, float]]


def collect(samples: Iterable[Sample]) -> list[Series]:
    """Samples grouped to series, whatever their order; of two at one instant the larger is kept.

    Raises:
        ParseError: the labels of a sample are not a JSON object.
    """
    groups: dict[tuple[Target, str, str], dict[datetime, float]] = defaultdict(dict)
    for sample in samples:
        target = (sample.environment, sample.service, sample.revision, sample.track)
        points = groups[target, sample.name, sample.labels]
        known = points.get(sample.observed_at)
        points[sample.observed_at] = sample.value if known is None else max(known, sample.value)
    return [
        Series(target, _labels(target, name, text), sorted(points.items()))
        for (target, name, text), points in groups.items()
    ]


def _labels(target: Target, name: str, text: str) -> dict[str, str]:
    try:
        exposed = json.loads(text or "{}")
    except ValueError as error:
        raise ParseError(f"sample {name}", "labels", "not JSON") from error
    if not isinstance(exposed, dict):
        raise ParseError(f"sample {name}", "labels", "not a JSON object")
    environment, service, revision, track = target
    return {str(key): str(value) for key, value in exposed.items()} | {
        "__name__": name,
        "environment": environment,
        "service": service,
        "revision": revision,
        "track": track,
    }


def increase(
    series: Sequence[Series], matchers: Sequence[Matcher], start: datetime, end: datetime
) -> float | None:
    """The increase of all matching counters from ``start`` to ``end``, both included, added up.

    None where no matching series belongs to a target that was scraped at least twice.
    """
    scrapes: dict[Target, set[datetime]] = defaultdict(set)
    for one in series:
        scrapes[one.target].update(at for at, _ in one.points if start <= at <= end)
    total: float | None = None
    for one in _selected(series, matchers):
        points = [(at, value) for at, value in one.points if start <= at <= end]
        instants = scrapes[one.target]
        if points and len(instants) >= 2:
            total = (total or 0.0) + _rise(points, born=points[0][0] > min(instants))
    return total


def _rise(points: Sequence[tuple[datetime, float]], *, born: bool) -> float:
    """Sum of the rises; after a fall the counter began again at 0, and a born one began there."""
    rise = points[0][1] if born else 0.0
    for (_, before), (_, after) in itertools.pairwise(points):
        rise += after - before if after >= before else after
    return rise


def _selected(series: Sequence[Series], matchers: Sequence[Matcher]) -> list[Series]:
    chosen = list(series)
    for matcher in matchers:
        # An absent label is an empty one, as in PromQL.
        values = [one.labels.get(matcher.name, "") for one in chosen]
        verdicts = _verdicts(matcher, values)
        chosen = [one for one, verdict in zip(chosen, verdicts, strict=True) if verdict]
    return chosen


def _verdicts(matcher: Matcher, values: list[str]) -> list[bool]:
    if matcher.op in (MatchOp.Equal, MatchOp.NotEqual):
        return [(value == matcher.value) == (matcher.op == MatchOp.Equal) for value in values]
    # RE2 as in Prometheus: linear time whatever the pattern, which Python's re does not promise.
    pattern = f"^(?s:{matcher.value})$"
    found = pc.match_substring_regex(pa.array(values, pa.string()), pattern).to_pylist()
    return [bool(match) == (matcher.op == MatchOp.Re) for match in found]
