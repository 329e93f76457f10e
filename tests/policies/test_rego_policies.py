"""The Rego policies: what each says of itself, and their own unit tests with the real OPA."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.tools.opa_compliance import POLICY_FOLDERS, policy_files, policy_names

FOLDER = Path(__file__).parents[2] / "policies" / "opa"
KINDS = {"kubernetes": "manifest", "service": "service", "platform": "platform"}
CONTROL = re.compile(
    r"CIS (Kubernetes|Docker) Benchmark \d\.\d+: \d[\d.]* .+"
    r"|NSA/CISA Kubernetes Hardening Guide 1\.2: .+"
    r"|OWASP CI/CD Top 10: CICD-SEC-\d+ .+"
)
POLICIES = [file for file in policy_files(FOLDER) if file.parent.name in POLICY_FOLDERS]


def about(file: Path) -> dict[str, Any]:
    first, _, rest = file.read_text("utf-8").partition("\npackage ")
    assert rest.startswith(f"compliance.policies.{file.stem}\n")
    return yaml.safe_load("\n".join(line.removeprefix("#") for line in first.splitlines()[1:]))


@pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.stem)
def test_a_policy_says_why_how_bad_and_which_controls_it_maps_to(file: Path) -> None:
    said = about(file)
    assert len(said["title"]) > 15
    assert len(said["description"].split()) > 15
    custom = said["custom"]
    assert custom["subject"] == KINDS[file.parent.name]
    assert custom["severity"] in ("critical", "high", "medium", "low")
    assert 1 <= custom["weight"] <= 10
    assert custom["controls"]
    assert all(CONTROL.fullmatch(control) for control in custom["controls"])


@pytest.mark.parametrize("file", POLICIES, ids=lambda file: file.stem)
def test_a_policy_has_tests_of_what_passes_and_what_fails(file: Path) -> None:
    tests = file.with_name(f"{file.stem}_test.rego").read_text("utf-8")
    names = set(re.findall(r"^(\w+) if", tests, re.MULTILINE))
    assert {"test_what_passes", "test_what_fails"} <= names


def test_every_kind_of_subject_has_policies() -> None:
    assert len(policy_names(FOLDER)) >= 18
    assert {file.parent.name for file in POLICIES} == set(POLICY_FOLDERS)


@pytest.mark.slow
def test_the_policies_own_tests_pass(home: Home) -> None:
    found = Toolbox(home).look("opa")
    if found is None:
        pytest.skip("opa is not there yet")
    for arguments in (("check", "--strict"), ("fmt", "--list", "--fail")):
        subprocess.run([found.path, *arguments, FOLDER], check=True, timeout=120)
    done = subprocess.run(
        [found.path, "test", "--format", "json", "--fail-on-empty", FOLDER],
        capture_output=True, timeout=240,
    )  # fmt: skip
    results = json.loads(done.stdout)
    assert [one["name"] for one in results if one.get("fail") or one.get("error")] == []
    assert done.returncode == 0
    assert len(results) > 70
    tested = {one["package"].removeprefix("data.compliance.policies.") for one in results}
    assert {f"{name}_test" for name in policy_names(FOLDER)} <= tested
