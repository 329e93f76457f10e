"""What becomes of one message: known address, known sender, kept in the inbox, acknowledged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from coffee_pipeline.errors import EnvironmentFailedError, TransientError
from coffee_pipeline.receiver.endpoints import Endpoint
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.receiver.signatures import Headers

_EVENT_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status and the reason in a few words; ``source`` is the endpoint's, if known."""

    status: HTTPStatus
    reason: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Receiver:
    """Takes messages into the inbox. Nothing is acknowledged before it is kept."""

    endpoints: Mapping[str, Endpoint]
    inbox: Inbox

    def receive(self, path: str, headers: Headers, body: bytes, now: datetime) -> Answer:
        """Take one message.

        Args:
            path: of the URL, without its query.
            headers: with small names.
            body: as it came; signatures are over these bytes.
            now: time of receipt.
        """
        endpoint = self.endpoints.get(path.rstrip("/"))
        if endpoint is None:
            return Answer(HTTPStatus.NOT_FOUND, f"one of {', '.join(self.endpoints)} is needed")
        source = endpoint.source
        if not endpoint.secrets:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "no secret is configured here", source)
        stranger = endpoint.check(headers, body, endpoint.secrets, now)
        if stranger is not None:
            return Answer(HTTPStatus.UNAUTHORIZED, stranger, source)
        if not body.strip():
            return Answer(HTTPStatus.BAD_REQUEST, "the message is empty", source)
        return self._keep(endpoint, headers, body, now)

    def _keep(self, endpoint: Endpoint, headers: Headers, body: bytes, now: datetime) -> Answer:
        source, event = endpoint.source, None
        if endpoint.event_header is not None:
            event = headers.get(endpoint.event_header, "")[:_EVENT_CHARACTERS] or None
        try:
            new = self.inbox.store(source, endpoint.key(headers, body), body, event, now)
        except TransientError:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, "too many messages wait", source)
        except (OSError, EnvironmentFailedError) as error:
            words = error.strerror if isinstance(error, OSError) else "its index failed"
            return Answer(HTTPStatus.INSUFFICIENT_STORAGE, f"cannot be kept: {words}", source)
        if not new:
            return Answer(HTTPStatus.OK, "was received before", source)
        return Answer(HTTPStatus.ACCEPTED, "kept", source)
