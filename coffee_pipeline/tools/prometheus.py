"""The Prometheus HTTP API: instant queries. https://prometheus.io/docs/prometheus/latest/querying/api/

Also spoken by VictoriaMetrics, Thanos and Mimir.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from coffee_pipeline.errors import ParseError

NAME = "prometheus"
QUERY_PATH = "/api/v1/query"
NO_SERIES = "the query returned no series"


@dataclass(frozen=True, slots=True)
class Answer:
    """The sum over the returned series; None without any, ``reason`` says why."""

    value: float | None
    reason: str | None


def request(query: str, at: datetime) -> dict[str, str]:
    """Parameters of an instant query evaluated at ``at``."""
    return {"query": query, "time": f"{at.timestamp():.3f}"}


def parse(status: int, body: bytes) -> Answer:
    """Read an answer. NaN, infinities, errors and partial data are no number.

    Raises:
        ParseError: the body is not the API's JSON.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError("prometheus", "", f"status {status}, not JSON: {error}") from error
    if not isinstance(document, dict) or document.get("status") not in ("success", "error"):
        raise ParseError("prometheus", "", f"status {status}, not an answer of the query API")
    if document["status"] == "error":
        return Answer(None, f"{document.get('errorType')}: {document.get('error')} ({status})")
    if document.get("isPartial") or document.get("partialResponse"):
        return Answer(None, "the server answered from a part of its data only")
    if missing := partial_warning(document):
        return Answer(None, f"the server answered from a part of its data only: {missing}")
    return _number(document.get("data"))


def partial_warning(document: Mapping[str, Any]) -> str | None:
    """The warning that data is missing, as Thanos and Mimir give it; None without one.

    Prometheus' own remarks on the query begin with ``PromQL`` and change no number.
    """
    warnings = document.get("warnings")
    found = map(str, warnings if isinstance(warnings, list) else filter(None, [warnings]))
    return next((one[:300] for one in found if not one.startswith("PromQL")), None)


def _number(data: object) -> Answer:
    try:
        assert isinstance(data, dict)
        kind, result = data["resultType"], data["result"]
        texts = [result[1]] if kind == "scalar" else [series["value"][1] for series in result]
        values = [float(text) for text in texts]
    except (AssertionError, KeyError, IndexError, TypeError, ValueError) as error:
        raise ParseError("prometheus", "data", f"no vector or scalar ({error!r})") from error
    if not values:
        return Answer(None, NO_SERIES)
    value = sum(values)
    if not math.isfinite(value):
        return Answer(None, f"the query returned {value}")
    return Answer(value, None)
