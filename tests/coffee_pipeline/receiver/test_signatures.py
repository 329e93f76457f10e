from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.security import ReceiverSettings
from coffee_pipeline.receiver import signatures
from coffee_pipeline.receiver.endpoints import endpoints
from tests.coffee_pipeline.receiver.conftest import KEY, NOW, SECRETS, hexadecimal, standard

SENT = int(NOW.timestamp())
KEYS = st.binary(min_size=1, max_size=64)
IDENTITIES = st.text("abcXYZ019_-", min_size=1, max_size=40)


@given(KEYS, IDENTITIES, st.integers(-300, 300), st.binary())
def test_what_was_signed_by_the_standard_is_taken(
    key: bytes, identity: str, late: int, body: bytes
) -> None:
    headers = standard(key, identity, SENT + late, body)
    assert signatures.standard_webhooks(headers, body, [b"another", key], NOW) is None
    # While the sender replaces its key it signs with both; others' versions are passed over.
    headers["webhook-signature"] = f"v1a,xxxx v1,AAAA {headers['webhook-signature']}"
    assert signatures.standard_webhooks(headers, body, [key], NOW) is None


@given(KEYS, KEYS, IDENTITIES, st.binary(), st.data())
def test_any_change_of_key_body_id_or_time_is_refused(
    key: bytes, other: bytes, identity: str, body: bytes, data: st.DataObject
) -> None:
    headers = standard(key, identity, SENT, body)
    check = signatures.standard_webhooks
    # HMAC pads a key with zeros: keys that differ by them alone are the same key.
    if key.rstrip(b"\0") != other.rstrip(b"\0"):
        assert check(headers, body, [other], NOW) is not None
    assert check(headers, body + b"x", [key], NOW) is not None
    assert check({**headers, "webhook-id": f"{identity}x"}, body, [key], NOW) is not None
    assert check({**headers, "webhook-timestamp": f"{SENT + 1}"}, body, [key], NOW) is not None
    position = data.draw(st.integers(0, len(headers["webhook-signature"]) - 2))
    text = headers["webhook-signature"]
    flipped = "!" if text[position] != "!" else "?"
    broken = text[:position] + flipped + text[position + 1 :]
    assert check({**headers, "webhook-signature": broken}, body, [key], NOW) is not None


def test_an_id_with_a_full_stop_cannot_move_the_border_between_time_and_body() -> None:
    signed = standard(KEY, "a", SENT, f"{SENT}.evil".encode())
    moved = {**signed, "webhook-id": f"a.{SENT}"}
    assert signatures.standard_webhooks(moved, b"evil", [KEY], NOW) is not None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"webhook-id": ""}, "not signed"),
        ({"webhook-timestamp": ""}, "not signed"),
        ({"webhook-signature": " "}, "not signed"),
        ({"webhook-timestamp": "1.5"}, "no time"),
        ({"webhook-timestamp": "-5"}, "no time"),
        ({"webhook-timestamp": "\u0665"}, "no time"),
        ({"webhook-timestamp": "9" * 15}, "more than 300 s"),
        ({"webhook-timestamp": str(SENT - 301)}, "more than 300 s"),
        ({"webhook-timestamp": str(SENT + 301)}, "more than 300 s"),
        ({"webhook-signature": "v2,abc"}, "does not fit"),
    ],
)
def test_headers_that_are_missing_or_odd(change: dict[str, str], words: str) -> None:
    headers = {**standard(KEY, "m1", SENT, b"{}"), **change}
    assert words in (signatures.standard_webhooks(headers, b"{}", [KEY], NOW) or "")


def test_the_window_is_the_receivers_not_the_messages() -> None:
    headers = standard(KEY, "m1", SENT, b"{}")
    later = NOW + timedelta(seconds=299)
    assert signatures.standard_webhooks(headers, b"{}", [KEY], later) is None
    too_late = NOW + timedelta(seconds=301)
    assert signatures.standard_webhooks(headers, b"{}", [KEY], too_late) is not None


@given(KEYS, st.binary())
def test_github_and_pagerduty(secret: bytes, body: bytes) -> None:
    made = hexadecimal(secret, body)
    valid = [b"old", secret]
    assert signatures.github({"x-hub-signature-256": f"sha256={made}"}, body, valid, NOW) is None
    assert signatures.github({"x-hub-signature-256": made}, body, valid, NOW) is not None
    assert signatures.github({"x-hub-signature": f"sha1={made}"}, body, valid, NOW) is not None
    wrong = {"x-hub-signature-256": f"sha256={made[:-1]}"}
    assert signatures.github(wrong, body, valid, NOW) is not None
    both = {"x-pagerduty-signature": f"v1=00, v1={made}"}
    assert signatures.pagerduty(both, body, valid, NOW) is None
    assert signatures.pagerduty(both, body + b" ", valid, NOW) is not None
    assert signatures.pagerduty({}, body, valid, NOW) is not None


@given(st.text(min_size=1).filter(lambda text: text.isascii() and text.strip() == text))
def test_passwords(secret: str) -> None:
    basic = base64.b64encode(f"anyone:{secret}".encode()).decode()
    secrets = [secret.encode(), b"other"]
    for header in (f"Bearer {secret}", f"bearer  {secret}", f"Basic {basic}"):
        assert signatures.password({"authorization": header}, b"", secrets, NOW) is None
        assert signatures.password({"authorization": f"{header}A"}, b"", secrets, NOW) is not None


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic !", "Basic YQ==", "Digest x"])
def test_credentials_that_are_none(header: str) -> None:
    assert signatures.password({"authorization": header}, b"", [b"secret"], NOW) is not None


@given(st.dictionaries(
    st.sampled_from(["authorization", "webhook-id", "webhook-timestamp", "webhook-signature",
                     "x-hub-signature-256", "x-pagerduty-signature"]),
    st.text(st.characters(max_codepoint=255)),
), st.binary())  # fmt: skip
def test_no_header_opens_or_breaks_an_endpoint(headers: dict[str, str], body: bytes) -> None:
    for endpoint in endpoints(ReceiverSettings(), SECRETS).values():
        assert endpoint.check(headers, body, endpoint.secrets, NOW) is not None


def test_secrets_come_by_name_and_are_not_shown() -> None:
    served = endpoints(
        ReceiverSettings(github_secret="MY_SECRET"), {"MY_SECRET": " first-key\nsecond-key "}
    )
    assert served["/github"].secrets == (b"first-key", b"second-key")
    assert "-key" not in repr(served)
    assert served["/falco"].problem == "COFFEE_FALCO_SECRET is not set"
    assert served["/falco"].secrets == ()


@pytest.mark.parametrize("value", ["whsec_!", "whsec_", f"whsec_{'A' * 8} not-base64!"])
def test_a_key_that_is_not_base64_closes_the_endpoint(value: str) -> None:
    endpoint = endpoints(ReceiverSettings(), {"COFFEE_WEBHOOK_SECRET": value})["/generic"]
    assert endpoint.secrets == ()
    assert endpoint.problem is not None
    assert value not in endpoint.problem


def test_what_makes_two_deliveries_the_same() -> None:
    served = endpoints(ReceiverSettings(), SECRETS)
    generic, github = served["/generic"], served["/github"]
    assert generic.key({"webhook-id": "m1"}, b"a") == generic.key({"webhook-id": "m1"}, b"b")
    assert generic.key({"webhook-id": "m1"}, b"a") != generic.key({"webhook-id": "m2"}, b"a")
    # GitHub does not sign the delivery's id, so a new one makes no new message.
    first, second = {"x-github-delivery": "1"}, {"x-github-delivery": "2"}
    assert github.key(first, b"a") == github.key(second, b"a") != github.key(first, b"b")
