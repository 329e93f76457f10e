from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "policies" / "semgrep"
PLANTED = Path(__file__).parent / "semgrep"
FILES = ("go.yaml", "dockerfile.yaml", "kubernetes.yaml")
WANT = re.compile(r"(?://|#) want: (\S+)")


def rules(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((RULES / name).read_text(encoding="utf-8"))["rules"]


def all_rules() -> list[dict[str, Any]]:
    return [rule for name in FILES for rule in rules(name)]


def wanted() -> set[tuple[str, int, str]]:
    """(file, line, rule) of every planted weakness: the line below its comments."""
    found = set()
    for file in PLANTED.iterdir():
        pending: list[str] = []
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if named := WANT.search(line):
                pending.append(named[1])
            else:
                found |= {(file.name, number, rule) for rule in pending}
                pending = []
    return found


@pytest.mark.parametrize("rule", all_rules(), ids=lambda rule: rule["id"])
def test_a_rule_says_what_how_bad_why_and_what_to_do(rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"(go|dockerfile|kubernetes)(-[a-z]+)+", rule["id"])
    assert rule["severity"] in ("ERROR", "WARNING", "INFO")
    assert len(rule["message"]) > 20
    metadata = rule["metadata"]
    assert all(re.fullmatch(r"CWE-\d+", weakness) for weakness in metadata["cwe"])
    assert metadata["cwe"]
    assert len(metadata["rationale"].split()) > 10
    assert metadata["category"] == "security"
    assert metadata["confidence"] in ("HIGH", "MEDIUM", "LOW")
    language = {"go": "go", "dockerfile": "dockerfile", "kubernetes": "yaml"}
    assert rule["languages"] == [language[rule["id"].partition("-")[0]]]
    assert metadata["technology"] == [rule["id"].partition("-")[0]]
    assert {"pattern", "patterns", "pattern-either", "pattern-regex", "pattern-sinks"} & rule.keys()


def test_there_are_enough_rules_and_no_two_of_one_name() -> None:
    counts = [len(rules(name)) for name in FILES]
    assert all(count >= least for count, least in zip(counts, (12, 6, 8), strict=True))
    assert max(Counter(rule["id"] for rule in all_rules()).values()) == 1


def test_every_rule_has_a_planted_weakness() -> None:
    assert {rule for _file, _line, rule in wanted()} == {rule["id"] for rule in all_rules()}


@pytest.mark.slow
def test_semgrep_finds_what_is_planted_and_nothing_else(
    tmp_path: Path, installed: Callable[[str], Path]
) -> None:
    program = installed("semgrep")
    shutil.copytree(PLANTED, tmp_path / "planted")
    done = subprocess.run(
        [
            program, "scan", "--json", "--time", "--metrics=off", "--disable-version-check",
            "--no-rewrite-rule-ids", "--config", str(RULES), ".",
        ],
        cwd=tmp_path / "planted", capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    report = json.loads(done.stdout)
    assert report["errors"] == []
    assert sorted(report["time"]["rules"]) == sorted(rule["id"] for rule in all_rules())
    found = {(one["path"], one["start"]["line"], one["check_id"]) for one in report["results"]}
    assert found == wanted()
