"""Publishing: a copy of the working database, renamed over the file that analysts open.

Readers never wait and never fail: who has the old file open keeps it, who opens the path gets
the old or the new one, whole. All functions but :func:`is_current` need the loader's lock.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from coffee_pipeline.history.database import copy_durably
from coffee_pipeline.history.schema import current_schema
from coffee_pipeline.home import Home

REST_FACTOR = 10
"""After a publication of n seconds, the next unforced one waits 10 n: at most a tenth of the
loader's time goes into copying (our choice)."""

_TEMPORARY = ".publishing-history.duckdb"


@dataclass(frozen=True, slots=True)
class Publication:
    """The last publication: of which schema, when (seconds since 1970), its cost and size."""

    fingerprint: str
    published_at: float
    seconds: float
    size_bytes: int


def last_publication(home: Home) -> Publication | None:
    """What is known of the last publication; None when there is none or the note is damaged."""
    try:
        return Publication(**json.loads(_note(home).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        # Only the throttle and the cost depend on the note: without it, publishing is due.
        return None


def is_current(home: Home) -> bool:
    """Whether there is a published history, with the migrations and views of this code."""
    last = last_publication(home)
    return (
        last is not None
        and last.fingerprint == current_schema().fingerprint
        and home.history.exists()
    )


def is_due(home: Home) -> bool:
    """Whether the last publication is long enough ago, measured by what it cost."""
    last = last_publication(home)
    if last is None or not is_current(home):
        return True
    rested = time.time() - last.published_at
    return not 0 <= rested < REST_FACTOR * last.seconds


def publish(home: Home) -> Publication:
    """Copy the closed working database over the published file.

    Raises:
        OSError: the disk is full or read-only; the published file is as it was.
    """
    started = time.perf_counter()
    temporary = home.history.with_name(_TEMPORARY)
    try:
        copy_durably(home.working_database, temporary)
        # A client that opened the published file for writing may have left its log: it belongs
        # to the file that goes now, and must not be replayed into the new one.
        home.history.with_name(f"{home.history.name}.wal").unlink(missing_ok=True)
        temporary.replace(home.history)
    finally:
        temporary.unlink(missing_ok=True)
    publication = Publication(
        fingerprint=current_schema().fingerprint,
        published_at=time.time(),
        seconds=time.perf_counter() - started,
        size_bytes=home.history.stat().st_size,
    )
    note = _note(home)
    draft = note.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(publication)), encoding="utf-8")
    draft.replace(note)
    return publication


def _note(home: Home) -> Path:
    return home.working_database.with_name("published.json")
