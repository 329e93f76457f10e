"""The real programs over a tiny module, where they can be had."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from coffee_pipeline.home import Home
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.tools import semgrep, staticcheck
from coffee_pipeline.tools.base import Report, Scanner, Target

RULES = Path(__file__).parents[3] / "policies" / "semgrep"
SOURCE = """package menu

import (
	"fmt"
	"os/exec"
)

func Run(program string) error {
	fmt.Printf("%d", program)
	return exec.Command(program).Run()
}
"""


def answer(scanner: Scanner, program: Path, target: Target) -> tuple[Report, Scan, list[Finding]]:
    assert scanner.obstacle(target) is None
    report = scanner.parse(target, run(scanner.command(target, program)), None)
    (scan,) = [record for record in report.records if isinstance(record, Scan)]
    return report, scan, [record for record in report.records if isinstance(record, Finding)]


@pytest.fixture
def target(tmp_path: Path, home: Home) -> Target:
    folder = tmp_path / "services" / "menu"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module shop.test/menu\n\ngo 1.24\n")
    (folder / "menu.go").write_text(SOURCE)
    return Target(
        checkout=tmp_path, module="services/menu", revision="r", packages=("./.",),
        packages_listed=1, settings={semgrep.RULES: str(RULES)}, timeout_seconds=240,
        environment=Toolbox(home).go_environment(),
    )  # fmt: skip


@pytest.mark.slow
def test_semgrep_with_the_rules_of_the_project(
    target: Target, installed: Callable[[str], Path]
) -> None:
    report, scan, found = answer(semgrep, installed(semgrep.NAME), target)
    assert report.outcome is Outcome.COMPLETED
    assert [(one.rule, one.path, one.line) for one in found] == [
        ("go-command-from-variable", "services/menu/menu.go", 10)
    ]
    assert (scan.files_scanned, bool(scan.checks_run)) == (1, True)
    (target.folder / "menu.go").unlink()
    (target.folder / "go.mod").unlink()
    assert answer(semgrep, installed(semgrep.NAME), target)[0].outcome is Outcome.NOT_RUN


@pytest.mark.slow
def test_semgrep_with_a_rule_that_cannot_be_used(
    target: Target, tmp_path: Path, installed: Callable[[str], Path]
) -> None:
    bad = tmp_path / "rules"
    bad.mkdir()
    (bad / "bad.yaml").write_text(
        "rules: [{id: bad, languages: [go], severity: ERROR, message: m, pattern: 'f($X'}]\n"
    )
    only = Target(
        checkout=target.checkout, module=target.module, revision="r",
        settings={semgrep.RULES: str(bad)}, timeout_seconds=240,
    )  # fmt: skip
    report, scan, _ = answer(semgrep, installed(semgrep.NAME), only)
    assert report.outcome in (Outcome.NOT_RUN, Outcome.FAILED)
    assert scan.findings is None


@pytest.mark.slow
def test_staticcheck_over_a_module(target: Target, installed: Callable[[str], Path]) -> None:
    report, scan, found = answer(staticcheck, installed(staticcheck.NAME), target)
    assert (report.outcome, scan.packages_scanned) == (Outcome.COMPLETED, 1)
    assert [(one.rule, one.path, one.line) for one in found] == [
        ("SA5009", "services/menu/menu.go", 9)
    ]
    (target.folder / "menu.go").write_text("package menu\n\nfunc Run() { nope() }\n")
    report, scan, _ = answer(staticcheck, installed(staticcheck.NAME), target)
    assert report.outcome is Outcome.FAILED
    assert "undefined: nope" in str(report.reason)
    assert scan.findings is None
