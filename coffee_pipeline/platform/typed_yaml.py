"""Configuration in YAML as pydantic models: safe, bounded, errors with file, line and field."""

from __future__ import annotations

import difflib
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.yaml_depth import check_depth

SIZE_LIMIT = 8 << 20
NODE_LIMIT = 500_000
"""Nodes after alias expansion: a few kilobytes of YAML can stand for billions."""
_SHOWN = 10
"""Problems of one file that are told."""

Location = tuple[str | int, ...]
M = TypeVar("M", bound=BaseModel)


def compose(name: str, content: bytes) -> yaml.Node | None:
    """The document as nodes that know their lines; None if it is empty.

    Args:
        name: what the file is called in errors.
        content: its bytes.

    Raises:
        ConfigurationError: not UTF-8, no YAML, too deep, a key given twice, or blown up by aliases.
    """
    try:
        text = content.decode("utf-8")
        check_depth(text)
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{name}: not UTF-8 text (byte {error.start})") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = mark.line + 1 if mark else 1
        raise ConfigurationError(f"{name}:{line}: not YAML: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{name}: not YAML: {str(error).splitlines()[0]}") from error
    if root is not None:
        _check_nodes(name, root)
    return root


def plain(name: str, root: yaml.Node) -> Any:
    """The document as plain values.

    Raises:
        ConfigurationError: it asks for more than plain values.
    """
    try:
        return yaml.SafeLoader.construct_document(_Constructor(), root)
    except (yaml.constructor.ConstructorError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None) or root.start_mark
        problem = getattr(error, "problem", None) or str(error)
        raise ConfigurationError(f"{name}:{mark.line + 1}: {problem}") from error


def typed(model: type[M], name: str, root: yaml.Node | None, data: Any) -> M:
    """The values as ``model``; ``root`` knows the lines, None where there are none.

    Raises:
        ConfigurationError: one line per problem, ``FILE:LINE: field: problem``.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [_problem(model, name, root, item) for item in error.errors(include_url=False)]
        raise ConfigurationError("\n".join(lines[:_SHOWN])) from error


class _Constructor(yaml.SafeLoader):
    """Builds plain values from a composed document."""

    def __init__(self) -> None:
        super().__init__("")

    def construct_yaml_timestamp(self, node: yaml.ScalarNode) -> Any:
        """A date; the error of one that no calendar has knows its line."""
        try:
            return super().construct_yaml_timestamp(node)
        except ValueError as error:
            raise yaml.constructor.ConstructorError(
                None, None, f"{node.value}: {error}", node.start_mark
            ) from error


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


def _check_nodes(name: str, root: yaml.Node) -> None:
    """Refuse keys given twice, and documents that aliases blow up."""
    pending, seen = [root], 0
    while pending:
        node = pending.pop()
        seen += 1
        if seen > NODE_LIMIT:
            raise ConfigurationError(f"{name}: too many nodes once its aliases are expanded")
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in node.value:
                if key.value in keys and isinstance(key, yaml.ScalarNode):
                    line = key.start_mark.line + 1
                    raise ConfigurationError(f"{name}:{line}: {key.value}: key given twice")
                if isinstance(key, yaml.ScalarNode):
                    keys.add(key.value)
                pending.append(value)


def child(node: yaml.Node, key: str) -> yaml.Node | None:
    """The value of a mapping's key."""
    if isinstance(node, yaml.MappingNode):
        for name, value in node.value:
            if isinstance(name, yaml.ScalarNode) and name.value == key:
                found: yaml.Node = value
                return found
    return None


def line_of(root: yaml.Node, location: Location) -> int:
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


def field_of(location: Location) -> str:
    """A place in a document as people write it: ``services[0].name``."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}"
    return text.lstrip(".")


def _problem(model: type[BaseModel], name: str, root: yaml.Node | None, item: Any) -> str:
    location: Location = item["loc"]
    message = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "extra_forbidden":
        close = difflib.get_close_matches(str(location[-1]), _known_keys(model, location[:-1]), 1)
        message = "unknown key" + (f"; did you mean {close[0]!r}?" if close else "")
    elif item["type"] == "missing":
        message = "missing"
    elif not isinstance(item.get("input"), dict | list):
        message += f" (found {item.get('input')!r})"
    where = f"{name}:{line_of(root, location)}" if root is not None else name
    return f"{where}: {field_of(location) or model.__name__.lower()}: {message}"


def _known_keys(root: type[BaseModel], location: Location) -> list[str]:
    """Keys of the model at ``location``."""
    model: Any = root
    for step in location:
        if isinstance(step, int):
            continue
        field = model.model_fields.get(step)
        annotation = field.annotation if field else None
        candidates = [annotation, *getattr(annotation, "__args__", ())]
        models = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if not models:
            return []
        model = models[0]
    return list(model.model_fields)
