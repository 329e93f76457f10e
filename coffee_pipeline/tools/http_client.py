"""One way to ask HTTP APIs: time limits, retries, size limit, tokens that stay secret.

What is asked and what an answer means are pure functions elsewhere; only this module opens
connections. TLS certificates are checked, a token leaves over TLS only (except to this machine),
and redirects are followed within the same origin only, so that it reaches no one else.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from coffee_pipeline.errors import ParseError, ToolError, TransientError, UsageError
from coffee_pipeline.tools.http_credential import Secret
from coffee_pipeline.tools.http_message import (
    WORDS_OF_ERROR,
    Answer,
    AnswerError,
    Limits,
    Request,
    said_by,
)
from coffee_pipeline.tools.http_retry import wait_seconds, worth_retrying

_REDIRECTS = (301, 302, 303, 307, 308)
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class _RetryableError(TransientError):
    """A try that failed; ``wait`` is what the server asked for, None where it did not."""

    def __init__(self, message: str, wait: float | None = None) -> None:
        super().__init__(message)
        self.wait = wait


class HttpClient:
    """A client of one API at one address.

    Args:
        address: where the API is, with its path if it has one.
        secret: the token; None for an API without.
        limits: bounds of each request.
        sleep: how to wait, and ``clock`` how to measure it; tests have their own.
    """

    def __init__(
        self,
        address: str,
        secret: Secret | None = None,
        *,
        limits: Limits | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent yet.

        Raises:
            UsageError: the address is no URL, holds a password, or would send the token in clear.
        """
        self._address = _checked(address, secret is not None)
        self._secret = secret
        self._limits = limits or Limits()
        self._sleep = sleep
        self._clock = clock
        self._http = httpx.Client(
            timeout=httpx.Timeout(self._limits.read_seconds, connect=self._limits.connect_seconds),
            follow_redirects=False,
            # Proxies and certificates of the environment, but nothing of it for this machine.
            trust_env=self._address.host not in _LOOPBACK,
            headers={"Accept": "application/json", "User-Agent": "coffee-pipeline"},
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ask(self, request: Request) -> Answer:
        """The answer, after as many tries as it takes and the limits allow.

        Raises:
            AnswerError: the server refused (4xx), or redirects to another host.
            TransientError: it did not answer in time, or failed at every try.
            ParseError: the answer is larger than the limit.
            UsageError: the request leads to another host.
        """
        url = self._url(request.path)
        end = self._clock() + self._limits.total_seconds
        tries = Retrying(
            sleep=self._sleep,
            stop=lambda state: self._give_up(state, end),
            wait=self._wait,
            retry=retry_if_exception_type(_RetryableError),
            reraise=True,
        )
        answer: Answer = tries(self._follow, request, url, end)
        return answer

    def _give_up(self, state: RetryCallState, end: float) -> bool:
        late = self._clock() + state.upcoming_sleep >= end
        return late or state.attempt_number >= self._limits.tries

    def _wait(self, state: RetryCallState) -> float:
        spread = wait_random_exponential(multiplier=0.5, max=self._limits.longest_wait_seconds)
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait if isinstance(error, _RetryableError) else None
        # Never before the server's time; a little after it, as not all clients at once.
        return spread(state) if asked is None else asked + min(1.0, spread(state))

    def _follow(self, request: Request, url: httpx.URL, end: float) -> Answer:
        """One try, with the redirects within the origin."""
        for _ in range(self._limits.redirects + 1):
            answer = self._send(request, url, end)
            if answer.status not in _REDIRECTS:
                return self._judged(request, answer)
            if request.method != "GET":
                raise AnswerError(f"{answer.source}: redirects a {request.method}", answer.status)
            url = self._redirected(url, answer)
        raise AnswerError(f"{answer.source}: redirects without end", answer.status)

    def _send(self, request: Request, url: httpx.URL, end: float) -> Answer:
        source = f"{request.method} {url.copy_with(query=None)}"
        secret = self._secret.headers if self._secret else {}
        try:
            with self._http.stream(
                request.method,
                url,
                # None keeps the query that a whole URL has.
                params=dict(request.parameters) or None,
                headers={**request.headers, **secret},
                json=request.body,
            ) as response:
                content = self._content(response, source, end)
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status_code, names, content, source)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:  # nothing was sent yet
            raise _RetryableError(self._say(source, error)) from None
        except httpx.TransportError as error:
            kind = _RetryableError if request.repeatable else TransientError
            raise kind(self._say(source, error)) from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            raise ToolError(self._say(source, error)) from None

    def _content(self, response: httpx.Response, source: str, end: float) -> bytes:
        """The body, bounded in size and time: a slow trickle never trips a read time-out."""
        parts, size = [], 0
        for part in response.iter_bytes():
            size += len(part)
            if size > self._limits.content_bytes:
                limit = self._limits.content_bytes
                raise ParseError(source, f"byte {limit}", f"the answer has more than {limit} bytes")
            if self._clock() > end:
                raise TransientError(
                    f"{source}: not answered within {self._limits.total_seconds:.0f} s"
                )
            parts.append(part)
        return b"".join(parts)

    def _judged(self, request: Request, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        said = self._redacted(said_by(answer))
        message = f"{answer.source}: status {answer.status}{f': {said}' if said else ''}"
        if worth_retrying(answer.status, answer.headers, request.repeatable):
            raise _RetryableError(message, wait_seconds(answer.headers, datetime.now(UTC)))
        if answer.status >= 500:
            raise TransientError(message)
        raise AnswerError(message, answer.status)

    def _redirected(self, url: httpx.URL, answer: Answer) -> httpx.URL:
        try:
            target = url.join(answer.headers.get("location", ""))
        except (httpx.InvalidURL, UnicodeError) as error:
            raise AnswerError(f"{answer.source}: redirects to no URL", answer.status) from error
        if _origin(target) != _origin(self._address):
            raise AnswerError(
                f"{answer.source}: redirects to {target.host[:100]}, which is not followed",
                answer.status,
            )
        return target

    def _url(self, path: str) -> httpx.URL:
        """A path below the address, or a whole URL: of a next page, say."""
        try:
            if "://" in path:
                url = httpx.URL(path)
            else:
                url = httpx.URL(f"{str(self._address).rstrip('/')}/{path.lstrip('/')}")
        except (httpx.InvalidURL, UnicodeError) as error:
            raise UsageError(f"{path[:100]!r}: no URL") from error
        if _origin(url) != _origin(self._address):
            raise UsageError(f"{url.host[:100]}: another host than {self._address.host}")
        return url

    def _say(self, source: str, error: Exception) -> str:
        words = self._redacted(" ".join(str(error).split()))[:WORDS_OF_ERROR]
        return f"{source}: {words or type(error).__name__}"

    def _redacted(self, text: str) -> str:
        return self._secret.without(text) if self._secret else text


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or (443 if url.scheme == "https" else 80)


def _checked(address: str, has_secret: bool) -> httpx.URL:
    try:
        url = httpx.URL(address)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise UsageError(f"{address[:100]!r}: no URL of an API") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"{address[:100]!r}: a URL that begins with https:// is needed")
    if url.userinfo or url.query or url.fragment:
        raise UsageError(f"{url.host}: the address holds more than host and path; leave that out")
    if has_secret and url.scheme == "http" and url.host not in _LOOPBACK:
        raise UsageError(f"{url.host}: a token is sent over https:// only")
    return url
