"""Scans of the whole repository: secrets, infrastructure as code, and rules for code.

They are done once in a delivery. What they find is given to the service whose folder or document
it lies in; the rest belongs to the platform.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from coffee_pipeline.home import policies_folder
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.scanner import chosen, scan
from coffee_pipeline.tools import (
    checkov,
    conftest,
    gator,
    gitleaks,
    hadolint,
    kube_score,
    kubeconform,
    kubernetes_schemas,
    semgrep,
    zizmor,
)
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.registry import SCANNERS

SCOPE = "platform:repository"
"""Scope of a scan of the whole repository."""

TOOLS = {
    "code_scan": (semgrep.NAME,),
    "secret_scan": (gitleaks.NAME,),
    "infrastructure_scan": (
        checkov.NAME, conftest.NAME, gator.NAME, hadolint.NAME, kube_score.NAME, kubeconform.NAME,
        zizmor.NAME,
    ),
}  # fmt: skip
"""Step -> the scanners that it runs."""

_POLICIES = {conftest.NAME: "conftest", gator.NAME: "gatekeeper"}
"""Scanner -> the folder of the pipeline's policies that it evaluates."""


def repository_scan(context: StageContext, step: str) -> list[Evidence]:
    """Every chosen scanner of ``step`` over the checkout, as many at a time as there are cores."""
    tools = [name for name in TOOLS[step] if chosen(context.platform, name)]
    if tools:
        context.checkout()  # once, before threads ask for it
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(lambda name: _scan(context, name), tools))


def _scan(context: StageContext, name: str) -> Evidence:
    nowhere = Target(
        checkout=context.repository, module=".", revision=context.revision, scope=SCOPE
    )
    key = f"scan/{name}/{SCOPE}@{context.revision}"
    evidence = scan(context, SCANNERS[name], key, lambda: _target(context, name), nowhere)
    return with_services(evidence, context.platform)


def _target(context: StageContext, name: str) -> Target:
    return Target(
        checkout=context.checkout(),
        module=".",
        revision=context.revision,
        timeout_seconds=context.platform.go.scan_timeout_seconds,
        settings=_settings(context, name),
        scope=SCOPE,
    )


def _settings(context: StageContext, name: str) -> dict[str, str]:
    """Rules, policies, schemas and databases, where they are to be had."""
    security, own = context.platform.security, policies_folder("semgrep")
    rules = [str(context.base / folder) for folder in security.semgrep_rules]
    settings = {}
    if own is not None:
        rules.insert(0, str(own))
    if name == kubeconform.NAME:
        schemas = kubernetes_schemas.schemas(security.kubernetes, context.home.cache / "schemas")
        settings["schemas"] = str(schemas)
    policies = policies_folder(_POLICIES[name]) if name in _POLICIES else None
    if policies is not None:
        settings["policies"] = str(policies)
    if rules:
        settings[semgrep.RULES] = os.pathsep.join(rules)
    return settings


def with_services(evidence: Evidence, platform: Platform) -> Evidence:
    """The evidence with every finding given to the one service whose file it is in."""
    records = tuple(
        replace(record, service=service_of(record.path, platform))
        if isinstance(record, Finding) and record.service is None and record.path
        else record
        for record in evidence.records
    )
    return replace(evidence, records=records)


def service_of(path: str, platform: Platform) -> str | None:
    """The one service that a file belongs to: by its documents, else by its module."""
    by_document = [
        service.name
        for service in platform.services
        if any(_holds(listed, path) for listed in _documents(service))
    ]
    if by_document:
        return by_document[0] if len(by_document) == 1 else None
    modules = [m.path for m in platform.modules if m.path != "." and _holds(m.path, path)]
    module = max(modules, key=len, default=".")
    inside = [service.name for service in platform.services if service.module == module]
    return inside[0] if len(inside) == 1 else None


def _documents(service: Service) -> Sequence[str]:
    listed = [*service.openapi, *service.manifests, *service.slos]
    return [*listed, service.dockerfile] if service.dockerfile else listed


def _holds(place: str, path: str) -> bool:
    return path == place or path.startswith(f"{place}/")
