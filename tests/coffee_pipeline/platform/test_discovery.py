from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.discovery import discover
from coffee_pipeline.platform.packages import declares_main, package_clause

MAIN = "package main\n\nfunc main() {}\n"


def _tree(root: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return root


def test_every_module_and_every_main_package_is_found(tmp_path: Path) -> None:
    root = _tree(
        tmp_path / "shop",
        {
            "go.mod": "module shop\n",
            "main.go": MAIN,
            "cmd/tool/main.go": MAIN,
            "services/menu/go.mod": "module menu\n",
            "services/menu/cmd/menu/main.go": MAIN,
            "services/menu/cmd/migrate/main.go": MAIN,
            "services/orders/go.mod": "module orders\n",
            "services/orders/cmd/migrate/main.go": MAIN,
            "libs/a/go.mod": "module a\n",
            "libs/a/a.go": "package a\n",
            "broken/go.mod": b"\x7fELF\xff",
            "broken/main.go": MAIN,
            "vendor/x/main.go": MAIN,
            "testdata/m/go.mod": "module m\n",
            "scripts/gen.go": "//go:build ignore\n\npackage main\n",
            "libs/a/x_test.go": "package main\n",
            "libs/a/binary.go": b"package main\x00",
        },
    )
    (root / "libs/a/folder.go").mkdir()
    (root / "loop").symlink_to(root)
    found = discover(root)
    services = {s.name: (s.kind, s.module, s.package) for s in found.platform.services}
    assert {m.path for m in found.platform.modules} == {
        ".", "services/menu", "services/orders", "libs/a", "broken",
    }  # fmt: skip
    assert services == {
        "shop": ("service", ".", "."),
        "tool": ("service", ".", "./cmd/tool"),
        "menu": ("service", "services/menu", "./cmd/menu"),
        "menu-cmd-migrate": ("service", "services/menu", "./cmd/migrate"),
        "orders-cmd-migrate": ("service", "services/orders", "./cmd/migrate"),
        "broken": ("service", "broken", "."),
        "a": ("library", "libs/a", "./..."),
    }
    assert any("broken/go.mod" in note for note in found.notes)


def test_documents_go_to_the_service_they_speak_of(tmp_path: Path) -> None:
    root = _tree(
        tmp_path / "shop",
        {
            "menu/go.mod": "module menu\n",
            "menu/main.go": MAIN,
            "menu/Dockerfile": "FROM scratch\n",
            "menu/api.yaml": "openapi: 3.1.0\n",
            "orders/go.mod": "module orders\n",
            "orders/main.go": MAIN,
            "Dockerfile-orders": "FROM scratch\n",
            "deploy/all.yaml": "apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n"
            "    app.kubernetes.io/name: orders\n---\napiVersion: v1\nkind: Pod\n",
            "deploy/orders/slo.yaml": "apiVersion: openslo/v1\nkind: SLO\n"
            "spec: {service: orders}\n",
            "chart/t.yaml": "apiVersion: v1\nkind: {{ .Kind }}\n",
            "bad.yaml": "apiVersion: [\n",
            "CODEOWNERS": "* @all\n/menu/ @menu # us\n",
        },
    )
    found = discover(root)
    menu, orders = found.platform.services
    assert (menu.dockerfile, menu.openapi, menu.owners) == (
        "menu/Dockerfile", ("menu/api.yaml",), ("@menu",),
    )  # fmt: skip
    assert orders.dockerfile == "Dockerfile-orders"
    assert orders.manifests == ("deploy/all.yaml",)
    assert orders.slos == ("deploy/orders/slo.yaml",)
    assert orders.owners == ("@all",)
    assert any("chart/t.yaml: a template" in note for note in found.notes)
    assert any("bad.yaml: not YAML" in note for note in found.notes)


def test_a_name_that_is_no_text_is_left_out_and_said_so(tmp_path: Path) -> None:
    root = _tree(tmp_path, {"go.mod": "module shop\n", "cmd/menü/main.go": MAIN})
    for folder in (b"cmd/caf\xe9", b"cmd"):
        (tmp_path / os.fsdecode(folder)).mkdir(exist_ok=True)
        (tmp_path / os.fsdecode(folder + b"/\xff.go")).write_text(MAIN)
    found = discover(root)
    assert [service.package for service in found.platform.services] == ["./cmd/menü"]
    assert sorted(found.notes) == [
        "cmd/\\xff.go: its name is not UTF-8; left out",
        "cmd/caf\\xe9: its name is not UTF-8; left out",
    ]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (b"package main", "main"),
        (b"\xef\xbb\xbf// Copyright\r\n\r\n/* x\npackage no */ package main\r\n", "main"),
        (b"// +build linux\n\npackage main;", "main"),
        (b"// package main\npackage other\n", "other"),
        (b"/* never closed package main", None),
        (b"package /* the */ /* only */ main // one", "main"),
        (b"package " + b"/**/" * 100_000, None),
        (b"packagemain", None),
        (b"\x00package main", None),
        (b"", None),
    ],
)
def test_the_package_clause_is_read_as_go_reads_it(source: bytes, name: str | None) -> None:
    assert package_clause(source) == name


def test_scripts_tagged_ignore_are_no_main_package() -> None:
    assert not declares_main("a.go", b"//go:build ignore\n\npackage main\n")
    assert not declares_main("a.go", b"// +build ignore\n\npackage main\n")
    assert declares_main("a.go", b"//go:build linux\n\npackage main\n")


@given(st.binary())
def test_no_file_breaks_discovery(source: bytes) -> None:
    package_clause(source)
    declares_main("a.go", source)


NAMES = st.sampled_from(["a", "b", "a-b", "cmd", "é", ".x-y", "c"])


@given(st.sets(st.lists(NAMES, min_size=1, max_size=4).map("/".join), min_size=1, max_size=12))
def test_names_are_unique(folders: set[str]) -> None:
    from coffee_pipeline.platform.discovery import _names

    names = _names(sorted(folders), "root")
    assert len(set(names.values())) == len(folders)
