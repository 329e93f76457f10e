"""Files that say something about services: Dockerfiles, OpenAPI, manifests, SLOs, CODEOWNERS.

They are told by content, not by name, and given to the service whose folder holds them or whose
name they carry.
"""

from __future__ import annotations

import fnmatch
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from coffee_pipeline.platform.yaml_depth import check_depth

SIZE_LIMIT = 4 << 20
_APP_LABEL = "app.kubernetes.io/name"


@dataclass
class Belonging:
    """The documents of one service."""

    dockerfile: str | None = None
    openapi: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    slos: tuple[str, ...] = ()


@dataclass
class Documents:
    """Every document of a repository; ``labels`` are the service names a manifest carries."""

    dockerfiles: list[str] = field(default_factory=list)
    openapi: list[str] = field(default_factory=list)
    manifests: list[str] = field(default_factory=list)
    slos: list[str] = field(default_factory=list)
    labels: dict[str, set[str]] = field(default_factory=dict)
    ownership: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def by_service(self, folders: Mapping[str, tuple[str, str]]) -> Mapping[str, Belonging]:
        """Documents by service; ``folders`` maps a name to its package and module folders."""
        found = {name: Belonging() for name in folders}
        for kind in ("openapi", "manifests", "slos"):
            for path in getattr(self, kind):
                for name in self._services_of(path, folders):
                    mine = found[name]
                    setattr(mine, kind, (*getattr(mine, kind), path))
        for path in self.dockerfiles:
            for name in self._services_of(path, folders):
                found[name].dockerfile = found[name].dockerfile or path
        return found

    def owners(self, folder: str) -> tuple[str, ...]:
        """Owners of a folder: the last matching line of CODEOWNERS, as GitHub reads it."""
        for pattern, owners in reversed(self.ownership):
            if _owns(pattern, folder):
                return owners
        return ()

    def _services_of(self, path: str, folders: Mapping[str, tuple[str, str]]) -> list[str]:
        by_label = [name for name in folders if name in self.labels.get(path, ())]
        if by_label:
            return by_label
        by_suffix = [n for n in folders if posixpath.basename(path) in _dockerfile_names(n)]
        if by_suffix:
            return by_suffix
        inside = [n for n, (package, _) in folders.items() if _holds(package, path)]
        if inside:
            return [max(inside, key=lambda name: len(folders[name][0]))]
        in_module = [n for n, (_, module) in folders.items() if _holds(module, path)]
        deepest = max((len(folders[n][1]) for n in in_module), default=0)
        in_module = [n for n in in_module if len(folders[n][1]) == deepest]
        if len(in_module) == 1:
            return in_module
        parts = path.split("/")[:-1]
        by_folder = [name for name in folders if name in parts]
        if by_folder or len(folders) != 1:
            return by_folder
        return list(folders)  # a repository of one service: every document is its own


def _dockerfile_names(name: str) -> tuple[str, ...]:
    return (f"Dockerfile.{name}", f"Dockerfile-{name}", f"{name}.Dockerfile")


def _holds(folder: str, path: str) -> bool:
    return folder != "." and path.startswith(f"{folder}/")


def _owns(pattern: str, folder: str) -> bool:
    bare = pattern.strip("/").removesuffix("/**").removesuffix("/*")
    if bare in ("", "*", "**"):
        return True
    if fnmatch.fnmatchcase(folder, bare) or f"{folder}/".startswith(f"{bare}/"):
        return True
    return "/" not in pattern.strip("/") and bare in folder.split("/")


def read_documents(repository: Path, files: Sequence[str], notes: list[str]) -> Documents:
    """Read every document below ``repository``; what cannot be read is noted and left out."""
    found = Documents()
    for path in files:
        base = posixpath.basename(path)
        if base.startswith(("Dockerfile", "Containerfile")) or base.endswith(".Dockerfile"):
            if not base.endswith((".bak", ".orig", ".dockerignore", "~")):
                found.dockerfiles.append(path)
        elif base == "CODEOWNERS" and not found.ownership:
            found.ownership = _read_owners(repository / path)
        elif base.endswith((".yaml", ".yml", ".json")):
            _read_yaml(repository, path, found, notes)
    return found


def _read_owners(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    lines = path.read_text("utf-8", "replace").splitlines()
    words = [line.split("#")[0].split() for line in lines]
    return [(line[0], tuple(line[1:])) for line in words if len(line) > 1]


def _read_yaml(repository: Path, path: str, found: Documents, notes: list[str]) -> None:
    file = repository / path
    if file.stat().st_size > SIZE_LIMIT:
        notes.append(f"{path}: larger than {SIZE_LIMIT >> 20} MiB; not looked into")
        return
    text = file.read_bytes()
    if not any(word in text for word in (b"apiVersion", b"openapi", b"swagger")):
        return
    if b"{{" in text and b"apiVersion" in text:
        notes.append(f"{path}: a template, not YAML yet; left out")
        return
    try:
        check_depth(text)
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        notes.append(f"{path}: not YAML ({str(error).splitlines()[0]}); left out")
        return
    for document in documents:
        if isinstance(document, dict):
            _classify(path, document, found)


def _classify(path: str, document: Mapping[object, object], found: Documents) -> None:
    version = str(document.get("apiVersion", ""))
    if "openapi" in document or "swagger" in document:
        _add(found.openapi, path)
    elif version.startswith("openslo/"):
        _add(found.slos, path)
    elif version and document.get("kind") and "kustomize" not in version:
        _add(found.manifests, path)
    metadata, spec = document.get("metadata"), document.get("spec")
    if isinstance(metadata, dict):
        labels = metadata.get("labels")
        if isinstance(labels, dict) and _APP_LABEL in labels:
            found.labels.setdefault(path, set()).add(str(labels[_APP_LABEL]))
    if isinstance(spec, dict) and isinstance(spec.get("service"), str):
        found.labels.setdefault(path, set()).add(spec["service"])


def _add(paths: list[str], path: str) -> None:
    if path not in paths:
        paths.append(path)
