"""Untrusted multi-document YAML -> plain values that still know their lines.

PyYAML's safe loader makes no objects, but it neither bounds what aliases expand to nor how deep a
document nests, and it keeps the last of two equal keys in silence. This module does all three.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from coffee_pipeline.errors import ConfigurationError

MAXIMUM_BYTES = 256 * 1024
"""Size limit of one file; SLO files are a few kilobytes."""

MAXIMUM_DEPTH = 50
MAXIMUM_NODES = 20_000
"""Nodes of one document after aliases are expanded."""


@dataclass(frozen=True)
class YamlDocument:
    """One document of a file: its value and the node tree that remembers the lines."""

    file: str
    value: Any
    node: yaml.Node

    def line(self, location: Sequence[str | int] = ()) -> int:
        """1-based line of the deepest part of ``location`` that exists, at its key."""
        node, line = self.node, int(self.node.start_mark.line)
        for part in location:
            found = _child(node, part)
            if found is None:
                break
            node, line = found
        return line + 1

    def text(self, location: Sequence[str | int]) -> str | None:
        """A scalar as it is written (``0.20``, not 0.2); None where there is no scalar."""
        node = self.node
        for part in location:
            found = _child(node, part)
            if found is None:
                return None
            node = found[0]
        return str(node.value) if isinstance(node, yaml.ScalarNode) else None


def documents(file: str, content: str | bytes) -> Iterator[YamlDocument]:
    """The non-empty documents of ``content``; ``file`` is only used in messages.

    Raises:
        ConfigurationError: too large, not UTF-8, not YAML, nested too deep, a key given twice.
    """
    text = _text(file, content)
    try:
        _check_depth(file, text)
        loader = yaml.SafeLoader(text)
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            _check_nodes(file, node, {}, ())
            value = loader.construct_document(node)
            if value is not None:
                yield YamlDocument(file, value, node)
    except (yaml.MarkedYAMLError, yaml.reader.ReaderError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file}:{mark.line + 1}" if mark else file
        problem = getattr(error, "problem", None) or getattr(error, "reason", "unreadable")
        raise ConfigurationError(f"{where}: not valid YAML: {problem}") from error
    except ValueError as error:  # e.g. the timestamp 2024-99-99
        raise ConfigurationError(f"{file}: not valid YAML: {error}") from error


def _text(file: str, content: str | bytes) -> str:
    if len(content) > MAXIMUM_BYTES:
        raise ConfigurationError(f"{file}: larger than {MAXIMUM_BYTES // 1024} KiB; split it")
    if isinstance(content, str):
        return content
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file}: not UTF-8 at byte {error.start}") from error


def _check_depth(file: str, text: str) -> None:
    """Bound the nesting on the event stream, before the recursive composer sees it."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAXIMUM_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise ConfigurationError(f"{file}:{line}: nested deeper than {MAXIMUM_DEPTH} levels")


def _check_nodes(file: str, node: yaml.Node, sizes: dict[int, int], above: tuple[int, ...]) -> int:
    """Number of nodes with aliases expanded; refuses cycles, bombs and keys given twice."""
    line = node.start_mark.line + 1
    if id(node) in above:
        raise ConfigurationError(f"{file}:{line}: an alias refers to itself")
    if id(node) in sizes:
        return sizes[id(node)]
    children: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        children = list(node.value)
    elif isinstance(node, yaml.MappingNode):
        _check_keys(file, node)
        children = [part for pair in node.value for part in pair]
    total = 1
    for child in children:
        total += _check_nodes(file, child, sizes, (*above, id(node)))
        if total > MAXIMUM_NODES:
            raise ConfigurationError(f"{file}:{line}: aliases expand to over {MAXIMUM_NODES} nodes")
    sizes[id(node)] = total
    return total


def _check_keys(file: str, node: yaml.MappingNode) -> None:
    seen: set[str] = set()
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise ConfigurationError(f"{file}:{line}: a key must be a plain word")
        if key.value in seen:
            raise ConfigurationError(f"{file}:{line}: {key.value}: key given twice")
        seen.add(key.value)


def _child(node: yaml.Node, part: str | int) -> tuple[yaml.Node, int] | None:
    """The value below ``part`` and the 0-based line it begins on (of its key in a mapping)."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return value, int(key.start_mark.line)
    elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        child: yaml.Node = node.value[part]
        return child, int(child.start_mark.line)
    return None
