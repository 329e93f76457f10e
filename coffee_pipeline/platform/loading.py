"""Reading ``platform.yaml``: safe, bounded, and with errors that name file, line and field."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.typed_yaml import (
    SIZE_LIMIT,
    Location,
    child,
    compose,
    field_of,
    line_of,
    plain,
    typed,
)


def load_platform(path: Path) -> Platform:
    """Read and validate a platform description.

    Raises:
        ConfigurationError: one line per problem, ``FILE:LINE: field: problem``.
    """
    return _load(path)[0]


def check_paths(platform: Platform, repository: Repository, sha: str, path: Path) -> None:
    """Check that modules, manifests and SLO files exist at revision ``sha``.

    A later revision may add a service before an earlier one is delivered, so packages are left to
    the build; a module folder that is missing means that the description is of something else.

    Raises:
        ConfigurationError: the first missing paths, with file, line and field of ``path``.
    """
    files = {entry.path for entry in repository.tree(sha)}
    folders = {"."}
    for file in files:
        folder = posixpath.dirname(file)
        while folder and folder not in folders:
            folders.add(folder)
            folder = posixpath.dirname(folder)
    _, root = _load(path)
    problems = []
    for location, wanted in _paths(platform):
        if wanted not in files and wanted not in folders:
            where = f"{path}:{line_of(root, location)}: {field_of(location)}"
            problems.append(f"{where}: {wanted!r} is not in {repository.path} at {sha[:12]}")
    if problems:
        raise ConfigurationError("\n".join(problems[:10]))


def _paths(platform: Platform) -> Iterator[tuple[Location, str]]:
    for number, module in enumerate(platform.modules):
        yield ("modules", number, "path"), module.path
    for number, service in enumerate(platform.services):
        for name in ("openapi", "manifests", "slos"):
            for position, file in enumerate(getattr(service, name)):
                yield ("services", number, name, position), file
        if service.dockerfile:
            yield ("services", number, "dockerfile"), service.dockerfile


def json_schema() -> dict[str, Any]:
    """The JSON schema of ``platform.yaml``."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Platform.model_json_schema(),
    }


def _load(path: Path) -> tuple[Platform, yaml.Node]:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ConfigurationError(f"{path}: larger than {SIZE_LIMIT >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); write one with "
            "'coffee-pipeline init REPOSITORY -o platform.yaml'"
        ) from error
    root = compose(str(path), content)
    if root is None:
        raise ConfigurationError(f"{path}:1: empty; it needs at least a name")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(f"{path}:1: must be a mapping with keys such as name and services")
    _check_names(path, root)
    return typed(Platform, str(path), root, plain(str(path), root)), root


def _check_names(path: Path, root: yaml.Node) -> None:
    """Refuse two services of one name, at the line of the second."""
    first: dict[str, int] = {}
    services = child(root, "services")
    for service in services.value if isinstance(services, yaml.SequenceNode) else ():
        name = child(service, "name")
        if isinstance(name, yaml.ScalarNode):
            line = name.start_mark.line + 1
            if name.value in first:
                raise ConfigurationError(
                    f"{path}:{line}: services: the name {name.value!r} is used already in line "
                    f"{first[name.value]}; names must be unique"
                )
            first[name.value] = line
