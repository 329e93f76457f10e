"""The two JSON reports of OPA: results of policies' unit tests, and decisions of a query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import file_scan, rego
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import mapping, number, objects, severity_of, text
from coffee_pipeline.tools.reported import ReadReport, Reported

_DENYING = ("deny", "violation", "warn")
_ALLOWING = ("allow", "compliant", "authorized")
_DEPTH = 20
_UNDEFINED = "the query is undefined: no policy answers it"


def tests(content: object, document: Document) -> ReadReport:
    """A problem for each test that fails or cannot be evaluated; skipped ones are not run.

    Raises:
        ParseError: the content is no array of test results.
    """
    results = objects(content, "", document)
    run = [one for one in results if one.get("skip") is not True]
    failed = [one for one in run if one.get("fail") is True or one.get("error")]
    errors = [str(one.get("name")) for one in run if one.get("error")]
    reason: str | None = None
    if not run:
        reason = "no test of the policies was run"
    elif errors:
        reason = f"tests that could not be evaluated: {file_scan.named(errors)}"
    return ReadReport(
        findings=[_failed_test(one) for one in failed],
        outcome=Outcome.NOT_RUN if not run else Outcome.PARTIAL if errors else Outcome.COMPLETED,
        reason=reason,
        checks_run=len(run),
    )


def _failed_test(result: Mapping[str, Any]) -> Reported:
    place, error = mapping(result.get("location")), mapping(result.get("error"))
    package = (text(result.get("package")) or "").removeprefix("data.")
    name = text(result.get("name")) or "unnamed"
    what = "cannot be evaluated" if result.get("error") else "fails"
    return Reported(
        rule=f"{package}.{name}" if package else name,
        title=f"policy test {name} {what}",
        severity=Severity.MEDIUM,
        severity_source="default",
        path=text(place.get("file")),
        line=number(place.get("row")),
        column=number(place.get("col")),
        detail=text(error.get("message")),
    )


def decisions(content: Mapping[str, Any], document: Document) -> ReadReport:
    """A problem for each thing that a query returns as denied, or does not allow.

    Raises:
        ParseError: the content is no result of a query.
    """
    errors = objects(content.get("errors"), "errors", document)
    if errors:
        said = text(errors[0].get("message")) or "an error without words"
        return ReadReport(findings=[], outcome=Outcome.FAILED, reason=f"OPA says: {said}")
    if "result" not in content:
        return ReadReport(findings=[], outcome=Outcome.NOT_RUN, reason=_UNDEFINED)
    problems: list[Reported] = []
    unclear: list[str] = []
    expressions = [
        expression
        for result in objects(content["result"], "result", document)
        for expression in objects(result.get("expressions"), "result[].expressions", document)
    ]
    for expression in expressions:
        query = text(expression.get("text")) or "query"
        for found in _violations(expression.get("value"), query, asked=True):
            if isinstance(found, Reported):
                problems.append(found)
            else:
                unclear.append(found)
    if not expressions:
        return ReadReport(findings=[], outcome=Outcome.NOT_RUN, reason=_UNDEFINED)
    return ReadReport(
        findings=problems,
        outcome=Outcome.PARTIAL if unclear else Outcome.COMPLETED,
        reason=f"not a list of violations: {file_scan.named(unclear)}" if unclear else None,
        checks_run=len(expressions),
    )


def _violations(
    value: object, query: str, *, asked: bool, depth: int = 0
) -> Iterator[Reported | str]:
    """Violations in a rule's value, or the rule's name where its value tells neither way.

    A rule that was asked for by name is one that denies, unless its name says that it allows. Of a
    package, only the rules whose names say so are looked at.
    """
    name = query.rpartition(".")[2].rpartition("/")[2]
    if isinstance(value, bool):
        if name.startswith(_DENYING + _ALLOWING):
            if value is name.startswith(_DENYING):
                yield _violation({"msg": f"{query} is {str(value).lower()}"}, query)
        elif asked:
            yield query
    elif isinstance(value, list) and (asked or name.startswith(_DENYING)):
        for item in value:
            yield _violation(item if isinstance(item, dict) else {"msg": item}, query)
    elif isinstance(value, dict) and depth < _DEPTH:
        if _message(value) and (asked or name.startswith(_DENYING)):
            yield _violation(value, query)
            return
        for key, inner in value.items():
            yield from _violations(inner, f"{query}.{key}", asked=False, depth=depth + 1)
    elif asked:
        yield query


def _message(value: Mapping[str, Any]) -> str | None:
    return text(value.get("msg")) or text(value.get("message")) or text(value.get("title"))


def _violation(value: Mapping[str, Any], query: str) -> Reported:
    rule = query.removeprefix("data.")
    details = {**mapping(value.get("metadata")), **mapping(value.get("details")), **value}
    severity = severity_of(details.get("severity"))
    warns = query.rpartition(".")[2].startswith("warn")
    by_rule = Severity.MEDIUM if warns else Severity.HIGH
    message = _message(value) or text(value.get("msg")) or str(value.get("msg") or rule)
    return Reported(
        rule=rego.rule_of(details) or rule,
        title=message,
        severity=severity or by_rule,
        severity_source="policy" if severity else "rule",
        path=next(
            (path for key in ("path", "file", "filename") if (path := text(details.get(key)))), None
        ),
        line=number(details.get("line")),
        resource=text(details.get("resource")),
        detail=text(details.get("rationale")) or text(details.get("description")),
        reference=text(details.get("url")) or text(details.get("reference")),
    )
