from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.affected import affected, module_of
from coffee_pipeline.platform.description import Module, Platform, Service
from coffee_pipeline.platform.git import Repository

PLATFORM = Platform(
    name="shop",
    modules=(Module(path="a"), Module(path="b"), Module(path="lib"), Module(path="a/nested")),
    services=tuple(Service(name=n, module=n) for n in ("a", "b")),
)
FILES = {
    "a/go.mod": "module m/a\nrequire m/lib v0.0.0\nreplace m/lib => ../lib\n",
    "a/main.go": "package main\n",
    "b/go.mod": "module m/b\n",
    "b/main.go": "package main\n",
    "lib/go.mod": "module m/lib\n",
    "lib/lib.go": "package lib\n",
    "a/nested/go.mod": "module m/nested\n",
    "README.md": "hello\n",
}


def _affected(git_folder, change: dict[str, str | None]) -> dict[str, bool]:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    head = folder.commit(change)
    found = affected(PLATFORM, Repository(folder.path), base, head)
    return {one.service: one.affected for one in found}


def test_a_change_affects_its_own_service_only(git_folder) -> None:
    assert _affected(git_folder, {"b/main.go": "package main // 2\n"}) == {"a": False, "b": True}


def test_a_library_affects_those_that_depend_on_it(git_folder) -> None:
    assert _affected(git_folder, {"lib/lib.go": "package lib // 2\n"}) == {"a": True, "b": False}


def test_a_nested_module_is_not_part_of_the_one_around_it(git_folder) -> None:
    assert _affected(git_folder, {"a/nested/x.go": "package n\n"}) == {"a": False, "b": False}


def test_files_outside_every_module_affect_nobody(git_folder) -> None:
    assert _affected(git_folder, {"README.md": "bye\n"}) == {"a": False, "b": False}


def test_a_workspace_file_affects_all(git_folder) -> None:
    assert _affected(git_folder, {"go.work": "go 1.25\nuse ./b\n"}) == {"a": True, "b": True}


def test_without_a_base_everything_is_affected(git_folder) -> None:
    folder = git_folder("repo")
    sha = folder.commit(FILES)
    found = affected(PLATFORM, Repository(folder.path), None, sha)
    assert [one.affected for one in found] == [True, True]
    assert "first delivery" in found[0].reason


def test_a_reverted_change_has_the_digest_it_had(git_folder) -> None:
    folder = git_folder("repo")
    first = folder.commit(FILES)
    folder.commit({"a/main.go": "package main // 2\n"})
    third = folder.commit({"a/main.go": "package main\n"})
    repository = Repository(folder.path)
    digest = {s: affected(PLATFORM, repository, None, s)[0].input_digest for s in (first, third)}
    assert digest[first] == digest[third]


def test_the_innermost_module_owns_a_file() -> None:
    assert module_of("a/nested/x.go", [".", "a", "a/nested"]) == "a/nested"
    assert module_of("ab/x.go", ["a"]) is None
    assert module_of("x.go", ["."]) == "."


LISTED = PLATFORM.model_copy(
    update={
        "services": (
            Service(name="a", module="a", manifests=("deploy/a",), dockerfile="Dockerfile.a"),
            Service(name="b", module="b", slos=("b/slo.yaml",)),
        )
    }
)
DOCUMENTS = {
    **FILES,
    "deploy/a/deployment.yaml": "1",
    "deploy/ab.yaml": "1",
    "Dockerfile.a": "FROM scratch",
    "b/slo.yaml": "1",
}


@pytest.mark.parametrize("path", ["deploy/a/deployment.yaml", "Dockerfile.a"])
def test_a_document_outside_the_module_affects_the_service_that_lists_it(
    git_folder, path: str
) -> None:
    folder = git_folder("repo")
    base = folder.commit(DOCUMENTS)
    head = folder.commit({path: "2"})
    a, b = affected(LISTED, Repository(folder.path), base, head)
    assert (a.affected, b.affected) == (True, False)
    assert a.reason == f"its documents changed since {base[:12]}: {path}"
    beside = folder.commit({"deploy/ab.yaml": "2"})
    assert not any(s.affected for s in affected(LISTED, Repository(folder.path), head, beside))


def test_a_module_below_testdata_is_data_of_the_module_around_it(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit({**FILES, "b/testdata/m/go.mod": "module t\n"})
    head = folder.commit({"b/testdata/m/x.go": "package t\n"})
    found = affected(PLATFORM, Repository(folder.path), base, head)
    assert {s.service: s.affected for s in found} == {"a": False, "b": True}


def test_reasons_say_what_changed(git_folder) -> None:
    folder = git_folder("repo")
    base = folder.commit(FILES)
    since = f"since {base[:12]}"
    repository = Repository(folder.path)
    changes = {
        f"b changed {since}: 2 files": {"b/x.go": "package main\n", "b/main.go": None},
        f"b changed {since}: b/x.go": {"b/x.go": "package main\n"},
        f"neither b nor what it depends on changed {since}": {"lib/x.go": "package lib\n"},
        f"go.work changed {since}": {"go.work": "go 1.25\n"},
        "b is not in this revision": {"b/go.mod": None, "b/main.go": None},
    }
    for reason, files in changes.items():
        folder.git("reset", "--quiet", "--hard", base)
        _, b = affected(PLATFORM, repository, base, folder.commit(files))
        assert b.reason == reason
    assert not b.affected, "there is nothing to deliver"
    folder.git("reset", "--quiet", "--hard", base)
    a, _ = affected(PLATFORM, repository, base, folder.commit({"lib/x.go": "package lib\n"}))
    assert a.reason == f"depends on lib, which changed {since}"


PATHS = st.lists(st.sampled_from(["a", "b", "lib", "x", "testdata"]), min_size=1, max_size=4)


@given(PATHS.map("/".join), st.sets(PATHS.map("/".join)))
def test_exactly_one_module_owns_a_file_or_none(path: str, folders: set[str]) -> None:
    owner = module_of(path, folders)
    above = {"/".join(path.split("/")[:n]) for n in range(1, len(path.split("/")) + 1)} & folders
    assert owner == max(above, key=len, default=None)
