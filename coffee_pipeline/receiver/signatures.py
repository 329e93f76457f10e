"""Who sent this? Signatures and passwords of messages, compared in constant time.

Every check takes the headers with small names, the body as it came, and all secrets that are valid
now: while a secret is replaced, the old and the new one both are. None means that the sender is
known; else the reason why it is not, which tells nothing about the secrets.

- Standard Webhooks 1.0: HMAC-SHA256 over ``id.timestamp.body``, base64, ``v1,`` before it.
- GitHub: HMAC-SHA256 over the body, hexadecimal, ``sha256=`` before it.
- PagerDuty V3: the same, ``v1=`` before it, several of them with commas.
- Falco and Alertmanager cannot sign: a bearer token, or the password of basic authentication.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

REPLAY_SECONDS = 300
"""How far the time of a signed message may be from now, to either side."""

Headers = Mapping[str, str]
Secrets = Sequence[bytes]

_UNSIGNED = "the request is not signed"
_WRONG = "the signature does not fit"
_ENCODING_PREFIX = "whsec_"


def standard_webhooks(headers: Headers, body: bytes, secrets: Secrets, now: datetime) -> str | None:
    """Standard Webhooks; ``secrets`` are decoded keys, see :func:`standard_webhooks_key`."""
    identity, sent = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "").split()
    if not (identity and sent and signatures):
        return _UNSIGNED
    if "." in identity:
        # It parts id, time and body: with it, one signature would fit two different messages.
        return "webhook-id has a full stop in it"
    if not (sent.isascii() and sent.isdigit() and len(sent) <= 15):
        return "webhook-timestamp is no time in whole seconds"
    if abs(now.timestamp() - int(sent)) > REPLAY_SECONDS:
        return f"webhook-timestamp is more than {REPLAY_SECONDS} s from now"
    content = _octets(f"{identity}.{sent}.") + body
    made = [base64.b64encode(_mac(key, content)) for key in secrets]
    given = [one.removeprefix("v1,") for one in signatures if one.startswith("v1,")]
    return None if _any_equal(made, map(_octets, given)) else _WRONG


def standard_webhooks_key(secret: str) -> bytes | None:
    """The key that a secret stands for: base64, usually behind ``whsec_``; None if it is none."""
    try:
        return base64.b64decode(secret.removeprefix(_ENCODING_PREFIX), validate=True) or None
    except (binascii.Error, ValueError):
        return None


def github(headers: Headers, body: bytes, secrets: Secrets, _now: datetime) -> str | None:
    """GitHub's ``X-Hub-Signature-256``; the older one with SHA-1 is not taken."""
    signature = headers.get("x-hub-signature-256", "")
    if not signature:
        return _UNSIGNED
    return _hexadecimal("sha256=", [signature], body, secrets)


def pagerduty(headers: Headers, body: bytes, secrets: Secrets, _now: datetime) -> str | None:
    """PagerDuty's ``X-PagerDuty-Signature``."""
    signatures = headers.get("x-pagerduty-signature", "").split(",")
    if not any(signatures):
        return _UNSIGNED
    return _hexadecimal("v1=", [one.strip() for one in signatures], body, secrets)


def password(headers: Headers, _body: bytes, secrets: Secrets, _now: datetime) -> str | None:
    """A bearer token, or the password of basic authentication under any user name."""
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    credentials = credentials.strip()
    if scheme.lower() == "bearer":
        given = _octets(credentials)
    elif scheme.lower() == "basic":
        try:
            given = base64.b64decode(credentials, validate=True).partition(b":")[2]
        except (binascii.Error, ValueError):
            return "the basic authentication is not base64"
    else:
        return "a bearer token or basic authentication is needed"
    return None if _any_equal(secrets, [given]) else "the token or password is wrong"


def _hexadecimal(
    prefix: str, signatures: Iterable[str], body: bytes, secrets: Secrets
) -> str | None:
    given = [_octets(one.removeprefix(prefix)) for one in signatures if one.startswith(prefix)]
    made = [_mac(secret, body).hex().encode() for secret in secrets]
    return None if _any_equal(made, given) else _WRONG


def _mac(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _any_equal(made: Iterable[bytes], given: Iterable[bytes]) -> bool:
    """Whether one fits; all pairs are compared, so that time does not tell which."""
    expected, fits = list(made), False
    for one in given:
        for other in expected:
            fits |= hmac.compare_digest(one, other)
    return fits


def _octets(text: str) -> bytes:
    """The bytes that came: HTTP headers are read as Latin-1."""
    return text.encode("latin-1", "replace")
