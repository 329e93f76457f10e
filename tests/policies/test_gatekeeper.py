"""Gatekeeper's templates: written from the Rego policies, and verified by the real gator."""

from __future__ import annotations

import importlib.util
import re
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.toolbox import Toolbox

POLICIES = Path(__file__).parents[2] / "policies"
GATEKEEPER = POLICIES / "gatekeeper"
KUBERNETES = {
    file.stem
    for file in (POLICIES / "opa" / "kubernetes").glob("*.rego")
    if not file.stem.endswith("_test")
}


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "gatekeeper_templates", POLICIES / "gatekeeper_templates.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def suite() -> list[dict[str, Any]]:
    return yaml.safe_load((GATEKEEPER / "suite.yaml").read_text("utf-8"))["tests"]


def test_templates_and_constraints_are_what_the_policies_say(writer: ModuleType) -> None:
    """Run `python policies/gatekeeper_templates.py` when this fails."""
    there = {
        file.relative_to(GATEKEEPER).as_posix(): file.read_text("utf-8")
        for name in ("templates", "constraints")
        for file in (GATEKEEPER / name).iterdir()
    }
    assert there == writer.files()


def test_what_belongs_to_evaluation_is_left_out(writer: ModuleType) -> None:
    for name, content in writer.files().items():
        if not name.startswith("templates/"):
            continue
        (target,) = yaml.safe_load(content)["spec"]["targets"]
        source = target["code"][0]["source"]
        for text in (source["rego"], *source["libs"]):
            assert "rego.metadata" not in text
            assert "compliance" not in text
            assert set(re.findall(r"\bdata\.(\w+)", text)) <= {"lib", "inventory"}
        assert "violation contains" in source["rego"]


def test_every_rule_on_kubernetes_has_cases_that_pass_and_that_fail() -> None:
    tests = suite()
    assert {one["name"] for one in tests} == KUBERNETES
    for one in tests:
        wanted = [case["assertions"][0] for case in one["cases"]]
        assert [a for a in wanted if a["violations"] == "no"]
        assert [a for a in wanted if a["violations"] == "yes" and a["message"]]


@pytest.mark.slow
def test_gator_verifies_every_case(home: Home) -> None:
    found = Toolbox(home).look("gator")
    if found is None:
        pytest.skip("gator is not there yet")
    done = subprocess.run(
        [found.path, "verify", GATEKEEPER / "suite.yaml", "-v"],
        capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    cases = sum(len(one["cases"]) for one in suite())
    # Without suites it prints PASS too.
    assert len(re.findall(r"^\s+--- PASS: ", done.stdout, re.MULTILINE)) == cases
    assert len(re.findall(r"^--- PASS: ", done.stdout, re.MULTILINE)) == len(KUBERNETES)
