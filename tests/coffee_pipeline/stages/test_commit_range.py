"""Which commits a revision brought, and whose they are."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.platform.affected import affected
from coffee_pipeline.platform.description import Module, Platform, Service
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages import commit_range
from coffee_pipeline.stages.commit_range import CommitRange, commits_since

PLATFORM = Platform(
    name="shop",
    modules=(Module(path="a"), Module(path="b"), Module(path="lib")),
    services=(
        Service(name="a", module="a", manifests=("deploy/a",)),
        Service(name="b", module="b", openapi=("docs/b.yaml",)),
    ),
)
FILES = {
    "a/go.mod": "module m/a\nrequire m/lib v0.0.0\nreplace m/lib => ../lib\n",
    "a/main.go": "package main\n",
    "b/go.mod": "module m/b\n",
    "lib/go.mod": "module m/lib\n",
    "lib/lib.go": "package lib\n",
}


PATHS = ("a/x.go", "b/x.go", "lib/x.go", "README.md", "docs/b.yaml", "go.work")


def since(folder, base: str | None, sha: str) -> CommitRange:
    return commits_since(PLATFORM, Repository(folder.path), base, sha)


def test_every_commit_since_the_base_with_its_services(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    changes = [
        ({"a/x.go": "1"}, "a"),
        ({"lib/lib.go": "package lib // 2\n"}, "a"),
        ({"b/x.go": "1", "README.md": "x"}, "b"),
        ({"docs/b.yaml": "x"}, "b"),
        ({"deploy/a/deployment.yaml": "x"}, "a"),
        ({"go.work": "go 1.25\n"}, "a b"),
        ({"README.md": "y"}, ""),
        ({"a/go.mod": "module m/a\n"}, "a"),
        # What a depended on when the base was delivered is still an input of the delivery.
        ({"lib/lib.go": "package lib // 3\n"}, "a"),
    ]
    made = [(folder.commit(files), services) for files, services in changes]
    found = since(folder, base, made[-1][0])
    assert found.reason is None
    assert [(one.commit_hash, one.services) for one in found.commits] == made[::-1]
    assert {(one.revision, one.base_revision) for one in found.commits} == {(made[-1][0], base)}


def test_the_sides_of_a_merge_are_there_with_their_parents(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    folder.git("checkout", "--quiet", "-b", "side")
    side = folder.commit({"a/x.go": "1"})
    folder.git("checkout", "--quiet", "main")
    main = folder.commit({"b/x.go": "1"})
    folder.git("merge", "--quiet", "--no-ff", "-m", "Merge branch 'side'", "side")
    head = folder.git("rev-parse", "HEAD").strip()
    found = {one.commit_hash: one for one in since(folder, base, head).commits}
    assert set(found) == {side, main, head}
    assert found[head].parents == f"{main} {side}"
    assert (found[side].services, found[main].services, found[head].services) == ("a", "b", "")


def test_nothing_is_new_without_a_base_or_in_what_was_there_before(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    head = folder.commit({"a/x.go": "1"})
    for before, sha in ((None, head), ("1" * 40, head), (head, head), (head, base)):
        assert since(folder, before, sha) == CommitRange(())


def test_what_a_message_reverts_is_kept(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    bad = folder.commit({"a/x.go": "1"})
    folder.git("revert", "--no-edit", bad)
    head = folder.git("rev-parse", "HEAD").strip()
    fix = folder.commit({"a/x.go": "3"}, "hotfix: close the valve")
    undo = folder.commit({"a/x.go": "4"}, 'Revert "Brew faster (#7)" (#8)\n\nReverts o/shop#7')
    told = {
        one.commit_hash: (one.reverted_commits, one.reverted_requests, one.hotfix)
        for one in since(folder, base, undo).commits
    }
    assert told == {
        bad: (None, None, False), head: (bad, None, False), fix: (None, None, True),
        undo: (None, "7", False),
    }  # fmt: skip


def test_odd_paths_and_names_are_read(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    hash_like = "1" * 40
    head = folder.commit({f"a/{hash_like}": "1", ":100 x": "1", "b/\n:y": "1", "b/\udcff": "1"})
    (one,) = since(folder, base, head).commits
    assert one.services == "a b"


def test_a_shallow_clone_that_ends_in_between_does_not_guess(git_folder, tmp_path: Path) -> None:
    """The side branch is older than the base; the clone has cut it off."""
    folder = git_folder("repo")
    folder.commit(FILES)
    folder.git("checkout", "--quiet", "-b", "side")
    folder.commit({"a/x.go": "1"})
    folder.commit({"a/x.go": "2"})
    folder.git("checkout", "--quiet", "main")
    base = folder.commit({"b/x.go": "1"})
    folder.git("merge", "--quiet", "--no-ff", "-m", "merge", "side")
    head = folder.git("rev-parse", "HEAD").strip()
    clone = tmp_path / "clone"
    folder.git("clone", "--quiet", "--depth=2", f"file://{folder.path}", str(clone))
    found = commits_since(PLATFORM, Repository(clone), base, head)
    assert found.commits == ()
    assert "git fetch --unshallow" in str(found.reason)


def test_of_too_many_commits_none_is_kept_and_that_is_said(git_folder, monkeypatch) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    heads = [folder.commit({"a/x.go": str(number)}) for number in range(4)]
    monkeypatch.setattr(commit_range, "COMMITS_LIMIT", 3)
    found = since(folder, base, heads[-1])
    assert found.commits == ()
    assert "over 3 commits" in str(found.reason)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(PATHS),
            st.integers(1, 5).map(str), min_size=1, max_size=3,
        ),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_single_commits_agree_with_what_a_delivery_of_each_would_say(git_folder, changes) -> None:
    folder = git_folder("repo")
    base = folder.commit({**FILES, "go.work": "0"})
    made = [folder.commit(change) for change in changes]
    repository = Repository(folder.path)
    found = {one.commit_hash: one for one in since(folder, base, made[-1]).commits}
    for before, sha in zip([base, *made], made, strict=False):
        if before == sha:
            continue
        told = affected(PLATFORM, repository, before, sha)
        assert found[sha].services == " ".join(one.service for one in told if one.affected)
