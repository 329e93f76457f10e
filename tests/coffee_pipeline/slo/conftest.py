"""Prometheus' own evaluation of generated rules, by promtool."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml

from coffee_pipeline.slo.rule_files import rule_file
from coffee_pipeline.slo.rules import groups_of
from coffee_pipeline.slo.specifications import parse

Answers = list[dict[str, float]]
Evaluate = Callable[[str, Mapping[str, str], str, Sequence[int]], Answers]


@pytest.fixture
def made_rules() -> Callable[[str], str]:
    """The rule file of a specification."""
    return lambda text: rule_file(groups_of(parse([("slo.yaml", text)])), ["slo.yaml"])


@pytest.fixture
def evaluate(tmp_path: Path) -> Evaluate:
    """Values of an expression, by the labels of each series, at some minutes under some rules."""
    if shutil.which("promtool") is None:
        pytest.skip("promtool is not installed")

    def evaluated(
        rules: str, series: Mapping[str, str], expression: str, minutes: Sequence[int]
    ) -> Answers:
        (tmp_path / "rules.yaml").write_text(rules)
        # promtool only tells what it got when something else was expected.
        impossible = [{"labels": '{a="none"}', "value": 0}]
        tests = {
            "rule_files": ["rules.yaml"],
            "evaluation_interval": "1m",
            # Any order else, by chance: alerts would see records of now or of a minute ago.
            "group_eval_order": [group["name"] for group in yaml.safe_load(rules)["groups"]],
            "tests": [
                {
                    "interval": "1m",
                    "input_series": [{"series": k, "values": v} for k, v in series.items()],
                    "promql_expr_test": [
                        {"expr": expression, "eval_time": f"{at}m", "exp_samples": impossible}
                        for at in minutes
                    ],
                }
            ],
        }
        (tmp_path / "test.yaml").write_text(json.dumps(tests))
        done = subprocess.run(
            ["promtool", "test", "rules", "test.yaml"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        got = re.findall(r"\n\s+got:(.*)", done.stdout + done.stderr)
        assert len(got) == len(minutes), done.stdout + done.stderr
        return [
            {key: float(value) for key, value in re.findall(r"(\{[^}]*\}) ([^\s,]+)", one)}
            for one in got
        ]

    return evaluated
