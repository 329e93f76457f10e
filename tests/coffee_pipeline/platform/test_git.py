from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.errors import EnvironmentFailedError, RepositoryError
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


def test_the_edge_of_a_shallow_clone_is_no_root_commit(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    root, edge, head = (folder.commit({"a": str(number)}) for number in range(3))
    folder.git("clone", "--quiet", "--depth=2", f"file://{folder.path}", str(tmp_path / "shallow"))
    shallow, whole = Repository(tmp_path / "shallow"), Repository(folder.path)
    assert shallow.revision(head, "shop").parent == edge
    assert not shallow.cut_off(head)
    assert shallow.cut_off(edge)
    assert not whole.cut_off(root)
    assert whole.has(root)
    assert not shallow.has(root)
    with pytest.raises(RepositoryError, match=r"branches here: .*main.*--unshallow"):
        shallow.resolve("nope")


@pytest.mark.parametrize("date", ["99999999999999 +0000", "never", "1700000000 +9999", "-5 +0000"])
def test_a_commit_with_an_odd_date_is_read(git_folder, date: str) -> None:
    folder = git_folder("repo")
    folder.commit({"a": "1"})
    text = (
        f"tree {folder.git('rev-parse', 'HEAD^{tree}')}\n"
        f"author A <a> {date}\ncommitter A <a> 1700000000 +0100\n\nold\n"
    )
    (folder.path / "commit").write_text(text)
    sha = folder.git("hash-object", "-t", "commit", "-w", "--literally", "commit")
    revision = Repository(folder.path).revision(sha, "shop")
    committed = datetime.fromtimestamp(1_700_000_000, UTC)
    assert revision.committed_at == committed
    last = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert revision.authored_at == (last if date.startswith("999") else committed)


def test_names_that_are_no_utf_8_become_text_that_can_be_stored(git_folder, tmp_path: Path) -> None:
    folder = git_folder(os.fsdecode(b"caf\xe9"))
    sha = folder.commit({os.fsdecode(b"\xff.go"): "x"})
    repository = Repository(folder.path)
    (change,) = repository.changed_files(None, sha)
    assert change.path == "\\xff.go"
    (entry,) = repository.tree(sha)
    assert repository.read(sha, [entry.path]) == {entry.path: b"x"}
    checkout = repository.worktree(sha, tmp_path / "trees" / sha)
    assert [os.fsencode(path.name) for path in checkout.iterdir()] == [b"\xff.go"]


def test_settings_of_the_repository_start_nothing_and_change_nothing(
    git_folder, tmp_path: Path
) -> None:
    folder = git_folder("repo")
    base = folder.commit({"a": "1", ".gitattributes": "* filter=evil diff=evil\n"}, "grüße")
    sha = folder.commit({"a": "2"}, "grüße")
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\n")
    trap.chmod(0o755)
    for key in ("core.fsmonitor", "gpg.program", "filter.evil.smudge", "diff.evil.textconv",
                "diff.external", "core.pager"):  # fmt: skip
        folder.git("config", key, str(trap))
    folder.git("config", "log.showSignature", "true")
    folder.git("config", "i18n.logOutputEncoding", "latin1")
    hooks = folder.path / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-checkout").symlink_to(trap)
    repository = Repository(folder.path)
    assert repository.revision(sha, "shop").subject == "grüße"
    assert [c.path for c in repository.changed_files(base, sha)] == ["a"]
    checkout = repository.worktree(sha, tmp_path / "trees" / sha)
    assert (checkout / "a").read_text() == "2"
    assert not (tmp_path / "sprung").exists()


def test_submodules_and_lfs_are_left_as_they_are_and_named(git_folder, tmp_path: Path) -> None:
    folder, inner = git_folder("repo"), git_folder("inner")
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    other = inner.commit({"x": "1"})
    folder.commit({"assets/.gitattributes": "*.png filter=lfs\n", "assets/a.png": pointer})
    folder.git("update-index", "--add", "--cacheinfo", f"160000,{other},libs/inner")
    folder.git("commit", "--quiet", "--message", "submodule")
    sha = folder.git("rev-parse", "HEAD")
    repository = Repository(folder.path)
    checkout = repository.worktree(sha, tmp_path / "trees" / sha)
    assert (checkout / "assets/a.png").read_text() == pointer
    assert list((checkout / "libs/inner").iterdir()) == []
    assert repository.read(sha, ["libs/inner"]) == {}
    assert repository.left_out(sha) == (
        "submodule libs/inner is left empty",
        "files that assets/.gitattributes gives to Git LFS are left as pointers",
    )


def test_other_kinds_of_repository_are_checked_out(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"a": "1"})
    folder.git("clone", "--quiet", "--bare", str(folder.path), str(tmp_path / "bare"))
    folder.git("worktree", "add", "--quiet", str(tmp_path / "linked"))
    folder.git("init", "--quiet", "--object-format=sha256", "--initial-branch=main",
               str(tmp_path / "sha256"))  # fmt: skip
    modern = git_folder("sha256")
    shas = {"bare": sha, "linked": sha, "sha256": modern.commit({"a": "1"})}
    for name, revision in shas.items():
        checkout = Repository(tmp_path / name).worktree(revision, tmp_path / "trees" / name)
        assert [path.name for path in checkout.iterdir()] == ["a"]


CHECK_OUT = (
    "import sys\n"
    "from pathlib import Path\n"
    "from coffee_pipeline.platform.git import Repository\n"
    "Repository(Path(sys.argv[1])).worktree(sys.argv[2], Path(sys.argv[3]))\n"
    "print('ready', flush=True)\n"
    "sys.stdin.read()\n"
)


def _process(folder: Path, sha: str, tree: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CHECK_OUT, str(folder), sha, str(tree)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_what_a_killed_process_left_in_a_checkout_is_not_used(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"a": "1", ".gitignore": "ignored.go\n"})
    tree = tmp_path / "trees" / sha
    with _process(folder.path, sha, tree) as killed:
        assert killed.stdout.readline() == "ready\n"
        (tree / "a").write_text("changed")
        (tree / "ignored.go").write_text("package left")
        with _process(folder.path, sha, tree) as beside:
            assert beside.stdout.readline() == "ready\n"
            assert (tree / "ignored.go").exists(), "another process still uses it"
            beside.communicate()
        killed.kill()
    Repository(folder.path).worktree(sha, tree)
    assert sorted(path.name for path in tree.iterdir()) == [".gitignore", "a"]
    assert (tree / "a").read_text() == "1"


def test_processes_that_check_out_at_once_agree(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({f"folder/{number}": str(number) for number in range(300)})
    tree = tmp_path / "trees" / sha
    processes = [_process(folder.path, sha, tree) for _ in range(4)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
        assert len(list((tree / "folder").iterdir())) == 300
    for process in processes:
        process.communicate()
        assert process.returncode == 0


def test_a_checkout_that_cannot_be_written_is_one_line(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"a": "1"})
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(EnvironmentFailedError, match="cannot be written"):
        Repository(folder.path).worktree(sha, tmp_path / "file" / sha)
    with pytest.raises(EnvironmentFailedError, match="cannot check out") as caught:
        Repository(folder.path).worktree("0" * 40, tmp_path / "trees" / "x")
    assert "\n" not in str(caught.value)
