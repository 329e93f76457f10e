"""Kubernetes manifests of a checkout: which files hold objects, and which cannot be read.

Some of the tools give up on all files when one of them is broken, others pass over it without a
word. So the broken ones are found here first, left out of the command and named in the outcome.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.tools import file_scan
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document

_SUFFIXES = (".yaml", ".yml", ".json")
_FIELDS = (re.compile(rb'apiVersion"?\s*:'), re.compile(rb'kind"?\s*:'))
_LARGEST = 1_000_000
"""Values in one file with all references followed; a few lines can refer to billions."""
_CORE_GROUPS = frozenset({"", "apps", "autoscaling", "batch", "extensions", "policy"})
_LOCAL_GROUPS = frozenset({"kustomize.config.k8s.io"})
"""Read by command line tools only: no objects of a cluster."""


@dataclass(frozen=True, slots=True)
class Manifests:
    """Files with objects, and files that look like it but are no YAML (broken, or templates).

    ``refused`` are those that the tool cannot read, with its words.
    """

    files: tuple[str, ...]
    unreadable: tuple[str, ...]
    refused: Mapping[str, str] = field(default_factory=dict)

    @property
    def complaint(self) -> str | None:
        """What could not be read, for a reason."""
        unreadable = file_scan.named(self.unreadable)
        refused = [f"{path} ({words})" for path, words in self.refused.items()]
        return file_scan.because(
            f"no readable YAML, so not looked at: {unreadable}" if unreadable else None,
            f"given up on, so not looked at: {'; '.join(refused)}" if refused else None,
        )


def is_yaml(path: str) -> bool:
    """Whether a file's name is that of YAML or JSON."""
    return path.endswith(_SUFFIXES)


def manifests(target: Target) -> Manifests:
    """The manifests of the target."""
    found: list[str] = []
    unreadable: list[str] = []
    for path in file_scan.files(target, is_yaml):
        objects = objects_in(target.folder / path)
        if objects is None:
            unreadable.append(path)
        elif objects:
            found.append(path)
    return Manifests(tuple(found), tuple(unreadable), target.refused)


def objects_in(file: Path) -> list[Mapping[str, Any]] | None:
    """The Kubernetes objects in a file; None where they cannot be read."""
    try:
        document = Document.of_file(file)
        if not all(field.search(document.content) for field in _FIELDS):
            return []
        if _size(document.yaml_documents, {}) > _LARGEST:
            return None
        return [one for value in document.yaml_documents for one in _objects(value)]
    except (ParseError, UsageError, RecursionError):
        return None


def _size(value: object, known: dict[int, int]) -> int:
    """How many values there are, with all references followed; a circle counts as too many."""
    if not isinstance(value, dict | list):
        return 1
    if id(value) not in known:
        known[id(value)] = _LARGEST + 1  # while it is being counted: who meets it now is a circle
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = min(1 + sum(_size(one, known) for one in inner), _LARGEST + 1)
    return known[id(value)]


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    if not isinstance(value, dict):
        return
    if value.get("kind") == "List" and isinstance(value.get("items"), list):
        for item in value["items"]:
            yield from _objects(item)
    elif isinstance(value.get("kind"), str) and _is_kubernetes(value.get("apiVersion")):
        yield value


def _is_kubernetes(version: object) -> bool:
    """``v1``, ``apps/v1``, or a group that is a domain name, as those of extensions are."""
    group = version.rpartition("/")[0] if isinstance(version, str) else None
    if group is None or group in _LOCAL_GROUPS:
        return False
    return group in _CORE_GROUPS or "." in group


def reference(manifest: Mapping[str, Any]) -> str:
    """``Kind/namespace/name`` of an object, without the namespace where it has none."""
    metadata = manifest.get("metadata")
    names = metadata if isinstance(metadata, dict) else {}
    parts = (manifest.get("kind"), names.get("namespace"), names.get("name"))
    return "/".join(part for part in parts if isinstance(part, str) and part)
