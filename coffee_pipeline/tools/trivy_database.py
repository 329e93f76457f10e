"""A vulnerability database of Trivy: whether it is there, its date, and how much is in it.

Trivy calls everything clean when its database is valid but empty, so the entries are counted. The
file is a bbolt database (https://pkg.go.dev/go.etcd.io/bbolt): pages of a fixed size, each with a
header (id, flags, number of elements, overflow) followed by its elements; a bucket is a tree of
branch and leaf pages. Details of vulnerabilities are in the bucket ``vulnerability``.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from coffee_pipeline.tools.json_fields import mapping, text

BUCKET = b"vulnerability"
_MAGIC = 0xED0CDAED
_PAGE = struct.Struct("<QHHI")  # id, flags, count, overflow
_META = struct.Struct("<IIIIQQQQQQ")  # magic, version, page size, flags, root, ..., txid, checksum
_LEAF = struct.Struct("<IIII")  # flags, position, key size, value size
_BRANCH = struct.Struct("<IIQ")  # position, key size, page
_ROOT = struct.Struct("<QQ")  # page, sequence
_BRANCH_FLAG, _LEAF_FLAG = 1, 2
_PAGES_LIMIT = 4_000_000


@dataclass(frozen=True, slots=True)
class TrivyDatabase:
    """``updated`` is when its content was built; ``entries`` the vulnerabilities in it."""

    updated: datetime | None
    entries: int


def look_at(cache: Path) -> TrivyDatabase | str:
    """The database in a cache folder of Trivy, or why there is none to be trusted."""
    file, metadata = cache / "db" / "trivy.db", cache / "db" / "metadata.json"
    if not file.is_file() or not metadata.is_file():
        return f"{cache}: there is no vulnerability database (db/trivy.db, db/metadata.json)"
    try:
        updated = _date(mapping(json.loads(metadata.read_bytes())).get("UpdatedAt"))
        entries = count_entries(file)
    except (OSError, ValueError, RecursionError) as error:
        return f"{cache}: the vulnerability database cannot be read ({error})"
    if entries == 0:
        return f"{cache}: the vulnerability database lists no advisory; nothing would be found"
    return TrivyDatabase(updated, entries)


def count_entries(file: Path, bucket: bytes = BUCKET) -> int:
    """How many keys a top-level bucket of a bbolt file has; 0 when there is no such bucket.

    Raises:
        ValueError: it is no bbolt file, or a page points outside of it.
        OSError: it cannot be read.
    """
    if file.stat().st_size < _PAGE.size + _META.size:
        raise ValueError("no bbolt file: too short")
    with file.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            return _count(data, bucket)
        except (struct.error, OverflowError) as error:
            raise ValueError("a page points outside of the file") from error


def _count(data: mmap.mmap, bucket: bytes) -> int:
    page_size, root = _newest_meta(data)
    for at in _leaves(data, root * page_size, page_size):
        for element in range(_PAGE.unpack_from(data, at)[2]):
            start = at + _PAGE.size + element * _LEAF.size
            _, position, key_size, value_size = _LEAF.unpack_from(data, start)
            key = start + position
            if data[key : key + key_size] != bucket or value_size < _ROOT.size:
                continue
            page, _ = _ROOT.unpack_from(data, key + key_size)
            if page == 0:  # a small bucket is kept inside of its element
                inline = key + key_size + _ROOT.size
                return int(_PAGE.unpack_from(data, inline)[2])
            found = _leaves(data, page * page_size, page_size)
            return sum(_PAGE.unpack_from(data, leaf)[2] for leaf in found)
    return 0


def _newest_meta(data: mmap.mmap) -> tuple[int, int]:
    """(page size, page of the root bucket) of the valid meta page with the latest transaction."""
    found = []
    sizes = (4096, 8192, 16384, 65536)
    for at in (0, *(size for size in sizes if size + _PAGE.size + _META.size <= len(data))):
        fields = _META.unpack_from(data, at + _PAGE.size)
        magic, version, page_size, root, transaction = (*fields[:3], fields[4], fields[8])
        if magic == _MAGIC and version == 2 and page_size >= 512:
            found.append((transaction, page_size, root))
    if not found:
        raise ValueError("no bbolt file: it has no valid meta page")
    _, page_size, root = max(found)
    return page_size, root


def _leaves(data: mmap.mmap, start: int, page_size: int) -> Iterator[int]:
    """Positions of the leaf pages of a tree."""
    waiting, seen = [start], 0
    while waiting:
        at, seen = waiting.pop(), seen + 1
        if seen > _PAGES_LIMIT:
            raise ValueError("its pages point at each other")
        _, flags, count, _ = _PAGE.unpack_from(data, at)
        if flags & _LEAF_FLAG:
            yield at
        elif flags & _BRANCH_FLAG:
            first = at + _PAGE.size
            elements = (_BRANCH.unpack_from(data, first + n * _BRANCH.size) for n in range(count))
            waiting.extend(page * page_size for _, _, page in elements)


def _date(value: object) -> datetime | None:
    try:
        date = datetime.fromisoformat(text(value) or "")
    except ValueError:
        return None
    return date.astimezone(UTC) if date.year > 1 and date.tzinfo else None
