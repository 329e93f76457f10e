"""Options of commands that ask HTTP APIs: the address, and where the token is."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from coffee_pipeline.errors import UsageError
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential

Address = Annotated[
    str | None,
    typer.Option("--url", help="Where the API is. Default: where the tool's makers run it."),
]
TokenVariable = Annotated[
    str | None,
    typer.Option(
        "--token-variable", help="The environment variable with the token; 'none' sends none."
    ),
]
_NONE = "none"


def open_client(
    name: str,
    url: str | None,
    usual_url: str | None,
    credential: Credential,
    variable: str | None,
) -> HttpClient:
    """A client with the token of the environment.

    Raises:
        UsageError: no address, or no token.
    """
    address = url or usual_url
    if address is None:
        raise UsageError(f"{name}: everyone has their own; say where with --url")
    if variable == _NONE:
        return HttpClient(address)
    named = replace(credential, variable=variable) if variable else credential
    return HttpClient(address, named.read())
