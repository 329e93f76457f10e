"""Fields of untrusted XML by local name: a format's versions differ in their namespaces only."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element


def local_name(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """The element's namespace; empty where it has none."""
    return str(element.tag)[1:].rpartition("}")[0]


def children(element: Element | None, *path: str) -> Sequence[Element]:
    """The elements that a path of local names leads to; every step may branch."""
    found = [element] if element is not None else []
    for name in path:
        found = [child for parent in found for child in parent if local_name(child) == name]
    return found


def child(element: Element | None, *path: str) -> Element | None:
    """The first element that a path of local names leads to."""
    return next(iter(children(element, *path)), None)


def child_text(element: Element | None, *path: str) -> str | None:
    """The text of the first element that a path leads to, without space around it; not empty."""
    found = child(element, *path)
    return ((found.text or "").strip() or None) if found is not None else None
