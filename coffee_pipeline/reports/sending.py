"""Sending notifications: every channel of the description, with retries, one by one.

A channel that fails does not keep the others from being told. What each came to is returned, in
words without any secret: addresses of webhooks are secrets too.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import assert_never

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from coffee_pipeline.errors import EnvironmentFailedError, TransientError
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.notifications import (
    Alertmanager,
    Channel,
    NotificationSettings,
    PagerDuty,
    Slack,
    StandardOutput,
)
from coffee_pipeline.reports import notification as channels
from coffee_pipeline.reports.notification import Notification, Request
from coffee_pipeline.tools.findings import clean
from coffee_pipeline.tools.http_retry import wait_seconds

ATTEMPTS = 4
TIMEOUT_SECONDS = 10.0
LONGEST_WAIT_SECONDS = 60.0
"""A server that asks for more is not waited for; the next digest comes anyway."""
_REASON_CHARACTERS = 200


class BusyError(TransientError):
    """The channel answered that it cannot now; ``seconds`` is how long it asked to wait."""

    def __init__(self, words: str, seconds: float | None) -> None:
        super().__init__(words)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Sent:
    """What telling one channel came to: completed, failed, or not_run for want of a secret."""

    channel: str
    outcome: Outcome
    reason: str | None = None


class Notifier:
    """Tells the channels of a description.

    Args:
        settings: the channels.
        environment: where the secrets are, by name; that of the process by default.
        say: prints a line, for the channel ``stdout``.
        now: the time.
        sleep: waits before another try.
    """

    def __init__(
        self,
        settings: NotificationSettings,
        environment: Mapping[str, str] | None = None,
        say: Callable[[str], object] = print,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._channels = settings.channels
        self._environment = os.environ if environment is None else environment
        self._say = say
        self._now = now
        self._sleep = sleep

    def send(self, notification: Notification) -> Sequence[Sent]:
        """Tell every channel; never raises for one that fails."""
        return [self._tell(channel, notification) for channel in self._channels]

    def _tell(self, channel: Channel, notification: Notification) -> Sent:
        if isinstance(channel, StandardOutput):
            self._say(channels.plain(notification))
            return Sent(channel.kind, Outcome.COMPLETED)
        missing = [name for name in _variables(channel) if not self._secret(name)]
        if missing:
            return Sent(channel.kind, Outcome.NOT_RUN, f"{missing[0]} is not set")
        try:
            self._post(self._request(channel, notification))
        except (EnvironmentFailedError, TransientError) as error:
            return Sent(channel.kind, Outcome.FAILED, str(error))
        return Sent(channel.kind, Outcome.COMPLETED)

    def _request(
        self, channel: Slack | PagerDuty | Alertmanager, notification: Notification
    ) -> Request:
        if isinstance(channel, Slack):
            return channels.slack(notification, self._secret(channel.url_variable))
        if isinstance(channel, PagerDuty):
            key = self._secret(channel.routing_key_variable)
            return channels.pagerduty(notification, channel.url, key, self._now())
        if isinstance(channel, Alertmanager):
            token = self._secret(channel.token_variable) if channel.token_variable else None
            return channels.alertmanager(
                notification, channel.url, token, self._now(), channel.hours
            )
        assert_never(channel)

    def _secret(self, name: str) -> str:
        return self._environment.get(name, "").strip()

    def _post(self, request: Request) -> None:
        trying = Retrying(
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=retry_if_exception_type(TransientError),
            sleep=self._sleep,
            reraise=True,
        )
        with httpx.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False) as http:
            trying(_try, http, request, self._now)


def _variables(channel: Slack | PagerDuty | Alertmanager) -> Sequence[str]:
    """The variables that the channel cannot do without."""
    if isinstance(channel, Slack):
        return (channel.url_variable,)
    if isinstance(channel, PagerDuty):
        return (channel.routing_key_variable,)
    return (channel.token_variable,) if channel.token_variable else ()


def _try(http: httpx.Client, request: Request, now: Callable[[], datetime]) -> None:
    try:
        answer = http.post(request.url, content=request.content, headers=dict(request.headers))
    except (
        httpx.InvalidURL,
        httpx.UnsupportedProtocol,
        httpx.LocalProtocolError,
        ValueError,
    ) as error:
        # Its words would show the address, which may be the secret.
        raise EnvironmentFailedError(
            f"no request can be made of its settings: {type(error).__name__}"
        ) from None
    except httpx.HTTPError as error:
        raise TransientError(f"no answer: {type(error).__name__}") from None
    if answer.is_success:
        return
    said = clean(answer.text.replace(request.url, ""), _REASON_CHARACTERS) or ""
    words = f"answered {answer.status_code} {' '.join(said.split())}".rstrip()
    if answer.status_code in (408, 429) or answer.status_code >= 500:
        seconds = wait_seconds({"retry-after": answer.headers.get("Retry-After", "")}, now())
        if seconds is not None and seconds > LONGEST_WAIT_SECONDS:
            raise EnvironmentFailedError(f"{words}; asks to wait {seconds:.0f} s")
        raise BusyError(words, seconds)
    raise EnvironmentFailedError(words)


def _wait(state: RetryCallState) -> float:
    """Seconds before the next try: as long as the server asks, else 1, 2, 4."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, BusyError) and error.seconds is not None:
        return error.seconds
    return float(2 ** (state.attempt_number - 1))
