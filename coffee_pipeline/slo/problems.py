"""What is wrong with a document, with its file, line and field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.yaml_documents import YamlDocument

_Model = TypeVar("_Model", bound=BaseModel)


class DocumentError(ConfigurationError):
    """A broken field; ``str()`` is ``file:line: field: problem``."""

    def __init__(self, document: YamlDocument, location: Sequence[str | int], problem: str) -> None:
        self.file = document.file
        self.line = document.line(location)
        self.field = ".".join(str(part) for part in location) or "document"
        self.problem = problem
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
        DocumentError: the first field that is not as the model wants it.
    """
    at = part or PartOf(document.value)
    try:
        return model.model_validate(at.value, by_alias=not at.by_name, by_name=at.by_name)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise DocumentError(document, (*at.location, *first["loc"]), problem) from None
