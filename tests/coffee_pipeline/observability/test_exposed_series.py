"""Every panel and rule of the bundled platform asks for series that somebody exposes.

The five services are built and scraped, the pipeline's metrics are made of a history, recorded
series are those of the rules. What is in none of them is named in ``BY_OTHERS``, with its reason.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import promql_parser
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision
from coffee_pipeline.observability.written import rule_files
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run as run_command
from coffee_pipeline.reports.metrics_endpoint import exposition
from coffee_pipeline.toolbox.toolbox import Toolbox
from tests.coffee_pipeline.reports.test_pipeline_metrics import (
    NOW,
    REVISION,
    decision,
    level,
    run,
    scan,
)
from tests.conftest import ROOT, wait_until

PLATFORM = ROOT / "examples" / "go-coffee"
FOLDER = PLATFORM / "observability"
SERVICES = ("menu", "payments", "kitchen", "orders", "storefront")
BY_OTHERS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "ALERTS": (
        ("alertname", "alertstate"),
        "made by Prometheus of alerts that fire",
    ),
    "prometheus_rule_evaluation_failures_total": ((), "of Prometheus itself, which scrapes itself"),
    "prometheus_notifications_errors_total": ((), "of Prometheus itself, which scrapes itself"),
    "alertmanager_notifications_failed_total": ((), "of Alertmanager, which Prometheus scrapes"),
}
"""Series -> their labels, and who exposes them that does not run in this test."""


@dataclass
class Exposed:
    """Series -> label -> its values; an empty set of values: any."""

    series: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    recorded: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    target: frozenset[str] = frozenset({"job", "instance"})
    used: set[str] = field(default_factory=set)

    def add(self, text: str) -> None:
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                labels = self.series.setdefault(sample.name, {})
                for name, value in sample.labels.items():
                    labels.setdefault(name, set()).add(value)

    def problems(self, expression: str, legend: str = "") -> list[str]:
        """What an expression, or its legend, asks for in vain."""
        found: list[str] = []
        labels = self._labels(promql_parser.parse(expression), found)
        shown = set(re.findall(r"\{\{\s*(\w+)\s*\}\}", legend))
        return [*found, *(f"the legend shows {one!r}" for one in sorted(shown - labels))]

    def _labels(self, node: Any, found: list[str]) -> set[str]:
        """The labels that a result has; what is wrong on the way goes to ``found``."""
        match type(node).__name__:
            case "VectorSelector":
                return self._selected(node, found)
            case "MatrixSelector":
                return self._labels(node.vector_selector, found)
            case "SubqueryExpr" | "ParenExpr" | "UnaryExpr":
                return self._labels(node.expr, found)
            case "Call":
                # An argument that is a number has no labels.
                inner = [self._labels(one, found) for one in node.args]
                return set().union(*inner) - ({"le"} if "quantile" in node.func.name else set())
            case "AggregateExpr":
                inner = self._labels(node.expr, found)
                if str(node.op) in ("topk", "bottomk"):
                    return inner
                by = set(node.modifier.labels) if node.modifier else set()
                found += [f"by ({one})" for one in sorted(by - inner)]
                return by
            case "BinaryExpr":
                sides = [self._labels(one, found) for one in (node.lhs, node.rhs)]
                return sides[0] or sides[1]
        return set()

    def _selected(self, node: Any, found: list[str]) -> set[str]:
        name = node.name or ""
        self.used.add(name)
        known = self._known(name)
        if known is None:
            found.append(f"nobody exposes {name}")
            return {matcher.name for matcher in node.matchers.matchers}
        for matcher in node.matchers.matchers:
            values = known.get(matcher.name)
            if values is None:
                found.append(f"{name} has no label {matcher.name}")
            elif values and not any(_matches(matcher, value) for value in values):
                found.append(f"{name} has no {matcher}")
        return set(known)

    def _known(self, name: str) -> dict[str, set[str]] | None:
        target: dict[str, set[str]] = {one: set() for one in self.target}
        if name == "up":
            return target
        if name in BY_OTHERS:
            return target | {one: set() for one in BY_OTHERS[name][0]}
        if name in self.recorded:
            # Of a series that several rules record, one for each objective.
            made: dict[str, set[str]] = {}
            for rule in self.recorded[name]:
                for label in self._labels(promql_parser.parse(rule["expr"]), []):
                    made.setdefault(label, set())
                for label, value in rule.get("labels", {}).items():
                    made.setdefault(label, set()).add(str(value))
            return made
        return target | self.series[name] if name in self.series else None


def _matches(matcher: Any, value: str) -> bool:
    equal = str(matcher.op) in ("MatchOp.Equal", "MatchOp.NotEqual")
    fits = matcher.value == value if equal else bool(re.fullmatch(matcher.value, value))
    return fits is not str(matcher.op).startswith("MatchOp.Not")


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> Exposed:
    folder = tmp_path_factory.mktemp("exposed")
    home = Home(folder / "home").prepare()
    made = Exposed()
    made.add(exposition(recorded_deliveries(home)))
    for text in scraped(home, folder):
        made.add(text)
    settings = yaml.safe_load((FOLDER / "prometheus/prometheus.yml").read_text())
    targets = [one for job in settings["scrape_configs"] for one in job.get("static_configs", ())]
    made.target |= {label for one in targets for label in one.get("labels", {})}
    made.target |= set(settings["global"].get("external_labels", {}))
    for rule in rules():
        if "record" in rule:
            made.recorded.setdefault(rule["record"], []).append(rule)
    return made


def scraped(home: Home, folder: Path) -> Iterator[str]:
    """What each bundled service answers, of which nothing was asked before."""
    toolbox = Toolbox(home)
    environment = {**toolbox.go_environment(), "GOWORK": "off"}
    for service in SERVICES:
        program = folder / service
        built = run_command(
            Command(
                argv=(str(toolbox.locate("go").path), "build", "-o", str(program),
                      f"./cmd/{service}"),
                cwd=PLATFORM / "services" / service, environment=environment, timeout_seconds=240,
            )
        )  # fmt: skip
        assert built.answered, built.tail()
        address = f"127.0.0.1:{free_port()}"
        nobody = f"http://127.0.0.1:{free_port()}"
        others = {f"{one.upper()}_URL": nobody for one in SERVICES}
        command = Command(
            argv=(str(program),),
            environment={"LISTEN_ADDRESS": address, "LOG_LEVEL": "error", **others},
        )
        with ExitStack() as stack:
            stack.enter_context(BackgroundProcess(command, folder / f"{service}.log"))
            wait_until(lambda address=address: ready(f"http://{address}/readyz"))
            yield httpx.get(f"http://{address}/metrics", trust_env=False).text


def ready(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False, timeout=2).is_success
    except httpx.TransportError:
        return False


def recorded_deliveries(home: Home) -> HistoryReader:
    """A history of deliveries, good and bad, of an incident and of findings."""

    def deployed(number: int, outcome: str) -> Deployment:
        return Deployment(
            deployment_id=f"d-{number}", service="menu", environment="production",
            revision=REVISION, artifact_digest="sha256:a", strategy="canary", cause="delivery",
            previous_revision=None, started_at=NOW - timedelta(hours=number + 1),
            finished_at=NOW - timedelta(hours=number), outcome=outcome, reason="",
        )  # fmt: skip

    records = (
        run("binary", 4), level("availability", 995, 1000), decision("passed", 2), *scan(),
        deployed(1, "succeeded"), deployed(2, "rolled_back"),
        Revision(
            platform="go-coffee", revision=REVISION, parent=None, branch="main",
            author_name="Ada", author_email="ada@example.com", subject="change",
            authored_at=NOW - timedelta(hours=9), committed_at=NOW - timedelta(hours=9),
        ),
        Incident(
            incident_id="i-1", service="menu", environment="production", revision=None,
            deployment_id=None, title="down", severity="page", source="manual",
            opened_at=NOW - timedelta(hours=2), resolved_at=NOW - timedelta(hours=1),
        ),
    )  # fmt: skip
    HistoryWriter(home).write(
        Evidence(materialization="all", outcome=Outcome.COMPLETED, records=records)
    )
    history = HistoryReader(home)
    history.refresh()
    return history


def rules() -> Iterator[dict[str, Any]]:
    for path in rule_files(FOLDER):
        for group in yaml.load(path.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))[
            "groups"
        ]:
            yield from group["rules"]


def targets() -> Iterator[tuple[str, str, str]]:
    """Where, expression and legend of every query of every panel."""
    for path in sorted(FOLDER.glob("grafana/dashboards/*.json")):
        for panel in json.loads(path.read_text())["panels"]:
            for one in panel.get("targets", ()):
                yield f"{path.name}: {panel['title']}", one["expr"], one["legendFormat"]


@pytest.mark.slow
def test_panels_and_rules_ask_for_what_is_exposed(exposed: Exposed) -> None:
    asked = [*targets(), *((rule.get("alert") or rule["record"], rule["expr"], "")
                           for rule in rules())]  # fmt: skip
    assert len(asked) > 200
    wrong = {
        f"{where}: {expression}": problems
        for where, expression, legend in asked
        if (problems := exposed.problems(expression, legend))
    }
    assert wrong == {}
    assert set(BY_OTHERS) <= exposed.used, "an exception that nothing needs"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expression", "legend", "problem"),
    [
        ("rate(http_request_total[5m])", "", "nobody exposes http_request_total"),
        ('http_requests_total{status="500"}', "", "http_requests_total has no label status"),
        ('http_requests_total{service="menue"}', "", "http_requests_total has no "),
        ('http_requests_total{code=~"6.."}', "", "http_requests_total has no "),
        ("sum by (path) (http_requests_total)", "", "by (path)"),
        ("sum by (route) (http_requests_total)", "{{service}}", "the legend shows 'service'"),
        ("coffee_open_finding", "", "nobody exposes coffee_open_finding"),
        ('slo:current_burn_rate:ratio{sloth_id="menu"}', "", "slo:current_burn_rate:ratio has no"),
    ],
)
def test_what_nobody_exposes_is_found(
    exposed: Exposed, expression: str, legend: str, problem: str
) -> None:
    (found,) = exposed.problems(expression, legend)
    assert found.startswith(problem)
