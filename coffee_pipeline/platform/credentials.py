"""The environment variables that a platform description names instead of secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from coffee_pipeline.platform.description import Platform

_NAMING = "_variable"
"""How fields are called whose value is the name of an environment variable with a secret."""


def credential_variables(platform: Platform) -> frozenset[str]:
    """Names of the variables that deliveries, measurements and notifications read secrets from.

    The receiver's (``security.receiver``) are not among them: only ``coffee-pipeline listen``
    reads those, in its own environment.
    """
    return frozenset(_named(platform))


def _named(value: object) -> Iterator[str]:
    if isinstance(value, tuple):
        for each in value:
            yield from _named(each)
    elif isinstance(value, Mapping):
        yield from _named(tuple(value.values()))
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            found = getattr(value, field)
            if field.endswith(_NAMING) and isinstance(found, str):
                yield found
            else:
                yield from _named(found)
