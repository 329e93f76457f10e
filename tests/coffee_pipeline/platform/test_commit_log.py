"""Commits read from whatever is there of a repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform.commit_log import read_commit_log
from tests.coffee_pipeline.dora.repositories import START, History, run


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A line of six commits with a merge and two tags."""
    made = History(tmp_path / "origin")
    made.commit("0", 0)
    for number in range(1, 5):
        made.commit(str(number), number, str(number - 1))
    made.commit("side", 2, "1", branch="side")
    made.commit("merge", 6, "4", "side")
    made.tag("v1.0", "2", 3)
    made.tag("v1.1", "merge")
    made.write()
    return made


def loose(path: Path, name: str) -> Path:
    """The file of an object, unpacked on the way."""
    objects = path / ".git" / "objects"
    packs = list((objects / "pack").glob("*.pack"))
    for pack in packs:
        content = pack.read_bytes()
        pack.with_suffix(".idx").unlink()
        pack.unlink()
        run(path, "unpack-objects", "-q", stdin=content)
    return objects / name[:2] / name[2:]


def test_all_commits_with_times_parents_and_tags(history: History) -> None:
    log = read_commit_log(history.path)
    assert (log.branch, log.head) == ("main", history.hash("merge"))
    assert len(log.commits) == 7
    merge = log.commits[history.hash("merge")]
    assert merge.parents == (history.hash("4"), history.hash("side"))
    assert (merge.authored, merge.committed) == (START + 6 * 3600, START + 6 * 3600)
    assert [(tag.name, tag.tagged) for tag in log.tags] == [
        ("v1.0", START + 3 * 3600), ("v1.1", None),
    ]  # fmt: skip
    assert (log.cut, log.notes, log.unread, log.shallow) == (frozenset(), (), (), False)


def test_a_shallow_clone_says_where_it_ends(history: History, tmp_path: Path) -> None:
    run(None, "clone", "--quiet", "--depth=2", history.path.as_uri(), str(tmp_path / "shallow"))
    log = read_commit_log(tmp_path / "shallow")
    assert log.shallow
    assert set(log.commits) == {history.hash(name) for name in ("merge", "4", "side")}
    assert log.cut == {history.hash("4"), history.hash("side")}
    assert "shallow clone" in log.unread[0]


def test_a_partial_clone_is_read_and_nothing_is_fetched(history: History, tmp_path: Path) -> None:
    run(history.path, "config", "uploadpack.allowFilter", "true")
    clone = tmp_path / "partial"
    run(None, "clone", "--quiet", "--no-checkout", "--filter=tree:0", history.path.as_uri(),
        str(clone))  # fmt: skip
    before = sorted(path.name for path in (clone / ".git" / "objects").rglob("*"))
    log = read_commit_log(clone)
    assert (len(log.commits), log.unread) == (7, ())
    assert sorted(path.name for path in (clone / ".git" / "objects").rglob("*")) == before


def test_a_missing_commit_of_a_promisor_is_not_fetched(history: History, tmp_path: Path) -> None:
    clone = tmp_path / "promised"
    run(None, "clone", "--quiet", history.path.as_uri(), str(clone))
    for setting in (
        ("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"), ("protocol.file.allow", "always"),
    ):  # fmt: skip
        run(clone, "config", *setting)
    gone = history.hash("2")
    loose(clone, gone).unlink()
    log = read_commit_log(clone)
    assert gone not in log.commits
    assert log.head == history.hash("merge")
    assert any("missing" in words or "not here" in words for words in log.unread)
    assert not loose(clone, gone).exists()


@pytest.mark.parametrize("damage", ["missing", "garbage"])
def test_a_damaged_history_is_read_up_to_the_damage(
    history: History, tmp_path: Path, damage: str
) -> None:
    gone = history.hash("2")
    file = loose(history.path, gone)
    file.unlink()
    if damage == "garbage":
        file.write_bytes(b"no object")
    log = read_commit_log(history.path)
    names = {history_name(log.commits[one].subject) for one in log.commits}
    # what only the damaged commit leads to is not known; the side branch still leads to 1 and 0
    assert names == {"merge", "4", "3", "side", "1", "0"}
    assert history_name(log.commits[next(iter(log.cut))].subject) == "3"
    said = "\n".join(log.unread)
    assert "git could not walk the history" in said
    assert gone in said
    assert "commit of tag v1.0" in said or "tag v1.0" in said


def history_name(subject: str) -> str:
    return subject.split("\n")[0]


def test_bare_detached_and_empty_repositories(history: History, tmp_path: Path) -> None:
    bare = tmp_path / "bare.git"
    run(None, "clone", "--quiet", "--bare", history.path.as_uri(), str(bare))
    assert len(read_commit_log(bare).commits) == 7
    run(bare, "symbolic-ref", "HEAD", "refs/heads/nowhere")
    unborn = read_commit_log(bare)
    assert (unborn.branch, unborn.head) == ("main", history.hash("merge"))
    run(history.path, "update-ref", "--no-deref", "HEAD", history.hash("3"))
    detached = read_commit_log(history.path)
    assert (detached.branch, detached.head) == ("main", history.hash("merge"))
    assert "detached HEAD" in detached.notes[0]
    run(history.path, "update-ref", "-d", "refs/heads/main")
    lonely = read_commit_log(history.path)
    assert (lonely.branch, lonely.head) == (None, history.hash("3"))
    run(None, "init", "--quiet", str(tmp_path / "empty"))
    empty = read_commit_log(tmp_path / "empty")
    assert (empty.head, empty.commits) == (None, {})
    assert empty.notes == ("the repository has no commit yet",)


def test_the_remotes_default_branch_wins_over_the_one_checked_out(
    history: History, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    run(None, "clone", "--quiet", history.path.as_uri(), str(clone))
    run(clone, "update-ref", "refs/heads/feature", history.hash("1"))
    run(clone, "symbolic-ref", "HEAD", "refs/heads/feature")
    log = read_commit_log(clone)
    assert (log.branch, log.head) == ("main", history.hash("merge"))
    chosen = read_commit_log(clone, "feature")
    assert (chosen.branch, chosen.head) == ("feature", history.hash("1"))
    with pytest.raises(RepositoryError, match="no revision"):
        read_commit_log(clone, "absent")
    with pytest.raises(RepositoryError, match="no such folder"):
        read_commit_log(tmp_path / "absent")
    with pytest.raises(RepositoryError, match="not a Git repository"):
        read_commit_log(tmp_path)


def test_odd_times_and_odd_bytes(tmp_path: Path) -> None:
    history = History(tmp_path / "odd")
    history.commit("plain", 0)
    history.commit("latin", 1, "plain", message=b"caf\xe9 \xff\n\nThis reverts commit abcdef1234.")
    history.write()
    raw = b"tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nauthor A <a@b> nonsense\n"
    raw += b"committer A <a@b> 99999999999999999999 +0000\n\nbroken times\n"
    odd = run(history.path, "hash-object", "-t", "commit", "-w", "--literally", "--stdin",
              stdin=raw)  # fmt: skip
    run(history.path, "update-ref", "refs/heads/odd", odd)
    log = read_commit_log(history.path)
    assert [one.subject for one in log.commits.values()] == ["caf\\xe9 \\xff", "plain"]
    assert [one.strip() for one in log.messages.values()] == [
        "caf\\xe9 \\xff\n\nThis reverts commit abcdef1234."
    ]
    broken = read_commit_log(history.path, "odd").commits[odd]
    assert broken.subject == "broken times"
    assert broken.authored in (None, 0)


def test_a_broken_tag_costs_only_itself(history: History) -> None:
    path = history.path / ".git" / "refs" / "tags"
    path.mkdir(parents=True, exist_ok=True)
    (path / "v9.9").write_text("1" * 40 + "\n")
    (path / "v9.8").write_text("not a hash\n")
    tree = run(history.path, "rev-parse", "main^{tree}")
    run(history.path, "update-ref", "refs/tags/of-a-tree", tree)
    run(history.path, "-c", "user.name=A", "-c", "user.email=a@b", "tag", "-a", "-m", "x", "twice",
        "v1.0")  # fmt: skip
    log = read_commit_log(history.path)
    assert {tag.name for tag in log.tags} == {"v1.0", "v1.1", "twice"}
    said = "\n".join(log.unread)
    assert "tag v9.9" in said
    assert len(log.commits) == 7


def test_no_program_of_the_repository_is_started(history: History, tmp_path: Path) -> None:
    marker = tmp_path / "ran"
    for key in ("core.fsmonitor", "core.pager", "gpg.program", "log.showSignature"):
        subprocess.run(
            ["git", "-C", str(history.path), "config", key, f"touch {marker}"], check=True
        )
    run(history.path, "config", "log.showSignature", "true")
    read_commit_log(history.path)
    assert not marker.exists()


def test_branches_that_cannot_be_read_are_not_taken_for_an_empty_repository(
    history: History, tmp_path: Path
) -> None:
    borrowed = tmp_path / "borrowed"
    run(None, "clone", "--quiet", "--shared", str(history.path), str(borrowed))
    (borrowed / ".git" / "objects" / "info" / "alternates").write_text(f"{tmp_path}/gone\n")
    lost = read_commit_log(borrowed)
    assert (lost.commits, lost.notes) == ({}, ("no branch names a commit that can be read",))
    assert "refs/heads/main: the commit it names is not readable" in lost.unread
    (history.path / ".git" / "refs" / "heads" / "main").write_text("garbage\n")
    broken = read_commit_log(history.path)
    assert any("broken ref refs/heads/main" in one for one in broken.unread)
