"""Which Go a pinned tool is built with, seen by a stand-in for Go that writes down its call."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.toolbox import Toolbox

GO = """#!/bin/sh
if [ "$1" = version ]; then echo "go version go{version} linux/amd64"; exit; fi
for package; do :; done
name=$(basename "${{package%@*}}")
echo "toolchain=$GOTOOLCHAIN experiment=$GOEXPERIMENT package=$package" > "$GOBIN/call"
echo '#!/bin/sh' > "$GOBIN/$name"
"""


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "tools"))
    monkeypatch.delenv("GOTOOLCHAIN", raising=False)
    return tmp_path / "tools"


def go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *versions: str) -> None:
    folders = []
    for version in versions:
        folder = tmp_path / f"go-{version}"
        folder.mkdir()
        (folder / "go").write_text(GO.format(version=version))
        (folder / "go").chmod(0o755)
        folders.append(str(folder))
    monkeypatch.setenv("PATH", ":".join([*folders, "/usr/bin", "/bin"]))


def test_go_is_told_to_switch_where_no_go_of_the_release_is_here(
    home: Home, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, "1.99.0")
    program = Toolbox(home).make("trivy")
    assert program == tools / "trivy-v0.74.0-go1.26.8" / "trivy"
    assert (program.parent / "call").read_text() == (
        "toolchain=go1.26.8 experiment=jsonv2 "
        "package=github.com/aquasecurity/trivy/cmd/trivy@v0.74.0\n"
    )


def test_a_go_of_the_release_is_used_as_it_is(
    home: Home, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, "1.99.0", "1.26.1", "1.26.9")
    program = Toolbox(home).make("trivy")
    assert program.parent == tools / "trivy-v0.74.0-go1.26.9", "1.26.1 is older than trivy asks for"
    assert "toolchain= " in (program.parent / "call").read_text()


def test_no_stage_makes_an_opt_in_tool_unless_it_was_asked_for(
    home: Home, tools: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, "1.26.9")
    with pytest.raises(ToolMissingError, match=r"trivy: not found; .*doctor --install trivy"):
        Toolbox(home).locate("trivy")
    assert not tools.exists()
    assert Toolbox(home, opted_in={"trivy"}).locate("trivy").origin == "built"
    assert Toolbox(home).locate("trivy").path.is_file(), "once it is here it is used"


def test_only_tools_that_read_go_are_built_for_the_go_of_a_module(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go(tmp_path, monkeypatch, "1.26.9", "1.99.0")
    toolbox = Toolbox(home)
    assert "go1.99.0" in str(toolbox.locate("staticcheck", at_least="1.98").path)
    assert "go1.26.9" in str(toolbox.locate("opa", at_least="1.98").path)


def test_every_pin_says_where_it_is_from() -> None:
    for name, pin in PINS.items():
        assert pin.name == name
        assert pin.made == (pin.version is not None)
        assert (pin.package is None) == (pin.module is None) == (pin.go is None)
        assert not pin.opt_in or f"doctor --install {pin.program}" in pin.obtain
