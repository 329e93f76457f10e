"""What all OpenSLO v1 objects have in common: metadata, and durations in shorthand.

Source: the OpenSLO specification, apiVersion ``openslo/v1``
(https://github.com/OpenSLO/OpenSLO#specification).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_UNITS = {
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
    "w": timedelta(weeks=1),
    # The specification leaves these to the implementer: fixed lengths, as rolling windows need.
    "M": timedelta(days=30),
    "Q": timedelta(days=90),
    "Y": timedelta(days=365),
}


class Part(BaseModel):
    """Base of all parts: frozen, unknown fields refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Metadata(Part):
    """Name and labels of any OpenSLO object."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    display_name: Annotated[str | None, Field(alias="displayName")] = None
    labels: dict[str, str | tuple[str, ...]] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


def shorthand(value: object) -> timedelta:
    """OpenSLO's duration shorthand (``5m``, ``12h``, ``28d``, ``4w``, ``1M``, ``1Q``, ``1Y``).

    Months are 30, quarters 90, years 365 days. Raises ValueError for anything else.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})([mhdwMQY])", value) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be a number and one of m, h, d, w, M, Q, Y, such as 28d")
    return int(match[1]) * _UNITS[match[2]]
