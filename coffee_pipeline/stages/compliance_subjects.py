"""Subjects of policies: a service with the evidence of this revision, and the platform.

Evidence that is not there is None, never a default: the policies then say ``not_evaluated``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coffee_pipeline.errors import ConfigurationError, ParseError, UsageError
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.platform.description import Service
from coffee_pipeline.platform.dockerfile import final_user
from coffee_pipeline.platform.documents import read_documents
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.reviews import COMMITS_LIMIT, commit_reviews
from coffee_pipeline.policy.release_gate import GateEvidence
from coffee_pipeline.slo import specifications
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.gate import gate_evidence
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping
from coffee_pipeline.tools.opa_compliance import Subject

_OWNER_FILES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
_ACTION_FILES = ("action.yml", "action.yaml")
_DOCKERFILE_LIMIT = 1 << 20


def service_subject(context: StageContext, service: Service) -> Subject:
    """The service: its files in the checkout, and what the history has of this revision."""
    checkout = context.checkout()
    evidence = gate_evidence(context.history, service, context.revision)
    run = evidence.test_run
    facts: dict[str, Any] = {
        "service": service.name,
        "type": service.kind,
        "module": service.module,
        "slos": _objectives(checkout, service),
        "tests": run and {"outcome": run.outcome, "passed": run.passed,
                          "failed": run.failed + run.timed_out + run.panicked},
        "coverage": run and {"percent": run.coverage_percent, "complete": run.coverage_complete,
                             "floor": context.platform.gates.coverage_minimum_percent},
        "scans": _scans(evidence),
        "critical_findings": [
            {"tool": one.tool, "rule": one.rule}
            for one in evidence.open_findings
            if one.severity == Severity.CRITICAL and not getattr(one, "suppressed", None)
        ],
        "image": next(
            ({"digest": one.digest, "signatures": None}
             for one in evidence.artifacts if one.kind == "image"), None,
        ),
        "dockerfile": _dockerfile(checkout, service.dockerfile),
        "code_owners": _owners(checkout, service),
    }  # fmt: skip
    return Subject(id=f"service:{service.name}", kind="service", facts=facts)


def _objectives(checkout: Path, service: Service) -> dict[str, Any]:
    names: list[str] = []
    problems: list[str] = []
    for path in service.slos:
        try:
            names += [slo.name for slo in specifications.read([Path(path)], checkout)]
        except ConfigurationError as error:
            problems.append(str(error).splitlines()[0])
    return {"files": service.slos, "names": names, "problems": problems}


def _scans(evidence: GateEvidence) -> list[dict[str, str]] | None:
    """How each required scanner ended; None where none has run, ``completed`` if it once did."""
    if not evidence.scans:
        return None
    return [
        {"tool": tool, "outcome": _outcome([one for one in evidence.scans if one.tool == tool])}
        for tool in evidence.required_tools
    ]


def _outcome(scans: list[Scan]) -> str:
    if any(one.outcome == Outcome.COMPLETED for one in scans):
        return Outcome.COMPLETED.value
    last = max(scans, key=lambda one: one.finished_at, default=None)
    return last.outcome if last else Outcome.NOT_RUN.value


def _inside(checkout: Path, path: str) -> Path | None:
    """The file, unless it is missing or leads out of the checkout."""
    file = checkout / path
    inside = file.is_file() and file.resolve().is_relative_to(checkout.resolve())
    return file if inside else None


def _dockerfile(checkout: Path, path: str | None) -> dict[str, Any] | None:
    if path is None:
        return None
    file = _inside(checkout, path)
    if file is None:
        return {"path": path, "problem": f"{path}: is not there"}
    with file.open("rb") as stream:
        text = stream.read(_DOCKERFILE_LIMIT).decode("utf-8", "replace")
    return {"path": path, "user": final_user(text)}


def _owners(checkout: Path, service: Service) -> dict[str, Any]:
    """Owners as the hosting service reads them: the first of its places that has the file."""
    path = next((one for one in _OWNER_FILES if _inside(checkout, one)), None)
    if path is None:
        return {"file": None, "owners": []}
    notes: list[str] = []
    owners = read_documents(checkout, [path], notes).owners(service.module)
    return {"file": path, "owners": owners}


def platform_subject(context: StageContext) -> Subject:
    """The platform: its workflows, and the commits that are delivered."""
    repository = Repository(context.repository)
    base = context.base_revision
    revisions = [context.revision]
    if base and base != context.revision and repository.has(base):
        revisions = repository.commits_between(base, context.revision) or revisions
    commits = commit_reviews(context.repository, revisions[:COMMITS_LIMIT])
    facts = {
        "workflows": _workflows(context.checkout()),
        "commits": [
            {"revision": one.revision, "author": one.author, "committer": one.committer,
             "reviewers": one.reviewers}
            for one in commits
        ],
    }  # fmt: skip
    return Subject(id=f"platform:{context.platform.name}", kind="platform", facts=facts)


def _workflows(checkout: Path) -> dict[str, Any]:
    """The actions that GitHub workflows and the repository's own actions use, with their files."""
    paths = sorted(
        file.relative_to(checkout).as_posix()
        for pattern in (".github/workflows/*.y*ml", ".github/actions/**/action.y*ml")
        for file in checkout.glob(pattern)
    )
    paths += [name for name in _ACTION_FILES if (checkout / name).is_file()]
    uses: list[dict[str, str]] = []
    problems: list[str] = []
    for path in paths:
        file = _inside(checkout, path)
        if file is None:
            problems.append(f"{path}: leads out of the repository")
            continue
        try:
            contents = Document.of_file(file).yaml_documents
        except (ParseError, UsageError) as error:
            problems.append(str(error).removeprefix(f"{checkout}/"))
            continue
        uses += [{"file": path, "uses": one} for content in contents for one in _uses(content)]
    return {"files": paths, "uses": uses, "problems": problems}


def _uses(content: object) -> Iterator[str]:
    """``uses`` of jobs (reusable workflows), of their steps, and of the steps of an action."""
    document = mapping(content)
    jobs = [mapping(job) for job in mapping(document.get("jobs")).values()]
    callers: list[Mapping[str, Any]] = [*jobs, mapping(document.get("runs"))]
    for caller in callers:
        steps = [mapping(step) for step in items(caller.get("steps"))]
        for one in (caller, *steps):
            if isinstance(one.get("uses"), str):
                yield one["uses"]
