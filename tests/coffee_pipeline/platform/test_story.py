from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.affected import affected
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import check_paths, load_platform
from coffee_pipeline.platform.story import StoryRepository, load_story
from tests.conftest import ROOT

EXAMPLES = ROOT / "examples"


def test_the_bundled_story_grows_and_each_revision_affects_what_it_says(tmp_path: Path) -> None:
    began = datetime.now(UTC) - timedelta(seconds=5)
    story = StoryRepository(EXAMPLES / "story", EXAMPLES / "go-coffee", tmp_path / "repo", "main")
    hashes = [story.commit(number) for number in range(len(story.revisions))]
    repository = Repository(story.path)
    file = story.path / "platform.yaml"
    platform = load_platform(file)
    check_paths(platform, repository, hashes[-1], file)
    changed = [
        sorted(s.service for s in affected(platform, repository, base, sha) if s.affected)
        for base, sha in pairwise(hashes)
    ]
    assert changed == [["menu"], ["payments"], ["payments"]]
    last = repository.revision(hashes[-1], "go-coffee")
    told = story.revisions[-1]
    assert last.subject == told.subject
    assert last.author_email == told.author_email
    assert abs(last.committed_at - (began - told.committed_before)) < timedelta(minutes=1)
    assert repository.commits_between(hashes[0], hashes[-1]) == hashes[:0:-1]


def test_a_story_begins_afresh(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "left over").write_text("x")
    story = StoryRepository(EXAMPLES / "story", EXAMPLES / "go-coffee", tmp_path / "repo", "main")
    story.commit(0)
    assert not (tmp_path / "repo" / "left over").exists()


def test_a_broken_story_is_refused(tmp_path: Path) -> None:
    (tmp_path / "story.yaml").write_text("revisions: [{patch: x}]")
    with pytest.raises(ConfigurationError, match="not a story"):
        load_story(tmp_path / "story.yaml")
