from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform.git import Repository


def _fingerprint(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def test_a_commit_is_read_with_its_times_and_people(git_folder) -> None:
    folder = git_folder("repo")
    first = folder.commit({"a": "1"}, "first line\n\nbody")
    second = folder.commit({"a": "2"})
    revision = Repository(folder.path).revision(second, "shop", "main")
    assert revision.parent == first
    assert revision.author_name == "Ada"
    assert revision.committed_at.astimezone(UTC) == datetime(2026, 1, 5, 10, 0, tzinfo=UTC)
    assert Repository(folder.path).revision(first, "shop").subject == "first line"


def test_changes_are_told_apart_and_odd_names_survive(git_folder) -> None:
    folder = git_folder("repo")
    long = "some content that is long enough to be recognised\n" * 4
    base = folder.commit({"old name": long, "gone": "x", "kept": "1", "tab\there": "1"})
    (folder.path / "old name").rename(folder.path / "new ñame\n")
    head = folder.commit({"gone": None, "kept": "2", "added": "y"})
    changes = {(c.change, c.path) for c in Repository(folder.path).changed_files(base, head)}
    assert changes == {
        ("renamed", "new ñame\n"), ("deleted", "gone"), ("modified", "kept"), ("added", "added"),
    }  # fmt: skip
    everything = Repository(folder.path).changed_files(None, base)
    assert {c.path for c in everything} == {"old name", "gone", "kept", "tab\there"}


def test_a_checkout_leaves_the_source_as_it_was(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    first = folder.commit({"a/b": "1"})
    folder.commit({"a/b": "2", "c": "3"})
    (folder.path / "dirty").write_text("uncommitted")
    before = _fingerprint(folder.path)
    repository = Repository(folder.path)
    checkout = repository.worktree(first, tmp_path / "trees" / first)
    again = repository.worktree(first, tmp_path / "trees" / first)
    assert (checkout / "a/b").read_text() == "1"
    assert not (checkout / "c").exists()
    assert again == checkout
    assert _fingerprint(folder.path) == before


def test_a_torn_checkout_is_made_again(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"a": "1", "b": "2"})
    torn = tmp_path / "trees" / sha
    torn.mkdir(parents=True)
    (torn / "a").write_text("half")
    Repository(folder.path).worktree(sha, torn)
    assert (torn / "a").read_text() == "1"
    assert (torn / "b").read_text() == "2"


def test_files_are_read_at_a_revision(git_folder) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"x": b"\x00\xff\n\n", "empty": b"", "y": b"two\nlines"})
    repository = Repository(folder.path)
    assert repository.read(sha, ["x", "absent", "y", "empty"]) == {
        "x": b"\x00\xff\n\n", "y": b"two\nlines", "empty": b"",
    }  # fmt: skip


def test_what_is_no_repository_is_said_in_one_line(git_folder, tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="not a Git repository"):
        Repository(tmp_path)
    with pytest.raises(RepositoryError, match="no such folder"):
        Repository(tmp_path / "absent")
    empty = git_folder("empty")
    with pytest.raises(RepositoryError, match="no commit yet"):
        Repository(empty.path).resolve("main")
    empty.commit({"a": "1"})
    with pytest.raises(RepositoryError, match="no revision 'nope'"):
        Repository(empty.path).resolve("nope")
    with pytest.raises(RepositoryError, match="no revision '--all'"):
        Repository(empty.path).resolve("--all")


def test_a_shallow_clone_is_told_apart(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    folder.commit({"a": "1"})
    folder.commit({"a": "2"})
    folder.git("clone", "--quiet", "--depth=1", f"file://{folder.path}", str(tmp_path / "shallow"))
    assert Repository(tmp_path / "shallow").shallow
    assert not Repository(folder.path).shallow
