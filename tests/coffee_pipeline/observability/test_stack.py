from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.observability import stack
from coffee_pipeline.observability.images import IMAGES
from coffee_pipeline.observability.subject import Subject, subject_of
from coffee_pipeline.observability.traces import TraceStore
from coffee_pipeline.platform.description import Platform, RunSettings
from coffee_pipeline.platform.notifications import NotificationSettings
from coffee_pipeline.platform.security import SecuritySettings
from tests.conftest import ROOT

COMMITTED = ROOT / "examples" / "go-coffee" / "observability"


@pytest.fixture(scope="module")
def files(subject: Subject) -> dict[str, str]:
    return dict(stack.generate(subject, own_rules=stack.own_rules(COMMITTED)))


def document(files: dict[str, str], name: str) -> Any:
    return yaml.safe_load(files[name])


def told(subject: Subject, *channels: dict[str, str]) -> Subject:
    people = NotificationSettings.model_validate({"channels": channels})
    platform = subject.platform.model_copy(update={"notifications": people})
    return Subject(platform, subject.services, subject.slos, subject.groups)


def test_generating_again_changes_nothing(files: dict[str, str]) -> None:
    assert {name: (COMMITTED / name).read_text("utf-8") for name in files} == files


def test_each_service_and_concern_has_a_dashboard(files: dict[str, str]) -> None:
    names = {Path(name).stem for name in files if name.startswith(stack.DASHBOARDS)}
    services = {"menu", "payments", "kitchen", "orders", "storefront"}
    assert names == {"objectives", "pipeline", "dora", *(f"service-{one}" for one in services)}


def test_no_two_dashboards_have_the_same_uid(subject: Subject, tmp_path: Path) -> None:
    """Names that begin alike, or are those of the platform's own dashboards."""
    menu = subject.platform.services[0].model_copy(update={"slos": (), "manifests": ()})
    long = "notifications-for-customers-of-the-loyalty"
    names = ("pipeline", "dora", "objectives", f"{long}-programme", f"{long}-cards")
    services = tuple(menu.model_copy(update={"name": name}) for name in names)
    platform = subject.platform.model_copy(update={"services": services})
    files = stack.generate(subject_of(platform, tmp_path))
    uids = [json.loads(text)["uid"] for name, text in files.items() if name.endswith(".json")]
    assert len(uids) == len(set(uids)) == 8
    assert all(re.fullmatch("[A-Za-z0-9_-]{1,40}", uid) for uid in uids)


def test_dashboards_are_as_their_schema_says(files: dict[str, str]) -> None:
    """Read by the schema's own types they say the same again: nothing was dropped or misplaced."""
    register_default_plugins()
    for name, text in files.items():
        if name.startswith(stack.DASHBOARDS):
            told = json.loads(text)
            again = json.dumps(Dashboard.from_json(told), cls=JSONEncoder)
            assert json.loads(again) == told, name


def test_every_volume_of_a_deployment_is_made(files: dict[str, str]) -> None:
    whole = document(files, "kustomization.yaml")
    maps = {one["name"]: one["files"] for one in whole["configMapGenerator"]}
    present = {*files, *stack.own_rules(COMMITTED)}
    assert all(file.rpartition("=")[2] in present for names in maps.values() for file in names)
    assert maps["prometheus-1-platform-yml"] == ["prometheus/rules/platform.yml"]
    objects = [one for name in whole["resources"] for one in yaml.safe_load_all(files[name])]
    claims = {one["metadata"]["name"] for one in objects if one["kind"] == "PersistentVolumeClaim"}
    used: set[str] = set()
    for pod in (one["spec"]["template"]["spec"] for one in objects if one["kind"] == "Deployment"):
        (container,) = pod["containers"]
        volumes = {one["name"]: one for one in pod["volumes"]}
        assert {one["name"] for one in container["volumeMounts"]} == set(volumes)
        for volume in volumes.values():
            for source in (volume, *volume.get("projected", {}).get("sources", ())):
                if "configMap" in source:
                    used.add(source["configMap"]["name"])
            if "persistentVolumeClaim" in volume:
                assert volume["persistentVolumeClaim"]["claimName"] in claims
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert pod["securityContext"]["runAsNonRoot"] is True
    assert used == set(maps)


def test_what_is_under_the_agpl_starts_only_when_it_is_named(files: dict[str, str]) -> None:
    whole = document(files, "compose.yaml")
    asked = {name for name, one in whole["services"].items() if "profiles" in one}
    assert asked == {"grafana", "loki", "tempo"}
    assert {name for name, image in IMAGES.items() if image.opt_in} == asked
    for service in whole["services"].values():
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])


def test_prometheus_finds_every_service_under_its_name(files: dict[str, str]) -> None:
    here = document(files, "prometheus/prometheus.yml")
    jobs = {one["job_name"]: one for one in here["scrape_configs"]}
    (orders,) = jobs["orders"]["static_configs"]
    assert orders["targets"] == ["orders:8080"]
    assert orders["labels"] == {"service": "orders", "environment": "production"}


def with_service(subject: Subject, repository: Path, **changes: object) -> Subject:
    """The platform with only the service menu, changed."""
    menu = subject.platform.services[0].model_copy(update={"slos": (), **changes})
    return subject_of(subject.platform.model_copy(update={"services": (menu,)}), repository)


DEPLOYMENT = """\
kind: Deployment
spec:
  template:
    metadata: {annotations: {%s}}
    spec:
      containers:
        - {name: proxy, ports: [{name: admin, containerPort: 15000}]}
        - {name: app, ports: [{name: grpc, containerPort: 9000}, {name: http, containerPort: 8000}]}
"""


@pytest.mark.parametrize(
    ("annotations", "metrics", "target", "path"),
    [
        ("", "/metrics", "menu:8000", "/metrics"),
        ('prometheus.io/port: "9100"', "/metrics", "menu:9100", "/metrics"),
        ("prometheus.io/port: 9100, prometheus.io/path: /internal", "/metrics", "menu:9100",
         "/internal"),
        ("prometheus.io/path: /internal", "/own", "menu:8000", "/own"),
        ("prometheus.io/port: http", "/metrics", "menu:8000", "/metrics"),
    ],
)  # fmt: skip
def test_a_service_is_scraped_where_its_manifests_say(
    subject: Subject, tmp_path: Path, annotations: str, metrics: str, target: str, path: str
) -> None:
    (tmp_path / "deployment.yaml").write_text(DEPLOYMENT % annotations)
    changes = {"manifests": ("deployment.yaml",), "run": RunSettings(metrics=metrics)}
    files = dict(stack.generate(with_service(subject, tmp_path, **changes)))
    (job, *_) = document(files, "prometheus/prometheus.yml")["scrape_configs"]
    assert job["static_configs"][0]["targets"] == [target]
    assert job["metrics_path"] == path


def test_nobody_is_paged_for_ever_for_a_service_without_metrics(
    subject: Subject, tmp_path: Path
) -> None:
    run = RunSettings(metrics=None)
    silent = with_service(subject, tmp_path, manifests=(), run=run)
    files = dict(stack.generate(silent))
    jobs = document(files, "prometheus/prometheus.yml")["scrape_configs"]
    assert "menu" not in {one["job_name"] for one in jobs}
    assert "MenuNotScraped" not in files["prometheus/rules/monitoring.yml"]


def test_only_production_is_counted_into_the_service_levels_of_a_cluster(
    files: dict[str, str],
) -> None:
    """Rules and dashboards add up every series of a service, whatever its environment."""
    there = document(files, "prometheus/prometheus-kubernetes.yml")
    (discovery,) = there["scrape_configs"][0]["kubernetes_sd_configs"]
    assert discovery["namespaces"]["names"] == ["go-coffee-production"]
    access = yaml.safe_load_all(files["kubernetes/scrape-access.yaml"])
    assert {one["metadata"]["namespace"] for one in access} == {"go-coffee-production"}


def test_namespaces_are_those_that_the_platform_maps(subject: Subject) -> None:
    security = SecuritySettings(namespaces={"shop": "production", "shop-test": "staging"})
    platform = subject.platform.model_copy(update={"security": security})
    mapped = Subject(platform, subject.services, subject.slos, subject.groups)
    files = dict(stack.generate(mapped))
    there = document(files, "prometheus/prometheus-kubernetes.yml")
    (discovery,) = there["scrape_configs"][0]["kubernetes_sd_configs"]
    assert discovery["namespaces"]["names"] == ["shop"]
    assert "*_shop-test_*.log,/var/log/containers/*_shop_*.log" in files["fluentd/fluent.conf"]


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not on PATH")
def test_pods_of_any_common_labels_are_scraped(files: dict[str, str], tmp_path: Path) -> None:
    """Prometheus' own relabelling, of pods as the cluster would tell of them."""
    job = document(files, "prometheus/prometheus-kubernetes.yml")["scrape_configs"][0]
    del job["kubernetes_sd_configs"]
    meta = "__meta_kubernetes_pod"
    pods: list[tuple[dict[str, str], str | None]] = [
        ({"app_kubernetes_io_name": "menu", "app_kubernetes_io_part_of": "go-coffee"}, "menu"),
        ({"app": "orders"}, "orders"),
        ({"app": "shop", "app_kubernetes_io_name": "kitchen"}, "kitchen"),
        ({"app": "menu", "app_kubernetes_io_part_of": "another"}, None),
    ]
    job["static_configs"] = [
        {
            "targets": [f"10.0.0.{number}:8080"],
            "labels": {
                "__meta_kubernetes_namespace": "go-coffee-production",
                f"{meta}_annotation_prometheus_io_scrape": "true",
                f"{meta}_annotation_prometheus_io_port": "9100",
                f"{meta}_annotation_prometheus_io_path": "/internal/metrics",
                **{f"{meta}_label_{name}": value for name, value in labels.items()},
            },
        }
        for number, (labels, _) in enumerate(pods)
    ]
    path = tmp_path / "prometheus.yml"
    path.write_text(yaml.safe_dump({"scrape_configs": [job]}))
    done = subprocess.run(
        ["promtool", "check", "service-discovery", "--timeout=2s", path, "services"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    told = (
        (one["discoveredLabels"]["__address__"], one["labels"]) for one in json.loads(done.stdout)
    )
    found = {address.partition(":")[0]: labels for address, labels in told}
    for number, (_, service) in enumerate(pods):
        labels = found[f"10.0.0.{number}"]
        assert labels.get("service") == service
        if service is not None:
            assert labels["environment"] == "production"
            assert labels["__address__"] == f"10.0.0.{number}:9100"
            assert labels["__metrics_path__"] == "/internal/metrics"


def test_what_the_dashboards_of_the_delivery_show_is_scraped(subject: Subject) -> None:
    files = dict(stack.generate(subject, pipeline="deliveries:9464"))
    for name in ("prometheus.yml", "prometheus-kubernetes.yml"):
        jobs = document(files, f"prometheus/{name}")["scrape_configs"]
        (job,) = [one for one in jobs if one["job_name"] == "delivery-pipeline"]
        assert job["static_configs"] == [{"targets": ["deliveries:9464"]}]


def test_pages_and_tickets_go_where_the_platform_says(subject: Subject) -> None:
    both = told(subject, {"kind": "slack"}, {"kind": "pagerduty"})
    files = dict(stack.generate(both, receiver="http://listen:1"))
    settings = document(files, "alertmanager/alertmanager.yml")
    receivers = {one["name"]: one for one in settings["receivers"]}
    assert "pagerduty_configs" in receivers["page"]
    assert "slack_configs" not in receivers["page"]
    assert "slack_configs" in receivers["ticket"]
    for one in receivers.values():
        (hook,) = one["webhook_configs"]
        assert hook["url"] == "http://listen:1/alertmanager"
        assert set(hook["http_config"]["authorization"]) == {"type", "credentials_file"}
    whole = document(files, "compose.yaml")
    assert whole["secrets"]["slack_url"] == {"environment": "COFFEE_SLACK_URL"}


def test_every_channel_of_a_kind_is_told(subject: Subject) -> None:
    teams = told(
        subject,
        {"kind": "slack", "url_variable": "COFFEE_SLACK_ONE"},
        {"kind": "pagerduty", "routing_key_variable": "COFFEE_PAGER_ONE"},
        {"kind": "slack", "url_variable": "COFFEE_SLACK_TWO"},
        {"kind": "pagerduty", "routing_key_variable": "COFFEE_PAGER_TWO"},
    )
    files = dict(stack.generate(teams))
    receivers = {
        one["name"]: one for one in document(files, "alertmanager/alertmanager.yml")["receivers"]
    }
    named = [
        *(one["routing_key_file"] for one in receivers["page"]["pagerduty_configs"]),
        *(one["api_url_file"] for one in receivers["ticket"]["slack_configs"]),
    ]
    secrets = document(files, "compose.yaml")["secrets"]
    assert [secrets[name.rpartition("/")[2]]["environment"] for name in named] == [
        "COFFEE_PAGER_ONE", "COFFEE_PAGER_TWO", "COFFEE_SLACK_ONE", "COFFEE_SLACK_TWO",
    ]  # fmt: skip


def test_fluentd_may_write_its_volume(files: dict[str, str]) -> None:
    """The program's image has no such folder; a volume without one belongs to root."""
    fluentd = document(files, "compose.yaml")["services"]["fluentd"]
    (data,) = [one.partition(":")[2] for one in fluentd["volumes"] if one.startswith("fluentd:")]
    assert f"chown fluent:fluent {data}" in files["fluentd/Dockerfile"]
    assert f"{data}/" in files["fluentd/fluent.conf"]


def test_without_a_pager_slack_hears_of_pages(subject: Subject) -> None:
    files = dict(stack.generate(told(subject, {"kind": "slack"})))
    settings = document(files, "alertmanager/alertmanager.yml")
    page = next(one for one in settings["receivers"] if one["name"] == "page")
    assert "slack_configs" in page


def test_spans_go_to_every_store_that_is_wanted(subject: Subject) -> None:
    files = dict(stack.generate(subject, stores=(TraceStore.ZIPKIN, TraceStore.JAEGER)))
    assert "tempo/tempo.yaml" not in files
    collector = document(files, "otel-collector/config.yaml")
    traces = collector["service"]["pipelines"]["traces"]
    assert traces["exporters"] == ["zipkin", "otlp/jaeger"]
    assert set(collector["exporters"]) == set(traces["exporters"])
    assert traces["processors"][0] == "memory_limiter"


def test_a_platform_of_nothing_is_observed_too(tmp_path: Path) -> None:
    files = stack.generate(subject_of(Platform(name="empty"), tmp_path))
    assert "prometheus/rules/objectives.yml" not in files
    assert "kubernetes/prometheus.yaml" in files


@pytest.mark.parametrize("text", ["- [", "a: b: c", "\x00", "[" * 500])
def test_a_broken_manifest_is_named(subject: Subject, tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    service = subject.platform.services[0].model_copy(
        update={"manifests": ("broken.yaml",), "slos": ()}
    )
    platform = subject.platform.model_copy(update={"services": (service,)})
    with pytest.raises(ConfigurationError, match=r"^broken\.yaml"):
        subject_of(platform, tmp_path)


def test_an_objective_of_an_unknown_service_is_refused(subject: Subject) -> None:
    menu, payments, *_ = subject.platform.services
    platform = subject.platform.model_copy(
        update={"services": (menu.model_copy(update={"slos": payments.slos}),)}
    )
    with pytest.raises(ConfigurationError, match=r"availability.yaml:\d+: service 'payments'"):
        subject_of(platform, ROOT / "examples" / "go-coffee")
