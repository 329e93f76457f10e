from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.tools.identity import (
    CodePlace,
    code_identities,
    dependency_identity,
    digest,
    normalised,
)

LINES = st.sampled_from(["x := rand.Int()", "y = md5.New()", "return nil", "foo(a, b)"])
PLACES = st.lists(
    st.builds(
        CodePlace,
        rule=st.sampled_from(["G401", "G404"]),
        path=st.sampled_from(["a.go", "b/c.go"]),
        context=LINES,
        line=st.integers(1, 500),
    ),
    unique_by=lambda place: (place.path, place.line),
)


@given(PLACES, st.integers(1, 100), st.randoms(use_true_random=False))
def test_moved_lines_and_shuffled_reports_keep_identities(places, inserted, random) -> None:
    before = dict(
        zip([(p.path, p.line) for p in places], code_identities("t", places), strict=True)
    )
    moved = [
        CodePlace(p.rule, p.path, p.context, (p.line or 0) + inserted, p.column) for p in places
    ]
    random.shuffle(moved)
    after = code_identities("t", moved)
    for place, identity in zip(moved, after, strict=True):
        assert before[place.path, (place.line or 0) - inserted] == identity


@given(PLACES)
def test_identities_are_unique_in_a_report(places) -> None:
    assert len(set(code_identities("t", places))) == len(places)


@given(st.lists(st.text(alphabet=" \tabc(){}", max_size=10)))
def test_formatting_does_not_change_the_context(lines) -> None:
    spaced = [f"\t  {'   '.join(line.split())} " for line in lines]
    assert normalised(spaced) == normalised(lines)


@given(st.lists(st.text()), st.lists(st.text()))
def test_different_parts_give_different_digests(one, other) -> None:
    assert (digest(*one) == digest(*other)) == (one == other)


def test_a_dependency_keeps_its_identity_whatever_its_version() -> None:
    first = dependency_identity("govulncheck", "GO-2024-1", "services/a", "example.test/lib")
    assert first == dependency_identity(
        "govulncheck", "GO-2024-1", "services/a", "example.test/lib"
    )
    assert first != dependency_identity(
        "govulncheck", "GO-2024-1", "services/b", "example.test/lib"
    )
