"""Each way in which a scanner of files fails open must be anything but completed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.command import Output
from coffee_pipeline.tools import (
    checkov,
    conftest,
    gator,
    hadolint,
    kube_score,
    kubeconform,
    opa,
    zizmor,
)
from coffee_pipeline.tools.base import Report, Scanner, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FILE_SCANNERS

FOLDER = Path(__file__).parent / "recordings" / "infrastructure"
DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: menu, namespace: cafe}\n"
TEMPLATE = "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: x}\n"
CONSTRAINT = (
    "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: CafeNonRoot\nmetadata: {name: y}\n"
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in {
        "src/Dockerfile": "FROM debian:latest\n",
        "src/deploy/menu.yaml": DEPLOYMENT,
        "src/deploy/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: menu}\n",
        "src/.github/workflows/ci.yml": "on: push\n",
        "policies/pod.rego": "package main\n",
        "schemas/deployment-apps-v1.json": "{}",
        "constraints/all.yaml": f"{TEMPLATE}---\n{CONSTRAINT}",
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path


def target(checkout: Path, *packages: str, **settings: str) -> Target:
    named: dict[str, Any] = {"packages": packages} if packages else {}
    paths = {key: value if key in ("query", "namespace") else str(checkout / value)
             for key, value in settings.items()}  # fmt: skip
    return Target(checkout=checkout / "src", module=".", revision="r", settings=paths, **named)


def judge(
    tool: Scanner, where: Target, stdout: bytes | str, code: int = 0, stderr: str = "", **more: Any
) -> Report:
    output = Output(
        command=tool.command(where, Path("/bin/tool")), exit_code=code,
        stdout=stdout if isinstance(stdout, bytes) else stdout.encode(), stderr=stderr.encode(),
        started_at=datetime.now(UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return tool.parse(where, output, "v1")


def recorded(name: str) -> bytes:
    return (FOLDER / name).read_bytes()


def scan(report: Report) -> Scan:
    (found,) = (one for one in report.records if isinstance(one, Scan))
    return found


def paths(report: Report) -> set[str | None]:
    return {one.path for one in report.records if isinstance(one, Finding)}


def settings_for(tool: str) -> dict[str, str]:
    return {
        "conftest": {"policies": "policies"},
        "opa": {"policies": "policies"},
        "gator": {"policies": "constraints"},
        "kubeconform": {"schemas": "schemas"},
    }.get(tool, {})


@pytest.mark.parametrize("name", sorted(FILE_SCANNERS))
def test_a_run_that_gave_no_answer_failed(checkout: Path, name: str) -> None:
    tool = FILE_SCANNERS[name]
    where = target(checkout, **settings_for(name))
    assert name == tool.NAME
    assert tool.obstacle(where) is None
    for report in (
        judge(tool, where, "", timed_out=True),
        judge(tool, where, "", code=-9),
        judge(tool, where, "", code=99, stderr="Error: no such file\nand a trace\n"),
        judge(tool, where, "", code=1, stderr="Error: no such file\n"),
    ):
        assert report.outcome is Outcome.FAILED
        assert report.reason
        assert scan(report).findings is None
    assert "Error: no such file" in str(report.reason)


@pytest.mark.parametrize("name", sorted(set(FILE_SCANNERS) - {"opa"}))
def test_a_folder_without_anything_to_look_at_is_an_obstacle(tmp_path: Path, name: str) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.go").write_text("package main\n")
    for folder, file in (("policies", "a.rego"), ("schemas", "a.json"), ("constraints", "a.yaml")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(f"{TEMPLATE}---\n{CONSTRAINT}")
    found = FILE_SCANNERS[name].obstacle(target(tmp_path, **settings_for(name)))
    assert found is not None
    assert f"for {name} to look at" in found


@pytest.mark.parametrize("name", ["conftest", "gator", "kubeconform", "opa"])
def test_without_rules_everything_would_pass(checkout: Path, name: str) -> None:
    tool = FILE_SCANNERS[name]
    (checkout / "empty").mkdir()
    (key,) = settings_for(name)
    for settings in ({}, {key: "nowhere"}, {key: "empty"}):
        assert tool.obstacle(target(checkout, **settings))


def test_tests_of_policies_are_no_policies(checkout: Path) -> None:
    (checkout / "policies/pod.rego").rename(checkout / "policies/pod_test.rego")
    assert "no policy" in str(conftest.obstacle(target(checkout, policies="policies")))


def test_gator_needs_templates_and_constraints(checkout: Path) -> None:
    (checkout / "constraints/all.yaml").write_text(TEMPLATE)
    found = gator.obstacle(target(checkout, policies="constraints"))
    assert found is not None
    assert found.endswith("there is no constraint in it; everything would pass")


def test_hadolint_looks_at_the_files_it_was_given(checkout: Path) -> None:
    where = target(checkout)
    assert hadolint.command(where, Path("/bin/hadolint")).argv[-1] == "Dockerfile"
    clean = judge(hadolint, where, "[]")
    assert (clean.outcome, scan(clean).findings, scan(clean).files_scanned) == (
        Outcome.COMPLETED, 0, 1,
    )  # fmt: skip
    found = judge(hadolint, where, recorded("hadolint.json"), code=1)
    assert (found.outcome, scan(found).findings) == (Outcome.COMPLETED, 6)


def test_a_dockerfile_that_hadolint_cannot_parse_is_partial(checkout: Path) -> None:
    broken = {"line": 2, "column": 1, "code": "DL1000", "message": "unexpected 'F'",
              "file": "Dockerfile", "level": "error"}  # fmt: skip
    report = judge(hadolint, target(checkout), json.dumps([broken]), code=1)
    assert report.outcome is Outcome.PARTIAL
    assert "Dockerfile" in str(report.reason)
    assert scan(report).files_scanned == 0


def test_checkov_on_nothing_it_knows_is_not_run(checkout: Path) -> None:
    zeros = {"passed": 0, "failed": 0, "skipped": 0, "parsing_errors": 0, "resource_count": 0,
             "checkov_version": "3.3.30"}  # fmt: skip
    report = judge(checkov, target(checkout), json.dumps(zeros))
    assert report.outcome is Outcome.NOT_RUN
    assert scan(report).findings is None


def test_checkov_of_all_files_is_completed(checkout: Path) -> None:
    report = judge(checkov, target(checkout), recorded("checkov.json"), code=1)
    assert (report.outcome, report.reason) == (Outcome.COMPLETED, None)
    assert (scan(report).findings, scan(report).files_scanned) == (14, 6)
    assert "deploy/menu.yaml" in paths(report)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("Dockerfile-menu", "FROM scratch\n", "no check was made of: Dockerfile-menu"),
        (
            ".github/workflows/cd.yml",
            "on: push\n",
            "no check was made of: .github/workflows/cd.yml",
        ),
        ("chart/Chart.yaml", "name: menu\n", "charts that were not rendered: chart/Chart.yaml"),
        ("broken.yaml", f"{DEPLOYMENT}a: [", "no readable YAML, so not looked at: broken.yaml"),
    ],
)
def test_what_checkov_passes_over_is_partial(
    checkout: Path, name: str, text: str, reason: str
) -> None:
    file = checkout / "src" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    report = judge(checkov, target(checkout), recorded("checkov.json"), code=1)
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, reason)


def test_files_that_checkov_cannot_parse_are_partial(checkout: Path) -> None:
    parts = json.loads(recorded("checkov.json"))
    parts[0]["results"]["parsing_errors"] = ["/src/broken.tf"]
    report = judge(checkov, target(checkout), json.dumps(parts), code=1)
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, "could not be parsed: broken.tf")


def test_checkov_of_named_files(checkout: Path) -> None:
    argv = checkov.command(target(checkout, "Dockerfile", "deploy"), Path("/bin/checkov")).argv
    assert argv[5 : argv.index("--skip-framework")] == (
        "--file", "Dockerfile", "--file", "deploy/config.yaml", "--file", "deploy/menu.yaml",
    )  # fmt: skip


def test_a_wrong_namespace_of_conftest_is_not_run(checkout: Path) -> None:
    where = target(checkout, policies="policies", namespace="wrong")
    nothing = [{"filename": "deploy/menu.yaml", "namespace": "wrong", "successes": 0}]
    report = judge(conftest, where, json.dumps(nothing))
    assert report.outcome is Outcome.NOT_RUN
    assert "no rule was evaluated" in str(report.reason)


def test_conftest_of_all_files_is_completed(checkout: Path) -> None:
    where = target(checkout, policies="policies")
    argv = conftest.command(where, Path("/bin/conftest")).argv
    assert "--all-namespaces" in argv
    assert argv[-2:] == ("deploy/config.yaml", "deploy/menu.yaml")
    report = judge(conftest, where, recorded("conftest.json"), code=1)
    assert (report.outcome, scan(report).findings, scan(report).checks_run) == (
        Outcome.COMPLETED, 3, 11,
    )  # fmt: skip
    rules = {one.rule: one.severity for one in report.records if isinstance(one, Finding)}
    assert rules == {"COFFEE-01": "critical", "data.main.deny": "high", "data.main.warn": "medium"}


def test_a_file_that_conftest_left_out_is_partial(checkout: Path) -> None:
    entries = json.loads(recorded("conftest.json"))[:1]
    report = judge(conftest, target(checkout, policies="policies"), json.dumps(entries), code=1)
    assert report.reason == "rules were evaluated on 1 of 2 files"


def test_kube_score_that_knows_none_of_the_objects_is_not_run(checkout: Path) -> None:
    report = judge(kube_score, target(checkout), "null")
    assert (report.outcome, report.reason) == (Outcome.NOT_RUN, "no object was scored")


def test_kube_score_names_manifests_that_it_left_out(checkout: Path) -> None:
    (checkout / "src/deploy/more.yaml").write_text(DEPLOYMENT)
    root = str(checkout / "src").encode()
    scored = recorded("kube_score.json").replace(b"/src/", root + b"/")
    report = judge(kube_score, target(checkout), scored, code=1)
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, "not scored: deploy/more.yaml")
    assert paths(report) == {"deploy/menu.yaml"}
    (checkout / "src/deploy/more.yaml").unlink()
    report = judge(kube_score, target(checkout), scored, code=1)
    assert (report.outcome, scan(report).findings) == (Outcome.COMPLETED, 3)


def test_a_kind_without_a_schema_is_partial(checkout: Path) -> None:
    where = target(checkout, schemas="schemas")
    argv = kubeconform.command(where, Path("/bin/kubeconform")).argv
    assert f"{checkout}/schemas/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json" in argv
    report = judge(kubeconform, where, recorded("kubeconform.json"), code=1)
    assert (report.outcome, report.reason) == (Outcome.PARTIAL, "no schema for: Order")
    assert (scan(report).findings, scan(report).checks_run) == (1, 3)


def test_kubeconform_says_what_is_wrong_where_and_not_where_its_schema_lies() -> None:
    failed = "problem validating schema. Check JSON formatting: jsonschema validation failed with"
    resource = {
        "filename": "a.yaml", "kind": "Pod", "name": "a", "version": "v1",
        "status": "statusInvalid",
        "msg": f"{failed} 'file:///home/me/pod-v1.json#' - at '/spec/hostNetwork': got string, "
        "want null or boolean - at '': missing property 'metadata'",
        "validationErrors": [{"path": "/spec", "msg": "validation failed"}],
    }  # fmt: skip
    document = Document(json.dumps({"resources": [resource]}).encode(), "report.json")
    (found,) = kubeconform.read(document).findings
    assert found.title == "/spec/hostNetwork: got string, want null or boolean"
    assert found.detail == f"{found.title}\n/: missing property 'metadata'"
    del resource["validationErrors"]
    resource["msg"] = f"{failed} 'file:///home/me/pod-v1.json#'"
    document = Document(json.dumps({"resources": [resource]}).encode(), "report.json")
    assert "home" not in str(kubeconform.read(document).findings[0].title)


def test_kubeconform_that_finds_no_schema_at_all_is_not_run(checkout: Path) -> None:
    resource = {"filename": "a.yaml", "kind": "Deployment", "name": "menu", "version": "apps/v1",
                "status": "statusError", "msg": "could not find schema for Deployment"}  # fmt: skip
    content = {"resources": [resource],
               "summary": {"valid": 0, "invalid": 0, "errors": 1, "skipped": 0}}  # fmt: skip
    report = judge(kubeconform, target(checkout, schemas="schemas"), json.dumps(content), code=1)
    assert (report.outcome, report.reason) == (Outcome.NOT_RUN, "no schema for: Deployment")
    resource.update(status="statusSkipped", msg="")
    report = judge(kubeconform, target(checkout, schemas="schemas"), json.dumps(content))
    assert report.outcome is Outcome.NOT_RUN


DONE = " INFO zizmor: v1.32.0\n INFO audit: zizmor: completed .github/workflows/ci.yml\n"
BROKEN = " WARN collect_inputs: zizmor::registry::input: failed to parse input: line 2\n"


def test_zizmor_counts_what_it_audited(checkout: Path) -> None:
    report = judge(zizmor, target(checkout), recorded("zizmor.json"), code=14, stderr=DONE)
    assert (report.outcome, scan(report).findings, scan(report).files_scanned) == (
        Outcome.COMPLETED, 3, 1,
    )  # fmt: skip
    clean = judge(zizmor, target(checkout), "[]", stderr=DONE)
    assert (clean.outcome, clean.reason, scan(clean).findings) == (Outcome.COMPLETED, None, 0)


def test_a_workflow_that_zizmor_cannot_parse_is_partial(checkout: Path) -> None:
    (checkout / "src/.github/workflows/broken.yml").write_text("on: [\n")
    report = judge(zizmor, target(checkout), "[]", stderr=DONE + BROKEN)
    assert report.outcome is Outcome.PARTIAL
    assert report.reason == "1 of 2 workflows were audited: failed to parse input: line 2"
    alone = judge(zizmor, target(checkout), "", code=3, stderr=BROKEN)
    assert alone.outcome is Outcome.NOT_RUN
    assert "failed to parse input" in str(alone.reason)
    assert judge(zizmor, target(checkout), "[]").outcome is Outcome.NOT_RUN


def test_gator_that_evaluated_no_constraint_is_not_run(checkout: Path) -> None:
    where = target(checkout, policies="constraints")
    for nothing in ("null", '{"results": null, "stats": []}'):
        assert judge(gator, where, nothing).outcome is Outcome.NOT_RUN
    stats = json.loads(recorded("gator.json"))["stats"]
    clean = judge(gator, where, json.dumps({"results": None, "stats": stats}))
    assert (clean.outcome, scan(clean).findings, scan(clean).checks_run) == (
        Outcome.COMPLETED, 0, 3,
    )  # fmt: skip


def test_gator_finds_the_file_of_an_object(checkout: Path) -> None:
    where = target(checkout, policies="constraints")
    assert "--stats" in gator.command(where, Path("/bin/gator")).argv
    report = judge(gator, where, recorded("gator.json"), code=1)
    assert paths(report) == {"deploy/menu.yaml"}
    found = [one for one in report.records if isinstance(one, Finding)]
    assert [(one.rule, one.severity) for one in found] == [
        ("CafeNonRoot/non-root", "high"), ("CafeLabels/owner", "medium"),
    ]  # fmt: skip


@pytest.mark.parametrize("printed", ["[]", "null"])
def test_policies_without_tests_are_not_run(checkout: Path, printed: str) -> None:
    where = target(checkout, policies="policies")
    report = judge(opa, where, printed, code=1, stderr="no tests were run\n")
    assert (report.outcome, report.reason) == (
        Outcome.NOT_RUN, "there are no tests of the policies",
    )  # fmt: skip
    assert judge(opa, where, printed).outcome is Outcome.NOT_RUN


def test_failed_and_broken_tests_of_policies(checkout: Path) -> None:
    where = target(checkout, policies="policies")
    report = judge(opa, where, recorded("opa_test.json"), code=2)
    (found,) = (one for one in report.records if isinstance(one, Finding))
    assert (found.rule, found.line) == ("cafe.pod_test.test_latest_is_denied", 14)
    assert (report.outcome, scan(report).checks_run) == (Outcome.COMPLETED, 2)
    tests = json.loads(recorded("opa_test.json"))
    tests[0]["error"] = {"code": "eval_conflict_error", "message": "two values"}
    report = judge(opa, where, json.dumps(tests), code=2)
    assert report.outcome is Outcome.PARTIAL
    assert scan(report).findings == 2


def test_a_failed_test_outside_of_what_is_scanned_is_not_lost(checkout: Path) -> None:
    where = target(checkout, policies="policies")
    file = f"{checkout}/policies/pod_test.rego"
    result = {"location": {"file": file, "row": 3, "col": 1}, "package": "data.pod_test",
              "name": "test_root", "fail": True, "duration": 1}  # fmt: skip
    report = judge(opa, where, json.dumps([result]), code=2)
    (found,) = (one for one in report.records if isinstance(one, Finding))
    assert (found.path, found.resource) == (None, "policies/pod_test.rego")


def test_a_query_is_asked_of_all_manifests(checkout: Path) -> None:
    where = target(checkout, policies="policies", query="data.cafe.deny")
    command = opa.command(where, Path("/bin/opa"))
    assert command.argv[-1] == "data.cafe.deny"
    assert [one["path"] for one in json.loads(command.stdin or b"")] == [
        "deploy/config.yaml", "deploy/menu.yaml",
    ]  # fmt: skip
    report = judge(opa, where, recorded("opa_eval.json"))
    found = [one for one in report.records if isinstance(one, Finding)]
    assert [(one.rule, one.severity, one.path) for one in found] == [
        ("COFFEE-01", "high", "deploy/menu.yaml"), ("cafe.deny", "high", None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "count", "outcome"),
    [
        ([], 0, Outcome.COMPLETED),
        (False, 0, Outcome.COMPLETED),
        (True, 1, Outcome.COMPLETED),
        (7, 0, Outcome.PARTIAL),
        ({"deny": ["a", "b"], "warn": ["c"], "names": ["d"]}, 3, Outcome.COMPLETED),
    ],
)
def test_values_of_a_decision(checkout: Path, value: Any, count: int, outcome: Outcome) -> None:
    where = target(checkout, policies="policies", query="data.cafe.deny")
    content = {"result": [{"expressions": [{"value": value, "text": "data.cafe.deny"}]}]}
    report = judge(opa, where, json.dumps(content))
    assert (report.outcome, scan(report).findings) == (outcome, count)


def test_an_undefined_query_and_an_error_are_no_decision(checkout: Path) -> None:
    where = target(checkout, policies="policies", query="data.cafe.deny")
    assert judge(opa, where, "{}").outcome is Outcome.NOT_RUN
    error = {"errors": [{"message": "undefined ref: data.x", "code": "rego_type_error"}]}
    report = judge(opa, where, json.dumps(error), code=2)
    assert (report.outcome, report.reason) == (Outcome.FAILED, "OPA says: undefined ref: data.x")
    assert scan(report).findings is None
