from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from coffee_pipeline.observability import stack
from coffee_pipeline.observability.subject import Subject, subject_of
from tests.conftest import ROOT

FOLDER = ROOT / "examples" / "go-coffee"


@pytest.mark.parametrize("period", ["1h", "12h", "1d", "1w", "28d", "30d", "90d"])
def test_panels_of_objectives_ask_for_what_rules_record(
    subject: Subject, tmp_path: Path, period: str
) -> None:
    menu = subject.platform.services[0]
    for name in menu.slos:
        text = (FOLDER / name).read_text()
        assert "duration: 28d" in text
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace("duration: 28d", f"duration: {period}"))
    platform = subject.platform.model_copy(
        update={"services": (menu.model_copy(update={"manifests": ()}),)}
    )
    files = dict(stack.generate(subject_of(platform, tmp_path)))
    rules = yaml.safe_load(files["prometheus/rules/objectives.yml"])["groups"]
    recorded = {rule.get("record") for group in rules for rule in group["rules"]}
    for name in ("objectives", "service-menu"):
        asked = set(re.findall(r"slo:[\w:]+", files[f"{stack.DASHBOARDS}/{name}.json"]))
        assert len(asked) > 3
        assert asked <= recorded
