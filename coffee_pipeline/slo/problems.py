"""What is wrong with a document, with its file, line and field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.yaml_documents import YamlDocument

_Model = TypeVar("_Model", bound=BaseModel)


class DocumentError(ConfigurationError):
    """A broken field; ``str()`` is ``file:line: field: problem``.

    ``further`` are the other broken fields of the same document.
    """

    def __init__(self, document: YamlDocument, location: Sequence[str | int], problem: str) -> None:
        self.file = document.file
        self.line = document.line(location)
        self.field = ".".join(str(part) for part in location) or "document"
        self.problem = problem
        self.further: tuple[DocumentError, ...] = ()
        super().__init__(f"{self.file}:{self.line}: {self.field}: {problem}")


@dataclass(frozen=True)
class Remark:
    """Something valid that will not do what its author may think."""

    file: str
    line: int
    field: str
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.field}: {self.problem}"


@dataclass(frozen=True)
class PartOf:
    """A value inside a document, and where it lies; ``by_name`` spells fields as Python does."""

    value: object
    location: tuple[str | int, ...] = ()
    by_name: bool = False


def validated(document: YamlDocument, model: type[_Model], part: PartOf | None = None) -> _Model:
    """The document, or a part of it, as a model.

    Raises:
        DocumentError: fields that are not as the model wants them: the first, with the others.
    """
    at = part or PartOf(document.value)
    try:
        return model.model_validate(at.value, by_alias=not at.by_name, by_name=at.by_name)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    raise_all(
        DocumentError(
            document, (*at.location, *one["loc"]), one["msg"].removeprefix("Value error, ")
        )
        for one in found
        if not (one["type"] == "too_short" and _inside(one["loc"], found))
    )
    raise AssertionError("a validation error without errors")


def _inside(location: tuple[int | str, ...], found: Sequence[ErrorDetails]) -> bool:
    """Whether a part of the list is broken: pydantic then says that it is too short, too."""
    length = len(location)
    return any(one["loc"][:length] == location and len(one["loc"]) > length for one in found)


def raise_all(errors: Iterable[DocumentError]) -> None:
    """Raise the first of the errors with the others as ``further``; nothing without any."""
    found = sorted(errors, key=lambda one: one.line)
    for first in found[:1]:
        first.further = tuple(found[1:])
        raise first
