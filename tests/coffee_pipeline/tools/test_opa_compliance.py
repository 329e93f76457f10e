"""The ways in which OPA says nothing, each of which must not pass for an answer."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.compliance import PolicyOutcome
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.opa_compliance import (
    NO_ANSWER,
    Subject,
    command,
    policy_files,
    policy_names,
    read,
    rules_digest,
)
from tests.conftest import ROOT

FOLDER = ROOT / "policies" / "opa"
SUBJECTS = [
    Subject(id="manifest:a", kind="manifest", facts={}, path="a.yaml"),
    Subject(id="service:menu", kind="service", facts={}),
]
ABOUT = {"title": "T", "rationale": "R", "subject": "service", "severity": "high", "weight": 5,
         "controls": ["C"]}  # fmt: skip
EXPECTED = frozenset({"tests_passed"})


def output(policies: object, answers: object) -> Document:
    value = {"policies": policies, "answers": answers}
    content = {"result": [{"expressions": [{"value": value, "text": "q"}]}]}
    return Document(json.dumps(content).encode(), "opa output")


def answer(**changes: object) -> dict[str, object]:
    return {"policy": "tests_passed", "subject": "service:menu", "outcome": "failed",
            "message": "2 failed", **changes}  # fmt: skip


def test_an_answer_with_all_that_its_policy_says() -> None:
    (found,) = read(output({"tests_passed": ABOUT}, [answer()]), SUBJECTS, EXPECTED)
    assert (found.outcome, found.message, found.subject.id) == (
        PolicyOutcome.FAILED, "2 failed", "service:menu",
    )  # fmt: skip
    policy = found.policy
    assert (policy.id, policy.severity, policy.weight, policy.controls) == (
        "tests_passed", Severity.HIGH, 5, ("C",),
    )  # fmt: skip


@pytest.mark.parametrize("answers", [[], None, [answer(subject="service:other")]])
def test_a_policy_that_says_nothing_has_not_passed(answers: object) -> None:
    (found,) = read(output({"tests_passed": ABOUT}, answers), SUBJECTS, EXPECTED)
    assert (found.outcome, found.message) == (PolicyOutcome.NOT_EVALUATED, NO_ANSWER)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (Document(b"{}", "opa output"), "undefined"),
        (Document(b'{"result": []}', "opa output"), "undefined"),
        (Document(b'{"errors": [{"message": "conflict"}]}', "opa output"), "conflict"),
        (Document(b"", "opa output"), "empty"),
        (output({}, []), "not the policies that are there: tests_passed"),
        (output({"tests_passed": ABOUT, "more": ABOUT}, []), "not the policies .*: more"),
        (output({"tests_passed": {}}, []), "does not say what it is"),
        (output({"tests_passed": {**ABOUT, "weight": 0}}, []), "does not say what it is"),
        (output({"tests_passed": {**ABOUT, "weight": True}}, []), "does not say what it is"),
        (output({"tests_passed": {**ABOUT, "severity": "bad"}}, []), "does not say what it is"),
        (output({"tests_passed": ABOUT}, [answer(outcome="fine")]), "'fine' is no outcome"),
        (output({"tests_passed": ABOUT}, [answer(outcome=None)]), "None is no outcome"),
        (output({"tests_passed": ABOUT}, {}), "a JSON array is expected"),
        (output({"tests_passed": ABOUT}, [5]), "a JSON object is expected"),
    ],
)
def test_what_is_no_whole_answer_is_an_error(document: Document, problem: str) -> None:
    with pytest.raises(ParseError, match=problem):
        read(document, SUBJECTS, EXPECTED)


def test_without_policies_there_is_no_answer() -> None:
    with pytest.raises(ParseError, match="there is none"):
        read(output({}, []), SUBJECTS, frozenset())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(["result", "expressions", "value", "policies", "answers", "errors"]),
        inner, max_size=3,
    ),
    max_leaves=15,
)  # fmt: skip


@given(JSON)
def test_any_output_gives_answers_or_a_parse_error(value: object) -> None:
    with suppress(ParseError):
        read(Document(json.dumps(value).encode(), "opa output"), SUBJECTS, EXPECTED)


def test_the_input_is_json_whatever_yaml_holds() -> None:
    odd = {"when": date(2026, 1, 5), "far": float("inf"), 5: [float("nan"), (1,), b"a"]}
    subject = Subject(id="manifest:a", kind="manifest", facts={"object": odd})
    asked = json.loads(command(Path("opa"), FOLDER, [subject], 60).stdin or b"")
    assert asked["subjects"] == [
        {
            "object": {"when": "2026-01-05", "far": "inf", "5": ["nan", [1], "b'a'"]},
            "id": "manifest:a",
            "kind": "manifest",
        }
    ]


def test_tests_are_not_loaded_and_every_file_of_a_policy_counts(tmp_path: Path) -> None:
    for name in ("main.rego", "library/a.rego", "service/b.rego", "service/b_test.rego"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("package a")
    assert policy_names(tmp_path) == {"b"}
    assert [file.name for file in policy_files(tmp_path)] == ["a.rego", "main.rego", "b.rego"]
    before = rules_digest(tmp_path)
    (tmp_path / "service" / "b_test.rego").write_text("package changed")
    assert rules_digest(tmp_path) == before
    (tmp_path / "library" / "a.rego").write_text("package changed")
    assert rules_digest(tmp_path) != before
