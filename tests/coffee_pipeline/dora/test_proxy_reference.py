"""Random repositories of several components: the report against plain git commands."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from coffee_pipeline.dora.proxy_deployments import Source
from tests.coffee_pipeline.dora.repositories import History, run
from tests.coffee_pipeline.dora.test_repository_metrics import measured


def write(path: Path, chance: random.Random) -> dict[str, list[str]]:
    """A repository with branches, merges and tags; the tags of each component, in their order."""
    components = chance.choice([[""], ["a", "b"], ["a", "b", "c"], ["", "sdk"]])
    history = History(path)
    history.commit("0", 0, file="README")
    heads = {"main": "0"}
    tags: dict[str, dict[str, str]] = {}
    hour = 0
    for number in range(1, chance.randint(15, 50)):
        hour += chance.randint(1, 20)
        branch, component = chance.choice(list(heads)), chance.choice(components)
        file = chance.choice(
            [f"f{number}", f"services/{component or 'x'}/f", f"{component or 'x'}/f"]
        )
        act, name = chance.random(), str(number)
        if act < 0.55:
            onto = branch if act < 0.45 else f"b{number}"
            authored = hour - chance.randint(0, 30)
            history.commit(name, hour, heads[branch], branch=onto, file=file, authored=authored)
            heads[onto] = name
        elif act < 0.7:
            other = chance.choice(list(heads))
            if heads[other] != heads[branch]:
                history.commit(name, hour, heads[branch], heads[other], branch=branch,
                               message=f"Merge branch '{other}'", file="README")  # fmt: skip
                heads[branch] = name
        elif heads[branch] not in tags.setdefault(component, {}).values():
            tag = f"{component}/v1.{number}".lstrip("/")
            history.tag(tag, heads[branch], hour)
            tags[component][tag] = heads[branch]
    history.write()
    return {component: list(own) for component, own in tags.items() if own}


def first_releases(path: Path, tags: dict[str, list[str]]) -> dict[str, str]:
    """The release that first delivers each commit, by ``git rev-list`` and ``git show``."""
    order = sorted(
        (tag for own in tags.values() for tag in own), key=lambda one: int(one.split(".")[-1])
    )
    present = run(path, "ls-tree", "-r", "-d", "--name-only", "main").splitlines()
    folders = {
        one: [one] if one in present else [each for each in present if each.endswith(f"/{one}")]
        for one in tags
    }
    without = {one for one in tags if not one or not folders[one]}
    found: dict[str, str] = {}
    for component, own in tags.items():
        for index, tag in enumerate(own):
            earlier = ["--not", *own[:index]] if index else []
            for commit in run(path, "rev-list", "--no-merges", tag, *earlier).split():
                files = run(path, "show", "--format=", "--name-only", commit).splitlines()
                owners = {
                    one for one in tags if one not in without and any(
                        file.startswith(f"{folder}/") for file in files for folder in folders[one])
                }  # fmt: skip
                if owners and component not in owners | without:
                    continue
                if commit not in found or order.index(tag) < order.index(found[commit]):
                    found[commit] = tag
    firsts = {own[0] for own in tags.values()}
    return {commit: tag for commit, tag in found.items() if tag not in firsts}


@pytest.mark.parametrize("seed", range(8))
def test_deployments_and_changes_are_those_that_plain_git_counts(tmp_path: Path, seed: int) -> None:
    path = tmp_path / "random"
    tags = write(path, random.Random(seed))
    found = measured(path, Source.TAGS)
    assert sorted(one.name for one in found.deployments) == sorted(
        tag for own in tags.values() for tag in own
    )
    timed = {
        commit: tag
        for commit, tag in first_releases(path, tags).items()
        if int(run(path, "log", "-1", "--format=%at", commit))
        < int(run(path, "for-each-ref", "--format=%(taggerdate:unix)", f"refs/tags/{tag}"))
    }
    assert {one.revision: release.name for one, release in found.lead_times} == timed
    merges = run(path, "rev-list", "--first-parent", "--merges", "--count", "main")
    assert len(measured(path, Source.MERGES).deployments) == int(merges)
    commits = run(path, "rev-list", "--first-parent", "--count", "main")
    assert len(measured(path, Source.COMMITS).deployments) == int(commits)
