from __future__ import annotations

import pytest

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.platform.reviews import CommitReview, commit_reviews

ADA = "ada@example.com"


def test_commits_tell_who_reviewed_them(git_folder) -> None:
    folder = git_folder("shop")
    first = folder.commit({"a": "1"}, "One")
    second = folder.commit(
        {"a": "2"},
        "Two\n\nReviewed-by: Grace <grace@example.com>\nApproved-by: Lin\nSigned-off-by: Ada <a@b>",
    )
    assert commit_reviews(folder.path, [second, first]) == [
        CommitReview(second, ADA, ADA, ("grace@example.com", "Lin")),
        CommitReview(first, ADA, ADA, ()),
    ]


def test_words_in_the_text_of_a_message_are_no_trailers(git_folder) -> None:
    folder = git_folder("shop")
    sha = folder.commit(
        {"a": "1"}, "One\n\nReviewed-by: Grace was asked,\nbut had no time.\n\nEnd."
    )
    assert commit_reviews(folder.path, [sha])[0].reviewers == ()


def test_no_commits_and_unknown_ones(git_folder) -> None:
    folder = git_folder("shop")
    folder.commit({"a": "1"})
    assert commit_reviews(folder.path, []) == []
    with pytest.raises(RepositoryError):
        commit_reviews(folder.path, ["0" * 40])
