"""The schemas of Kubernetes objects: strict, said to be subsets, and read by kubeconform."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.toolbox import Toolbox

ROOT = Path(__file__).parents[2]
SCHEMAS = ROOT / "policies" / "schemas"
DEPLOY = ROOT / "examples" / "go-coffee" / "deploy"
LAYOUT = f"{SCHEMAS}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for one in value.values():
            yield from nodes(one)
    elif isinstance(value, list):
        for one in value:
            yield from nodes(one)


@pytest.mark.parametrize("file", sorted(SCHEMAS.iterdir()), ids=lambda file: file.stem)
def test_a_schema_is_strict_and_says_that_it_is_a_subset(file: Path) -> None:
    schema = json.loads(file.read_text("utf-8"))
    assert "subset" in schema["description"]
    kind, version = (schema["properties"][key]["const"] for key in ("kind", "apiVersion"))
    group, _, number = version.rpartition("/")
    suffix = "-".join(part for part in (group.partition(".")[0], number) if part)
    assert file.name == f"{kind.lower()}-{suffix}.json"
    for node in nodes(schema):
        if isinstance(node.get("properties"), dict) and node.get("type") == "object":
            assert node["additionalProperties"] is False
        reference = node.get("$ref")
        if isinstance(reference, str):
            assert reference.removeprefix("#/definitions/") in schema["definitions"]


def manifests() -> list[Path]:
    return sorted(file for file in DEPLOY.rglob("*.yaml") if file.name != "kustomization.yaml")


def test_every_kind_of_the_bundled_platform_has_a_schema() -> None:
    used = {
        (one["apiVersion"], one["kind"])
        for file in manifests()
        for one in yaml.safe_load_all(file.read_text("utf-8"))
    }
    known = set()
    for file in SCHEMAS.iterdir():
        properties = json.loads(file.read_text("utf-8"))["properties"]
        known.add((properties["apiVersion"]["const"], properties["kind"]["const"]))
    assert used <= known


@pytest.mark.slow
def test_kubeconform_accepts_the_bundled_platform_and_refuses_a_misspelled_field(
    home: Home, tmp_path: Path
) -> None:
    found = Toolbox(home).look("kubeconform")
    if found is None:
        pytest.skip("kubeconform is not there yet")
    wrong = tmp_path / "wrong.yaml"
    text = (DEPLOY / "base" / "menu" / "deployment.yaml").read_text("utf-8")
    wrong.write_text(text.replace("readinessProbe:", "readynessProbe:"))

    def summary(*files: Path) -> dict[str, int]:
        done = subprocess.run(
            [found.path, "-output", "json", "-summary", "-schema-location", LAYOUT, *files],
            capture_output=True, timeout=120,
        )  # fmt: skip
        return json.loads(done.stdout)["summary"]

    assert summary(*manifests()) == {"valid": 14, "invalid": 0, "errors": 0, "skipped": 0}
    assert summary(wrong) == {"valid": 0, "invalid": 1, "errors": 0, "skipped": 0}
