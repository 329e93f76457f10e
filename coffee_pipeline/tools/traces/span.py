"""A span as all trace stores have it, and how its fields are read from untrusted JSON."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coffee_pipeline.errors import ParseError

KINDS = ("server", "client", "producer", "consumer")
"""Kinds of spans besides ``internal``, in the words of OpenTelemetry."""
_TRACE_DIGITS = 32
_SPAN_DIGITS = 16
_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work in a trace.

    ``kind``: server, client, producer, consumer or internal. ``started_at`` and
    ``duration_seconds`` are seconds; the former since 1970. ``called`` is who a client span
    called, as the span names it (peer service, host and port); ``answered``: it got an answer.
    """

    trace_id: str
    span_id: str
    parent_id: str | None
    service: str
    name: str
    kind: str
    started_at: float
    duration_seconds: float
    called: str | None = None
    answered: bool = True


def trace_id_of(value: object, source: str, position: str) -> str:
    """32 hexadecimal digits; shorter ids, as stores of old have them, are filled up with zeros.

    Raises:
        ParseError: it is no trace id.
    """
    return _identity(value, _TRACE_DIGITS, source, position)


def span_id_of(value: object, source: str, position: str) -> str:
    """16 hexadecimal digits.

    Raises:
        ParseError: it is no span id.
    """
    return _identity(value, _SPAN_DIGITS, source, position)


def parent_id_of(value: object, source: str, position: str) -> str | None:
    """As :func:`span_id_of`; None where there is no parent, or one of zeros.

    Raises:
        ParseError: there is something, and it is no span id.
    """
    if value is None or value == "":
        return None
    found = span_id_of(value, source, position)
    return None if found == "0" * _SPAN_DIGITS else found


def seconds_of(value: object, unit: float, source: str, position: str) -> float:
    """A number, or one written as text, in ``unit`` of a second.

    Raises:
        ParseError: it is none, or below zero.
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ParseError(source, position, "a time is expected")
    try:
        found = float(value) * unit
    except (ValueError, OverflowError):
        found = math.nan
    if not math.isfinite(found) or found < 0:
        raise ParseError(source, position, "a time is expected")
    return found


def called_of(attributes: Mapping[str, Any]) -> str | None:
    """Whom a client span called, by OpenTelemetry's and OpenTracing's names of attributes."""
    peer = attributes.get("peer.service")
    if isinstance(peer, str) and peer:
        return peer
    host = attributes.get("server.address") or attributes.get("net.peer.name")
    if not isinstance(host, str) or not host:
        return None
    port = attributes.get("server.port") or attributes.get("net.peer.port")
    return f"{host}:{port}" if isinstance(port, int | str) and ":" not in host else host


def answered_of(attributes: Mapping[str, Any], failed: bool) -> bool:
    """Whether a call got an answer: a status, or no failure."""
    status = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    return status not in (None, "", 0, "0") or not failed


def _identity(value: object, digits: int, source: str, position: str) -> str:
    if isinstance(value, str) and 0 < len(value) <= digits and set(value.lower()) <= _HEX:
        return value.lower().zfill(digits)
    # Protobuf's JSON has bytes as base64; those have other lengths than hexadecimal ids.
    if isinstance(value, str) and len(value) == (digits // 2 + 2) // 3 * 4:
        try:
            return base64.b64decode(value, validate=True).hex().zfill(digits)
        except (binascii.Error, ValueError):
            pass
    raise ParseError(source, position, f"an id of {digits} hexadecimal digits is expected")
