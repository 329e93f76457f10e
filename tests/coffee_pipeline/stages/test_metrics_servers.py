"""Events of an SLO from real servers: Prometheus and VictoriaMetrics on the same samples."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.stages.series_connection import SeriesConnection
from coffee_pipeline.stages.series_source import SeriesSource
from tests.coffee_pipeline.stages.test_series_source import START, raw_ratio, slo, threshold
from tests.conftest import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]
MINUTES, EVERY_SECONDS = 60, 15
GAP = range(20, 40)
"""Minutes at whose steps nobody scraped."""
RESTART = 50
"""The minute in which the counters begin anew."""
KINDS = (("numerator", 3), ("boils", 4))
"""Good ones and all, and how many each time."""


def exposition(multiplier: int) -> Iterator[str]:
    """Three good boils of four every quarter of a minute; times in 1/``multiplier`` seconds.

    Besides them a burst of as many at every full minute, between two scrapes, and counters that are
    scraped once a minute.
    """
    for name, each in KINDS:
        yield f"# TYPE {name} counter"
        value = 0
        for at in range(0, 60 * MINUTES + 1, EVERY_SECONDS):
            minute = at // 60
            value = 0 if at == 60 * RESTART else value + each
            if minute not in GAP:
                yield f"{name}_total {value} {(START + at) * multiplier}"
    for name, each in KINDS:
        yield f"# TYPE burst_{name} counter"
        for at in range(7, 60 * MINUTES, EVERY_SECONDS):
            minute = at // 60
            value = 4 * each * (minute if minute < RESTART else minute - RESTART)
            yield f"burst_{name}_total {value} {(START + at) * multiplier}"
    for name, each in KINDS:
        yield f"# TYPE slow_{name} counter"
        for minute in range(MINUTES):
            value = 4 * each * (minute + 1 if minute < RESTART else minute + 1 - RESTART)
            yield f"slow_{name}_total {value} {(START + 60 * minute + 31) * multiplier}"
    yield "# TYPE boiling_seconds gauge"
    for minute in range(MINUTES):
        if minute not in GAP:
            yield f"boiling_seconds {minute / 10} {(START + 60 * minute + 31) * multiplier}"
    yield "# EOF"


def program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not on PATH: make system installs it where it may")
    return found


@contextmanager
def started(folder: Path, url: str, ready: str, *argv: str) -> Iterator[str]:
    with BackgroundProcess(Command(argv=argv), folder / "log", grace_seconds=5) as process:

        def answers() -> bool:
            assert process.running(), process.log_tail(20)
            try:
                return httpx.get(f"{url}{ready}", trust_env=False, timeout=2).is_success
            except httpx.TransportError:
                return False

        wait_until(answers)
        yield url


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[str]:
    """A Prometheus whose store was filled with the samples."""
    samples, store = tmp_path / "samples", tmp_path / "store"
    samples.write_text("\n".join(exposition(1)) + "\n")
    subprocess.run(
        [program("promtool"), "tsdb", "create-blocks-from", "openmetrics", samples, store],
        check=True, capture_output=True,
    )  # fmt: skip
    settings = tmp_path / "prometheus.yml"
    settings.write_text("scrape_configs: []\n")
    address = f"127.0.0.1:{free_port()}"
    with started(
        tmp_path, f"http://{address}", "/-/ready", program("prometheus"),
        f"--config.file={settings}", f"--storage.tsdb.path={store}",
        "--storage.tsdb.retention.time=100y", f"--web.listen-address={address}",
    ) as url:  # fmt: skip
        yield url


@pytest.fixture
def victoria_metrics(tmp_path: Path) -> Iterator[str]:
    """A VictoriaMetrics that was told the samples over its API."""
    address = f"127.0.0.1:{free_port()}"
    with started(
        tmp_path, f"http://{address}", "/health", program("victoria-metrics"),
        f"-storageDataPath={tmp_path / 'store'}", f"-httpListenAddr={address}",
        "-retentionPeriod=100y", "-loggerLevel=ERROR",
    ) as url:  # fmt: skip
        body = "\n".join(line for line in exposition(1000) if not line.startswith("#"))
        told = httpx.post(f"{url}/api/v1/import/prometheus", content=body, trust_env=False)
        assert told.is_success, told.text
        assert httpx.get(f"{url}/internal/force_flush", trust_env=False).is_success
        yield url


def counted(url: str, kind: str, prefix: str = "") -> list[tuple[int, int] | None]:
    """Good and all events of every minute; None where there is no data."""
    names = {f"{name}_total": f"{prefix}{name}_total" for name, _ in KINDS}
    one = slo(Prometheus=kind, **names)
    fetched = SeriesSource(SeriesConnection(url)).events(one, START, START + 60 * MINUTES, 60)
    assert fetched.reasons == ()
    events, begins = fetched.events, range(START, START + 60 * MINUTES, 60)
    sums = [events.sums(events.steps(begin, begin + 60)) for begin in begins]
    return [(int(good), int(total)) if covered else None for good, total, covered in sums]


MINUTE = (12, 16)
"""Good and all boils of a minute that was watched from its first to its last moment."""
UNLIKE = {GAP.start - 1, GAP.start, GAP.stop - 1}
"""Steps at the edges of the gap, where the two servers mean different things by an increase."""
WATCHED = [m for m in range(MINUTES) if m not in GAP and m not in UNLIKE and m != RESTART - 1]


def check_watched(minutes: list[tuple[int, int] | None]) -> None:
    assert [minutes[m] for m in WATCHED] == [MINUTE] * len(WATCHED)
    assert minutes[RESTART - 1] == (9, 12), "a restart in the last quarter is no fall of the count"
    assert [minutes[m] for m in GAP if m not in UNLIKE] == [None] * (len(GAP) - 2)


def test_prometheus_knows_nothing_of_what_happened_in_a_gap(prometheus: str) -> None:
    minutes = counted(prometheus, "Prometheus")
    check_watched(minutes)
    assert minutes[GAP.start - 1] == (9, 12), "what was seen, nothing extrapolated"
    assert (minutes[GAP.start], minutes[GAP.stop - 1]) == ((0, 0), None)


def check_bursts(url: str, kind: str) -> None:
    """Nothing is lost or made up between the last scrape of a minute and the first of the next."""
    minutes = counted(url, kind, "burst_")
    begun_again = {0, RESTART}
    assert [minutes[m] for m in range(MINUTES) if m not in begun_again] == [MINUTE] * 58
    assert minutes[RESTART] == (0, 0)
    slowly = counted(url, kind, "slow_")
    assert [slowly[m] for m in range(1, MINUTES)] == [MINUTE] * 59


def test_prometheus_loses_nothing_at_the_borders_of_minutes(prometheus: str) -> None:
    check_bursts(prometheus, "Prometheus")


def test_victoria_metrics_loses_nothing_at_the_borders_of_minutes(victoria_metrics: str) -> None:
    check_bursts(victoria_metrics, "VictoriaMetrics")


def check_values(url: str, kind: str) -> None:
    """A gauge that rises over its limit after five minutes, and a ratio of one in four bad."""
    span = (START, START + 60 * GAP.start, 60)
    source = SeriesSource(SeriesConnection(url))
    limit = threshold("max(boiling_seconds)").model_copy(update={"source_type": kind})
    fetched = source.events(limit, *span)
    begins = range(START, START + 60 * GAP.start, 60)
    good = [fetched.events.sums(fetched.events.steps(at, at + 60))[0] for at in begins]
    assert (good, fetched.reasons) == ([1] * 6 + [0] * 14, ())
    counted = "sum(rate(numerator_total[{{.window}}])) / sum(rate(boils_total[{{.window}}]))"
    ratio = raw_ratio("success", counted).model_copy(update={"source_type": kind})
    fetched = source.events(ratio, *span)
    good, total, known = fetched.events.sums(slice(0, len(fetched.events)))
    assert (total, known, fetched.reasons) == (20, 20, ())
    assert float(good / total) == pytest.approx(0.75, abs=1e-6)


def test_prometheus_is_asked_for_values(prometheus: str) -> None:
    check_values(prometheus, "Prometheus")


def test_victoria_metrics_is_asked_for_values(victoria_metrics: str) -> None:
    check_values(victoria_metrics, "VictoriaMetrics")


def test_victoria_metrics_adds_what_happened_in_a_gap_at_its_end(victoria_metrics: str) -> None:
    minutes = counted(victoria_metrics, "VictoriaMetrics")
    check_watched(minutes)
    assert minutes[GAP.start - 1] == (9, 12), "what was seen, nothing extrapolated"
    assert minutes[GAP.start] == (0, 0)
    quarters = 4 * len(GAP) + 1
    assert minutes[GAP.stop - 1] == (3 * quarters, 4 * quarters)
