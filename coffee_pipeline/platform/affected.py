"""Which services a revision affects: those whose module, or one it depends on, has changed."""

from __future__ import annotations

import hashlib
import posixpath
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from coffee_pipeline.model.source import ServiceRevision
from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.git import Repository, TreeEntry
from coffee_pipeline.platform.modules import local_dependencies, parse_go_mod

_WORKSPACE_FILES = ("go.work", "go.work.sum")


def module_of(path: str, modules: Iterable[str]) -> str | None:
    """The innermost of ``modules`` (folders) that holds ``path``; None for none."""
    holding = [m for m in modules if m == "." or path == m or path.startswith(f"{m}/")]
    return max(holding, key=lambda folder: 0 if folder == "." else len(folder), default=None)


@dataclass(frozen=True)
class _Standing:
    """A revision's modules: the digest of each one's own files, and what each depends on."""

    digests: Mapping[str, str]
    dependencies: Mapping[str, frozenset[str]]
    workspace: str

    def input_digest(self, module: str) -> str:
        parts = [f"workspace {self.workspace}"]
        needed = sorted({module, *self.dependencies.get(module, ())})
        parts += [f"{folder} {self.digests.get(folder, 'absent')}" for folder in needed]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _digest(entries: Iterable[TreeEntry]) -> str:
    lines = sorted(f"{entry.mode} {entry.object_id} {entry.path}" for entry in entries)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _standing(platform: Platform, repository: Repository, sha: str) -> _Standing:
    folders = [module.path for module in platform.modules]
    entries = repository.tree(sha)
    own: defaultdict[str, list[TreeEntry]] = defaultdict(list)
    paths = {entry.path for entry in entries}
    # go.mod files that the description does not list still end a module.
    nested = {posixpath.dirname(p) or "." for p in paths if posixpath.basename(p) == "go.mod"}
    known = sorted({*folders, *nested})
    by_folder: dict[str, str | None] = {}
    for entry in entries:
        folder = posixpath.dirname(entry.path)
        if folder not in by_folder:
            by_folder[folder] = module_of(folder or ".", known)
        owner = by_folder[folder]
        if owner is not None:
            own[owner].append(entry)
    works = [p for p in paths if posixpath.basename(p) == "go.work"]
    mods = [posixpath.normpath(posixpath.join(folder, "go.mod")) for folder in known]
    contents = repository.read(sha, [*mods, *works])
    modules = {
        folder: parse_go_mod(contents[path])
        for folder, path in zip(known, mods, strict=True)
        if path in contents
    }
    workspaces = {posixpath.dirname(path) or ".": contents[path] for path in works}
    return _Standing(
        digests={folder: _digest(files) for folder, files in own.items()},
        dependencies=local_dependencies(modules, workspaces),
        workspace=_digest(e for e in entries if e.path in _WORKSPACE_FILES),
    )


def affected(
    platform: Platform, repository: Repository, base: str | None, sha: str
) -> list[ServiceRevision]:
    """How every service stands at ``sha``, and whether that differs from ``base``.

    A file outside every module (a README at the root) affects nobody; ``go.work`` affects all.
    """
    now = _standing(platform, repository, sha)
    before = _standing(platform, repository, base) if base else None
    return [_service(platform, service, sha, base, now, before) for service in platform.services]


def _service(
    platform: Platform,
    service: Service,
    sha: str,
    base: str | None,
    now: _Standing,
    before: _Standing | None,
) -> ServiceRevision:
    digest = now.input_digest(service.module)
    is_affected = before is None or before.input_digest(service.module) != digest
    return ServiceRevision(
        platform=platform.name,
        revision=sha,
        service=service.name,
        kind=service.kind,
        module=service.module,
        package=service.package,
        input_digest=digest,
        affected=is_affected,
        base_revision=base,
        reason=_reason(service.module, base, now, before),
    )


def _reason(module: str, base: str | None, now: _Standing, before: _Standing | None) -> str:
    if before is None or base is None:
        return "first delivery: there is no earlier revision to compare with"
    if before.digests.get(module) != now.digests.get(module):
        return f"{module} changed since {base[:12]}"
    needed = sorted(now.dependencies.get(module, ()))
    changed = [m for m in needed if before.digests.get(m) != now.digests.get(m)]
    if changed:
        return f"depends on {', '.join(changed)}, changed since {base[:12]}"
    if before.workspace != now.workspace:
        return f"go.work changed since {base[:12]}"
    if before.input_digest(module) != now.input_digest(module):
        return f"its dependencies within the platform changed since {base[:12]}"
    return f"neither {module} nor what it depends on changed since {base[:12]}"
