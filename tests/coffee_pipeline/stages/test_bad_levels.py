"""Bad input of service levels, from the source to the day that is kept: never a number for nothing.

Each case of the table in docs/service-levels.md goes the whole way: what is asked or read, the
day's evidence, and the status that a report would show.
"""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from tenacity import wait_none

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.level import LevelDay, LevelSample
from coffee_pipeline.platform.description import MetricsSettings
from coffee_pipeline.platform.telemetry import LevelSource, MetricsApi
from coffee_pipeline.stages.kept_levels import kept_objectives
from coffee_pipeline.stages.level_days import Owned, measure_days
from coffee_pipeline.stages.level_run import worth_keeping
from coffee_pipeline.stages.level_sources import (
    NO_API,
    NO_SOURCE,
    ApiSource,
    EventSource,
    RecordedSource,
    event_source,
)
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import SeriesSource
from tests.coffee_pipeline.stages.test_series_source import (
    Stub,
    either,
    raw_ratio,
    series,
    slo,
    threshold,
)

DAY = date(2026, 3, 1)
START = datetime(2026, 3, 1, tzinfo=UTC)
BEGIN = int(START.timestamp())
NOW = START + timedelta(hours=36)
OWNED = Owned("tea", "kettle", "@tea", "production", slo())
Answer = tuple[int, object]


@pytest.fixture
def prometheus() -> Iterator[Stub]:
    made = Stub()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def api(url: str, **settings: object) -> EventSource:
    return ApiSource(SeriesSource(SeriesConnection(url, wait=wait_none(), **settings)))  # type: ignore[arg-type]


def day_of(
    source: EventSource, now: datetime = NOW, owned: Owned = OWNED
) -> tuple[LevelDay, list[LevelSample]]:
    (evidence,) = measure_days(owned, [DAY], source, now)
    (day,) = [one for one in evidence.records if isinstance(one, LevelDay)]
    samples = [one for one in evidence.records if isinstance(one, LevelSample)]
    assert (day.outcome, day.reason) == (evidence.outcome.value, evidence.reason)
    assert day.known_steps == len(samples)
    return day, samples


def test_a_server_that_is_down_is_a_day_without_numbers() -> None:
    with socket.socket() as taken:  # bound, never listening
        taken.bind(("127.0.0.1", 0))
        day, samples = day_of(api(f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert (day.outcome, day.good, day.total, samples) == ("not_run", None, None, [])
    assert "ConnectError" in (day.reason or "")


def test_a_server_that_is_too_slow_is_a_gap_with_its_reason(prometheus: Stub) -> None:
    ended = threading.Event()

    def never(_: dict[str, str]) -> Answer:
        ended.wait()
        return 503, b""

    prometheus.answer = never
    day, _ = day_of(api(prometheus.url, timeout_seconds=0.05, attempts=2))
    ended.set()
    assert (day.outcome, day.total) == ("not_run", None)
    assert (day.reason or "").startswith("prometheus: no answer within 0.05 s")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((422, {"status": "error", "errorType": "execution", "error": "too many samples"}),
         "prometheus answered 422: execution: too many samples"),
        ((503, b"busy"), "prometheus answered 503"),
        ((200, b"<html>log in</html>"), "not JSON"),
        ((200, {"status": "success", "data": {"resultType": "matrix", "result": []}}),
         "the query for total events returned no data"),
        ((200, {"status": "success", "warnings": ["a store is gone"],
                "data": {"resultType": "matrix", "result": []}}), "a store is gone"),
    ],
)  # fmt: skip
def test_answers_that_are_none(prometheus: Stub, answer: Answer, reason: str) -> None:
    prometheus.answer = lambda _: answer
    day, samples = day_of(api(prometheus.url))
    assert (day.outcome, day.good, day.total, samples) == ("not_run", None, None, [])
    assert reason in (day.reason or "")


def test_half_a_day_is_partial_and_says_how_much_is_missing(prometheus: Stub) -> None:
    known: Callable[[int], object] = lambda at: 10 if at <= BEGIN + 43_200 else None  # noqa: E731
    prometheus.answer = series(known)
    day, samples = day_of(api(prometheus.url))
    assert (day.outcome, day.known_steps, day.steps) == ("partial", 720, 1440)
    assert day.reason == "720 of 1440 minutes have no data"
    assert (day.good, day.total) == (7200, 7200)
    assert max(one.started_at for one in samples) < START + timedelta(hours=12)


@pytest.mark.parametrize("value", ["NaN", "+Inf", "-Inf", "-3"])
def test_no_numbers_are_gaps(prometheus: Stub, value: str) -> None:
    odd: Callable[[int], object] = lambda at: value if at % 120 else 10  # noqa: E731
    prometheus.answer = either(series(lambda _: 9), series(odd))
    day, _ = day_of(api(prometheus.url))
    assert (day.outcome, day.known_steps, day.good, day.total) == ("partial", 720, 6480, 7200)


def test_a_day_of_a_threshold_or_a_raw_ratio_has_its_minutes_as_events(
    prometheus: Stub, home: Home
) -> None:
    quarter: Callable[[int], object] = lambda at: 0.25 if at <= BEGIN + 43_200 else None  # noqa: E731
    prometheus.answer = series(quarter)
    for one, good in ((threshold(), 720), (raw_ratio("failure", "cold:ratio"), 540)):
        owned = replace(OWNED, slo=one)
        day, samples = day_of(api(prometheus.url), owned=owned)
        assert (day.outcome, day.good, day.total) == ("partial", good, 720)
        assert {(each.good, each.total) for each in samples} == {(good / 720, 1)}
        history = keep(home, measure_days(owned, [DAY], api(prometheus.url), NOW))
        (found,) = kept_objectives(history, "tea", NOW)
        assert (found.status.headline.good, found.status.headline.total) == (good, 720)


def test_more_good_than_total_is_a_gap(prometheus: Stub) -> None:
    """Scrapes of two series at different times, or a clock that was set back."""
    prometheus.answer = either(series(lambda _: 11), series(lambda _: 10))
    assert day_of(api(prometheus.url))[0].outcome == "not_run"


def recorded(folder: Path, text: str) -> EventSource:
    path = folder / "rows.csv"
    path.write_text(text)
    return RecordedSource(path)


def counters(values: list[float], step: int = 60) -> str:
    rows = [f"boils,{BEGIN + step * at},{value},{value}" for at, value in enumerate(values)]
    return "\n".join(["slo,time,good_counter,total_counter", *rows])


def test_a_counter_that_falls_began_again(tmp_path: Path) -> None:
    day, _ = day_of(recorded(tmp_path, counters([100, 110, 120, 5, 15])))
    assert (day.total, day.known_steps) == (10 + 10 + 5 + 10, 4)


@pytest.mark.parametrize("mark", [math.nan, math.inf, -math.inf])
def test_a_stale_marker_is_no_reset(tmp_path: Path, mark: float) -> None:
    day, _ = day_of(recorded(tmp_path, counters([100, 110, mark, 130])))
    assert day.total == 30


def test_a_scrape_missing_for_long_is_a_gap_and_its_rise_is_nobodys(tmp_path: Path) -> None:
    text = counters([100, 110]) + f"\nboils,{BEGIN + 3600},900,900\nboils,{BEGIN + 3660},910,910"
    day, _ = day_of(recorded(tmp_path, text))
    assert (day.total, day.known_steps) == (20, 2)


def test_a_clock_ahead_adds_no_events(tmp_path: Path) -> None:
    rows = [f"boils,{BEGIN + 60 * at},1,1" for at in range(600)]
    source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
    day, samples = day_of(source, now=START + timedelta(hours=8))
    assert (day.total, day.steps, day.outcome) == (480, 480, "partial")
    assert "120 minutes lie in the future and are left out: a clock is ahead" in (day.reason or "")
    assert max(one.started_at for one in samples) < START + timedelta(hours=8)


def test_a_clock_set_back_neither_doubles_nor_loses(tmp_path: Path) -> None:
    order = [*range(20), *range(10, 30)]
    rows = [f"boils,{BEGIN + 60 * at},1,1" for at in order]
    day, _ = day_of(recorded(tmp_path, "\n".join(["slo,time,good,total", *rows])))
    assert (day.total, day.known_steps) == (30, 30)


def test_a_day_before_it_begins_is_not_asked_for(prometheus: Stub) -> None:
    day, _ = day_of(api(prometheus.url), now=START - timedelta(hours=1))
    assert (day.outcome, day.steps, prometheus.asked) == ("not_run", 0, [])
    assert "the day has not begun" in (day.reason or "")


def test_an_idle_day_is_known_and_divides_by_nothing(tmp_path: Path, home: Home) -> None:
    rows = [f"boils,{BEGIN + 60 * at},0,0" for at in range(1440)]
    source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
    day, _ = day_of(source)
    assert (day.outcome, day.good, day.total) == ("completed", 0, 0)
    history = keep(home, measure_days(OWNED, [DAY], source, NOW))
    (found,) = kept_objectives(history, "tea", NOW)
    assert (found.status.headline.ratio, found.status.headline.reason) == (None, "no events")
    assert (found.status.met, found.status.policy) == (None, None)


def test_a_source_that_is_down_or_has_forgotten_takes_nothing_away(
    tmp_path: Path, home: Home
) -> None:
    def asked(minutes: int) -> list[Evidence]:
        rows = [f"boils,{BEGIN + 60 * at},1,1" for at in range(minutes)]
        source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
        return measure_days(OWNED, [DAY], source, NOW)

    history = keep(home, asked(60))
    nothing, less, more = asked(0), asked(30), asked(90)
    assert worth_keeping(history, "tea", nothing) == ([], nothing)
    assert worth_keeping(history, "tea", less) == ([], less)
    assert worth_keeping(history, "tea", more) == (more, [])
    assert worth_keeping(HistoryReader(Home(tmp_path / "new").prepare()), "tea", less) == (less, [])
    otherwise = replace(OWNED, slo=OWNED.slo.model_copy(update={"description": "another promise"}))
    rows = [f"boils,{BEGIN},1,1"]
    source = recorded(tmp_path, "\n".join(["slo,time,good,total", *rows]))
    changed = measure_days(otherwise, [DAY], source, NOW)
    assert worth_keeping(history, "tea", changed) == (changed, [])


def keep(home: Home, made: list[Evidence]) -> HistoryReader:
    for evidence in made:
        HistoryWriter(home).write(evidence)
    history = HistoryReader(home)
    history.refresh()
    return history


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("slo,time,good\nboils,1,1\n", "needs the columns"),
        ("slo,time,good,total\nboils,yesterday,1,1\n", "time"),
        ("slo,time,good,total\nother,1,1,1\n", "rows.csv has no rows of boils"),
        ("", "no table"),
    ],
)
def test_a_file_that_is_none_is_a_gap_with_its_reason(
    tmp_path: Path, text: str, reason: str
) -> None:
    day, _ = day_of(recorded(tmp_path, text))
    assert day.outcome == "not_run"
    assert reason in (day.reason or "")


def test_sources_are_those_that_the_platform_names(tmp_path: Path) -> None:
    assert day_of(event_source(MetricsSettings(), tmp_path))[0].reason == (
        f"{NO_SOURCE}; 1440 of 1440 minutes have no data"
    )
    settings = MetricsSettings(levels=LevelSource(series="rows.csv"))
    assert event_source(settings, tmp_path) == RecordedSource(tmp_path / "rows.csv")
    named = LevelSource(url="http://localhost:9", token_variable="NO_SUCH_TOKEN")
    with pytest.raises(ConfigurationError, match="NO_SUCH_TOKEN is not set"):
        event_source(MetricsSettings(levels=named), tmp_path)
    with pytest.raises(ConfigurationError, match="http or https"):
        event_source(MetricsSettings(levels=LevelSource(url="ftp://x")), tmp_path)
    with pytest.raises(ValueError, match="either series, or url"):
        LevelSource(url="http://x", series="rows.csv")


def test_every_type_of_source_has_its_own_address_and_token(
    prometheus: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEA_TOKEN", "tea")
    monkeypatch.setenv("MILK_TOKEN", "milk")
    own = MetricsApi(url=prometheus.url, token_variable="MILK_TOKEN", organisation="cow")
    common = LevelSource(
        url=prometheus.url, token_variable="TEA_TOKEN", by_type={"victoriametrics": own}
    )
    prometheus.answer = series(lambda _: 10)
    others = slo(Prometheus="Victoria Metrics")
    for one, token, tenant in ((slo(), "tea", None), (others, "milk", "cow")):
        source = event_source(MetricsSettings(levels=common), tmp_path)
        assert day_of(source, owned=replace(OWNED, slo=one))[0].total == 14_400
        sent = prometheus.headers[-1]
        assert (sent["Authorization"], sent.get("X-Scope-OrgID")) == (f"Bearer {token}", tenant)
    alone = LevelSource(by_type={"victoriametrics": own})
    day, _ = day_of(event_source(MetricsSettings(levels=alone), tmp_path))
    assert (day.outcome, day.total) == ("not_run", None)
    assert (day.reason or "").startswith(f"{NO_API} Prometheus; ")


def test_sources_by_type_that_would_not_be_asked_are_refused(tmp_path: Path) -> None:
    own = MetricsApi(url="http://x")
    mistyped = MetricsSettings(levels=LevelSource(by_type={"datadoge": own}))
    with pytest.raises(ConfigurationError, match="metric source datadoge: must be one of"):
        event_source(mistyped, tmp_path)
    with pytest.raises(ValueError, match="pattern"):
        LevelSource(by_type={"New Relic": own})
    with pytest.raises(ValueError, match="either series, or url or by_type"):
        LevelSource(series="rows.csv", by_type={"datadog": own})
    with pytest.raises(ValueError, match="are for url"):
        LevelSource(token_variable="TEA_TOKEN", by_type={"datadog": own})
