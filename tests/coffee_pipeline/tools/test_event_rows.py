"""Recorded series: the same rows in every format, and broken ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.tools.event_rows import of_table, read

CSV = """slo,time,good,total,note
boils,2026-01-01T00:00:00Z,9,10,a
warm,2026-01-01T00:00:00Z,1,2,b
boils,2026-01-01T00:01:00Z,,,c
"""


def test_a_csv_file(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text(CSV)
    found = read(tmp_path / "s.csv")
    assert set(found) == {"boils", "warm"}
    assert found["boils"].times.tolist() == [1_767_225_600_000, 1_767_225_660_000]
    assert np.array_equal(found["boils"].total, [10, np.nan], equal_nan=True)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_formats_read_alike(tmp_path: Path, suffix: str) -> None:
    columns = {"slo": ["a", "b", "a"], "time": [60, 60, 120], "bad": [1, 2, 3], "total": [4, 5, 6]}
    table, path = pa.table(columns), tmp_path / f"s.{suffix}"
    if suffix == "csv":
        pyarrow.csv.write_csv(table, path)
    elif suffix == "parquet":
        pyarrow.parquet.write_table(table, path)
    else:
        path.write_text("\n".join(str(row).replace("'", '"') for row in table.to_pylist()))
    found = read(path)["a"]
    assert (found.times.tolist(), found.bad.tolist(), found.cumulative) == (
        [60_000, 120_000], [1, 3], False,
    )  # fmt: skip
    assert np.isnan(found.good).all()


def test_counters_are_told_apart() -> None:
    table = pa.table({"slo": ["a"], "time": [0], "good_counter": [1], "total_counter": [2]})
    assert of_table(table, "f")["a"].cumulative


def test_what_counts_by_itself_is_told_apart() -> None:
    names = ["one", None, "two", "one"]
    for series in (names, pa.array(names).dictionary_encode(), [1, None, 2, 1]):
        table = pa.table({"slo": ["a"] * 4, "time": [0] * 4, "good_counter": [1] * 4,
                          "total_counter": [2] * 4, "series": series})  # fmt: skip
        found = of_table(table, "f")["a"].series.tolist()
        assert found[0] == found[3]
        assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"slo": ["a"], "time": [1]}, "needs the columns"),
        ({"slo": ["a"], "time": ["noon"], "good": [1], "total": [1]}, "noon"),
        ({"slo": ["a"], "time": [1e18], "good": [1], "total": [1]}, "seconds since 1970"),
        ({"slo": ["a"], "time": [None], "good": [1], "total": [1]}, "without a time"),
        ({"slo": [None], "time": [1], "good": [1], "total": [1]}, "without a name"),
        ({"slo": ["a"], "time": [1], "good": ["x"], "total": [1]}, "must be numbers"),
        ({"slo": ["a"], "time": [True], "good": [1], "total": [1]}, "must be a time"),
        ({"slo": ["a"], "time": [9e9], "good": [1], "total": [1]}, "2255-.* has not come yet"),
        ({"slo": ["a"], "time": [9e10], "good": [1], "total": [1]}, "has not come yet"),
        ({"slo": ["a", "a"], "time": [0, 1.7e9], "good": [1, 1], "total": [1, 1]}, "over 20 years"),
        ({"slo": [[1]], "time": [1], "good": [1], "total": [1]}, "f:slo"),
    ],
)
def test_broken_tables_say_where(columns: dict[str, list], problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        of_table(pa.table(columns), "f")


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path / "none.csv")
    (tmp_path / "s.txt").write_text("")
    with pytest.raises(ConfigurationError, match="must be"):
        read(tmp_path / "s.txt")


@given(st.binary(max_size=200), st.sampled_from(["csv", "jsonl", "parquet"]))
def test_any_bytes_are_a_table_or_one_error(tmp_path_factory, content: bytes, suffix: str) -> None:
    path = tmp_path_factory.mktemp("series") / f"s.{suffix}"
    path.write_bytes(content)
    with pytest.raises(ParseError):
        read(path)
