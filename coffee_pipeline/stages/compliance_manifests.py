"""Subjects of policies: the Kubernetes objects of a service, as plain files of the checkout.

Kustomize is not run: bases are judged as they are written, and what overlays change is not seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.tools import file_scan, manifests
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.opa_compliance import Subject

_NAME_LABEL = "app.kubernetes.io/name"
_SNIFFED_BYTES = 4 << 20


def manifest_subjects(context: StageContext, service: Service) -> tuple[list[Subject], list[str]]:
    """The objects in the service's manifests, and what of them could not be read.

    Objects that carry the name of another service of the platform are left to that one.
    """
    checkout = context.checkout()
    target = Target(
        checkout=checkout, module=".", revision=context.revision, packages=service.manifests
    )
    if not service.manifests:
        return [], []
    missing = file_scan.missing_files(target)
    found = manifests.manifests(target)
    problems = [f"{path}: is not there" for path in missing]
    problems += [f"{path}: no readable YAML" for path in found.unreadable]
    others = {one.name for one in context.platform.services} - {service.name}
    policies = network_policies(checkout)
    subjects: list[Subject] = []
    names: Counter[str] = Counter()
    for path in found.files:
        for content in manifests.objects_in(checkout / path) or ():
            if _label(content) in others:
                continue
            name = f"manifest:{path}#{manifests.reference(content)}"
            names[name] += 1
            if names[name] > 1:  # the same object twice in one file
                name = f"{name}#{names[name]}"
            facts = {"service": service.name, "object": content, "network_policies": policies}
            subjects.append(Subject(id=name, kind="manifest", facts=facts, path=path))
    return subjects, problems


def _label(content: Mapping[str, Any]) -> str | None:
    metadata = content.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    name = labels.get(_NAME_LABEL) if isinstance(labels, dict) else None
    return name if isinstance(name, str) else None


@lru_cache(maxsize=4)
def network_policies(checkout: Path) -> Sequence[Mapping[str, Any]]:
    """The NetworkPolicy objects of a checkout, which does not change: every service asks."""
    target = Target(checkout=checkout, module=".", revision="")
    return tuple(
        {"metadata": content.get("metadata"), "spec": content.get("spec")}
        for path in file_scan.files(target, manifests.is_yaml)
        if _mentions(checkout / path, b"NetworkPolicy")
        for content in manifests.objects_in(checkout / path) or ()
        if content.get("kind") == "NetworkPolicy"
    )


def _mentions(file: Path, word: bytes) -> bool:
    try:
        with file.open("rb") as stream:
            return word in stream.read(_SNIFFED_BYTES)
    except OSError:
        return False
