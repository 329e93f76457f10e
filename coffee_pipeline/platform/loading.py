"""Reading ``platform.yaml``: safe, bounded, and with errors that name file, line and field."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.yaml_depth import check_depth

SIZE_LIMIT = 8 << 20
NODE_LIMIT = 500_000
"""Nodes after alias expansion: a few kilobytes of YAML can stand for billions."""

Location = tuple[str | int, ...]


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
            where = f"{path}:{_line(root, location)}: {_field(location)}"
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
    root = _compose(path)
    _check_nodes(path, root)
    _check_names(path, root)
    try:
        data = yaml.SafeLoader.construct_document(_Constructor(), root)
    except (yaml.constructor.ConstructorError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None) or root.start_mark
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(f"{path}:{mark.line + 1}: {problem}") from error
    try:
        return Platform.model_validate(data), root
    except ValidationError as error:
        lines = [_problem(path, root, item) for item in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(lines[:10])) from error


class _Constructor(yaml.SafeLoader):
    """Builds plain values from a composed document."""

    def __init__(self) -> None:
        super().__init__("")


def _compose(path: Path) -> yaml.Node:
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ConfigurationError(f"{path}: larger than {SIZE_LIMIT >> 20} MiB")
        text = path.read_text(encoding="utf-8")
        check_depth(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); write one with "
            "'coffee-pipeline init REPOSITORY -o platform.yaml'"
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(f"{path}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path}: not YAML: {str(error).splitlines()[0]}") from error
    if root is None:
        raise ConfigurationError(f"{path}:1: empty; it needs at least a name")
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(f"{path}:1: must be a mapping with keys such as name and services")
    return root


def _check_nodes(path: Path, root: yaml.Node) -> None:
    """Refuse keys given twice, and documents that aliases blow up."""
    pending, seen = [root], 0
    while pending:
        node = pending.pop()
        seen += 1
        if seen > NODE_LIMIT:
            raise ConfigurationError(f"{path}: too many nodes once its aliases are expanded")
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if key.value in keys and isinstance(key, yaml.ScalarNode):
                    line = key.start_mark.line + 1
                    raise ConfigurationError(f"{path}:{line}: {key.value}: key given twice")
                if isinstance(key, yaml.ScalarNode):
                    keys.add(key.value)
                pending.append(value)


def _check_names(path: Path, root: yaml.Node) -> None:
    """Refuse two services of one name, at the line of the second."""
    first: dict[str, int] = {}
    services = _value(root, "services")
    for service in services.value if isinstance(services, yaml.SequenceNode) else ():
        name = _value(service, "name")
        if isinstance(name, yaml.ScalarNode):
            line = name.start_mark.line + 1
            if name.value in first:
                raise ConfigurationError(
                    f"{path}:{line}: services: the name {name.value!r} is used already in line "
                    f"{first[name.value]}; names must be unique"
                )
            first[name.value] = line


def _value(node: yaml.Node, key: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                found: yaml.Node = value
                return found
    return None


def _line(root: yaml.Node, location: Location) -> int:
    """The line of the deepest node on the way to ``location``."""
    node, line = root, root.start_mark.line
    for step in location:
        if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
            node = node.value[step]
            line = node.start_mark.line
        elif isinstance(node, yaml.MappingNode):
            match = [(key, value) for key, value in node.value if key.value == str(step)]
            if not match:
                break
            line = match[0][0].start_mark.line
            node = match[0][1]
        else:
            break
    return line + 1


def _field(location: Location) -> str:
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".") or "platform"


def _problem(path: Path, root: yaml.Node, item: Any) -> str:
    location: Location = item["loc"]
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        name = str(location[-1])
        close = difflib.get_close_matches(name, _known_keys(location[:-1]), 1)
        message = "unknown key" + (f"; did you mean {close[0]!r}?" if close else "")
    elif item["type"] == "missing":
        message = "missing"
    elif not isinstance(item.get("input"), dict | list):
        message += f" (found {item.get('input')!r})"
    return f"{path}:{_line(root, location)}: {_field(location)}: {message}"


def _known_keys(location: Location) -> list[str]:
    """Keys of the model at ``location``."""
    model: Any = Platform
    for step in location:
        if isinstance(step, int):
            continue
        annotation = model.model_fields[step].annotation
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)
