"""Which services a revision affects: those whose module, or one it depends on, has changed."""

from __future__ import annotations

import hashlib
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from coffee_pipeline.model.source import ServiceRevision
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.git import Repository, TreeEntry
from coffee_pipeline.platform.git_command import readable
from coffee_pipeline.platform.modules import local_dependencies, parse_go_mod

_WORKSPACE_FILES = ("go.work", "go.work.sum")
_NOT_PACKAGES = {"vendor", "testdata"}
"""Folders the go command looks for no packages in; a module there is data of the one around it."""

Files = Mapping[str, TreeEntry]


def module_of(path: str, modules: Iterable[str]) -> str | None:
    """The innermost of ``modules`` (folders) that holds ``path``; None for none."""
    holding = [m for m in modules if m == "." or path == m or path.startswith(f"{m}/")]
    return max(holding, key=lambda folder: 0 if folder == "." else len(folder), default=None)


def is_data(folder: str) -> bool:
    """Whether the go command looks for no packages in ``folder`` or above it."""
    parts = folder.split("/") if folder != "." else []
    return any(part in _NOT_PACKAGES or part.startswith((".", "_")) for part in parts)


@dataclass(frozen=True)
class _Standing:
    """A revision: every module's own files, what each depends on, and the files beside them."""

    modules: Mapping[str, Files]
    dependencies: Mapping[str, frozenset[str]]
    files: Files

    def needed(self, module: str) -> list[str]:
        return sorted(self.dependencies.get(module, ()))

    def workspace(self) -> Files:
        return {path: self.files[path] for path in _WORKSPACE_FILES if path in self.files}

    def listed(self, service: Service) -> Files:
        """The service's documents outside its module, such as manifests; folders hold theirs."""
        own = self.modules.get(service.module, {})
        wanted = documents_of(service)
        found = {path: self.files[path] for path in wanted if path in self.files}
        for folder in (path for path in wanted if path not in self.files):
            found |= {p: e for p, e in self.files.items() if p.startswith(f"{folder}/")}
        return {path: entry for path, entry in found.items() if path not in own}

    def input_digest(self, service: Service) -> str:
        folders = [service.module, *self.needed(service.module)]
        parts = [f"workspace {_digest(self.workspace().values())}"]
        parts += [f"{f} {_digest(self.modules.get(f, {}).values())}" for f in sorted(folders)]
        parts += [f"listed {_digest(self.listed(service).values())}"]
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


def _digest(entries: Iterable[TreeEntry]) -> str:
    lines = sorted(f"{entry.mode} {entry.object_id} {entry.path}" for entry in entries)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _standing(platform: Platform, repository: Repository, sha: str) -> _Standing:
    folders = frozenset(module.path for module in platform.modules)
    return _standing_of(folders, repository.path, sha)


@lru_cache(maxsize=4)
def _standing_of(folders: frozenset[str], place: Path, sha: str) -> _Standing:
    """A commit does not change, and every service of a delivery asks for the same two."""
    repository = Repository(place)
    files = {entry.path: entry for entry in repository.tree(sha)}
    mods = {posixpath.dirname(p) or "." for p in files if posixpath.basename(p) == "go.mod"}
    # A go.mod that the description does not list still ends the module around it.
    known = sorted(folders | {folder for folder in mods if not is_data(folder)})
    own: defaultdict[str, dict[str, TreeEntry]] = defaultdict(dict)
    by_folder: dict[str, str | None] = {}
    for path, entry in files.items():
        folder = posixpath.dirname(path)
        if folder not in by_folder:
            by_folder[folder] = module_of(folder or ".", known)
        owner = by_folder[folder]
        if owner is not None:
            own[owner][path] = entry
    works = [path for path in files if posixpath.basename(path) == "go.work"]
    manifests = {folder: posixpath.normpath(posixpath.join(folder, "go.mod")) for folder in known}
    contents = repository.read(sha, [*manifests.values(), *works])
    modules = {
        folder: parse_go_mod(contents[path])
        for folder, path in manifests.items()
        if path in contents
    }
    workspaces = {posixpath.dirname(path) or ".": contents[path] for path in works}
    return _Standing(own, local_dependencies(modules, workspaces), files)


class Inputs:
    """Which services each file of a revision is an input of."""

    def __init__(self, platform: Platform, repository: Repository, sha: str) -> None:
        """Read how the services stand at ``sha``.

        Raises:
            RepositoryError: there is no ``sha``.
        """
        standing = _standing(platform, repository, sha)
        self._everyone = frozenset(service.name for service in platform.services)
        self._of_module: defaultdict[str, set[str]] = defaultdict(set)
        self._listed: defaultdict[str, set[str]] = defaultdict(set)
        for service in platform.services:
            for module in (service.module, *standing.needed(service.module)):
                self._of_module[module].add(service.name)
            for path in documents_of(service):
                self._listed[path].add(service.name)
        self._modules = {*standing.modules, *self._of_module}
        self._module_of_folder: dict[str, str | None] = {}

    def services(self, path: str) -> frozenset[str]:
        """The services that a change of the file at ``path`` affects; it need not exist."""
        if path in _WORKSPACE_FILES:
            return self._everyone
        folder = posixpath.dirname(path) or "."
        if folder not in self._module_of_folder:
            self._module_of_folder[folder] = module_of(folder, self._modules)
        found = set(self._of_module.get(self._module_of_folder[folder] or "", ()))
        for document, services in self._listed.items():
            if path == document or path.startswith(f"{document}/"):
                found |= services
        return frozenset(found)


def documents_of(service: Service) -> tuple[str, ...]:
    """The files and folders that the description lists for a service, beside its module."""
    own = (service.dockerfile,) if service.dockerfile else ()
    return (*service.openapi, *service.manifests, *service.slos, *own)


def affected(
    platform: Platform, repository: Repository, base: str | None, sha: str
) -> list[ServiceRevision]:
    """How every service stands at ``sha``, and whether that differs from ``base``.

    What counts are the files of its module and of the platform's modules that one depends on,
    ``go.work``, and the documents that the description lists for the service. Any other file (a
    README at the root) affects nobody. A ``base`` that the repository does not have (a forced
    push, a shallow clone) counts as none. A service whose module ``sha`` lacks is not affected.

    Raises:
        RepositoryError: there is no ``sha``.
    """
    now = _standing(platform, repository, sha)
    before = _standing(platform, repository, base) if base and repository.has(base) else None
    found = []
    for service in platform.services:
        digest = now.input_digest(service)
        found.append(
            ServiceRevision(
                platform=platform.name,
                revision=sha,
                service=service.name,
                kind=service.kind,
                module=service.module,
                package=service.package,
                input_digest=digest,
                affected=service.module in now.modules
                and (before is None or before.input_digest(service) != digest),
                base_revision=base,
                reason=_reason(service, base, now, before),
            )
        )
    return found


def _reason(service: Service, base: str | None, now: _Standing, before: _Standing | None) -> str:
    if service.module not in now.modules:
        return f"{service.module} is not in this revision"
    if base is None:
        return "first delivery: there is no earlier revision to compare with"
    since = f"since {base[:12]}"
    if before is None:
        return f"{base[:12]} is not in the repository (any more): nothing to compare with"
    module = service.module
    if changed := _changed(before.modules.get(module, {}), now.modules.get(module, {})):
        return f"{module} changed {since}: {_counted(changed)}"
    needed = [
        folder
        for folder in now.needed(module)
        if _changed(before.modules.get(folder, {}), now.modules.get(folder, {}))
    ]
    if needed:
        return f"depends on {', '.join(needed)}, which changed {since}"
    if changed := _changed(before.workspace(), now.workspace()):
        return f"{', '.join(changed)} changed {since}"
    if changed := _changed(before.listed(service), now.listed(service)):
        return f"its documents changed {since}: {_counted(changed)}"
    if before.needed(module) != now.needed(module):
        return f"its dependencies within the platform changed {since}"
    return f"neither {module} nor what it depends on changed {since}"


def _changed(before: Files, now: Files) -> list[str]:
    return sorted(path for path in {*before, *now} if before.get(path) != now.get(path))


def _counted(paths: list[str]) -> str:
    return readable(paths[0]) if len(paths) == 1 else f"{len(paths)} files"
