"""conftest and kubeconform in the formats of test runners: as much as in JSON, where it is told."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import conftest, kubeconform
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.registry import FORMATS

SCHEMA_TAP = b"""TAP version 13
ok 1 - deploy/menu.yaml (apps/v1/Deployment/cafe/menu)
not ok 2 - deploy/menu.yaml (v1/Service/cafe/menu): no match: at '/spec/ports': got string
ok 3 - deploy/menu.yaml (empty)
ok 4 - deploy/odd.yaml (cafe.test/v1/Bean//arabica) # skip
not ok 5 - deploy/odd.yaml: could not find schema for Roast
not ok 6 - deploy/broken.yaml: error unmarshalling resource: line 1
1..6
"""
SCHEMA_TAP_BEFORE = b"""ok 1 - deploy/menu.yaml (Deployment)
not ok 2 - deploy/menu.yaml (Service): no match: at '/spec/ports': got string
ok 3 #skip - deploy/odd.yaml
1..3
"""
SCHEMA_JUNIT = b"""<testsuites name="kubeconform" time="0.1" tests="4" failures="1" errors="2">
  <testsuite name="deploy/menu.yaml" id="1" tests="2" failures="1">
    <testcase name="cafe/menu" classname="Deployment@apps/v1"></testcase>
    <testcase name="cafe/menu" classname="Service@v1">
      <failure message="no match: at &#39;/spec/ports&#39;: got string" type=""></failure>
    </testcase>
  </testsuite>
  <testsuite name="deploy/odd.yaml" id="2" tests="2">
    <testcase name="arabica" classname="Bean@cafe.test/v1"><skipped message=""></skipped></testcase>
    <testcase name="dark" classname="Roast@cafe.test/v1">
      <error message="could not find schema for Roast" type=""></error>
    </testcase>
  </testsuite>
  <testsuite name="deploy/broken.yaml" id="3" tests="1">
    <testcase name="" classname="@"><error message="error unmarshalling" type=""></error></testcase>
  </testsuite>
</testsuites>
"""
POLICY_TAP = b"""1..7
not ok 1 - deploy/menu.yaml - cafe.limits - no limit
of memory
# warnings
not ok 2 - deploy/menu.yaml - cafe.limits - no owner
not ok 3 - deploy/till.yaml - cafe.limits - no probe
# exceptions
ok 4 - deploy/till.yaml - cafe.limits - data.exception
# skips
ok 5 - deploy/till.yaml - cafe.limits - not for this one
# successes
ok 6 - deploy/till.yaml - cafe.limits - SUCCESS
ok 7 - deploy/till.yaml - cafe.limits - SUCCESS
"""
POLICY_JUNIT = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites>
  <testsuite tests="4" failures="2" time="0.000" name="conftest.cafe.limits">
    <properties><property name="go.version" value="go1.26"></property></properties>
    <testcase classname="conftest.cafe.limits" name="deploy/menu.yaml - no limit" time="0.000">
      <failure message="Failed" type="">no limit&#xA;of memory</failure>
    </testcase>
    <testcase classname="conftest.cafe.limits" name="deploy/till.yaml - no probe" time="0.000">
      <failure message="Failed" type="">no probe</failure>
    </testcase>
    <testcase classname="conftest.cafe.limits" name="deploy/till.yaml" time="0.000"></testcase>
    <testcase classname="conftest.cafe.limits" name="deploy/till.yaml - no" time="0.000">
      <skipped message="no"></skipped>
    </testcase>
  </testsuite>
</testsuites>
"""
ALL = [SCHEMA_TAP, SCHEMA_TAP_BEFORE, SCHEMA_JUNIT, POLICY_TAP, POLICY_JUNIT]


def of(content: bytes) -> Document:
    return Document(content, "report")


@pytest.mark.parametrize("content", [SCHEMA_TAP, SCHEMA_JUNIT])
def test_kubeconform_says_the_same_as_in_json(content: bytes) -> None:
    report = kubeconform.read(of(content))
    invalid, broken = report.findings
    assert (invalid.rule, invalid.path, invalid.resource, invalid.fingerprint) == (
        "schema", "deploy/menu.yaml", "Service/menu", "v1",
    )  # fmt: skip
    assert invalid.title == "no match: at '/spec/ports': got string"
    assert (broken.rule, broken.path) == ("unreadable", "deploy/broken.yaml")
    assert report.outcome is Outcome.PARTIAL
    assert "no schema for: Bean, Roast" in str(report.reason)
    assert report.checks_run == 2


def test_kubeconform_named_kinds_alone_before() -> None:
    report = kubeconform.read(of(SCHEMA_TAP_BEFORE))
    assert [one.resource for one in report.findings] == ["Service"]
    assert (report.outcome, report.checks_run) == (Outcome.PARTIAL, 2)


def test_conftest_tells_warnings_in_tap() -> None:
    report = conftest.read(of(POLICY_TAP))
    assert [(one.title, one.path, one.severity) for one in report.findings] == [
        ("no limit\nof memory", "deploy/menu.yaml", Severity.HIGH),
        ("no owner", "deploy/menu.yaml", Severity.MEDIUM),
        ("no probe", "deploy/till.yaml", Severity.HIGH),
    ]
    assert {one.rule for one in report.findings} == {"cafe.limits policy"}
    assert (report.checks_run, report.files_scanned) == (6, 2)
    assert report.outcome is Outcome.COMPLETED


def test_conftest_in_junit() -> None:
    report = conftest.read(of(POLICY_JUNIT))
    assert [(one.title, one.path, one.rule) for one in report.findings] == [
        ("no limit\nof memory", "deploy/menu.yaml", "cafe.limits policy"),
        ("no probe", "deploy/till.yaml", "cafe.limits policy"),
    ]
    assert (report.checks_run, report.outcome) == (3, Outcome.COMPLETED)


def test_conftest_named_the_namespace_with_the_file_before() -> None:
    content = POLICY_JUNIT.replace(b"conftest.cafe.limits", b"conftest")
    content = content.replace(b".yaml", b".yaml - cafe.limits")
    assert conftest.read(of(content)).findings == conftest.read(of(POLICY_JUNIT)).findings


def test_conftest_of_its_standard_input_has_no_file() -> None:
    content = b"1..2\nnot ok 1 - - main - no limit\n# successes\nok 2 - - main - SUCCESS\n"
    (found,) = conftest.read(of(content)).findings
    assert (found.path, found.title) == (None, "no limit")


@pytest.mark.parametrize("content", ALL)
def test_reports_are_of_one_format(content: bytes) -> None:
    assert len([name for name, one in FORMATS.items() if one.recognises(of(content))]) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"TAP version 13\nok 1 - adds numbers\n1..1\n",
        b"1..2\nok 1 - a - b - c\nnot ok 2 - a - b - d\n",
        b"1..1\n# successes\nnot ok 1 - a - b - c\n",
        b"ok 1 starts\n",
        b"1..0\n",
        b"<testsuites name='other'><testsuite name='a'><testcase/></testsuite></testsuites>",
        b"<testsuites></testsuites>",
        b"<testsuites><testsuite name='conftests'/></testsuites>",
    ],
)
def test_results_of_other_tests_are_nobodys(content: bytes) -> None:
    for tool in (conftest, kubeconform):
        assert not tool.recognises(of(content))
        with pytest.raises(ParseError, match="report"):
            tool.read(of(content))


@pytest.mark.parametrize("content", ALL)
@given(data=st.data())
@settings(max_examples=40, deadline=None)
def test_broken_ones_are_refused_or_read(content: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content)))
    more = data.draw(st.integers(0, 40))
    report = of(content[:at] + data.draw(st.binary(max_size=4)) + content[at + more :])
    for tool in (conftest, kubeconform):
        tool.recognises(report)
        try:
            read = tool.read(report)
        except ParseError:
            continue
        assert read.findings or read.outcome is not Outcome.COMPLETED or read.checks_run
