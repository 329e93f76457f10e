"""What all parts of ``platform.yaml`` are made of: the base class and the types of fields."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Description(BaseModel):
    """Base of all parts of the description: frozen, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _inside(value: str) -> str:
    path = PurePosixPath(value)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError("must be a relative path inside the repository")
    return path.as_posix()


RepositoryPath = Annotated[str, AfterValidator(_inside)]
"""A POSIX path relative to the repository that never leaves it."""

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$")]
"""Name of a service or platform: it is a partition key, a file name and a metric label."""

Percent = Annotated[float, Field(ge=0, le=100)]
Seconds = Annotated[float, Field(gt=0)]
