"""Pinned builds of a tiny tool from a module proxy made of files: nothing is fetched."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.building import GoBuild
from coffee_pipeline.toolbox.golang import go_environment
from coffee_pipeline.toolbox.making import tools_folder
from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.toolbox.versions import built_version

MODULE = "example.test/tool"
PIN = Pin(
    name="tool", costs="nothing", obtain="built", package=MODULE, module=MODULE, version="v1.2.3"
)


@pytest.fixture
def proxy(tmp_path: Path) -> Path:
    folder = tmp_path / "proxy" / MODULE / "@v"
    folder.mkdir(parents=True)
    (folder / "list").write_text("v1.2.3\n")
    (folder / "v1.2.3.info").write_text('{"Version":"v1.2.3","Time":"2026-01-05T10:00:00Z"}')
    (folder / "v1.2.3.mod").write_text(f"module {MODULE}\n\ngo 1.22\n")
    with zipfile.ZipFile(folder / "v1.2.3.zip", "w") as archive:
        archive.writestr(f"{MODULE}@v1.2.3/go.mod", f"module {MODULE}\n\ngo 1.22\n")
        archive.writestr(f"{MODULE}@v1.2.3/main.go", "package main\n\nfunc main() {}\n")
    return tmp_path / "proxy"


@pytest.fixture
def build(tmp_path: Path, proxy: Path, home: Home) -> GoBuild:
    go = Toolbox(home).locate("go")
    environment = {
        **go_environment(go.path),
        "GOPROXY": proxy.as_uri(),
        "GOSUMDB": "off",
        "GOMODCACHE": str(tmp_path / "modules"),
        "GOFLAGS": "-modcacherw",
    }
    return GoBuild(
        pin=PIN,
        go=go.path,
        go_version=go.version or "",
        environment=environment,
        folder=tmp_path / "tools",
    )


def test_a_tool_is_built_once(build: GoBuild) -> None:
    said: list[str] = []
    first = build.make(said.append)
    made_at = first.stat().st_mtime_ns
    assert build.make(said.append) == first
    assert first.stat().st_mtime_ns == made_at
    assert sum("building it once" in line for line in said) == 1
    version = built_version(PIN, first, build.go)
    assert version == ("v1.2.3", build.go_version)
    assert [path.name for path in build.folder.iterdir() if path.name.startswith(".")] == []


def test_two_processes_build_once(build: GoBuild) -> None:
    script = (
        "import pickle, sys; build = pickle.load(sys.stdin.buffer); "
        "build.make(lambda line: print(line, flush=True))"
    )
    import pickle

    content = pickle.dumps(build)
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(2)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write(content)
        process.stdin.close()
    said = [process.stdout.read().decode() for process in started if process.stdout]
    for process in started:
        assert process.wait() == 0
        assert process.stdout is not None
        process.stdout.close()
    assert sum("building it once" in text for text in said) == 1
    assert build.program.is_file()


def test_a_failed_build_says_why_and_is_not_repeated_at_once(build: GoBuild, proxy: Path) -> None:
    archive = proxy / MODULE / "@v" / "v1.2.3.zip"
    content = archive.read_bytes()
    archive.unlink()
    with pytest.raises(ToolMissingError, match=r"tool v1.2.3: cannot be built \(.*\). Without it"):
        build.make(lambda line: None)
    archive.write_bytes(content)
    with pytest.raises(ToolMissingError, match="cannot be built"):
        build.make(lambda line: None)
    assert build.make(lambda line: None, again=True).is_file()
    assert build.last_failure() is None


def test_the_folder_of_tools_follows_the_environment(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "named"))
    assert tools_folder(home) == tmp_path / "named"
    monkeypatch.delenv("COFFEE_TOOLS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert tools_folder(home) == tmp_path / "cache" / "coffee-pipeline" / "tools"
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert tools_folder(home) == home.cache / "tools"
    assert "COFFEE_TOOLS" not in os.environ


def test_a_tool_whose_module_replaces_others_is_built_as_a_dependency(
    build: GoBuild, proxy: Path
) -> None:
    versions = proxy / MODULE / "@v"
    module = f"module {MODULE}\n\ngo 1.22\n\nreplace example.test/a => example.test/b v1.0.0\n"
    (versions / "v1.2.3.mod").write_text(module)
    with zipfile.ZipFile(versions / "v1.2.3.zip", "w") as archive:
        archive.writestr(f"{MODULE}@v1.2.3/go.mod", module)
        archive.writestr(f"{MODULE}@v1.2.3/main.go", "package main\n\nfunc main() {}\n")
    with pytest.raises(ToolMissingError, match="main module"):
        build.make(print)
    pin = replace(PIN, replaces=True)
    made = replace(build, pin=pin).make(print, again=True)
    assert built_version(pin, made, build.go) == ("v1.2.3", build.go_version)
    assert [path.name for path in made.parent.iterdir()] == ["tool"]
