"""The schemas of Kubernetes' own kinds, for kubeconform, from the package ``kubernetes-validate``.

The package has, for every release of Kubernetes, one file for each kind that refers to a file of
definitions by a name that kubeconform cannot resolve. So each kind is written down once with the
definitions that it needs, in a folder that kubeconform can be pointed at. They are the strict ones:
a field that Kubernetes does not know is an error, as it mostly is a misspelled one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from filelock import FileLock

from coffee_pipeline.errors import ToolError

PACKAGE = "kubernetes_validate"
_FOLDER = re.compile(r"v(1\.\d+)\.\d+-local-strict")
_REFERENCE = re.compile(r"(?:/api/_definitions\.json)?#/\$defs/(.+)")
_DONE = ".complete"


@cache
def releases() -> dict[str, Path]:
    """Kubernetes release (``1.37``) -> the folder of its schemas, oldest first; maybe none."""
    found = find_spec(PACKAGE)
    if found is None or found.origin is None:
        return {}
    folders = (Path(found.origin).parent / "kubernetes-json-schema").glob("v*-local-strict")
    named = {match[1]: path for path in folders if (match := _FOLDER.fullmatch(path.name))}
    return dict(sorted(named.items(), key=lambda item: int(item[0].partition(".")[2])))


def schemas(release: str | None, cache_folder: Path) -> Path:
    """A folder with the schemas of a release (None: the newest there is); written once.

    Raises:
        ToolError: the package is not installed or does not know the release, or they cannot be read
            or written.
    """
    known = releases()
    if not known:
        raise ToolError(f"no schemas of Kubernetes: the package {PACKAGE} is not installed")
    oldest, newest = next(iter(known)), next(reversed(known))
    wanted = release or newest
    if wanted not in known:
        raise ToolError(
            f"no schemas of Kubernetes {wanted}; there are those of {oldest} to {newest}"
        )
    try:
        folder = cache_folder / f"{known[wanted].name}-{known[wanted].stat().st_mtime_ns}"
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f"{folder.name}.lock")):
            if not (folder / _DONE).is_file():
                _write(known[wanted], folder)
                (folder / _DONE).touch()
    except OSError as error:
        raise ToolError(f"{cache_folder}: no schemas can be kept there ({error})") from error
    return folder


def _write(source: Path, folder: Path) -> None:
    definitions = json.loads((source / "_definitions.json").read_bytes())["$defs"]
    needs = {name: _pointed_at(schema) for name, schema in definitions.items()}
    local = {name: _localised(schema) for name, schema in definitions.items()}
    for file in sorted(source.glob("*.json")):
        schema = json.loads(file.read_bytes())
        if (
            file.name.startswith("_")
            or not {"apiVersion", "kind"} <= schema.get("properties", {}).keys()
        ):
            continue  # a part of objects, and no kind of them
        wanted = _closed(_pointed_at(schema), needs)
        whole = {**_localised(schema), "$defs": {name: local[name] for name in wanted}}
        whole.pop("$id", None)  # it stands for another place than the file's
        (folder / file.name).write_text(json.dumps(whole), encoding="utf-8")


def _closed(names: set[str], needs: dict[str, set[str]]) -> list[str]:
    """Those definitions and all that they need in turn."""
    found: set[str] = set()
    pending = list(names)
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            pending += needs[name]
    return sorted(found)


def _pointed_at(schema: Any) -> set[str]:
    return {match[1] for word in _references(schema) if (match := _REFERENCE.fullmatch(word))}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        word = schema.get("$ref")
        if isinstance(word, str):
            yield word
        for value in schema.values():
            yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)


def _localised(schema: Any) -> Any:
    """The same with references into the file's own definitions, without its descriptions."""
    if isinstance(schema, list):
        return [_localised(value) for value in schema]
    if not isinstance(schema, dict):
        return schema
    word = schema.get("$ref")
    if isinstance(word, str) and (match := _REFERENCE.fullmatch(word)):
        return {"$ref": f"#/$defs/{match[1]}"}
    return {
        key: _localised(value)
        for key, value in schema.items()
        if not (key == "description" and isinstance(value, str))
    }
