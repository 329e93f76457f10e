from __future__ import annotations

import subprocess

import pytest

import coffee_pipeline.model.test as model
from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages import test as stage

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

FILES = {
    "go.mod": "module a.test\n\ngo 1.22\n",
    "a.go": "package a\n\nfunc Twice(n int) int {\n\tif n > 9 {\n\t\treturn 0\n\t}\n"
    "\treturn 2 * n\n}\n",
    "a_test.go": 'package a\n\nimport "testing"\n\nfunc TestTwice(t *testing.T) {\n'
    "\tif Twice(2) != 4 {\n\t\tt.Fatal()\n\t}\n}\n",
    "cmd/a/main.go": "package main\n\nfunc main() {}\n",
}


def of(evidence, record_type):
    return [record for record in evidence.records if isinstance(record, record_type)]


def test_a_module_is_tested_once_for_its_services(deliver) -> None:
    delivery = deliver(FILES)
    first = stage.test_module(delivery.context, ".")
    second = stage.test_module(delivery.context, ".")
    assert (first.reused, second.reused) == (False, True)
    assert first.evidence == second.evidence
    evidence = first.evidence
    assert evidence.materialization == f"test/.@{delivery.context.revision}"
    assert (evidence.outcome, evidence.reason) == (Outcome.COMPLETED, None)
    (run,) = of(evidence, model.ModuleTestRun)
    assert (run.outcome, run.passed, run.packages) == ("ok", 1, 2)
    assert (run.statements, run.covered_statements) == (3, 2)
    assert run.coverage_percent == pytest.approx(200 / 3)
    assert run.coverage_complete
    packages = {p.package: p for p in of(evidence, model.PackageTestRun)}
    assert packages["a.test/cmd/a"].outcome == "no_tests"
    assert packages["a.test"].coverage_percent == run.coverage_percent
    (process,) = of(evidence, ToolRun)
    assert (process.tool, process.exit_code) == ("go test", 0)


def test_a_module_without_packages_is_accounted_for(deliver) -> None:
    delivery = deliver({"go.mod": "module a.test\n\ngo 1.22\n", "README": "nothing"})
    evidence = stage.test_module(delivery.context, ".").evidence
    (run,) = of(evidence, model.ModuleTestRun)
    assert run.outcome == "no_packages"
    assert evidence.outcome is Outcome.FAILED
    assert run.coverage_percent is None


def test_a_module_that_is_not_there_is_not_run(deliver) -> None:
    delivery = deliver(FILES)
    evidence = stage.test_module(delivery.context, "gone").evidence
    (run,) = of(evidence, model.ModuleTestRun)
    assert (run.outcome, evidence.outcome) == ("not_run", Outcome.NOT_RUN)


def test_a_go_work_of_the_surroundings_changes_nothing(deliver) -> None:
    delivery = deliver(FILES)
    (delivery.context.home.root / "go.work").write_text("go 1.22\n\nuse ./elsewhere\n")
    evidence = stage.test_module(delivery.context, ".").evidence
    assert evidence.outcome is Outcome.COMPLETED


@pytest.mark.slow
def test_the_race_detector_is_used_when_asked_for(deliver) -> None:
    if subprocess.run(["which", "gcc"], capture_output=True, check=False).returncode:
        pytest.skip("the race detector needs a C compiler")
    delivery = deliver(FILES)
    go = delivery.context.platform.go.model_copy(update={"race": True})
    evidence = stage.test_module(delivery.platform(go=go).context, ".").evidence
    (run,) = of(evidence, model.ModuleTestRun)
    assert run.race_detector
    assert (run.outcome, run.covered_statements) == ("ok", 2)
