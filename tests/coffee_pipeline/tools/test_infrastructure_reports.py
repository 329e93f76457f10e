"""What the formats of reports that are only read (not made here) take from them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import conftest, kubebench, kubelinter, kubescape, terrascan, zap, zizmor
from coffee_pipeline.tools.document import Document

FOLDER = Path(__file__).parent / "recordings" / "infrastructure"


def recorded(name: str) -> Any:
    return json.loads((FOLDER / name).read_bytes())


def of(value: Any) -> Document:
    return Document(json.dumps(value).encode(), "report.json")


def test_terrascan_counts_one_place_once_and_says_how_many_policies_there_were() -> None:
    report = terrascan.read(of(recorded("terrascan.json")))
    first, second = report.findings
    assert (first.rule, first.path, first.line) == ("AC_AWS_0319", "main.tf", 1)
    assert first.resource == "aws_security_group/open"
    assert (first.severity, second.severity) == (Severity.HIGH, Severity.LOW)
    assert (report.checks_run, report.outcome) == (12, Outcome.COMPLETED)


def test_terrascan_fields_may_be_null() -> None:
    violation = {"rule_name": "a", "rule_id": "b", "severity": "STRANGE", "resource_name": None,
                 "resource_type": None, "file": "main.tf", "line": None}  # fmt: skip
    (found,) = terrascan.read(of({"results": {"violations": [violation]}})).findings
    assert (found.severity, found.severity_source, found.resource) == (
        Severity.INFO, "default", None,
    )  # fmt: skip


def test_terrascan_that_could_not_load_files_is_partial() -> None:
    report = recorded("terrascan.json")
    report["results"]["scan_errors"].append({"iac_type": "terraform", "errMsg": "diagnostic: x"})
    read = terrascan.read(of(report))
    assert read.outcome is Outcome.PARTIAL
    assert "diagnostic: x" in str(read.reason)
    nothing = {"results": {"violations": None, "scan_summary": {"policies_validated": 0}}}
    assert terrascan.read(of(nothing)).outcome is Outcome.PARTIAL


def test_kube_bench_leaves_manual_checks_out() -> None:
    report = kubebench.read(of(recorded("kubebench.json")))
    assert [(one.rule, one.severity, one.resource) for one in report.findings] == [
        ("1.1.2", Severity.MEDIUM, "master"),
        ("1.1.4", Severity.INFO, "master"),
        ("4.1.1", Severity.MEDIUM, "node"),
    ]
    assert report.checks_run == 6


@pytest.mark.parametrize("shape", ["array", "single", "one after the other"])
def test_kube_bench_in_its_other_shapes(shape: str) -> None:
    groups = recorded("kubebench.json")["Controls"]
    document = {
        "array": of(groups),
        "single": of(groups[0]),
        "one after the other": Document("\n".join(map(json.dumps, groups)).encode(), "report"),
    }[shape]
    assert kubebench.recognises(document)
    assert len(kubebench.read(document).findings) == (2 if shape == "single" else 3)


def test_kubescape_counts_rules_of_failed_controls() -> None:
    report = kubescape.read(of(recorded("kubescape.json")))
    assert [(one.rule, one.severity, one.fingerprint) for one in report.findings] == [
        ("C-0013", Severity.MEDIUM, "non-root-containers"),
        ("C-0057", Severity.CRITICAL, "rule-privileged"),
    ]
    assert {one.path for one in report.findings} == {"deploy/menu.yaml"}
    assert {one.resource for one in report.findings} == {"api=apps/v1/cafe/Deployment/menu"}


def test_kubescape_of_the_older_format_has_no_status_of_controls() -> None:
    content = recorded("kubescape.json")
    for control in content["results"][0]["controls"]:
        del control["status"]
    assert len(kubescape.read(of(content)).findings) == 3


def test_kubescape_without_the_objects_themselves() -> None:
    content = recorded("kubescape.json") | {"resources": None}
    report = kubescape.read(of(content))
    assert len(report.findings) == 2
    assert {one.path for one in report.findings} == {None}


def test_kubescape_exceptions_are_told() -> None:
    content = recorded("kubescape.json")
    content["results"][0]["controls"][0]["rules"][0]["status"] = "excluded"
    found = kubescape.read(of(content)).findings[0]
    assert found.suppressed == "an exception of Kubescape"


def test_kubelinter_tells_containers_of_one_object_apart() -> None:
    report = kubelinter.read(of(recorded("kubelinter.json")))
    assert [one.fingerprint for one in report.findings] == ["menu", "proxy", "menu"]
    assert {one.resource for one in report.findings} == {"Deployment/cafe/menu"}
    assert (report.checks_run, report.tool_version) == (3, "0.8.3")


def test_kube_bench_of_a_node_that_no_control_is_for() -> None:
    nothing = of({"Controls": [], "Totals": {"total_pass": 0, "total_fail": 0}})
    assert kubebench.recognises(nothing)
    assert kubebench.read(nothing).outcome is Outcome.NOT_RUN
    group = {"id": "2", "text": "etcd", "tests": None}
    some = of({"Controls": [*recorded("kubebench.json")["Controls"], group]})
    assert kubebench.recognises(some)
    assert len(kubebench.read(some).findings) == 3
    null = of({"Controls": None, "Totals": {}})
    assert kubebench.read(null).outcome is Outcome.NOT_RUN


def test_kubelinter_without_its_list_of_checks() -> None:
    report = of({"Reports": recorded("kubelinter.json")["Reports"]})
    assert kubelinter.recognises(report)
    assert (len(kubelinter.read(report).findings), kubelinter.read(report).checks_run) == (3, None)
    assert not kubelinter.recognises(of({"Reports": [{"Check": "a"}], "Checks": []}))


def test_zizmor_marked_the_main_place_otherwise_before() -> None:
    content = recorded("zizmor.json")
    before = json.loads(json.dumps(content).replace('"kind": "Primary"', '"primary": true'))
    assert before != content
    for item in before:  # it need not stand first
        item["locations"].reverse()
    lines = [one.line for one in zizmor.read(of(content)).findings]
    assert [one.line for one in zizmor.read(of(before)).findings] == lines


def test_conftest_listed_successes_before_it_counted_them() -> None:
    entry = {"filename": "menu.yaml", "warnings": [], "failures": [{"msg": "no limit"}],
             "successes": [{"msg": "data.main.deny"}, {"msg": "data.main.warn"}]}  # fmt: skip
    report = of([entry])
    assert conftest.recognises(report)
    read = conftest.read(report)
    assert ([one.title for one in read.findings], read.checks_run) == (["no limit"], 3)


@pytest.mark.parametrize("name", ["zap.xml", "zap.json"])
def test_zap_gives_a_problem_for_each_alert_of_a_site(name: str) -> None:
    report = zap.read(Document.of_file(FOLDER / name))
    first, second, third = report.findings
    assert (first.rule, first.severity, first.confidence) == ("10038", Severity.MEDIUM, "high")
    assert first.cwes == (693,)
    assert first.resource == "http://menu.cafe.test"
    assert first.reference == "https://owasp.org/csp"
    assert first.detail == (
        "A header & more.\n\nGET http://menu.cafe.test/page/0 (x)\n"
        "GET http://menu.cafe.test/page/1\nGET http://menu.cafe.test/page/2\n\nSet it."
    )
    assert second.severity is Severity.LOW
    assert third.cwes == ()
    assert third.suppressed == "marked as a false positive"
    assert report.tool_version == "2.16.1"


def test_zap_in_both_formats_gives_the_same() -> None:
    xml, plain = (zap.read(Document.of_file(FOLDER / name)) for name in ("zap.xml", "zap.json"))
    assert list(xml.findings) == list(plain.findings)


def test_zap_writes_a_lone_site_without_a_list_around_it() -> None:
    site = b'{"@version": "2.4", "site": {"@name": "http://a", "alerts": [{"alert": "A"}]}}'
    document = Document(site, "report.json")
    assert zap.recognises(document)
    assert [one.resource for one in zap.read(document).findings] == ["http://a"]


def test_zap_without_a_site_has_looked_at_nothing() -> None:
    empty = Document(b'<OWASPZAPReport version="2.16.1"></OWASPZAPReport>', "report.xml")
    assert zap.recognises(empty)
    assert zap.read(empty).outcome is Outcome.NOT_RUN


def test_zap_resolves_no_entities() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><OWASPZAPReport>&x;</OWASPZAPReport>'
    with pytest.raises(ParseError, match="entities"):
        zap.read(Document(bomb, "report.xml"))
