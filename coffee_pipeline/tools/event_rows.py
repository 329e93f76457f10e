"""Recorded series of events: a table in CSV, JSON lines or Parquet.

Columns: ``slo`` (the SLO's name, or service-name), ``time`` (RFC 3339, or seconds since 1970) and
either events per interval, ``total`` with ``good`` or ``bad``, where ``time`` begins the interval;
or counters, ``total_counter`` with ``good_counter`` or ``bad_counter``, as they stood at ``time``.
``series`` tells apart what counts by itself, such as the pods of a service: counters of several
are not to be taken for one that begins again. An empty field is no data. Further columns are passed
over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json
import pyarrow.parquet

from coffee_pipeline.errors import ConfigurationError, ParseError

MAXIMUM_BYTES = 2 << 30
"""Size limit of one file; 50 SLOs over 90 days are some 300 MB as CSV."""

MAXIMUM_SPAN = timedelta(days=20 * 365)
"""Longest time that one file may be about."""

_AHEAD = timedelta(days=1)
"""So much the clock of who wrote the file may be ahead."""

_KINDS = (("total", "good", "bad"), ("total_counter", "good_counter", "bad_counter"))


@dataclass(frozen=True)
class EventRows:
    """The rows of one SLO, in the order of the file; NaN is no data.

    ``times`` are milliseconds since 1970, ``series`` numbers of what counts by itself.
    ``cumulative`` rows are counters.
    """

    slo: str
    cumulative: bool
    series: npt.NDArray[np.int64]
    times: npt.NDArray[np.int64]
    good: npt.NDArray[np.float64]
    bad: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]


def read(path: Path) -> dict[str, EventRows]:
    """The rows of a file by SLO.

    Raises:
        ConfigurationError: there is no such file, it is too large or of another kind.
        ParseError: it is not a table of these columns.
    """
    try:
        if path.stat().st_size > MAXIMUM_BYTES:
            raise ConfigurationError(f"{path}: larger than {MAXIMUM_BYTES >> 30} GiB; split it")
        table = _table(path)
        table.column_names  # noqa: B018 - names that are not UTF-8 raise here
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read ({error.strerror or error})") from error
    except (pa.ArrowException, ValueError, UnicodeDecodeError) as error:
        raise ParseError(str(path), "", f"no table: {str(error).splitlines()[0]}") from error
    return of_table(table, str(path))


def of_table(table: pa.Table, source: str) -> dict[str, EventRows]:
    """The rows of a table by SLO; ``source`` is named in messages.

    Raises:
        ParseError: a column is missing or not of its kind.
    """
    names = set(table.column_names)
    kind = next((one for one in _KINDS if one[0] in names and names & set(one[1:])), None)
    if kind is None or not {"slo", "time"} <= names:
        raise ParseError(source, "", "needs the columns slo, time, total, and good or bad")
    try:
        labels = table.column("slo").cast(pa.string()).combine_chunks().dictionary_encode()
    except pa.ArrowException as error:
        raise ParseError(source, "slo", f"must be text, not {table.column('slo').type}") from error
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    if labels.null_count:
        raise ParseError(source, "slo", "a row without a name")
    times = _times(table.column("time"), source)
    _check_span(times, source)
    series = _series(table)
    total, good, bad = (_numbers(table, name, source) for name in kind)
    codes = labels.indices.to_numpy(zero_copy_only=False)
    sort = bool(np.any(np.diff(codes) < 0))
    order = np.argsort(codes, kind="stable") if sort else None
    ordered = codes if order is None else codes[order]
    borders = np.searchsorted(ordered, np.arange(len(labels.dictionary) + 1))
    found: dict[str, EventRows] = {}
    for index, name in enumerate(labels.dictionary.to_pylist()):
        own = slice(borders[index], borders[index + 1])
        rows = own if order is None else order[own]
        columns = (one[rows] for one in (good, bad, total))
        found[name] = EventRows(name, kind is _KINDS[1], series[rows], times[rows], *columns)
    return found


def _table(path: Path) -> pa.Table:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        text = pyarrow.csv.ConvertOptions(column_types={"slo": pa.string(), "series": pa.string()})
        return pyarrow.csv.read_csv(path, convert_options=text)
    if suffix in {".jsonl", ".ndjson"}:
        return pyarrow.json.read_json(path)
    if suffix == ".parquet":
        return pyarrow.parquet.read_table(path)
    raise ConfigurationError(f"{path}: must be .csv, .jsonl or .parquet")


def _times(column: pa.ChunkedArray, source: str) -> npt.NDArray[np.int64]:
    kind = column.type
    if column.null_count:
        raise ParseError(source, "time", "a row without a time")
    try:
        if pa.types.is_string(kind):
            moments = [datetime.fromisoformat(text) for text in column.to_pylist()]
            zoned = (one if one.tzinfo else one.replace(tzinfo=UTC) for one in moments)
            return np.array([round(one.timestamp() * 1000) for one in zoned], dtype=np.int64)
        if pa.types.is_timestamp(kind):
            whole = column.cast(pa.timestamp("ms", kind.tz), safe=False).cast(pa.int64())
            return _array(whole, np.dtype(np.int64))
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            seconds = _array(column.cast(pa.float64()), np.dtype(np.float64))
            if not np.all(np.abs(seconds) < 1e11):
                raise ParseError(source, "time", "must be seconds since 1970, or RFC 3339")
            return np.asarray(np.rint(seconds * 1000), dtype=np.int64)
    except (ValueError, OverflowError, pa.ArrowException) as error:
        raise ParseError(source, "time", str(error)) from error
    raise ParseError(source, "time", f"must be a time, not {kind}")


def _check_span(times: npt.NDArray[np.int64], source: str) -> None:
    """One wrong time would decide what "now" is, or ask for a place for every minute until then."""
    if not len(times):
        return
    first, last = (int(one) / 1000 for one in (times.min(), times.max()))
    if last > datetime.now(UTC).timestamp() + _AHEAD.total_seconds():
        raise ParseError(source, "time", f"{_told(last)} has not come yet: correct the row")
    if last - first > MAXIMUM_SPAN.total_seconds():
        years = MAXIMUM_SPAN.days // 365
        words = f"from {_told(first)} to {_told(last)} are over {years} years: correct or split it"
        raise ParseError(source, "time", words)


def _told(seconds: float) -> str:
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat()
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} seconds since 1970"


def _series(table: pa.Table) -> npt.NDArray[np.int64]:
    if "series" not in table.column_names:
        return np.zeros(len(table), dtype=np.int64)
    names = pc.fill_null(table.column("series").cast(pa.string()), "")
    return _array(pc.rank(names, tiebreaker="dense"), np.dtype(np.int64))


def _numbers(table: pa.Table, name: str, source: str) -> npt.NDArray[np.float64]:
    if name not in table.column_names:
        return np.full(len(table), np.nan)
    column = table.column(name)
    if not (
        pa.types.is_integer(column.type)
        or pa.types.is_floating(column.type)
        or pa.types.is_null(column.type)
    ):
        raise ParseError(source, name, f"must be numbers, not {column.type}")
    return _array(pc.fill_null(column.cast(pa.float64()), float("nan")), np.dtype(np.float64))


def _array(column: pa.ChunkedArray, kind: np.dtype[Any]) -> npt.NDArray[Any]:
    return np.asarray(column.to_numpy(), dtype=kind)
