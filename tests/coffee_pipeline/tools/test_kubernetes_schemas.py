"""Kubernetes' own schemas as kubeconform can read them, and kubeconform reading them."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from coffee_pipeline.errors import ToolError
from coffee_pipeline.tools import kubernetes_schemas
from tests.conftest import ROOT

DEPLOY = ROOT / "examples" / "go-coffee" / "deploy"
MANIFESTS = sorted(file for file in DEPLOY.rglob("*.yaml") if file.name != "kustomization.yaml")
KINDS = ("configmap-v1", "deployment-apps-v1", "ingress-networking-v1", "role-rbac-v1",
         "cronjob-batch-v1", "customresourcedefinition-apiextensions-v1")  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return kubernetes_schemas.schemas(None, tmp_path_factory.mktemp("schemas"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_stands_for_itself_and_is_strict(folder: Path, kind: str) -> None:
    text = (folder / f"{kind}.json").read_text("utf-8")
    schema = json.loads(text)
    references = set(re.findall(r'"\$ref": "([^"]+)"', text))
    assert references
    assert {f"#/$defs/{name}" for name in schema["$defs"]} == references
    assert schema["additionalProperties"] is False
    assert "$id" not in schema


def test_only_kinds_of_objects_are_there(folder: Path) -> None:
    names = {file.stem for file in folder.glob("*.json")}
    assert "deploymentspec-apps-v1" not in names
    assert set(KINDS) <= names


def test_releases_are_in_order_and_others_are_refused(tmp_path: Path) -> None:
    known = list(kubernetes_schemas.releases())
    assert known.index("1.30") > known.index("1.29")
    with pytest.raises(ToolError, match=r"Kubernetes 1\.7; there are those of 1\.\d+ to 1\.\d+"):
        kubernetes_schemas.schemas("1.7", tmp_path)
    older = kubernetes_schemas.schemas("1.30", tmp_path)
    assert older != kubernetes_schemas.schemas(None, tmp_path)
    assert older == kubernetes_schemas.schemas("1.30", tmp_path), "written once"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ToolError, match="file: no schemas can be kept there"):
        kubernetes_schemas.schemas(None, tmp_path / "file")


def test_without_the_package_there_are_none(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(kubernetes_schemas, "releases", dict)
    with pytest.raises(ToolError, match="the package kubernetes_validate is not installed"):
        kubernetes_schemas.schemas(None, tmp_path)


@pytest.mark.slow
def test_kubeconform_accepts_the_bundled_platform_and_refuses_a_misspelled_field(
    folder: Path, installed: Callable[[str], Path], tmp_path: Path
) -> None:
    program = installed("kubeconform")
    text = (DEPLOY / "base" / "menu" / "deployment.yaml").read_text("utf-8")
    wrong, unusual = tmp_path / "wrong.yaml", tmp_path / "unusual.yaml"
    wrong.write_text(text.replace("readinessProbe:", "readynessProbe:"))
    unusual.write_text(
        "apiVersion: v1\nkind: Pod\nmetadata: {generateName: a-}\n"
        "spec: {hostNetwork: true, schedulingGates: [{name: a}], containers: [{name: a}]}\n"
    )
    layout = f"{folder}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json"

    def summary(*files: Path) -> dict[str, int]:
        done = subprocess.run(
            [program, "-output", "json", "-summary", "-schema-location", layout, *files],
            capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        found: dict[str, int] = json.loads(done.stdout)["summary"]
        return found

    count = sum(len(list(yaml.safe_load_all(file.read_text("utf-8")))) for file in MANIFESTS)
    assert summary(*MANIFESTS) == {"valid": count, "invalid": 0, "errors": 0, "skipped": 0}
    assert summary(unusual) == {"valid": 1, "invalid": 0, "errors": 0, "skipped": 0}
    assert summary(wrong) == {"valid": 0, "invalid": 1, "errors": 0, "skipped": 0}
