"""Tokens of HTTP APIs: told by the name of an environment variable, never stored or shown."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from coffee_pipeline.errors import UsageError
from coffee_pipeline.redaction import REDACTED, without_secrets


@dataclass(frozen=True, slots=True)
class Credential:
    """How an API wants its token.

    Args:
        variable: the environment variable that holds the token.
        header: the header it is sent in.
        prefix: what stands before it there, with its space.
        basic: the variable holds ``user:token``, sent as HTTP Basic authentication.
    """

    variable: str
    header: str = "Authorization"
    prefix: str = "Bearer "
    basic: bool = False

    def read(self, environment: Mapping[str, str] | None = None) -> Secret:
        """The token.

        Raises:
            UsageError: the variable is not set, or no header can hold its value. The message names
                the variable, never the value.
        """
        value = (os.environ if environment is None else environment).get(self.variable, "").strip()
        if not value:
            raise UsageError(f"{self.variable}: this environment variable must hold the API token")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise UsageError(
                f"{self.variable}: holds no token: white space or other odd characters"
            )
        if self.basic and ":" not in value:
            raise UsageError(f"{self.variable}: must hold user:token")
        sent = base64.b64encode(value.encode()).decode() if self.basic else value
        prefix = "Basic " if self.basic else self.prefix
        hidden = (value, sent, value.partition(":")[2]) if self.basic else (value,)
        return Secret(self.header, f"{prefix}{sent}", tuple(one for one in hidden if one))


@dataclass(frozen=True, slots=True)
class Secret:
    """A token as a header. Its representation does not show it."""

    header: str
    _value: str = field(repr=False)
    _hidden: tuple[str, ...] = field(repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """The header to send; for the HTTP library only."""
        return {self.header: self._value}

    def without(self, text: str) -> str:
        """``text`` without this token, and without secrets of other known shapes."""
        for value in self._hidden:
            text = text.replace(value, REDACTED)
        return without_secrets(text)
