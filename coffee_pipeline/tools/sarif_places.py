"""Where a SARIF result is: files, regions and base folders (sections 3.4, 3.28-3.30)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from coffee_pipeline.tools.json_fields import items, mapping, number, text

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+:")
_MOST = 1 << 31
_BASES = 20
"""How many base folders may stand above each other before it is a circle."""


class Places:
    """The files that a run's results name."""

    def __init__(self, run: Mapping[str, Any]) -> None:
        self._bases = mapping(run.get("originalUriBaseIds"))
        self._artifacts = items(run.get("artifacts"))
        self._known: dict[tuple[str, str | None], tuple[str | None, str | None]] = {}

    def at(
        self, physical: Mapping[str, Any]
    ) -> tuple[str | None, str | None, int | None, int | None, str | None]:
        """(file, resource, line, column, flagged text) of a physical location.

        Files under a base folder of the tool's machine stay relative to it: the folder differs
        from run to run. A region of bytes has no line.
        """
        artifact = physical.get("artifactLocation")
        path, resource = self._named(artifact) if type(artifact) is dict else (None, None)
        region = physical.get("region")
        if type(region) is not dict:
            around = physical.get("contextRegion")
            return path, resource, _line_of(around), None, _text_of(around)
        code = _text_of(region) if "snippet" in region else None
        if code is None and "contextRegion" in physical:
            code = _text_of(physical["contextRegion"])
        line, column = region.get("startLine"), region.get("startColumn")
        if not line and "byteOffset" not in region and "charOffset" not in region:
            line = _line_of(physical.get("contextRegion"))  # kube-score: nothing but an empty text
        return (
            path,
            resource,
            line if type(line) is int and 0 < line < _MOST else number(line),
            column if type(column) is int and 0 < column < _MOST else number(column),
            code,
        )

    def _named(self, location: Mapping[str, Any]) -> tuple[str | None, str | None]:
        """(file, resource): one of them where the location names something."""
        uri, base = location.get("uri"), location.get("uriBaseId")
        if not isinstance(uri, str):
            uri, base = self._artifact(location.get("index"))
        key = (uri, base if isinstance(base, str) else None)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._resolved(*key)
        return known

    def _artifact(self, index: object) -> tuple[str, object]:
        """A location may be the index of one in the run's table of artifacts."""
        if not isinstance(index, int) or not 0 <= index < len(self._artifacts):
            return "", None
        location = mapping(mapping(self._artifacts[index]).get("location"))
        return text(location.get("uri")) or "", location.get("uriBaseId")

    def _resolved(self, uri: str, base: str | None) -> tuple[str | None, str | None]:
        if uri[:5].lower() == "file:":
            return _local(uri), None
        if _SCHEME.match(uri):
            return None, uri
        return unquote(self._prefix(base) + uri) or None, None

    def _prefix(self, base: object) -> str:
        """The relative part of a base folder: what lies above it is the tool's machine."""
        prefix = ""
        for _ in range(_BASES):
            known = mapping(self._bases.get(base)) if isinstance(base, str) else {}
            uri = text(known.get("uri")) or ""
            if not uri or uri.startswith("/") or _SCHEME.match(uri):
                break
            prefix = f"{uri.rstrip('/')}/{prefix}"
            base = known.get("uriBaseId")
        return prefix


def logical(location: Mapping[str, Any]) -> str | None:
    """The function, type or resource that a location names."""
    for found in items(location.get("logicalLocations")):
        name = text(mapping(found).get("fullyQualifiedName")) or text(mapping(found).get("name"))
        if name:
            return name
    return None


def _line_of(region: object) -> int | None:
    return number(region.get("startLine")) if isinstance(region, dict) else None


def _text_of(region: object) -> str | None:
    snippet = region.get("snippet") if isinstance(region, dict) else None
    code = snippet.get("text") if isinstance(snippet, dict) else None
    return code if isinstance(code, str) else None


def _local(uri: str) -> str | None:
    """``file:///src/a.go``, ``file://host/src/a.go`` and ``file:///C:/src/a.go`` as paths."""
    path = uri[5:]
    if path.startswith("//"):
        path = path[2:]
        path = path[path.find("/") :] if "/" in path else ""
    path = unquote(path)
    drive = re.match(r"/+([A-Za-z]:/.*)", path)
    return (drive[1] if drive else path) or None
