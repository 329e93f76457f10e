"""Answers are taken again exactly where nothing that a scanner reads has changed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.stages.reuse import (
    answer_again,
    forget_answers,
    keep_answer,
    kept_answer_file,
)
from coffee_pipeline.toolbox.toolbox import Located
from coffee_pipeline.tools import checkov, gosec, scan_record, semgrep
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.reported import ReadReport, Reported

CHECKOV = Located(path=Path("/opt/checkov"), version="3.3.30", origin="path")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "first"
    (folder / "deploy").mkdir(parents=True)
    (folder / "deploy" / "pod.yaml").write_text("kind: Pod\n")
    (folder / "main.go").write_text("package main\n")
    return folder


def target(checkout: Path, revision: str = "a" * 40) -> Target:
    return Target(checkout=checkout, module=".", revision=revision, scope="platform:repository")


def answer(checkout: Path, outcome: Outcome = Outcome.COMPLETED) -> Evidence:
    problem = Reported(
        rule="CKV_K8S_1", title="a privileged pod", severity=Severity.HIGH, path="deploy/pod.yaml"
    )
    report = scan_record.of_read(
        checkov, target(checkout), ReadReport(findings=[problem]), outcome, version="3.3.30"
    )
    return Evidence(materialization="scan/1", outcome=outcome, records=report.records)


def change(name: str, text: str = "changed\n") -> Callable[[Path], None]:
    def _change(checkout: Path) -> None:
        (checkout / name).parent.mkdir(exist_ok=True)
        (checkout / name).write_text(text)

    return _change


@pytest.mark.parametrize(
    ("scanner", "edit", "same"),
    [
        (checkov, change("main.go"), True),
        (checkov, change("README.md"), True),
        (checkov, change("deploy/pod.yaml"), False),
        (checkov, change("deploy/new.tf"), False),
        (checkov, change("values.unknown"), False),
        (checkov, lambda checkout: (checkout / "deploy/pod.yaml").unlink(), False),
        (
            checkov,
            lambda checkout: (checkout / "deploy/pod.yaml").rename(checkout / "pod.yaml"),
            False,
        ),
        (checkov, lambda checkout: (checkout / "link").symlink_to("deploy"), False),
        (semgrep, change("main.go"), False),
        (semgrep, change("rules/rule.yaml"), False),
    ],
)
def test_only_what_is_read_asks_for_a_new_answer(
    scanner, edit, same: bool, home: Home, checkout: Path, tmp_path: Path
) -> None:
    before = kept_answer_file(home, scanner, CHECKOV, target(checkout))
    elsewhere = tmp_path / "second"
    shutil.copytree(checkout, elsewhere)
    assert kept_answer_file(home, scanner, CHECKOV, target(elsewhere, "b" * 40)) == before
    edit(elsewhere)
    assert (kept_answer_file(home, scanner, CHECKOV, target(elsewhere)) == before) is same


def test_another_version_and_other_rules_ask_for_a_new_answer(
    home: Home, checkout: Path, tmp_path: Path
) -> None:
    before = kept_answer_file(home, checkov, CHECKOV, target(checkout))
    newer = replace(CHECKOV, version="3.4.0")
    assert kept_answer_file(home, checkov, newer, target(checkout)) != before
    rules = tmp_path / "rules"
    rules.mkdir()
    told = replace(target(checkout), settings={semgrep.RULES: str(rules)})
    first = kept_answer_file(home, semgrep, CHECKOV, told)
    (rules / "one.yaml").write_text("rules: []\n")
    assert kept_answer_file(home, semgrep, CHECKOV, told) != first


def test_a_tool_that_does_not_say_what_it_reads_is_always_asked(home: Home, checkout: Path) -> None:
    assert kept_answer_file(home, gosec, CHECKOV, target(checkout)) is None
    unknown = replace(CHECKOV, version=None)
    assert kept_answer_file(home, checkov, unknown, target(checkout)) is None


def test_an_answer_taken_again_is_of_the_new_revision_and_says_so(
    home: Home, checkout: Path
) -> None:
    file = kept_answer_file(home, checkov, CHECKOV, target(checkout))
    assert file is not None
    assert answer_again(file, "scan/2", target(checkout)) is None
    first = answer(checkout)
    keep_answer(file, first)
    again = answer_again(file, "scan/2", target(checkout, "b" * 40))
    assert again is not None
    assert (again.materialization, again.outcome) == ("scan/2", Outcome.COMPLETED)
    (scan,) = [one for one in again.records if isinstance(one, Scan)]
    (made,) = [one for one in first.records if isinstance(one, Scan)]
    assert scan.revision == "b" * 40
    assert scan.reason is not None
    assert scan.reason.startswith("unchanged inputs: the answer of ")
    assert scan.reason.endswith(f"at {'a' * 12}")
    assert scan.started_at >= made.started_at
    (found,) = [one for one in again.records if isinstance(one, Finding)]
    (reported,) = [one for one in first.records if isinstance(one, Finding)]
    assert found == replace(reported, revision="b" * 40)


@pytest.mark.parametrize("outcome", [Outcome.PARTIAL, Outcome.FAILED, Outcome.NOT_RUN])
def test_less_than_a_complete_answer_is_asked_for_again(
    outcome: Outcome, home: Home, checkout: Path
) -> None:
    file = kept_answer_file(home, checkov, CHECKOV, target(checkout))
    assert file is not None
    keep_answer(file, answer(checkout, outcome))
    assert answer_again(file, "scan/2", target(checkout)) is None


def test_forgotten_answers_are_asked_for_anew(home: Home, checkout: Path) -> None:
    file = kept_answer_file(home, checkov, CHECKOV, target(checkout))
    assert file is not None
    forget_answers(home)  # there is none yet
    keep_answer(file, answer(checkout))
    assert answer_again(file, "scan/2", target(checkout)) is not None
    forget_answers(home)
    assert answer_again(file, "scan/2", target(checkout)) is None
