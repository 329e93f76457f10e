from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path, PurePath
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.home import Home
from coffee_pipeline.observability.configuration_check import configurations
from coffee_pipeline.observability.coverage import Check, Kind, coverage, structure, unchanged
from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.observability.written import Written, read_folder
from coffee_pipeline.toolbox.toolbox import Toolbox


def failed(checks: list[Check]) -> list[tuple[Kind, str]]:
    return [(one.kind, one.subject) for one in checks if one.passed is not True]


def change(path: Path, edit: Callable[[Any], None]) -> None:
    """Edit a JSON or YAML file."""
    load, dump = (
        (json.loads, json.dumps) if path.suffix == ".json" else (yaml.safe_load, yaml.safe_dump)
    )
    value = load(path.read_text("utf-8"))
    edit(value)
    path.write_text(dump(value), "utf-8")


def test_what_is_generated_covers_everything(
    subject: Subject, folder: Path, generated: Mapping[str, str]
) -> None:
    written = read_folder(folder)
    checks = [
        *coverage(subject, written),
        *structure(written),
        *unchanged(generated, folder),
    ]
    assert failed(checks) == []
    assert sum(one.kind is Kind.RED_PANELS for one in checks) == 5
    assert sum(one.kind is Kind.OBJECTIVE_ALERT for one in checks) == 10


def test_a_dashboard_that_is_gone_is_missed(subject: Subject, folder: Path) -> None:
    (folder / "grafana/dashboards/service-orders.json").unlink()
    assert failed([*coverage(subject, read_folder(folder))]) == [(Kind.RED_PANELS, "orders")]
    (folder / "grafana/dashboards/objectives.json").unlink()
    missing = failed([*coverage(subject, read_folder(folder))])
    assert (Kind.OBJECTIVE_PANEL, "orders/orders-availability") in missing
    assert len(missing) == 3  # the other services' own dashboards have panels of their objectives


def test_a_panel_that_is_gone_is_named(subject: Subject, folder: Path) -> None:
    def without_durations(board: Any) -> None:
        board["panels"] = [one for one in board["panels"] if one["title"] != "Duration"]

    change(folder / "grafana/dashboards/service-menu.json", without_durations)
    (found,) = [one for one in coverage(subject, read_folder(folder)) if not one.passed]
    assert (found.service, found.reason) == ("menu", "no panel of duration")


def test_an_objective_without_alert_is_named(subject: Subject, folder: Path) -> None:
    def silent(rules: Any) -> None:
        rules["groups"] = [
            one for one in rules["groups"] if "alerts-payments-payments-latency" not in one["name"]
        ]

    change(folder / "prometheus/rules/objectives.yml", silent)
    assert failed([*coverage(subject, read_folder(folder))]) == [
        (Kind.OBJECTIVE_ALERT, "payments/payments-latency")
    ]


def test_alerts_count_only_where_prometheus_loads_them(subject: Subject, folder: Path) -> None:
    """A file elsewhere looks like an alert and never fires."""
    loaded = folder / "prometheus/rules/objectives.yml"
    loaded = loaded.rename(folder / "prometheus/rules/of-people.yaml")
    assert failed([*coverage(subject, read_folder(folder))]) == []
    settings = yaml.safe_load((folder / "prometheus/prometheus.yml").read_text("utf-8"))
    assert any(PurePath(loaded.name).match(PurePath(one).name) for one in settings["rule_files"])
    loaded.rename(folder / "prometheus/objectives.yml")
    kinds = {kind for kind, _ in failed([*coverage(subject, read_folder(folder))])}
    assert kinds == {Kind.OBJECTIVE_ALERT}


def test_a_service_without_metrics_is_not_covered(subject: Subject, folder: Path) -> None:
    menu, *others = subject.services
    silent = replace(subject, services=(replace(menu, path=None), *others))
    (found,) = [one for one in coverage(silent, read_folder(folder)) if not one.passed]
    assert (found.kind, found.service) == (Kind.RED_PANELS, "menu")
    assert "run.metrics in platform.yaml" in str(found.reason)


def test_an_empty_folder_covers_nothing(subject: Subject, tmp_path: Path) -> None:
    checks = [*coverage(subject, read_folder(tmp_path))]
    assert len(failed(checks)) == len(checks) == 30


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("grafana/dashboards/pipeline.json", "{", "Expecting"),
        ("grafana/dashboards/pipeline.json", "[]", "no mapping"),
        ("grafana/dashboards/pipeline.json", "{}", "has no uid"),
        ("prometheus/rules/objectives.yml", "a: [", "parsing"),
        ("prometheus/rules/objectives.yml", "groups: [{rules: [{alert: A}]}]", "has no expr"),
        ("prometheus/rules/objectives.yml", "groups: [{rules: [{record: a, expr: 'sum('}]}]",
         "not PromQL"),
    ],
)  # fmt: skip
def test_broken_files_are_named_with_their_problem(
    folder: Path, file: str, text: str, problem: str
) -> None:
    (folder / file).write_text(text)
    (found,) = [one for one in structure(read_folder(folder)) if not one.passed]
    assert found.subject == file
    assert problem in str(found.reason)


def test_panels_that_overlap_or_ask_nothing_are_named(folder: Path) -> None:
    def move(board: Any) -> None:
        panels = [one for one in board["panels"] if one["type"] != "row"]
        panels[1]["gridPos"] = panels[0]["gridPos"]
        panels[2]["targets"] = []
        panels[3]["id"] = panels[0]["id"]

    change(folder / "grafana/dashboards/dora.json", move)
    (found,) = [one for one in structure(read_folder(folder)) if not one.passed]
    for problem in ("overlaps another", "has no query", "no id of its own"):
        assert problem in str(found.reason)


def test_a_uid_that_two_dashboards_have_is_named(folder: Path) -> None:
    shutil.copy(folder / "grafana/dashboards/dora.json", folder / "grafana/dashboards/second.json")
    (found,) = [one for one in structure(read_folder(folder)) if not one.passed]
    assert (found.subject, found.reason) == (
        "grafana/dashboards/second.json", "has the uid of grafana/dashboards/dora.json",
    )  # fmt: skip


def test_a_file_that_was_edited_or_removed_is_named(
    folder: Path, generated: Mapping[str, str]
) -> None:
    (folder / "compose.yaml").unlink()
    (folder / "loki/loki.yaml").write_text("auth_enabled: true")
    assert failed([*unchanged(generated, folder)]) == [
        (Kind.GENERATED, "compose.yaml"), (Kind.GENERATED, "loki/loki.yaml"),
    ]  # fmt: skip


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["panels", "targets", "expr", "uid", "title", "id", "gridPos", "x", "w"]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(panels=JSON)
def test_any_dashboard_has_an_answer(tmp_path_factory: Any, panels: object) -> None:
    folder = tmp_path_factory.mktemp("any")
    path = folder / "grafana" / "dashboards" / "any.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"uid": "a", "title": "b", "panels": panels}))
    written = read_folder(folder)
    assert isinstance(written, Written)
    assert all(isinstance(one.passed, bool) for one in structure(written))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not on PATH")
def test_prometheus_and_alertmanager_take_their_configuration(folder: Path, home: Home) -> None:
    checks = [*configurations(folder, Toolbox(home))]
    assert [one for one in checks if one.passed is False] == []
    (folder / "prometheus/prometheus.yml").write_text("scrape_configs: [{job: x}]")
    (found,) = [one for one in configurations(folder, Toolbox(home)) if one.passed is False]
    assert "prometheus/prometheus.yml" in found.subject
    assert "job" in str(found.reason)


@pytest.mark.skipif(not shutil.which("amtool"), reason="amtool is not on PATH")
@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=page", "sloth_id=orders-orders-latency"], "page"),
        (["severity=critical"], "page"),
        (["severity=ticket"], "ticket"),
        (["alertname=Watchdog", "severity=none"], "watchdog"),
    ],
)
def test_alerts_reach_who_they_are_for(folder: Path, labels: list[str], receiver: str) -> None:
    file = f"--config.file={folder / 'alertmanager/alertmanager.yml'}"
    done = subprocess.run(
        ["amtool", "config", "routes", "test", file, *labels],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout.strip() == receiver, done.stderr


def test_tools_that_are_missing_are_no_pass(
    folder: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.fspath(home.root))
    checks = [*configurations(folder, Toolbox(home))]
    assert [one.passed for one in checks] == [None] * 4
    assert all("promtool" in str(one.reason) or "amtool" in str(one.reason) for one in checks)
