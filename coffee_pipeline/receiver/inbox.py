"""The inbox: messages of other systems on disk, from their acknowledgement until they are consumed.

::

    inbox/
      waiting/falco~3f2a....message   one message: a line of JSON about it, then its body as it came
      rejected/                       messages that nobody can read, each with NAME.reason.txt
      known.sqlite                    names of consumed messages, to know them when they come again
      .lock                           held while a message gets its name

A message's name is made of its source and its idempotency key, so the same message has the same
name. It is written under another name, synced and renamed: it is there as a whole or not at all.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from coffee_pipeline.errors import EnvironmentFailedError, TransientError
from coffee_pipeline.home import Home
from coffee_pipeline.receiver.known import KnownMessages

WAITING_LIMIT = 100_000
"""Messages that may wait; more are refused until some are consumed."""
KNOWN_DAYS = 30
"""How long a consumed message is remembered: no sender repeats one for longer."""
_SUFFIX = ".message"
_WRITING = ".writing-"
_ABANDONED_SECONDS = 3600.0
_COUNT_AGAIN_AFTER = 1000


class DamagedMessageError(EnvironmentFailedError):
    """A message's file is not what was written; only the disk or a person can have changed it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``event`` is the kind that its headers told, where its source does that."""

    name: str
    source: str
    received_at: datetime
    event: str | None
    body: bytes


class Inbox:
    """The inbox of a data directory; any number of threads and processes may use it."""

    def __init__(self, home: Home, waiting_limit: int = WAITING_LIMIT) -> None:
        self.folder = home.inbox
        self._waiting = home.inbox / "waiting"
        self._rejected = home.inbox / "rejected"
        self._known = KnownMessages(home.inbox / "known.sqlite")
        self._limit = waiting_limit
        self._room = 0

    def prepare(self) -> Inbox:
        """Make the folders, for this user only, and remove what was never finished."""
        for folder in (self.folder, self._waiting, self._rejected):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in self._waiting.glob(f"{_WRITING}*"):
            with suppress(FileNotFoundError):
                if time.time() - file.stat().st_mtime > _ABANDONED_SECONDS:
                    file.unlink()
        return self

    def store(
        self, source: str, key: str, body: bytes, event: str | None, received_at: datetime
    ) -> bool:
        """Keep a message; False when it is here or was consumed already.

        Once this returns, the message survives a power cut.

        Raises:
            TransientError: too many messages wait.
            OSError: the disk is full or read-only; nothing is left behind.
        """
        name = _name(source, key)
        if self._has(name):
            return False
        self._make_room()
        temporary = self._waiting / f"{_WRITING}{uuid4().hex}"
        try:
            write_durably(temporary, _packed(source, key, body, event, received_at))
            with self._lock():
                if self._has(name):
                    return False
                temporary.rename(self._waiting / f"{name}{_SUFFIX}")
                sync_folder(self._waiting)
        finally:
            temporary.unlink(missing_ok=True)
        self._room -= 1
        return True

    def waiting(self, limit: int | None = None) -> list[str]:
        """Names of waiting messages, the oldest first, at most ``limit``."""
        found = []
        with suppress(FileNotFoundError), os.scandir(self._waiting) as entries:
            for entry in entries:
                if entry.name.endswith(_SUFFIX):
                    with suppress(FileNotFoundError):  # consumed in the meantime
                        found.append((entry.stat().st_mtime_ns, entry.name.removesuffix(_SUFFIX)))
        return [name for _, name in sorted(found)[:limit]]

    def rejected(self) -> list[str]:
        """Names of messages that nobody could read."""
        return sorted(file.stem for file in self._rejected.glob(f"*{_SUFFIX}"))

    def reason(self, name: str) -> str:
        """Why a message was rejected."""
        try:
            text = (self._rejected / f"{name}.reason.txt").read_text(
                encoding="utf-8", errors="replace"
            )
        except FileNotFoundError:
            return "not known"
        return text.strip()

    def read(self, name: str) -> Message:
        """A waiting message.

        Raises:
            DamagedMessageError: its file is not what was written.
        """
        head, _, body = (self._waiting / f"{name}{_SUFFIX}").read_bytes().partition(b"\n")
        try:
            about = json.loads(head)
            message = Message(
                name=name,
                source=str(about["source"]),
                received_at=datetime.fromisoformat(about["received_at"]).astimezone(UTC),
                event=about["event"],
                body=body,
            )
            whole = about["sha256"] == hashlib.sha256(body).hexdigest()
        except (ValueError, KeyError, TypeError, RecursionError):
            whole = False
        if not whole:
            raise DamagedMessageError(f"{name}: the message's file is damaged")
        return message

    def reject(self, name: str, reason: str) -> None:
        """Move a waiting message aside, with the reason in a text file beside it."""
        target = self._rejected / f"{name}{_SUFFIX}"
        write_durably(target.with_suffix(".reason.txt"), f"{reason}\n".encode())
        self._known.add([name], datetime.now(UTC))
        with suppress(FileNotFoundError):
            (self._waiting / target.name).rename(target)
        sync_folder(self._rejected)

    def reject_part(self, message: Message, body: bytes, reason: str) -> None:
        """Keep what could not be read of a message whose rest could; doing it twice is one."""
        name = _name(message.source, f"part:{hashlib.sha256(body).hexdigest()}")
        packed = _packed(message.source, message.name, body, message.event, message.received_at)
        write_durably(self._rejected / f"{name}{_SUFFIX}", packed)
        write_durably(self._rejected / f"{name}.reason.txt", f"{reason}\n".encode())
        sync_folder(self._rejected)

    def finish(self, names: Sequence[str]) -> None:
        """Forget the bodies of consumed messages, but not that they were here."""
        now = datetime.now(UTC)
        self._known.add(names, now)
        for name in names:
            (self._waiting / f"{name}{_SUFFIX}").unlink(missing_ok=True)
        self._known.forget(now - timedelta(days=KNOWN_DAYS))

    def _has(self, name: str) -> bool:
        # In this order: a consumed message is known before its file goes away.
        return (self._waiting / f"{name}{_SUFFIX}").exists() or name in self._known

    def _make_room(self) -> None:
        """Count what waits now and then: counting a large folder for each message is slow."""
        if self._room > 0:
            return
        waiting = len(self.waiting())
        self._room = min(self._limit - waiting, _COUNT_AGAIN_AFTER)
        if self._room <= 0:
            raise TransientError(f"{self.folder}: {waiting} messages wait already")

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """One at a time; each call opens the file anew, so threads exclude each other too."""
        descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def _name(source: str, key: str) -> str:
    digest = hashlib.sha256(f"{source}\n{key}".encode("utf-8", "surrogateescape")).hexdigest()
    return f"{source}~{digest[:40]}"


def _packed(source: str, key: str, body: bytes, event: str | None, received_at: datetime) -> bytes:
    about = {
        "source": source,
        "key": key,
        "received_at": received_at.isoformat(),
        "event": event,
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return json.dumps(about).encode() + b"\n" + body


def write_durably(file: Path, content: bytes) -> None:
    """Write a file for this user only, and wait until it is on disk; the folder is not synced."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace_durably(file: Path, content: bytes) -> None:
    """Replace a file so that there is the old or the new content, whatever happens."""
    temporary = file.with_name(f"{_WRITING}{uuid4().hex}")
    try:
        write_durably(temporary, content)
        temporary.replace(file)
        sync_folder(file.parent)
    finally:
        temporary.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Wait until the folder's names are on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
