"""Dagster's event log in SQLite with connections that stay open.

Dagster's own class opens and closes a connection for every event, and SQLite writes its log back
into the database at every close: half of what Dagster costs in a run. A run's events are written
by one process, so one open connection a file does the same work. Dagster also makes the tables of
every run's file anew; here they are copied.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import StaticPool

OPEN_FILES = 8
"""Connections kept: the index and the runs used last."""
BUSY_SECONDS = 60


class OpenSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files and tables as Dagster's :class:`SqliteEventLogStorage`."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: OrderedDict[str, Engine] = OrderedDict()
        super().__init__(base_dir, inst_data)
        self._empty = Path(self._base_dir) / f"empty-{version('dagster')}"
        if not self._empty.exists():
            self._make_empty()

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> OpenSqliteEventLogStorage:
        """Called by Dagster with the settings of ``dagster.yaml``."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                if not self._begun_as_copy(shard):
                    self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _make_empty(self) -> None:
        with tempfile.TemporaryDirectory(dir=self._base_dir) as folder:
            engine = create_engine(f"sqlite:///{folder}/empty")
            self._initdb(engine)
            engine.dispose()
            Path(folder, "empty").replace(self._empty)

    def _begun_as_copy(self, shard: str) -> bool:
        """Begin a new file as a copy of an empty one: making its tables takes a quarter second."""
        path = Path(self.path_for_shard(shard))
        if path.exists():
            return False
        copy = path.with_suffix(f".{os.getpid()}")
        shutil.copyfile(self._empty, copy)
        copy.replace(path)
        return True

    def _engine(self, shard: str) -> Engine:
        """The open connection of a file; the one unused longest is closed for a new one."""
        if shard not in self._engines:
            while len(self._engines) >= OPEN_FILES:
                self._engines.popitem(last=False)[1].dispose()
            engine = create_engine(
                self.conn_string_for_shard(shard),
                poolclass=StaticPool,
                connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
            )
            # Safe against a killed process; a power cut may take the last events, not the file.
            event.listen(engine, "connect", _synchronise_at_checkpoints)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        return self._engines[shard]

    def dispose(self) -> None:
        """Close every connection."""
        with self._db_lock:
            while self._engines:
                self._engines.popitem()[1].dispose()
        super().dispose()


def _synchronise_at_checkpoints(connection: Any, _record: object) -> None:
    connection.execute("PRAGMA synchronous=NORMAL")
