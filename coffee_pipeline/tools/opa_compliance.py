"""OPA on the project's own policies: one ``opa eval`` over all subjects of a service.

OPA fails open: without policies, or with a policy that cannot decide, it exits 0 and says nothing.
So the policies that it loaded are held against the files that there are, and every policy must
have answered every subject of its kind; where one did not, ``not_evaluated`` stands for it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coffee_pipeline.model.compliance import PolicyOutcome
from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.process.command import Command
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.file_scan import files_below, named
from coffee_pipeline.tools.json_fields import mapping, objects, severity_of, text

QUERY = "data.compliance.main.report"
POLICY_FOLDERS = ("kubernetes", "service", "platform")
"""Folders below the policies with one file for each policy, named as the policy."""
TESTS = "_test.rego"
NO_ANSWER = "the policy gave no answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is judged. ``facts`` are its input besides id and kind; see policies/README.md."""

    id: str
    kind: str
    facts: Mapping[str, Any]
    path: str | None = None

    @property
    def document(self) -> dict[str, Any]:
        """The subject as policies see it."""
        return {**self.facts, "id": self.id, "kind": self.kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a policy says of itself."""

    id: str
    title: str
    rationale: str
    subject_kind: str
    severity: Severity
    weight: int
    controls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a policy said of a subject; ``message`` is None where it passed."""

    policy: Policy
    subject: Subject
    outcome: PolicyOutcome
    message: str | None


def policy_files(folder: Path) -> list[Path]:
    """The files that OPA is to load: policies and their library, without tests."""
    return [file for file in files_below(folder, ".rego") if not file.name.endswith(TESTS)]


def policy_names(folder: Path) -> frozenset[str]:
    """The policies that must answer: one for each file in the folders of policies."""
    return frozenset(
        file.stem for file in policy_files(folder) if file.parent.name in POLICY_FOLDERS
    )


def rules_digest(folder: Path) -> str:
    """sha256 over the names and contents of all policy files."""
    state = hashlib.sha256()
    for file in policy_files(folder):
        state.update(f"{file.relative_to(folder).as_posix()}\0".encode())
        state.update(hashlib.sha256(file.read_bytes()).digest())
    return state.hexdigest()


def command(
    executable: Path, folder: Path, subjects: Sequence[Subject], timeout_seconds: float
) -> Command:
    """One evaluation of all policies in ``folder`` over all subjects."""
    question = {"subjects": [subject.document for subject in subjects]}
    return Command(
        argv=(
            str(executable), "eval", "--format", "json", "--ignore", f"*{TESTS}",
            "--data", str(folder), "--stdin-input", QUERY,
        ),
        stdin=json.dumps(_plain(question), allow_nan=False).encode(),
        answers=frozenset({0, 2}),
        timeout_seconds=timeout_seconds,
    )  # fmt: skip


def _plain(value: object) -> Any:
    """The value in JSON's terms: dates and numbers that JSON has not become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return str(value)


def read(document: Document, subjects: Sequence[Subject], expected: frozenset[str]) -> list[Answer]:
    """An answer of every policy on every subject of its kind, sorted.

    Args:
        document: what ``opa eval`` printed.
        subjects: what it was asked about.
        expected: the policies that must be among the answers.

    Raises:
        ParseError: OPA says that it failed, loaded other policies than are there, or its output
            is not what the query gives.
    """
    report = _report(document)
    policies = {
        name: _policy(name, mapping(about), document)
        for name, about in mapping(report.get("policies")).items()
    }
    if not expected or policies.keys() != expected:
        different = sorted(expected.symmetric_difference(policies)) or ["there is none"]
        raise document.error("policies", f"not the policies that are there: {named(different)}")
    said = {
        (text(one.get("policy")), text(one.get("subject"))): one
        for one in objects(report.get("answers"), "answers", document)
    }
    return [
        _answer(policy, subject, said.get((policy.id, subject.id)), document)
        for subject in subjects
        for policy in sorted(policies.values(), key=lambda one: one.id)
        if policy.subject_kind == subject.kind
    ]


def _report(document: Document) -> Mapping[str, Any]:
    content = mapping(document.json)
    errors = objects(content.get("errors"), "errors", document)
    if errors:
        where = mapping(errors[0].get("location"))
        file = Path(text(where.get("file")) or "errors").name
        said = text(errors[0].get("message")) or "an error without words"
        raise document.error(f"{file}:{where.get('row')}" if where else file, said)
    results = objects(content.get("result"), "result", document)
    expressions = objects(results[0].get("expressions"), "expressions", document) if results else []
    if not expressions:
        raise document.error("result", f"{QUERY} is undefined: the policies were not loaded")
    return mapping(expressions[0].get("value"))


def _policy(name: str, about: Mapping[str, Any], document: Document) -> Policy:
    title, rationale, kind = (text(about.get(key)) for key in ("title", "rationale", "subject"))
    severity, weight = severity_of(about.get("severity")), about.get("weight")
    controls = about.get("controls")
    if (
        title is None or rationale is None or kind is None or severity is None
        or not isinstance(weight, int) or isinstance(weight, bool) or weight < 1
        or not isinstance(controls, list)
    ):  # fmt: skip
        raise document.error(f"policies.{name}", "it does not say what it is")
    return Policy(
        id=name, title=title, rationale=rationale, subject_kind=kind, severity=severity,
        weight=weight, controls=tuple(str(one) for one in controls),
    )  # fmt: skip


def _answer(
    policy: Policy, subject: Subject, said: Mapping[str, Any] | None, document: Document
) -> Answer:
    if said is None:
        outcome, message = PolicyOutcome.NOT_EVALUATED, NO_ANSWER
    else:
        word = text(said.get("outcome"))
        if word not in set(PolicyOutcome):
            raise document.error(f"answers of {policy.id}", f"{word!r} is no outcome")
        outcome, message = PolicyOutcome(word), text(said.get("message")) or ""
    return Answer(policy=policy, subject=subject, outcome=outcome, message=message or None)
