"""Small state of the inbox's consumer, as JSON files that are replaced as a whole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.receiver.inbox import replace_durably

T = TypeVar("T")


class KeptState(Generic[T]):
    """Values of one dataclass in a folder, one file each.

    Raises of every method: EnvironmentFailedError when a file is no such value.
    """

    def __init__(self, folder: Path, kind: type[T]) -> None:
        self._folder = folder
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)

    def read(self, name: str) -> T | None:
        """The value called ``name``; None when there is none yet."""
        file = self._folder / f"{name}.json"
        try:
            return self._adapter.validate_json(file.read_bytes())
        except FileNotFoundError:
            return None
        except ValidationError as error:
            raise EnvironmentFailedError(
                f"{file}: is damaged; move it away to begin anew"
            ) from error

    def write(self, name: str, value: T) -> None:
        """Keep a value; durable once this returns."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fields: dict[str, Any] = asdict(value)  # type: ignore[call-overload]
        content = json.dumps(fields, default=_plain).encode()
        replace_durably(self._folder / f"{name}.json", content)

    def forget(self, seconds: float, besides: set[str]) -> None:
        """Remove what was not written for so long, ``besides`` these."""
        limit = time.time() - seconds
        for file in self._files():
            if file.stem not in besides and file.stat().st_mtime < limit:
                file.unlink(missing_ok=True)

    def _files(self) -> Iterator[Path]:
        return self._folder.glob("*.json")


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} cannot be kept")
