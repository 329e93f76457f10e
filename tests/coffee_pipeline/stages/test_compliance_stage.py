"""Policies over a small platform: what is asked of them, and the real OPA's answers."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import APPLICATION_VARIABLE, policies_folder
from coffee_pipeline.model.compliance import ComplianceScore, PolicyResult
from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.stages.compliance import NO_POLICIES, policy_compliance
from coffee_pipeline.stages.compliance_manifests import manifest_subjects
from coffee_pipeline.stages.compliance_subjects import platform_subject, service_subject
from tests.conftest import ROOT

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

WORKLOAD = """apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, labels: {app.kubernetes.io/name: NAME}}
spec:
  template:
    metadata: {labels: {app: NAME}}
    spec:
      containers: [{name: NAME, image: "registry.example.com/NAME:latest"}]
"""
POLICY = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: all}
spec: {podSelector: {}}
"""
SLO = """apiVersion: openslo/v1
kind: SLO
metadata: {name: menu-availability}
spec: {service: menu}
"""
WORKFLOW = """on: push
jobs:
  call: {uses: shop/workflows/.github/workflows/build.yml@v2}
  build:
    steps: [{uses: actions/checkout@v4}, {run: make}, 5]
"""
FILES: dict[str, str | bytes | None] = {
    "menu/go.mod": "module menu.test\n\ngo 1.22\n",
    "menu/cmd/menu/main.go": "package main\n\nfunc main() {}\n",
    "menu/cmd/menu/Dockerfile": "FROM scratch\nUSER 0\n",
    "orders/go.mod": "module orders.test\n\ngo 1.22\n",
    "orders/cmd/orders/main.go": "package main\n\nfunc main() {}\n",
    "deploy/all.yaml": "---\n".join(WORKLOAD.replace("NAME", name) for name in ("menu", "orders")),
    "deploy/network.yaml": POLICY,
    "menu/slo.yaml": SLO,
    "CODEOWNERS": "/menu/ @shop/menu\n",
    ".github/workflows/build.yml": WORKFLOW,
}


@pytest.fixture
def delivery(deliver):
    return deliver(FILES)


def of(evidence, record_type):
    return [record for record in evidence.records if isinstance(record, record_type)]


def test_objects_of_a_shared_file_belong_to_the_service_that_they_name(delivery) -> None:
    service = delivery.service("menu").model_copy(update={"manifests": ("deploy/all.yaml",)})
    (subject,), problems = manifest_subjects(delivery.context, service)
    assert problems == []
    assert subject.id == "manifest:deploy/all.yaml#Deployment/menu"
    (policy,) = subject.facts["network_policies"]
    assert policy == {"metadata": {"name": "all"}, "spec": {"podSelector": {}}}


def test_manifests_that_cannot_be_read_are_problems(deliver) -> None:
    broken = "apiVersion: v1\nkind: Service\nmetadata: {name: [\n"
    delivery = deliver({**FILES, "deploy/broken.yaml": broken})
    service = delivery.service("menu").model_copy(
        update={"manifests": ("deploy/broken.yaml", "deploy/gone.yaml")}
    )
    subjects, problems = manifest_subjects(delivery.context, service)
    assert subjects == []
    assert problems == ["deploy/gone.yaml: is not there", "deploy/broken.yaml: no readable YAML"]


def test_a_service_without_evidence_has_nulls(delivery) -> None:
    facts = service_subject(delivery.context, delivery.service("menu")).facts
    assert facts["tests"] is facts["coverage"] is facts["scans"] is facts["image"] is None
    assert facts["code_owners"] == {"file": "CODEOWNERS", "owners": ("@shop/menu",)}
    assert facts["dockerfile"]["user"] == "0"
    orders = service_subject(delivery.context, delivery.service("orders")).facts
    assert orders["code_owners"] == {"file": "CODEOWNERS", "owners": ()}
    assert orders["dockerfile"] is None
    assert orders["slos"] == {"files": (), "names": [], "problems": []}


def test_workflows_and_commits_of_the_platform(delivery) -> None:
    facts = platform_subject(delivery.context).facts
    file = ".github/workflows/build.yml"
    assert facts["workflows"] == {
        "files": [file],
        "uses": [
            {"file": file, "uses": "shop/workflows/.github/workflows/build.yml@v2"},
            {"file": file, "uses": "actions/checkout@v4"},
        ],
        "problems": [],
    }
    (commit,) = facts["commits"]
    assert (commit["revision"], commit["author"], commit["reviewers"]) == (
        delivery.context.revision, "ada@example.com", (),
    )  # fmt: skip


def test_without_policies_nothing_is_run_and_there_is_no_score(
    delivery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(APPLICATION_VARIABLE, str(tmp_path))
    evidence = policy_compliance(delivery.context, delivery.service("menu"))
    assert (evidence.outcome, evidence.reason) == (Outcome.NOT_RUN, NO_POLICIES)
    assert [(one.service, one.percent, one.reason) for one in of(evidence, ComplianceScore)] == [
        ("menu", None, NO_POLICIES), (None, None, NO_POLICIES),
    ]  # fmt: skip
    assert {one.outcome for one in of(evidence, Scan)} == {"not_run"}
    assert {one.findings for one in of(evidence, Scan)} == {None}
    assert of(evidence, PolicyResult) == of(evidence, Finding) == []


def test_policies_are_found_in_the_checkout_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(APPLICATION_VARIABLE, raising=False)
    assert policies_folder("opa") == ROOT / "policies" / "opa"
    assert policies_folder("none") is None
    monkeypatch.setenv(APPLICATION_VARIABLE, str(tmp_path))
    (tmp_path / "policies" / "opa").mkdir(parents=True)
    assert policies_folder("opa") is None  # somebody else's folder of that name
    (tmp_path / "workspace.yaml").touch()
    assert policies_folder("opa") == tmp_path / "policies" / "opa"


def located(delivery) -> None:
    if delivery.context.toolbox.look("opa") is None:
        pytest.skip("opa is not there yet")


@pytest.mark.slow
def test_opa_judges_manifests_service_and_platform(delivery) -> None:
    located(delivery)
    service = delivery.service("menu").model_copy(update={"manifests": ("deploy/all.yaml",)})
    evidence = policy_compliance(delivery.context, service)
    assert evidence.outcome is Outcome.PARTIAL
    assert "tests_passed" in (evidence.reason or "")
    results = of(evidence, PolicyResult)
    failed = {(one.policy, one.subject) for one in results if one.outcome == "failed"}
    deployment = "manifest:deploy/all.yaml#Deployment/menu"
    assert {
        ("run_as_non_root", deployment), ("immutable_image", deployment),
        ("health_probes", deployment), ("dockerfile_user", "service:menu"),
        ("pinned_actions", "platform:platform"),
    } <= failed  # fmt: skip
    passed = {one.policy for one in results if one.outcome == "passed"}
    assert {"network_policy", "no_privileged_containers", "code_owners"} <= passed
    assert not [one for one in results if one.subject.endswith("/orders")]
    findings = of(evidence, Finding)
    assert len(findings) == len(failed)
    image = next(one for one in findings if one.rule == "immutable_image")
    assert (image.kind, image.tool, image.path, image.resource, image.service) == (
        "compliance", "opa", "deploy/all.yaml", "Deployment/menu", "menu",
    )  # fmt: skip
    scans = {one.scope: one for one in of(evidence, Scan)}
    assert set(scans) == {"compliance:service/menu", "compliance:platform"}
    assert scans["compliance:service/menu"].checks_run == 20
    assert scans["compliance:platform"].outcome == "completed"
    mine, platform = of(evidence, ComplianceScore)
    assert mine.percent is not None
    assert mine.percent < 90
    assert platform.percent == 0
    assert len(of(evidence, ToolRun)) == 1


@pytest.mark.slow
def test_identities_survive_and_the_view_adds_up(delivery) -> None:
    located(delivery)
    first = policy_compliance(delivery.context, delivery.service("menu"))
    again = policy_compliance(delivery.context, delivery.service("menu"))
    assert [one.identity for one in of(first, Finding)] == [
        one.identity for one in of(again, Finding)
    ]
    orders = policy_compliance(delivery.context, delivery.service("orders"))
    for evidence in (first, orders):
        HistoryWriter(delivery.context.home).write(evidence)
    history = HistoryReader(delivery.context.home)
    history.refresh()
    rows = history.query("SELECT * FROM compliance_status")
    assert [(row["scope"], row["service"]) for row in rows] == [
        ("platform", None), ("platform_policies", None), ("service", "menu"), ("service", "orders"),
    ]  # fmt: skip
    assert sum(int(str(row["failed"])) for row in rows[1:]) == rows[0]["failed"]


@pytest.mark.slow
def test_a_policy_that_cannot_decide_has_not_passed(
    delivery, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    located(delivery)
    shutil.copytree(ROOT / "policies" / "opa", tmp_path / "policies" / "opa")
    (tmp_path / "workspace.yaml").touch()
    monkeypatch.setenv(APPLICATION_VARIABLE, str(tmp_path))
    policy = tmp_path / "policies" / "opa" / "service" / "code_owners.rego"
    whole = policy.read_text("utf-8")
    policy.write_text(whole.replace("answer.of(set(), failures, unknown)", "input.nothing"))
    silent = policy_compliance(delivery.context, delivery.service("menu"))
    (said,) = [one for one in of(silent, PolicyResult) if one.policy == "code_owners"]
    assert (said.outcome, said.message) == ("not_evaluated", "the policy gave no answer")

    policy.write_text(whole.replace("about := ", "whatever := "))
    unloaded = policy_compliance(delivery.context, delivery.service("menu"))
    assert unloaded.outcome is Outcome.FAILED
    assert "not the policies that are there: code_owners" in str(unloaded.reason)

    policy.write_text("package compliance.policies.code_owners\n\nabout := {")
    broken = policy_compliance(delivery.context, delivery.service("menu"))
    assert broken.outcome is Outcome.FAILED
    assert "code_owners.rego:3: " in str(broken.reason)
    assert [one.percent for one in of(broken, ComplianceScore)] == [None, None]


@pytest.mark.slow
def test_the_bundled_platforms_files_meet_every_policy_that_applies_to_them(
    payments,
) -> None:
    """All but what needs evidence of builds, tests and scans, which this test does not make."""
    delivery = payments()
    whole = load_platform(ROOT / "examples" / "go-coffee" / "platform.yaml")
    context = delivery.context(0, platform=whole)
    if context.toolbox.look("opa") is None:
        pytest.skip("opa is not there yet")
    for service in whole.services:
        results = of(policy_compliance(context, service), PolicyResult)
        assert [one for one in results if one.outcome == "failed"] == []
        unknown = {one.policy for one in results if one.outcome == "not_evaluated"}
        assert unknown <= {"tests_passed", "coverage_floor", "no_critical_findings", "image_digest"}
        on_manifests = [one for one in results if one.subject_kind == "manifest"]
        met = {one.policy for one in on_manifests if one.outcome == "passed"}
        assert len(met) == (12 if service.kind == "service" else 0)
