from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.tools import file_scan, hadolint, manifests
from coffee_pipeline.tools.base import Target

OBJECT = "apiVersion: v1\nkind: Service\nmetadata: {name: menu, namespace: cafe}\n"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name, text in {
        "shop/a.yaml": OBJECT,
        "shop/node_modules/b.yaml": OBJECT,
        "shop/inner/c.yaml": OBJECT,
        "shop/-d.yaml": OBJECT,
        "shop/values.yaml": "kind: of\n",
        "shop/template.yaml": OBJECT + "x: {{ .Values.x }\n",
        "shop/slo.yaml": "apiVersion: openslo/v1\nkind: SLO\n",
        "shop/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1\nkind: Kustomization",
        "outside.yaml": OBJECT,
    }.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "shop/link.yaml").symlink_to(tmp_path / "outside.yaml")
    return tmp_path


def target(checkout: Path, *packages: str) -> Target:
    named = {"packages": packages} if packages else {}
    return Target(checkout=checkout, module="shop", revision="r", nested=("inner",), **named)  # type: ignore[arg-type]


def test_all_files_are_those_of_the_module_without_links_and_dependencies(checkout: Path) -> None:
    found = file_scan.files(target(checkout), lambda path: path.endswith("yaml"))
    assert {"a.yaml", "-d.yaml", "values.yaml"} < set(found)
    assert not {"inner/c.yaml", "node_modules/b.yaml", "link.yaml"} & set(found)


def test_named_files_are_taken_and_folders_searched(checkout: Path) -> None:
    one = target(checkout, "values.yaml", "inner")
    assert file_scan.files(one, manifests.is_yaml) == ("inner/c.yaml", "values.yaml")


@pytest.mark.parametrize("name", ["gone.yaml", "../outside.yaml", "link.yaml", "/etc/passwd"])
def test_files_that_are_not_there_or_outside_are_an_obstacle(checkout: Path, name: str) -> None:
    one = target(checkout, "a.yaml", name)
    assert file_scan.files(one, manifests.is_yaml) == ("a.yaml",)
    assert file_scan.obstacle(one, "tool", ("a.yaml",), "files") == f"{name}: not in shop"


def test_no_path_can_be_taken_for_an_option() -> None:
    assert file_scan.arguments(["-d.yaml", "a.yaml"]) == ("./-d.yaml", "a.yaml")


def test_manifests_are_told_from_other_yaml(checkout: Path) -> None:
    found = manifests.manifests(target(checkout))
    assert found.files == ("-d.yaml", "a.yaml")
    assert found.unreadable == ("template.yaml",)
    assert found.complaint == "no readable YAML, so not looked at: template.yaml"


def test_lists_hold_objects(tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text(
        "apiVersion: v1\nkind: List\nitems:\n"
        "- {apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}\n"
        "- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: c}}\n"
    )
    found = manifests.objects_in(file) or []
    assert [manifests.reference(one) for one in found] == ["Deployment/a", "Secret/c/b"]


def test_yaml_that_grows_without_end_is_unreadable(tmp_path: Path) -> None:
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    for level in range(1, 12):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]")
    bomb = tmp_path / "bomb.yaml"
    bomb.write_text(OBJECT + "\n".join(lines))
    assert manifests.objects_in(bomb) is None
    circle = tmp_path / "circle.yaml"
    circle.write_text(OBJECT + "spec: &s\n  again: *s\n")
    assert manifests.objects_in(circle) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Dockerfile", True), ("a/Dockerfile.menu", True), ("Dockerfile-menu", True),
        ("menu.dockerfile", True), ("Containerfile", True), ("Dockerfile.bak", False),
        ("Dockerfile.dockerignore", False), (".dockerignore", False), ("dockerfile_test.go", False),
        ("mydockerfile", False),
    ],
)  # fmt: skip
def test_names_of_dockerfiles(name: str, expected: bool) -> None:
    assert hadolint.is_dockerfile(name) is expected
