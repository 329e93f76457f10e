"""``slo validate``, ``slo rules`` and ``slo status`` as a person calls them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import pytest
import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from coffee_pipeline.cli import slo
from coffee_pipeline.errors import ConfigurationError, UsageError
from coffee_pipeline.home import Home
from tests.coffee_pipeline.stages.test_series_source import Stub

Call = Callable[..., Result]
SLOTH = """\
version: prometheus/v1
service: kettle
slos:
  - name: boils
    objective: 99.9
    sli:
      events:
        error_query: sum(rate(cold_total[{{.window}}]))
        total_query: sum(rate(boils_total[{{.window}}]))
    alerting: {name: KettleCold}
"""


@pytest.fixture
def call(home: Home) -> Call:
    app = typer.Typer()
    slo.register(app)
    return lambda *arguments: CliRunner().invoke(
        app, ["slo", *map(str, arguments)], obj=home, catch_exceptions=True
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "slo.yaml"
    path.write_text(SLOTH)
    return path


def test_valid_files_are_said_to_be(call: Call, file: Path) -> None:
    done = call("validate", file, "--json")
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert (answer["valid"], answer["errors"]) == (True, [])
    assert answer["slos"][0]["objectives"] == [0.999]
    assert answer["slos"][0]["line"] == 4


def test_every_problem_is_named_with_its_line(call: Call, file: Path) -> None:
    broken = SLOTH.replace("99.9", "nine").replace("service", "servise")
    typo = SLOTH.replace("kettle", "pot").replace("sum(rate(cold", "summ(rate(cold")
    file.write_text(f"{broken}---\n{typo}")
    done = call("validate", file, "--json")
    assert isinstance(done.exception, UsageError)
    answer = json.loads(done.stdout)
    assert not answer["valid"]
    assert [one.split(": ")[0] for one in answer["errors"]] == [
        f"{file}:{line}" for line in (1, 2, 5, 15)
    ]


def test_an_alert_that_can_never_fire_is_remarked_upon(call: Call, file: Path) -> None:
    file.write_text(SLOTH.replace("99.9", "90"))
    done = call("validate", file)
    assert done.exit_code == 0
    assert "the page alert of 1h can never fire, it needs an error ratio above 1.44" in done.output


def test_rules_are_written(call: Call, file: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "rules.yml"
    done = call("rules", file, "-o", output, "--label", "team=tea", "--period", "28d", "--json")
    assert json.loads(done.stdout) == {
        "output": str(output), "groups": 3, "recording_rules": 17, "alerting_rules": 2,
    }  # fmt: skip
    groups = yaml.safe_load(output.read_text())["groups"]
    assert groups[0]["rules"][0]["labels"]["team"] == "tea"
    assert "ratio_rate4w" in output.read_text()


def test_rules_for_kubernetes(call: Call, file: Path) -> None:
    done = call("rules", file, "--kubernetes", "kettle", "--namespace", "tea")
    resource = yaml.safe_load(done.stdout)
    assert resource["kind"] == "PrometheusRule"
    assert resource["metadata"]["namespace"] == "tea"
    assert len(resource["spec"]["groups"]) == 3


@pytest.mark.parametrize("option", [("--period", "4 weeks"), ("--label", "team")])
def test_broken_options_are_one_line(call: Call, file: Path, option: tuple[str, str]) -> None:
    done = call("rules", file, *option)
    assert isinstance(done.exception, UsageError)


def test_status_of_a_recorded_series(call: Call, file: Path, tmp_path: Path) -> None:
    rows = [f"boils,{1_770_000_000 + 60 * n},{99 if n == 5 else 100},100" for n in range(2000)]
    series = tmp_path / "series.csv"
    series.write_text("\n".join(["slo,time,good,total", *rows]))
    done = call("status", file, "--series", series, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout)
    assert (found["good"], found["total"], found["ratio"]) == (199_999, 200_000, 0.999995)
    assert (found["budget_left"], found["met"], found["objective"]) == (0.995, True, 0.999)
    assert found["covered"] == pytest.approx(2000 / 43_200)
    text = call("status", file, "--series", series)
    assert "199" in text.stdout


def test_status_without_data_is_not_all_good(call: Call, file: Path, tmp_path: Path) -> None:
    series = tmp_path / "series.csv"
    series.write_text("slo,time,good,total\nother,1770000000,1,1\n")
    (found,) = json.loads(call("status", file, "--series", series, "--json").stdout)
    assert (found["ratio"], found["met"], found["reason"]) == (None, None, "no data")
    why = f"{series}: no rows of kettle-boils or boils"
    assert found["gaps"] == [why]
    assert f"kettle-boils: {why}" in call("status", file, "--series", series).stdout


@pytest.fixture
def refusing() -> Iterator[str]:
    """The URL of a server that knows no such API."""
    made = Stub()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made.url
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_an_slo_that_cannot_be_asked_for_does_not_keep_the_others_from_it(
    call: Call, file: Path, tmp_path: Path, refusing: str
) -> None:
    raw = tmp_path / "raw.yaml"
    raw.write_text(
        THRESHOLD.replace("Prometheus", "Datadog").replace("slow", "pours").replace("kettle", "pot")
    )
    done = call("status", raw, file, "--url", refusing, "--json")
    assert done.exit_code == 0, done.output
    gaps = {one["slo"]: one["gaps"] for one in json.loads(done.stdout)}
    why = "thresholds and raw ratios are measured from Prometheus-compatible APIs only"
    assert gaps["pours"] == [f"not measured: {raw}:1: pours: {why}"]
    assert len(gaps["boils"]) == 1
    assert "404" in gaps["boils"][0]


def test_nothing_measured_does_not_replace_what_was_saved(
    call: Call, file: Path, tmp_path: Path, refusing: str
) -> None:
    saved = tmp_path / "saved.parquet"
    saved.write_bytes(b"of yesterday")
    done = call("status", file, "--url", refusing, "--save", saved, "--json")
    assert done.exit_code == 0, done.output
    assert f"{saved}: not written, there are no events to keep" in done.stderr
    assert (saved.read_bytes(), json.loads(done.stdout)[0]["met"]) == (b"of yesterday", None)


def test_files_without_an_slo_are_one_line(call: Call, tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("apiVersion: openslo/v1\nkind: Service\nmetadata: {name: tea}\nspec: {}\n")
    for source in (("--url", "http://x", "--save", tmp_path / "x"), ("--series", "x.csv")):
        done = call("status", empty, *source)
        assert isinstance(done.exception, UsageError)
        assert "no SLO" in str(done.exception)


def test_a_recorded_series_is_not_saved_again(call: Call, file: Path, tmp_path: Path) -> None:
    done = call("status", file, "--series", "x.csv", "--save", tmp_path / "x.parquet")
    assert isinstance(done.exception, UsageError)


@pytest.fixture
def prometheus() -> Iterator[str]:
    """The URL of a server whose every query answers with 100 at every step."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            start, end, step = (int(sent[name][0]) for name in ("start", "end", "step"))
            values = [[at, "100"] for at in range(start, end + 1, step)]
            result = [{"metric": {}, "values": values}]
            answer = {"status": "success", "data": {"resultType": "matrix", "result": result}}
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


THRESHOLD = """\
apiVersion: openslo/v1
kind: SLO
metadata: {name: slow}
spec:
  service: kettle
  indicator:
    spec:
      thresholdMetric: {metricSource: {type: Prometheus, spec: {query: max(boiling_seconds)}}}
  budgetingMethod: Occurrences
  objectives: [{target: 0.999, op: lte, value: 0.5}]
"""


def test_thresholds_and_raw_ratios_are_measured_and_what_is_none_is_a_gap(
    call: Call, file: Path, prometheus: str, tmp_path: Path
) -> None:
    raw = SLOTH.replace("boils\n", "raw\n").replace(
        "events:\n        error_query: sum(rate(cold_total[{{.window}}]))\n        total_query",
        "raw:\n        error_ratio_query",
    )
    file.write_text(f"{THRESHOLD}---\n{SLOTH}---\n{raw}")
    done = call("status", file, "--url", prometheus, "--json", "--save", tmp_path / "s.parquet")
    assert done.exit_code == 0, done.output
    found = {one["slo"]: one for one in json.loads(done.stdout)}
    assert (found["boils"]["ratio"], found["boils"]["gaps"]) == (0, [])
    assert (found["slow"]["ratio"], found["slow"]["met"], found["slow"]["gaps"]) == (0, False, [])
    assert found["slow"]["covered"] == pytest.approx(1, abs=1e-4)
    assert (found["raw"]["ratio"], found["raw"]["met"]) == (None, None)
    (gap,) = found["raw"]["gaps"]
    assert "values of the ratio are not between 0 and 1" in gap
    remarks = json.loads(call("validate", file, "--json").stdout)["remarks"]
    assert [one for one in remarks if "by --series only" in one] == []


@pytest.mark.parametrize(
    ("bad", "said"), [(5, "not before the reset"), (0, "-"), (5000, "exhausted")]
)
def test_a_budget_that_lasts_until_the_reset_is_said_to(
    call: Call, file: Path, tmp_path: Path, bad: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    calendar = "{startTime: 2026-01-01 00:00:00, timeZone: UTC}"
    month = f"  timeWindow: [{{duration: 1M, calendar: {calendar}}}]"
    file.write_text(THRESHOLD.replace("  budgeting", f"{month}\n  budgeting"))
    begin = 1_769_904_000  # 2026-02-01
    rows = [f"slow,{begin + 60 * n},{100_000 - bad},100000" for n in range(2000)]
    series = tmp_path / "series.csv"
    series.write_text("\n".join(["slo,time,good,total", *rows]))
    done = call("status", file, "--series", series)
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("│ kettle-slow")]
    assert row.split("│")[6].strip() == said, done.output


def test_status_needs_one_source(call: Call, file: Path) -> None:
    assert isinstance(call("status", file).exception, UsageError)
    assert isinstance(call("status", "--url", "http://x").exception, UsageError)
    unset = call("status", file, "--url", "http://127.0.0.1:9", "--token-variable", "NO_SUCH_ONE")
    assert isinstance(unset.exception, ConfigurationError)
    assert "NO_SUCH_ONE is not set" in str(unset.exception)
