"""From problems to findings: paths, identities, and what text may be stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.findings import DETAIL_CHARACTERS, clean, findings_of
from coffee_pipeline.tools.reported import Reported

HERE = Target(checkout=Path("/src"), module="menu", revision="r", nested=("inner",))
FOREIGN = replace(HERE, foreign=True)
CODE = ("rule", "path", "code")
DEPENDENCY = ("rule", "component")


KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # no token: no one ever issued it


def problem(**more: Any) -> Reported:
    return Reported(**{"rule": "R1", "title": "a problem", "severity": Severity.HIGH, **more})


def found(
    *problems: Reported,
    target: Target = HERE,
    identity: tuple[str, ...] = CODE,
    kind: FindingKind = FindingKind.SAST,
) -> list[Finding]:
    return findings_of("tool", kind, identity, problems, target)[0]


@pytest.mark.parametrize(
    "path",
    [
        "../orders/a.go", "/etc/passwd", "/src/menu/../orders/a.go", "/src/menu/inner/a.go",
        "inner/a.go", "..", "", "C:/Windows/a.go", "..\\..\\a.go", "/src/menu/",
    ],
)  # fmt: skip
def test_a_path_outside_of_the_module_is_never_a_path(path: str) -> None:
    kept, left_out = findings_of("tool", FindingKind.SAST, CODE, [problem(path=path)], HERE)
    assert (kept, left_out) == ([], 1)


@pytest.mark.parametrize("path", ["../../etc/passwd", "/ci/menu/../../x", "/elsewhere/a.go"])
def test_of_a_report_from_elsewhere_it_is_kept_as_text(path: str) -> None:
    (kept,) = found(problem(path=path), target=FOREIGN)
    assert (kept.path, kept.resource) == (None, path)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a.go", "menu/a.go"), ("./b/../a.go", None), ("/src/menu/b/a.go", "menu/b/a.go"),
        ("b\\a.go", "menu/b/a.go"), ("b//a.go", "menu/b/a.go"),
    ],
)  # fmt: skip
def test_paths_inside(path: str, expected: str | None) -> None:
    assert [one.path for one in found(problem(path=path))] == ([expected] if expected else [])


def test_paths_in_an_image_are_not_of_the_repository() -> None:
    image = replace(HERE, in_image=True, scope="image:menu")
    (kept,) = found(problem(path="/usr/bin/../lib/x"), target=image)
    assert (kept.path, kept.scope) == ("/usr/bin/../lib/x", "image:menu")


def test_text_is_stored_without_control_characters_and_on_one_line() -> None:
    evil = "a\x00b\x1b[31mred\u202eeul\x07\nnext\tline\ud800"
    (kept,) = found(
        problem(rule=evil, title=evil, detail=evil, path="a\x1b\n.go", confidence="\x7f")
    )
    for text in (kept.rule, kept.title, kept.path, kept.detail):
        assert text
        assert not any(ord(one) < 32 and one != "\n" for one in text.replace("\t", " "))
        assert not set(text) & set("\x1b\x00\x7f\u202e\ud800")
        text.encode()
    assert "\n" not in kept.rule + kept.title + str(kept.path)
    assert kept.confidence is None


def test_a_title_of_nothing_but_control_characters() -> None:
    (kept,) = found(problem(rule="\x00", title="\x00 "))
    assert (kept.rule, kept.title) == ("unnamed", "unnamed")


def test_long_text_is_cut() -> None:
    text = clean("x" * 10_000, DETAIL_CHARACTERS)
    assert text
    assert len(text) < DETAIL_CHARACTERS + 50
    assert text.endswith("... 6000 more characters")


def test_secrets_are_stored_nowhere() -> None:
    token = "gh" + "p_" + "a1B2" * 9
    (kept,) = found(problem(
        title=f"uses {token}", code=f'x := "{token}"', path=f"{token}/a.go", resource=token,
        component=token, suppressed=token, reference=f"https://x.example/{token}",
    ))  # fmt: skip
    assert token not in repr(kept)


@given(st.integers(1, 130), st.data())
def test_one_secret_among_many_problems_is_stored_nowhere(count: int, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, count - 1))
    field = data.draw(st.sampled_from(["title", "code", "detail"]))
    text = data.draw(st.sampled_from([f"call({KEY})", 'Password = "hunter2hunter2"', KEY]))
    problems = [problem(title=f"t {n}", code=f"x{n} := y") for n in range(count)]
    problems[place] = replace(problems[place], **{field: text})
    stored = found(*problems)
    assert len(stored) == count
    assert KEY not in repr(stored)
    assert "hunter2hunter2" not in repr(stored)
    assert "[redacted]" in str(getattr(stored[place], "title" if field == "title" else "detail"))


def test_code_of_a_secret_is_not_stored() -> None:
    (secret,) = found(problem(code="hunter2"), kind=FindingKind.SECRET)
    (plain,) = found(problem(code="x := 1"))
    (mixed,) = found(problem(code="hunter2", kind=FindingKind.SECRET))
    assert (secret.detail, plain.detail, mixed.detail) == (None, "x := 1", None)


def test_what_a_finding_says_of_where_it_was_seen() -> None:
    target = replace(HERE, service="menu", seen_in="production", image_digest="sha256:1")
    (kept,) = found(problem(kind=FindingKind.CONTAINER, cwes=(79, 89), severity_source="CVSS"),
                    target=target)  # fmt: skip
    assert (kept.service, kept.environment, kept.image_digest, kept.revision) == (
        "menu", "production", "sha256:1", "r",
    )  # fmt: skip
    assert (kept.kind, kept.cwe, kept.severity_source) == ("container", "CWE-79,CWE-89", "CVSS")
    (own,) = found(problem(identifiers=("CVE-2", "R1", "CVE-1", "CVE-2")))
    assert (own.severity_source, own.aliases) == ("tool", "CVE-1,CVE-2")


PLACES = st.lists(st.tuples(st.integers(1, 200), st.integers(1, 80)), unique=True, max_size=8)


@given(PLACES, st.integers(0, 90), st.randoms(use_true_random=False))
def test_equal_places_are_told_apart_by_their_order(places, moved, random) -> None:
    """The same line twice in a file: shuffled and moved, each keeps its identity."""

    def named(offset: int, shuffle: bool) -> dict[tuple[int, int], str]:
        order = [*places]
        if shuffle:
            random.shuffle(order)
        problems = [
            problem(path="a.go", code="x()", line=line + offset, column=column)
            for line, column in order
        ]
        return dict(zip(order, (one.identity for one in found(*problems)), strict=True))

    before = named(0, shuffle=False)
    assert named(moved, shuffle=True) == before
    assert len(set(before.values())) == len(places)


@given(st.integers(0, 40))
def test_lines_inserted_above_keep_the_identity(tmp_path_factory, inserted: int) -> None:
    folder = tmp_path_factory.mktemp("checkout")
    lines = ["package main", "", "func main() {", "\tweak()", "}"]

    def identity(above: int, indent: str) -> str:
        (folder / f"a{above}").mkdir(exist_ok=True)
        target = Target(checkout=folder / f"a{above}", module=".", revision="r")
        text = "\n".join(["// more"] * above + [line.replace("\t", indent) for line in lines])
        (target.checkout / "a.go").write_text(text)
        (one,) = found(problem(path="a.go", line=4 + above), target=target)
        return one.identity

    assert identity(0, "\t") == identity(inserted, "\t")


def test_the_identity_is_of_the_declared_fields_only() -> None:
    def identity(**more: Any) -> str:
        return found(problem(component="c", **more), identity=DEPENDENCY)[0].identity

    same = identity()
    assert same == identity(component_version="2", title="other", severity=Severity.LOW, line=3)
    assert same != identity(rule="R2")
    (other_tool,), _ = findings_of("other", FindingKind.SAST, DEPENDENCY, [problem(component="c")],
                                   HERE)  # fmt: skip
    assert other_tool.identity != same


def test_numbers_in_a_title_are_no_part_of_the_context() -> None:
    first, second = (found(problem(title=f"{n} of {n} lines"))[0].identity for n in (1, 22))
    assert first == second


@pytest.mark.parametrize("path", ["a\x00.go", "x" * 5000, "\ud800.go"])
def test_files_that_cannot_be(path: str) -> None:
    assert len(found(problem(path=path, line=3))) == 1


@given(st.builds(
    problem, rule=st.text(max_size=20), title=st.text(max_size=20),
    path=st.none() | st.text(max_size=20), code=st.none() | st.text(max_size=20),
    line=st.none() | st.integers(1, 10), resource=st.none() | st.text(max_size=20),
    detail=st.none() | st.text(max_size=20),
))  # fmt: skip
def test_any_text_becomes_a_finding_or_is_left_out(one: Reported) -> None:
    for target in (HERE, FOREIGN):
        kept, left_out = findings_of("tool", FindingKind.SAST, CODE, [one], target)
        assert len(kept) + left_out == 1
        for finding in kept:
            assert finding.rule
            assert finding.title
            repr(finding).encode()
