"""A platform of sixty services: every object of its stack fits into a cluster."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from coffee_pipeline.cli.main import application
from coffee_pipeline.observability import stack
from coffee_pipeline.observability.coverage import Kind, coverage, structure, unchanged
from coffee_pipeline.observability.kubernetes import kustomization
from coffee_pipeline.observability.subject import Subject, subject_of
from coffee_pipeline.observability.written import read_folder
from tests.conftest import ROOT

APPLIED = 256 << 10
"""Bytes of all annotations: ``kubectl apply`` keeps the whole object in one of them."""
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
FOLDER = ROOT / "examples" / "go-coffee"


@pytest.fixture(scope="module")
def many(subject: Subject, tmp_path_factory: pytest.TempPathFactory) -> Subject:
    repository = tmp_path_factory.mktemp("many")
    payments = next(one for one in subject.platform.services if one.name == "payments")
    services = []
    for number in range(60):
        name = f"payments{number}"
        slos = tuple(f"{name}/{Path(file).name}" for file in payments.slos)
        (repository / name).mkdir()
        for source, file in zip(payments.slos, slos, strict=True):
            text = (FOLDER / source).read_text().replace("payments", name)
            (repository / file).write_text(text)
        services.append(payments.model_copy(update={"name": name, "slos": slos, "manifests": ()}))
    platform = subject.platform.model_copy(update={"services": tuple(services)})
    return subject_of(platform, repository)


@pytest.fixture(scope="module")
def files(many: Subject) -> Mapping[str, str]:
    return stack.generate(many)


def objects(files: Mapping[str, str]) -> list[dict[str, Any]]:
    """What ``kubectl apply -k`` sends, but for the digests of names."""
    whole = yaml.load(files["kustomization.yaml"], LOADER)
    found = [one for name in whole["resources"] for one in yaml.load_all(files[name], LOADER)]
    for made in whole["configMapGenerator"]:
        pairs = ((one.rpartition("=")[0], one.rpartition("=")[2]) for one in made["files"])
        data = {key or Path(file).name: files[file] for key, file in pairs}
        found.append({"kind": "ConfigMap", "metadata": {"name": made["name"]}, "data": data})
    return found


def test_no_object_is_too_large(files: Mapping[str, str]) -> None:
    sizes = {one["metadata"]["name"]: len(json.dumps(one)) for one in objects(files)}
    assert len(sizes) > 60
    assert {name: size for name, size in sizes.items() if size > 0.9 * APPLIED} == {}
    assert sum(sizes.values()) > 1 << 20, "they would not fit into one"


def test_nothing_is_lost_by_parting(many: Subject, files: Mapping[str, str]) -> None:
    rules = [yaml.load(text, LOADER) for name, text in files.items() if "/objectives" in name
             and name.endswith(".yml")]  # fmt: skip
    assert len(rules) > 1
    assert sorted(group["name"] for one in rules for group in one["groups"]) == sorted(
        group.name for group in many.groups
    )
    boards = [json.loads(text) for name, text in files.items() if "dashboards/objectives" in name]
    assert Counter(panel["title"] for board in boards for panel in board["panels"])[
        "Burn rate"
    ] == len(many.promises)
    assert len({board["uid"] for board in boards}) == len(boards) == 6


def test_all_of_it_is_covered(many: Subject, files: Mapping[str, str], tmp_path: Path) -> None:
    write(files, tmp_path)
    written = read_folder(tmp_path)
    found = [*coverage(many, written), *structure(written), *unchanged(files, tmp_path)]
    assert {one.kind for one in found} >= {Kind.OBJECTIVE_ALERT, Kind.OBJECTIVE_PANEL}
    assert [one for one in found if one.passed is not True] == []


def test_files_of_rules_that_are_no_longer_made_go_away(
    subject: Subject, files: Mapping[str, str], tmp_path: Path
) -> None:
    write(files, tmp_path)
    own = tmp_path / "prometheus/rules/mine.yml"
    own.write_text("groups: []\n")
    few = stack.generate(subject, own_rules=stack.own_rules(tmp_path))
    over = stack.left_over(tmp_path, few)
    assert "prometheus/rules/objectives-2.yml" in over
    assert "prometheus/rules/objectives.yml" not in over
    assert not any(name in few["kustomization.yaml"] for name in over)
    told = [one for one in unchanged(few, tmp_path, over) if "any more" in (one.reason or "")]
    assert [(one.subject, one.passed) for one in told] == [(name, False) for name in over]
    words = ["--data-dir", str(tmp_path / "data"), "observability", "generate", "-o", str(tmp_path),
             "--platform", str(FOLDER / "platform.yaml")]  # fmt: skip
    run = CliRunner().invoke(application(["observability"]), words)
    assert run.exit_code == 0, run.output
    assert stack.left_over(tmp_path, few) == []
    assert own.exists()


def test_names_of_objects_are_valid_and_their_own(many: Subject) -> None:
    own = ["a.yml", "a.yaml", "a_b.yml", "a-b.yml", "A-b.yml", "ä.yml", "-.yml", f"{'x' * 240}.yml"]
    whole = kustomization(many, (), [f"prometheus/rules/{name}" for name in own])
    generated: Any = whole["configMapGenerator"]
    names = [one["name"] for one in generated]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", one) for one in names)
    assert max(map(len, names)) < 240


def write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
