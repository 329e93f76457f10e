"""What messages say of reverts and hotfixes, in the words of real forges and habits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.rework import (
    NO_REWORK,
    Reverted,
    plain_subject,
    request_of,
    rework_of,
)

ONE, TWO = "676104e5b1f0a0f2d3c4b5a697887766554433aa", "a215868c0ffee0c0ffee0c0ffee0c0ffee0c0ffe"


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        # git revert
        (f'Revert "Add milk"\n\nThis reverts commit {ONE}.', Reverted((ONE,), (), "Add milk")),
        (f'Revert "Merge branch \'x\'"\n\nThis reverts commit {ONE}, reversing\nchanges made to '
         f"{TWO}.", Reverted((ONE,), (), "Merge branch 'x'")),
        (f"Go back\n\nThis reverts commits {ONE[:9]}, {TWO[:8]} and abcdef1.",
         Reverted((ONE[:9], TWO[:8], "abcdef1"))),
        (f"Go back\n\nThis reverts\ncommit {ONE}.", Reverted((ONE,))),
        # GitHub: squashed, and with the request's own title and description
        (f'Revert "Add milk (#11)" (#12)\n\nThis reverts commit {ONE}.',
         Reverted((ONE,), (), "Add milk (#11)")),
        ('Revert "Add milk (#11)" (#12)', Reverted((), (), "Add milk (#11)")),
        ('Revert "Add milk" (#12)\n\nReverts owner/repo#11', Reverted((), (11,), "Add milk")),
        ("Take the milk out again (#12)\n\nReverts owner/my.repo#11", Reverted((), (11,))),
        ("Out\n\nReverts https://github.com/o/r/pull/11", Reverted((), (11,))),
        ("Out\n\nReverts PR #11, #13", Reverted((), (11, 13))),
        # GitLab
        ("Revert \"Merge branch 'milk' into 'main'\"\n\nThis reverts merge request !12",
         Reverted((), (12,), "Merge branch 'milk' into 'main'")),
        ('Revert "Milk"\n\nThis reverts merge request group/sub/project!12',
         Reverted((), (12,), "Milk")),
        # Bitbucket, Azure DevOps
        ('Revert "Milk (pull request #7)"\n\nThis reverts pull request #7.',
         Reverted((), (7,), "Milk (pull request #7)")),
        ("Merged PR 124: Revert 'Milk'\n\nReverts !123", Reverted((), (123,), "Milk")),
        # Conventional Commits, Angular, semantic-release
        ("revert: let us never again speak of the noodle incident\n\nRefs: 676104e, a215868",
         Reverted(("676104e", "a215868"), (),
                  "let us never again speak of the noodle incident")),
        (f"revert: feat(till): add milk\n\nThis reverts commit {ONE}.",
         Reverted((ONE,), (), "feat(till): add milk")),
        ("revert(till): add milk (#12)", Reverted((), (), "add milk")),
        (f"revert: {ONE}", Reverted((ONE,), (), ONE)),
        # Gerrit, Mozilla, kernel, hands
        ('Revert^3 "Milk"', Reverted((), (), "Milk")),
        ('Revert "Reapply "Milk""', Reverted((), (), 'Reapply "Milk"')),
        ('Revert "Revert "Revert "Milk"""', Reverted((), (), 'Revert "Revert "Milk""')),
        ("Backed out changeset a215868c0ffe (bug 12) for failures",
         Reverted(("a215868c0ffe",))),
        (f"Back out milk\n\nBacked out changeset {ONE[:12]}", Reverted((ONE[:12],))),
        ('[release-1.2] Revert "Milk"', Reverted((), (), "Milk")),
        ('SHOP-12: Revert "Milk"', Reverted((), (), "Milk")),
        ('fix(till): revert "Milk"', Reverted((), (), "Milk")),
        ("Revert Add milk", Reverted((), (), "Add milk")),
        (f"Fix the till\n\nIt is too slow. This partially reverts commit {ONE}.",
         Reverted((ONE,))),
    ],
)  # fmt: skip
def test_what_a_revert_undoes(message: str, expected: Reverted | None) -> None:
    found = rework_of(message.partition("\n")[0], message)
    assert (found.reverted, found.hotfix) == (expected, False)


@pytest.mark.parametrize(
    "message",
    [
        f'Reapply "Milk"\n\nThis reverts commit {ONE}.',
        f'Revert "Revert "Milk""\n\nThis reverts commit {ONE}.',
        'Revert "revert: feat: milk" (#15)',
        f'Revert^2 "Milk"\n\nThis reverts commit {ONE}.',
        'Revert "Revert "Milk" (#12)" (#13)\n\nReverts owner/repo#12',
        f'Reland "Milk"\n\nThis is a reland of commit {TWO}\n\n> This reverts commit {ONE}.',
        f"Add milk\n\nOriginal description:\n> This reverts commit {ONE}.",
        f"Add milk\n\nCommit {TWO} had reverted commit {ONE}, so do it again.",
        f"Add milk\n\nIt goes back to what was before reverting commit {ONE}.",
        "Add milk\n\nNobody reverts to the old way.",
        "Reverting is hard, so add a guide",
        "docs: how to revert a release",
        "Support reverts of #11 in the parser",
        "Add milk (#11)\n\nRefs: 676104e",
        "Add milk\n\nRefs: #11",
        "Reverse the list",
        f"Revert\n\nReverts #{'1' * 5000}",
        "",
    ],
)
def test_what_undoes_nothing(message: str) -> None:
    assert rework_of(message.partition("\n")[0], message) == NO_REWORK


@pytest.mark.parametrize(
    ("subject", "merge"),
    [
        ("hotfix: close the till", False), ("hotfix(till): close", False),
        ("Hotfix/login timeout (#12)", False), ("HOTFIX - login", False), ("hot-fix login", False),
        ("hot_fix: login", False), ("[hotfix] login", False), ("[SHOP-1] hotfix: login", False),
        ("SHOP-1: hotfix login", False), ("fix: hotfix for the login", False),
        ("fix(hotfix): login", False), ("Urgent hotfix for the login", False),
        ("Apply hotfix to the till", False), ("Close the till (hotfix)", False),
        ("🚑️ Close the till", False), (":ambulance: Close the till", False),
        ("Merge branch 'hotfix_1'", True), ("Merge branch 'hotfix/1.2.1' into 'main'", True),
        ("Merge branch 'hot-fix'", True), ("Merge remote-tracking branch 'origin/hotfix-2'", True),
        ("Merge pull request #12 from owner/hotfix/login", True),
        ("Merge pull request #12 from owner/hotfix", True),
        ("Merged in hotfix/login (pull request #12)", True),
        ("Merge pull request #12 from owner/patch-1\n\nhotfix: close the till", True),
    ],
)  # fmt: skip
def test_what_a_hotfix_is(subject: str, merge: bool) -> None:
    first = subject.partition("\n")[0]
    assert rework_of(first, subject, merge=merge).hotfix


@pytest.mark.parametrize(
    ("subject", "merge"),
    [
        ("docs: describe the hotfix process", False), ("docs: hotfix releases", False),
        ("add hotfix documentation", False), ("Hotfix documentation", False),
        ("Update the hotfix workflow", False), ("feat: hotfix branches", False),
        ("ci: hotfix pipeline", False), ("chore(hotfix): tidy up", False),
        ("Hotfix branch naming", False), ("Remove hotfix", False),
        ("Fix typo in hotfix guide", False),
        ("Revert hotfix", False), ('Revert "hotfix: close the till"', False),
        ("hotfixture for tests", False), ("Shot fixed", False), ("fix: till", False),
        ("Merge branch 'main' into hotfix/1.2.1", True),
        ("Merge branch 'feature/hotfix-docs'", True),
        ("Merge pull request #12 from hotfix/feature", True),
        ("Merge branch 'docs/hotfix'", True), ("Merge branch 'hotfixture'", True),
        ("Merge tag 'v1.2'", True),
    ],
)  # fmt: skip
def test_what_only_speaks_of_hotfixes(subject: str, merge: bool) -> None:
    assert not rework_of(subject, subject, merge=merge).hotfix


def test_a_merge_leaves_its_reverts_to_the_commits_it_brings() -> None:
    message = f'Merge pull request #12 from o/revert-11-x\n\nRevert "Milk"\n\nThis reverts {ONE}.'
    assert rework_of(message.partition("\n")[0], message, merge=True) == NO_REWORK


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("Add milk (#11)", 11), ("Add milk (!12)", 12), ("Add milk (pull request #7)", 7),
        ("Merge pull request #12 from o/b", 12), ("Merged in b (pull request #7)", 7),
        ("Merged PR 123: Milk", 123),
        ("Merge branch 'b' into 'main'\n\nMilk\n\nSee merge request group/project!45", 45),
        ("Add milk, as in #11", None), ("", None),
    ],
)  # fmt: skip
def test_which_request_a_commit_merges(message: str, expected: int | None) -> None:
    assert request_of(message.partition("\n")[0], message) == expected


PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1
).map(str.strip).filter(bool)  # fmt: skip


@given(PLAIN, st.integers(1, 10**6), st.integers(1, 10**6))
def test_any_subject_comes_back_out_of_its_revert(subject: str, old: int, new: int) -> None:
    subject = f"Change {subject}"
    for quoted in (subject, f"{subject} (#{old})"):
        for text in (f'Revert "{quoted}"', f'Revert "{quoted}" (#{new})'):
            found = rework_of(text).reverted
            assert found is not None
            assert found.subject == quoted
            # A revert of that revert puts the change back.
            assert rework_of(f'Revert "{text}"') == NO_REWORK
    assert plain_subject(f"{subject} (#{old}) (#{new})") == plain_subject(subject)


@given(st.lists(st.text("0123456789abcdef", min_size=7, max_size=40), min_size=1, max_size=4))
def test_any_hash_that_is_reverted_is_named(names: list[str]) -> None:
    found = rework_of("Back", f"Back\n\nThis reverts commits {', '.join(names)}.")
    assert found.reverted == Reverted(tuple(dict.fromkeys(names)))


@given(st.text(), st.text(), st.booleans())
def test_no_text_is_refused(subject: str, body: str, merge: bool) -> None:
    found = rework_of(subject, f"{subject}\n\n{body}", merge=merge)
    assert not (found.hotfix and found.reverted)
    if "fix" not in (subject + body).lower() and "ambulance" not in subject + body:
        assert not found.hotfix or "🚑" in subject + body
