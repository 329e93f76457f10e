"""Which answers of an HTTP API are worth another try, and how long to wait before it.

``Retry-After`` and its two forms: RFC 9110, 10.2.3. GitHub answers 403 where others answer 429,
with ``x-ratelimit-remaining: 0`` and the second of the reset:
https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

TOO_MANY_REQUESTS = 429
_FORBIDDEN = 403
_NOT_PROCESSED = (TOO_MANY_REQUESTS, 503)
"""The server did not take the request: another try cannot do the same thing twice."""
_PASSING = (500, 502, 504)
"""A fault that may pass, but the request may have been carried out."""


def worth_retrying(status: int, headers: Mapping[str, str], repeatable: bool) -> bool:
    """Whether the same request may be answered later.

    Args:
        status: of the answer.
        headers: of the answer, names in small letters.
        repeatable: the request changes nothing, so that carrying it out twice does no harm.
    """
    if status in _NOT_PROCESSED or (status == _FORBIDDEN and _is_rate_limit(headers)):
        return True
    return repeatable and status in _PASSING


def wait_seconds(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that the server asks to wait, at least 0; None where it does not say.

    Args:
        headers: of the answer, names in small letters.
        now: the time, with a zone.
    """
    asked = _retry_after(headers.get("retry-after", "").strip(), now)
    if asked is not None:
        return asked
    reset = headers.get("x-ratelimit-reset", "").strip()
    if _is_rate_limit(headers) and _is_number(reset):
        return max(0.0, float(reset) - now.timestamp())
    return None


def _is_rate_limit(headers: Mapping[str, str]) -> bool:
    spent = headers.get("x-ratelimit-remaining", "").strip() == "0"
    return spent or "retry-after" in headers


def _retry_after(value: str, now: datetime) -> float | None:
    """The value of ``Retry-After``: seconds, or a date; None where it is neither."""
    if _is_number(value):
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _is_number(value: str) -> bool:
    return value.isascii() and value.isdigit() and len(value) < 12
