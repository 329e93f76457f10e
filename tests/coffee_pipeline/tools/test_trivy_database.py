from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.tools.trivy_database import TrivyDatabase, count_entries, look_at

PAGE = 4096
LEAF, BRANCH, META = 2, 1, 4


def page(number: int, flags: int, count: int, body: bytes) -> bytes:
    return (struct.pack("<QHHI", number, flags, count, 0) + body).ljust(PAGE, b"\0")


def leaf(elements: list[tuple[int, bytes, bytes]]) -> bytes:
    """The elements of a leaf page: (flags, key, value); positions count from each element."""
    heads, data = b"", b""
    for number, (flags, key, value) in enumerate(elements):
        position = 16 * (len(elements) - number) + len(data)
        heads += struct.pack("<IIII", flags, position, len(key), len(value))
        data += key + value
    return heads + data


def meta(number: int, root: int, transaction: int) -> bytes:
    fields = (0xED0CDAED, 2, PAGE, 0, root, 0, 2, 9, transaction, 0)
    return page(number, META, 0, struct.pack("<IIIIQQQQQQ", *fields))


def entries(count: int) -> list[tuple[int, bytes, bytes]]:
    return [(0, f"CVE-2026-{n:05}".encode(), b"{}") for n in range(count)]


def bolt(*leaves: int, bucket: bytes = b"vulnerability") -> bytes:
    """A bbolt file whose bucket has a branch page over leaf pages of so many entries."""
    root = leaf([(1, b"go::Go", struct.pack("<QQ", 0, 0) + page(0, LEAF, 0, b"")[:16]),
                 (1, bucket, struct.pack("<QQ", 4, 0))])  # fmt: skip
    positions = (16 * (len(leaves) - n) for n in range(len(leaves)))
    children = b"".join(
        struct.pack("<IIQ", position, 0, 5 + n) for n, position in enumerate(positions)
    )
    pages = [meta(0, 9, 1), meta(1, 3, 2), page(2, 16, 0, b""), page(3, LEAF, 2, root),
             page(4, BRANCH, len(leaves), children)]  # fmt: skip
    pages += [page(5 + n, LEAF, count, leaf(entries(count))) for n, count in enumerate(leaves)]
    return b"".join(pages)


def inline(count: int) -> bytes:
    """A bbolt file that keeps its small bucket inside of the root's element."""
    body = struct.pack("<QHHI", 0, LEAF, count, 0) + leaf(entries(count))
    root = leaf([(1, b"vulnerability", struct.pack("<QQ", 0, 0) + body)])
    return b"".join([meta(0, 3, 1), meta(1, 9, 0), page(2, 16, 0, b""), page(3, LEAF, 1, root)])


def database(folder: Path, content: bytes, updated: str = "2026-01-05T00:00:00.123456789Z") -> Path:
    (folder / "db").mkdir(parents=True)
    (folder / "db" / "trivy.db").write_bytes(content)
    (folder / "db" / "metadata.json").write_text(json.dumps({"Version": 2, "UpdatedAt": updated}))
    return folder


@pytest.mark.parametrize(
    ("content", "count"),
    [(bolt(3, 40), 43), (bolt(0), 0), (bolt(3, bucket=b"other"), 0), (inline(5), 5)],
)
def test_entries_are_counted(tmp_path: Path, content: bytes, count: int) -> None:
    (tmp_path / "trivy.db").write_bytes(content)
    assert count_entries(tmp_path / "trivy.db") == count


def test_a_usable_database(tmp_path: Path) -> None:
    found = look_at(database(tmp_path, bolt(7)))
    assert found == TrivyDatabase(datetime(2026, 1, 5, 0, 0, 0, 123456, UTC), 7)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(bolt(0), "lists no advisory"), (b"", "too short"), (b"x" * 9000, "no valid meta page"),
     (bolt(7)[: 4 * PAGE], "points outside")],
)  # fmt: skip
def test_an_empty_or_broken_database_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    found = look_at(database(tmp_path, content))
    assert isinstance(found, str)
    assert reason in found


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    assert "there is no vulnerability database" in str(look_at(tmp_path))
    without_date = look_at(database(tmp_path / "a", bolt(1), updated=""))
    assert without_date == TrivyDatabase(None, 1)
    cache = database(tmp_path / "b", bolt(1))
    (cache / "db" / "metadata.json").write_text("[")
    assert "cannot be read" in str(look_at(cache))


@settings(deadline=None)  # a busy machine is no fault
@given(st.integers(0, len(bolt(3, 4)) - 1), st.binary(min_size=1, max_size=8))
def test_damaged_files_are_counted_or_refused(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes
) -> None:
    content = bytearray(bolt(3, 4))
    content[at : at + len(junk)] = junk
    file = tmp_path_factory.mktemp("db") / "trivy.db"
    file.write_bytes(content)
    try:
        assert count_entries(file) >= 0
    except ValueError as error:
        assert str(error)  # noqa: PT017  # either is right


@pytest.mark.parametrize(("name", "count"), [("three", 3), ("empty", 0)])
def test_files_of_the_real_library(name: str, count: int) -> None:
    folder = Path(__file__).parent / "recordings" / "scanners"
    assert count_entries(folder / f"bbolt-{name}.db") == count
