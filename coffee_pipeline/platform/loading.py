"""Reading ``platform.yaml``: safe, bounded, and with errors that name file, line and field."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.consistency import Location, inconsistencies, suggestion
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.yaml_tree import trees, value

SIZE_LIMIT = 8 << 20
PROBLEMS_SHOWN = 10

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


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
        platform = Platform.model_validate(value(root))
    except ValidationError as error:
        found = [_problem(path, root, item) for item in error.errors(include_url=False)]
    except (yaml.MarkedYAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None) or root.start_mark
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(f"{path}:{mark.line + 1}: {problem}") from error
    else:
        found = [
            f"{path}:{_line(root, location)}: {_field(location)}: {problem}"
            for location, problem in inconsistencies(platform)
        ]
        if not found:
            return platform, root
    raise ConfigurationError("\n".join(found[:PROBLEMS_SHOWN]))


def _compose(path: Path) -> yaml.Node:
    text = _text(path)
    try:
        roots = list(trees(text))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: not YAML: {error.problem}") from error
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        raise ConfigurationError(f"{path}:{line}: not YAML: {error.reason}") from error
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path}: not YAML: {str(error).splitlines()[0]}") from error
    if not roots:
        raise ConfigurationError(f"{path}:1: empty; it needs at least a name")
    if len(roots) > 1:
        line = roots[1].start_mark.line + 1
        raise ConfigurationError(f"{path}:{line}: a second document; one file is one platform")
    if not isinstance(roots[0], yaml.MappingNode):
        raise ConfigurationError(f"{path}:1: must be a mapping with keys such as name and services")
    return roots[0]


def _text(path: Path) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read ({error.strerror}); write one with "
            "'coffee-pipeline init REPOSITORY -o platform.yaml'"
        ) from error
    if len(raw) > SIZE_LIMIT:
        raise ConfigurationError(f"{path}: larger than {SIZE_LIMIT >> 20} MiB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ConfigurationError(f"{path}:{line}: not UTF-8 text (byte {error.start})") from error


def _check_nodes(path: Path, root: yaml.Node) -> None:
    """Refuse keys given twice, keys that are no plain words, and control characters."""
    pending, seen = [root], {id(root)}
    while pending:
        node = pending.pop()
        children = node.value if isinstance(node, yaml.SequenceNode) else []
        if isinstance(node, yaml.MappingNode):
            _check_keys(path, node)
            children = [child for _, child in node.value]
        elif isinstance(node, yaml.ScalarNode) and _CONTROL.search(node.value):
            line = node.start_mark.line + 1
            raise ConfigurationError(f"{path}:{line}: {node.value!r} has a control character")
        for child in children:
            if id(child) not in seen:
                seen.add(id(child))
                pending.append(child)


def _check_keys(path: Path, node: yaml.MappingNode) -> None:
    keys: set[str] = set()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode) or _CONTROL.search(key.value):
            raise ConfigurationError(f"{path}:{line}: a key must be a plain word")
        if key.value in keys:
            raise ConfigurationError(f"{path}:{line}: {key.value}: key given twice")
        keys.add(key.value)


def _check_names(path: Path, root: yaml.Node) -> None:
    """Refuse two services of one name and modules that are not listed, at their lines."""
    first: dict[str, int] = {}
    modules = [_scalar(module, "path") for module in _items(root, "modules")]
    known = [module.value for module in modules if module is not None]
    for number, service in enumerate(_items(root, "services")):
        if (name := _scalar(service, "name")) is not None:
            line = name.start_mark.line + 1
            if name.value in first:
                raise ConfigurationError(
                    f"{path}:{line}: services: the name {name.value!r} is used already in line "
                    f"{first[name.value]}; names must be unique"
                )
            first[name.value] = line
        module = _scalar(service, "module")
        if module is not None and posixpath.normpath(module.value) not in map(
            posixpath.normpath, known
        ):
            raise ConfigurationError(
                f"{path}:{module.start_mark.line + 1}: services[{number}].module: "
                f"{module.value!r} is not under modules{suggestion(module.value, known)}"
            )


def _items(root: yaml.Node, key: str) -> list[yaml.Node]:
    node = _value(root, key)
    return node.value if isinstance(node, yaml.SequenceNode) else []


def _scalar(node: yaml.Node, key: str) -> yaml.ScalarNode | None:
    found = _value(node, key)
    return found if isinstance(found, yaml.ScalarNode) else None


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
        message = "unknown key" + suggestion(name, _known_keys(location[:-1]))
    elif item["type"] == "missing":
        message = "missing"
    elif not isinstance(item.get("input"), dict | list):
        message += f" (found {item.get('input')!r})"
        if item["type"] == "string_type" and item.get("input") is not None:
            message += "; put it in quotes"
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
