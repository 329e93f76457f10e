"""An SLO as JSON and back: what it promised on the day that was measured."""

from __future__ import annotations

import pydantic

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.definition import Slo


def stored(slo: Slo) -> str:
    """The SLO as JSON, without what is as it is by default."""
    return slo.model_dump_json(exclude_defaults=True)


def restored(text: str) -> Slo:
    """The SLO that :func:`stored` wrote.

    Raises:
        ConfigurationError: it is none; another version of this program wrote it.
    """
    try:
        return Slo.model_validate_json(text)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"stored SLO: {field}: {first['msg']}") from error
