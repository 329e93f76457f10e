"""YAML of strangers as bounded node trees that know their lines.

PyYAML's safe loaders make no objects, but the fast one overruns the stack on deep nesting, and
both build whatever aliases and merge keys expand to. Both are refused here, before anything is
built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

DEPTH_LIMIT = 100
NODE_LIMIT = 500_000
"""Nodes of a document after alias expansion: a few kilobytes of YAML can stand for billions."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def trees(text: str | bytes) -> Iterator[yaml.Node]:
    """The documents of ``text`` as node trees.

    Raises:
        yaml.YAMLError: not YAML, nested too deep, or too large once aliases are expanded.
    """
    _check_depth(text)
    for root in yaml.compose_all(text, Loader=_LOADER):
        if root is not None:
            _check_size(root)
            yield root


def value(root: yaml.Node) -> Any:
    """The plain value of a tree of :func:`trees`.

    Raises:
        yaml.YAMLError: a tag that stands for no plain value, a key that cannot be one.
        ValueError: a scalar that is not what its tag says, such as the date 2026-02-31.
    """
    return _Constructor().construct_document(root)


class _Constructor(yaml.SafeLoader):
    """Builds plain values from a composed document."""

    def __init__(self) -> None:
        super().__init__("")


def _check_depth(text: str | bytes) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEPTH_LIMIT:
                raise yaml.MarkedYAMLError(
                    problem=f"nested deeper than {DEPTH_LIMIT} levels",
                    problem_mark=event.start_mark,
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_size(root: yaml.Node) -> None:
    pending, seen = [root], 0
    while pending:
        node = pending.pop()
        seen += 1
        if seen > NODE_LIMIT:
            raise yaml.MarkedYAMLError(
                problem=f"over {NODE_LIMIT} nodes once its aliases are expanded",
                problem_mark=node.start_mark,
            )
        if isinstance(node, yaml.SequenceNode):
            pending += node.value
        elif isinstance(node, yaml.MappingNode):
            pending += (part for pair in node.value for part in pair)
