"""Files of SLO specifications, OpenSLO v1 and sloth's in any mixture -> SLOs.

Source: https://github.com/OpenSLO/OpenSLO#specification and https://sloth.dev/specs/default/.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo import openslo, sloth
from coffee_pipeline.slo.definition import Slo
from coffee_pipeline.slo.openslo import OpenSloDocuments
from coffee_pipeline.slo.problems import DocumentError, Remark
from coffee_pipeline.slo.yaml_documents import MAXIMUM_BYTES, YamlDocument, documents

_KNOWN = (
    f"{openslo.API_VERSION} or {sloth.RESOURCE_VERSION}; sloth's plain files have "
    f"version: {sloth.VERSION}"
)


@dataclass
class Checked:
    """What a set of files holds: the SLOs that are valid, and what is wrong with the rest.

    ``unresolved`` are references to documents that are not among the files, and ``remarks`` those
    that cannot be told: no SLO is less for them.
    """

    slos: list[Slo] = field(default_factory=list)
    errors: list[ConfigurationError] = field(default_factory=list)
    unresolved: list[ConfigurationError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def read(paths: Iterable[Path], root: Path) -> tuple[Slo, ...]:
    """The SLOs of files below ``root``; messages name them relative to it.

    Raises:
        ConfigurationError: a file is missing, lies outside ``root`` or is not valid.
    """
    contents: list[tuple[str, bytes]] = []
    base = root.resolve()
    for path in paths:
        full = (base / path).resolve()
        if not full.is_relative_to(base):
            raise ConfigurationError(f"{path}: lies outside of the repository")
        contents.append((full.relative_to(base).as_posix(), content(full, str(path))))
    return parse(contents)


def content(path: Path, name: str) -> bytes:
    """The bytes of a file, one more than the limit at most.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        with path.open("rb") as stream:
            return stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{name}: cannot be read ({error.strerror})") from error


def parse(files: Iterable[tuple[str, str | bytes]]) -> tuple[Slo, ...]:
    """The SLOs of (file name, content) pairs; references are resolved across all of them.

    Raises:
        ConfigurationError: the first problem, naming file, line and field.
    """
    checked = check(files)
    if checked.errors:
        raise checked.errors[0]
    return tuple(checked.slos)


def check(files: Iterable[tuple[str, str | bytes]]) -> Checked:
    """As :func:`parse`, but every problem is kept: all of each document that is not valid."""
    found = Checked()
    open_slo = OpenSloDocuments()
    names: list[str] = []
    for file, text in files:
        names.append(file)
        empty = True
        try:
            for document in documents(file, text):
                empty = False
                _take(document, open_slo, found)
        except ConfigurationError as error:
            found.errors.append(error)
        else:
            if empty:
                found.errors.append(ConfigurationError(f"{file}: no document in this file"))
    for document, slo in open_slo.slos:
        try:
            found.slos.append(open_slo.resolve(document, slo))
        except DocumentError as error:
            found.errors += (error, *error.further)
    found.errors.extend(_twice(found.slos))
    for one in open_slo.unresolved():
        if isinstance(one, Remark):
            found.remarks.append(one)
        else:
            found.unresolved.append(one)
    if names and not found.slos and not found.errors:
        found.errors.append(ConfigurationError(f"{', '.join(names)}: no SLO among the documents"))
    return found


def _take(document: YamlDocument, open_slo: OpenSloDocuments, found: Checked) -> None:
    try:
        value = document.value
        if not isinstance(value, dict):
            problem = "must be a mapping with apiVersion, kind, metadata and spec"
            raise DocumentError(document, (), problem)
        if sloth.is_sloth(value):
            found.slos.extend(sloth.slos_of(document))
        elif value.get("apiVersion") == openslo.API_VERSION:
            open_slo.add(document)
        else:
            key = "version" if "version" in value and "apiVersion" not in value else "apiVersion"
            raise DocumentError(document, (key,), f"must be {_KNOWN}")
    except DocumentError as error:
        found.errors += (error, *error.further)


def _twice(slos: list[Slo]) -> Iterator[ConfigurationError]:
    """Two SLOs of one service and name would write the same series."""
    seen: dict[str, Slo] = {}
    for slo in slos:
        first = seen.setdefault(slo.identity, slo)
        if first is not slo:
            where = f"{first.file}:{first.line}"
            yield ConfigurationError(
                f"{slo.file}:{slo.line}: name: {slo.identity} is also the SLO of {where}"
            )
