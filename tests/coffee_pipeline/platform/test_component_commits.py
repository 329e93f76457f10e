"""Commits told apart by the folders of components."""

from __future__ import annotations

from pathlib import Path

from coffee_pipeline.platform.commit_log import read_commit_log
from coffee_pipeline.platform.component_commits import component_commits
from tests.coffee_pipeline.dora.repositories import History, run


def touched(path: Path, *components: str) -> tuple[dict[str, set[str]], tuple[str, ...]]:
    """By subject."""
    log = read_commit_log(path)
    found, notes = component_commits(log, components)
    return {log.commits[name].subject: set(one) for name, one in found.items()}, notes


def test_folders_by_whole_name_and_by_its_last_part(tmp_path: Path) -> None:
    history = History(tmp_path / "folders")
    files = ["README", "services/orders/a", "services/orders/b c", "payments/a", "deploy/orders/a",
             "payments/internal/orders/a", "packages/pkg/ü", "other/payments/a"]  # fmt: skip
    for number, file in enumerate(files):
        history.commit(file, number, *files[number - 1 : number] if number else [], file=file)
    history.write()
    found, notes = touched(history.path, "orders", "payments", "@scope/pkg")
    assert found == {
        "services/orders/a": {"orders"}, "services/orders/b c": {"orders"},
        "deploy/orders/a": {"orders"}, "payments/a": {"payments"},
        "payments/internal/orders/a": {"payments"}, "packages/pkg/ü": {"@scope/pkg"},
    }  # fmt: skip
    assert notes == ()
    run(history.path, "checkout", "--quiet", "main")
    assert touched(history.path / "services", "orders", "payments", "@scope/pkg")[0] == found


def test_a_component_without_a_folder_may_own_every_commit(tmp_path: Path) -> None:
    history = History(tmp_path / "root")
    history.commit("a", 0)
    history.commit("b", 1, "a", file="sdk/b")
    history.write()
    found, notes = touched(history.path, "", "sdk")
    assert found == {"b": {"", "sdk"}}
    assert notes == (
        "1 components have no folder of their name: every commit may be theirs ((no name))",
    )
    assert touched(history.path, "x", "y") == (
        {}, ("no folder tells the components' commits apart: each counts with the first release "
             "of any",),
    )  # fmt: skip
    assert touched(history.path, "sdk") == ({}, ())


def test_files_that_are_not_here_are_said(tmp_path: Path) -> None:
    history = History(tmp_path / "origin")
    history.commit("a", 0, file="a/x")
    history.commit("b", 1, "a", file="b/x")
    history.write()
    run(history.path, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    run(None, "clone", "--quiet", "--no-checkout", "--filter=tree:0", history.path.as_uri(),
        str(clone))  # fmt: skip
    found, notes = touched(clone, "a", "b")
    assert found == {}
    assert len(notes) == 1
