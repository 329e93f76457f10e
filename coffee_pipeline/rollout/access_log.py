"""The gateway's access log: one line a request, so that every request of a track is a sample."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

LOAD_HEADER = "x-coffee-load"
"""Request header that names the load a request belongs to."""

FORMAT = "\t".join(
    (
        "%START_TIME(%s.%6f)%",
        "%UPSTREAM_CLUSTER%",
        "%RESPONSE_CODE%",
        "%RESPONSE_FLAGS%",
        "%COMMON_DURATION(DS_RX_BEG:DS_TX_END:us)%",
        f"%REQ({LOAD_HEADER.upper()}):200%",
    )
)
"""Envoy's format: start, cluster, status, flags, microseconds from first to last byte, load."""

_UNANSWERED_FLAGS = frozenset({"UH", "UF", "UC", "UO", "NR", "NC", "UR", "UT", "LH"})
"""Envoy answered itself because no instance did (see Envoy's RESPONSE_FLAGS)."""


@dataclass(frozen=True, slots=True)
class RequestSample:
    """One request through the gateway.

    ``started_at`` is a POSIX time in seconds; ``track`` is stable, canary or empty when no
    instance was chosen; ``status`` 0: the caller went away before an answer. ``answered``: an
    instance of the service answered.
    """

    started_at: float
    track: str
    status: int
    answered: bool
    duration_seconds: float | None
    load: str | None

    @property
    def failed(self) -> bool:
        """Answered with 5xx or not at all."""
        return self.status >= 500 or self.status == 0 or not self.answered

    @property
    def lost(self) -> bool:
        """No instance of the service answered, so it was not the service that refused."""
        return not self.answered and self.status != 0


def parse_line(line: str) -> RequestSample | None:
    """One line of the log; None when it is not whole (the gateway is still writing it)."""
    fields = line.split("\t")
    if len(fields) != 6:
        return None
    start, cluster, status, flags, micros, load = fields
    try:
        return RequestSample(
            started_at=float(start),
            track=cluster.rpartition("-")[2] if cluster != "-" else "",
            status=int(status),
            answered=not _UNANSWERED_FLAGS & set(flags.split(",")),
            duration_seconds=int(micros) / 1e6 if micros != "-" else None,
            load=None if load == "-" else load,
        )
    except ValueError:
        return None


def parse(lines: Iterable[str]) -> list[RequestSample]:
    """All whole lines."""
    return [sample for sample in map(parse_line, lines) if sample is not None]
