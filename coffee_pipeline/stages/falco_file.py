"""Following a file of Falco's JSON lines into the inbox: every whole line once.

Where reading stands is kept on disk. Before a piece of the file becomes a message, its end is kept
too, so that after a crash the same piece is read again, under the same key. A file that was rotated
is read to its end under its new name first; one that was cut is read from its start.
"""

from __future__ import annotations

import hashlib
import itertools
import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from coffee_pipeline.home import Home
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.stages.kept_state import KeptState

PIECE_BYTES = 1 << 20
PIECES = 64
"""Pieces of one call; the rest is for the next one."""
_HEAD_BYTES = 512
_STATE = "position"


@dataclass(frozen=True, slots=True)
class Position:
    """How far a file was read: ``pending`` is the end of a piece that may be a message already.

    ``head`` is the digest of the first ``head_bytes``: it tells a file from another one that got
    its inode.
    """

    inode: int
    head: str
    head_bytes: int
    offset: int = 0
    pending: int | None = None


def follow(home: Home, file: Path, inbox: Inbox, now: datetime) -> str | None:
    """Put the lines that are new in ``file`` into the inbox; returns why it cannot, or None.

    Raises:
        TransientError: too many messages wait.
    """
    kept = KeptState(home.inbox / "falco-file", Position)
    name = (
        f"{_STATE}-{hashlib.sha256(str(file).encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    )
    position = kept.read(name)
    try:
        if position is not None and not _is_of(file, position):
            before = _renamed(file, position)
            if before is not None:
                _read_on(before, position, kept, name, inbox, now, rotated=True)
            position = None
        _read_on(file, position, kept, name, inbox, now)
    except FileNotFoundError:
        return f"{file}: is not there (yet)"
    except OSError as error:
        return f"{file}: cannot be read: {error.strerror}"
    return None


def _read_on(
    file: Path,
    position: Position | None,
    kept: KeptState[Position],
    name: str,
    inbox: Inbox,
    now: datetime,
    rotated: bool = False,
) -> None:
    with file.open("rb") as stream:
        for _ in itertools.count() if rotated else range(PIECES):
            position = position or _beginning(stream)
            if position is None:
                return
            end = position.pending or _end_of_piece(stream, position.offset, rotated)
            if end is None:
                return
            kept.write(name, replace(position, pending=end))
            stream.seek(position.offset)
            piece = stream.read(end - position.offset)
            key = f"file:{position.inode}:{position.head}:{position.offset}-{end}"
            if piece.strip():
                inbox.store("falco", key, piece, None, now)
            position = replace(position, offset=end, pending=None)
            kept.write(name, position)


def _beginning(stream: BinaryIO) -> Position | None:
    """The start of a file that has a whole line."""
    stream.seek(0)
    head = stream.read(_HEAD_BYTES)
    if not head or (b"\n" not in head and len(head) < _HEAD_BYTES):
        return None
    first = head.partition(b"\n")[0]
    return Position(
        os.fstat(stream.fileno()).st_ino, hashlib.sha256(first).hexdigest()[:16], len(first)
    )


def _end_of_piece(stream: BinaryIO, offset: int, rotated: bool) -> int | None:
    """Behind the last whole line that fits; None when there is none yet."""
    stream.seek(offset)
    piece = stream.read(PIECE_BYTES)
    end = piece.rfind(b"\n") + 1
    if end == 0 and (len(piece) == PIECE_BYTES or rotated):
        end = len(piece)  # a line that no event has, or the last one of a file that is over
    return offset + end if end else None


def _is_of(file: Path, position: Position) -> bool:
    """Whether the file is still the one that was read, and not shorter than that."""
    try:
        about = file.stat()
        if about.st_ino != position.inode or about.st_size < position.offset:
            return False
        with file.open("rb") as stream:
            head = stream.read(position.head_bytes)
    except OSError:
        return False
    return hashlib.sha256(head).hexdigest()[:16] == position.head


def _renamed(file: Path, position: Position) -> Path | None:
    """Where a rotated file went: beside the new one, with its name and something behind it."""
    others = (other for other in file.parent.iterdir() if other.name.startswith(f"{file.name}."))
    return next((other for other in sorted(others) if _is_of(other, position)), None)
