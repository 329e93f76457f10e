"""From problems that a format read to findings of the history: paths, identities, redaction."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import repeat

from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import FindingKind
from coffee_pipeline.redaction import no_secret_in, without_secrets
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.collection import collector_paused
from coffee_pipeline.tools.go_messages import cut
from coffee_pipeline.tools.identity import digest, normalised
from coffee_pipeline.tools.reported import Reported

TITLE_CHARACTERS = 300
DETAIL_CHARACTERS = 4000
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_TOGETHER = 50
"""Problems whose texts are looked through for secrets at once: most reports have none."""
_NEIGHBOURS = 1
"""Lines before and after a flagged line that belong to its context."""
_SOURCE_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class Attribution:
    """What one problem of a scan of several things is about; None where that is not known."""

    service: str | None = None
    image_digest: str | None = None
    revision: str | None = None


Attribute = Callable[[Reported], Attribution]
"""Finds out what a problem is about, mostly from its labels."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A problem and where it is: path relative to the repository, None where it is no file.

    ``harmless``: its title, code and detail hold no secret, as was seen.
    """

    reported: Reported
    path: str | None
    outside: str | None = None
    harmless: bool = False


def place(problems: Sequence[Reported], target: Target) -> tuple[list[Placed], int]:
    """The problems of ``target`` with their paths, and how many are of a nested module.

    A path that leads out of the repository is kept as text only, never as a path.
    """
    kept, left_out = [], 0
    paths: dict[str, str | None] = {}  # a report has many problems in few files
    for problem, harmless in zip(problems, _harmless(problems), strict=True):
        if problem.path is None or target.in_image:
            kept.append(Placed(problem, problem.path, harmless=harmless))
            continue
        if problem.path not in paths:
            paths[problem.path] = target.module_path(problem.path)
        path = paths[problem.path]
        if path is not None:
            kept.append(Placed(problem, target.repository_path(path), harmless=harmless))
        elif target.foreign:
            kept.append(Placed(problem, None, outside=problem.path, harmless=harmless))
        else:
            left_out += 1
    return kept, left_out


def _harmless(problems: Sequence[Reported]) -> Iterator[bool]:
    """Of each problem whether its title, code and detail are known to hold no secret."""
    for start in range(0, len(problems), _TOGETHER):
        some = problems[start : start + _TOGETHER]
        texts = [text for one in some for text in (one.title, one.code, one.detail) if text]
        yield from repeat(no_secret_in(texts), len(some))


def findings_of(
    tool: str,
    kind: FindingKind,
    identity: Sequence[str],
    problems: Sequence[Reported],
    target: Target,
    attribute: Attribute | None = None,
) -> tuple[list[Finding], int]:
    """Findings for ``problems``, in their order, and how many were left out.

    Args:
        tool: name of the tool that found them.
        kind: what they are where they do not say.
        problems: what a format read.
        identity: fields of :class:`Reported` that make the identity; ``code`` is the context.
        target: what was scanned.
        attribute: what each problem is about, where the scan was of several things; what it does
            not know is that of the target.
    """
    with collector_paused():
        placed, left_out = place(problems, target)
        names = _identities(tool, identity, placed, target)
        return [
            _finding(tool, kind, one, name, target, attribute(one.reported) if attribute else None)
            for one, name in zip(placed, names, strict=True)
        ], left_out


def _identities(
    tool: str, fields: Sequence[str], placed: Sequence[Placed], target: Target
) -> list[str]:
    """One identity each; equal ones are told apart by their order in the file."""
    columns = [[_value(name, one, target) for one in placed] for name in fields]
    keys = list(zip(*columns, strict=True)) if columns else [()] * len(placed)
    order = sorted(range(len(placed)), key=lambda index: _order(placed[index].reported))
    seen: Counter[tuple[str, ...]] = Counter()
    names = [""] * len(placed)
    for index in order:
        key = keys[index]
        names[index] = digest(tool, *key, str(seen[key]))
        seen[key] += 1
    return names


def _order(problem: Reported) -> tuple[int, int, str]:
    return problem.line or 0, problem.column or 0, problem.component_version or ""


def _value(name: str, one: Placed, target: Target) -> str:
    if name == "code":
        return _context(one, target)
    if name == "path":
        return one.path or one.outside or ""
    value = getattr(one.reported, name)
    if not value:
        return ""
    if isinstance(value, str):
        return value if type(value) is str else str(value)
    if isinstance(value, int):
        return str(value)
    return ",".join(sorted(map(str, value)))


def _context(one: Placed, target: Target) -> str:
    """The text around the place: of the report, else of the checkout, else what the tool said."""
    problem = one.reported
    if problem.code:
        code = problem.code if one.harmless else without_secrets(problem.code)
        return normalised(code.splitlines())
    if one.path and problem.line and not target.in_image:
        lines = _source_lines(str(target.checkout / one.path))
        start = max(0, problem.line - 1 - _NEIGHBOURS)
        around = lines[start : problem.line + _NEIGHBOURS]
        if around:
            return normalised(without_secrets("\n".join(around)).splitlines())
    return re.sub(r"\d+", "#", " ".join(problem.title.split()))


@lru_cache(maxsize=256)
def _source_lines(path: str) -> tuple[str, ...]:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123  # a hot path of large reports
            return tuple(stream.read(_SOURCE_LIMIT).decode("utf-8", "replace").splitlines())
    except (OSError, ValueError):  # a name that no file can have is a ValueError
        return ()


def clean(text: str | None, limit: int, *, harmless: bool = False) -> str | None:
    """Text from outside as it is stored: no secrets, no control characters, not longer.

    Args:
        text: from outside.
        limit: characters that are kept.
        harmless: it is known to hold no secret.
    """
    if not text:
        return None
    text = text.strip()
    if not harmless:
        text = without_secrets(text)
    return cut(text if text.isprintable() else _CONTROL.sub(" ", text).strip(), limit) or None


@lru_cache(maxsize=1 << 14)  # rules, versions, paths: most come again and again
def _line(text: str | None, limit: int = TITLE_CHARACTERS) -> str | None:
    """The same on one line."""
    return clean(" ".join(text.split()), limit) if text else None


def _title(one: Placed) -> str | None:
    """The title on one line; most are of one problem only, so none is remembered."""
    text = " ".join(one.reported.title.split())
    return clean(text, TITLE_CHARACTERS, harmless=one.harmless)


def _finding(
    tool: str,
    kind: FindingKind,
    one: Placed,
    identity: str,
    target: Target,
    about: Attribution | None,
) -> Finding:
    problem = one.reported
    about = about or Attribution()
    kind = problem.kind or kind
    detail = problem.detail or (problem.code if kind is not FindingKind.SECRET else None)
    names: Sequence[str] = problem.identifiers
    if names:
        names = sorted({name for name in names if name and name != problem.rule})
    return Finding(
        tool=tool,
        rule=_line(problem.rule) or "unnamed",
        identity=identity,
        kind=kind.value,
        severity=problem.severity.value,
        severity_source=tool if problem.severity_source == "tool" else problem.severity_source,
        title=_title(one) or _line(problem.rule) or "unnamed",
        scope=target.scope_name,
        service=about.service or target.service,
        environment=target.seen_in,
        image_digest=about.image_digest or target.image_digest,
        revision=about.revision or target.revision,
        path=_line(one.path, 1000),
        line=problem.line,
        resource=_line(problem.resource or one.outside, 1000),
        cwe=",".join(f"CWE-{number}" for number in problem.cwes) or None,
        aliases=_line(",".join(names), 2000),
        cvss_vector=_line(problem.cvss_vector),
        cvss_score=problem.cvss_score,
        component=_line(problem.component),
        component_version=_line(problem.component_version),
        fixed_version=_line(problem.fixed_version),
        reachable=problem.reachable,
        confidence=_line(problem.confidence),
        suppressed=_line(problem.suppressed),
        reference=_line(problem.reference, 500),
        detail=clean(detail, DETAIL_CHARACTERS, harmless=one.harmless),
    )
