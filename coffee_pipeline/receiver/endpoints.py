"""The addresses that take messages: who may send there, and what makes a message the same."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from coffee_pipeline.platform.security import ReceiverSettings
from coffee_pipeline.receiver import signatures
from coffee_pipeline.receiver.signatures import Headers, Secrets

Check = Callable[[Headers, bytes, Secrets, datetime], str | None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address.

    ``variable`` is the environment variable that holds its secrets, ``secrets`` what it held;
    without any the endpoint takes nothing, and ``problem`` says why there is none. ``signed_id``
    is the header with the delivery's id, where the signature covers it; ``event_header`` names
    the kind of message where the body does not.
    """

    source: str
    variable: str
    check: Check
    secrets: Secrets = field(repr=False)
    problem: str | None
    signed_id: str | None = None
    event_header: str | None = None

    def key(self, headers: Headers, body: bytes) -> str:
        """What two deliveries of the same message have in common.

        The delivery's id only where it is signed: else who has one message could send it again
        and again under new ids. The body of every other source has ids or times of its own.
        """
        if self.signed_id is not None:
            return f"id:{headers.get(self.signed_id, '')}"
        return f"body:{hashlib.sha256(body).hexdigest()}"


def endpoints(
    settings: ReceiverSettings, environment: Mapping[str, str] | None = None
) -> Mapping[str, Endpoint]:
    """Path -> endpoint. Several secrets of one variable are parted by white space."""
    found = os.environ if environment is None else environment
    made = (
        _endpoint("falco", settings.falco_secret, signatures.password, found),
        _endpoint("alertmanager", settings.alertmanager_secret, signatures.password, found),
        _endpoint("pagerduty", settings.pagerduty_secret, signatures.pagerduty, found),
        _endpoint("github", settings.github_secret, signatures.github, found,
                  event_header="x-github-event"),
        _endpoint("generic", settings.generic_secret, signatures.standard_webhooks, found,
                  signed_id="webhook-id"),
    )  # fmt: skip
    return {f"/{endpoint.source}": endpoint for endpoint in made}


def _endpoint(
    source: str,
    variable: str,
    check: Check,
    environment: Mapping[str, str],
    signed_id: str | None = None,
    event_header: str | None = None,
) -> Endpoint:
    words = environment.get(variable, "").split()
    secrets: Sequence[bytes | None] = [word.encode("utf-8", "surrogateescape") for word in words]
    if check is signatures.standard_webhooks:
        secrets = [signatures.standard_webhooks_key(word) for word in words]
    usable = [secret for secret in secrets if secret]
    problem = None
    if not words:
        problem = f"{variable} is not set"
    elif len(usable) < len(words):
        # Rather closed than open with half of the secrets: the sender may use the other half.
        problem, usable = f"{variable} holds a secret that is not base64", []
    return Endpoint(source, variable, check, tuple(usable), problem, signed_id, event_header)
