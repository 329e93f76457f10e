from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from coffee_pipeline.errors import ParseError, TransientError, UsageError
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import AnswerError, Limits, Request
from coffee_pipeline.tools.http_retry import wait_seconds, worth_retrying

BEARER = Credential("SHOP_TOKEN")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def ask(api, **more):
    with api.client(BEARER, **more) as client:
        return client.ask(Request(path="things"))


def test_an_answer_with_the_token_and_parameters(api, reply) -> None:
    api.on("/things", reply({"a": 1}))
    with api.client(BEARER) as client:
        answer = client.ask(Request(path="things", parameters={"p": "1"}, headers={"X-A": "b"}))
    (asked,) = api.asked
    assert answer.json_object() == {"a": 1}
    assert (asked.query, asked.headers["x-a"]) == ({"p": "1"}, "b")
    assert asked.headers["authorization"].startswith("Bearer ")
    assert api.time.slept == []


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_fault_is_tried_again(api, reply, status: int) -> None:
    api.on("/things", reply({}, status), reply({"a": 1}))
    assert ask(api).json() == {"a": 1}
    assert len(api.time.slept) == 1


def test_retry_after_is_honoured_in_seconds_and_as_a_date(api, reply) -> None:
    api.on("/things", reply({}, 429, {"Retry-After": "7"}), reply({}))
    ask(api)
    assert 7 <= api.time.slept[0] <= 8
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    api.on("/things", reply({}, 503, {"Retry-After": later}), reply({}))
    ask(api)
    assert 60 < api.time.slept[1] <= 91


def test_githubs_rate_limit_is_waited_for(api, reply) -> None:
    reset = str(int(datetime.now(UTC).timestamp()) + 60)
    spent = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    api.on("/things", reply({"message": "rate limit"}, 403, spent), reply({}))
    ask(api)
    assert 50 < api.time.slept[0] <= 61


def test_the_total_time_is_not_exceeded_by_waiting(api, reply) -> None:
    api.on("/things", reply({}, 429, {"Retry-After": "3600"}))
    with pytest.raises(TransientError, match="status 429"):
        ask(api)
    assert api.time.slept == []
    api.on("/things", reply({}, 503, {"Retry-After": "40"}))
    with pytest.raises(TransientError, match="status 503"):
        ask(api, limits=Limits(total_seconds=100))
    assert api.time.now <= 100


def test_tries_are_bounded_and_waits_grow_at_random(api, reply) -> None:
    api.on("/things", reply({"message": "overloaded"}, 503))
    with pytest.raises(TransientError, match="overloaded"):
        ask(api)
    assert len(api.asked) == 6
    assert all(wait <= 0.5 * 2**index for index, wait in enumerate(api.time.slept))
    assert len(set(api.time.slept)) == 5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
def test_a_refusal_is_final(api, reply, status: int) -> None:
    api.on("/things", reply({"errors": [{"msg": "no such project"}]}, status))
    with pytest.raises(AnswerError, match=f"status {status}: no such project") as error:
        ask(api)
    assert error.value.status == status
    assert len(api.asked) == 1


def test_what_changes_something_is_repeated_only_if_nothing_was_taken(api, reply) -> None:
    request = Request(path="things", method="POST", body={"a": 1}, repeatable=False)
    for status, tries in ((500, 1), (502, 1), (504, 1), (429, 2), (503, 2)):
        api.asked.clear()
        api.on("/things", reply({}, status), reply({}))
        with api.client() as client:
            if tries == 1:
                with pytest.raises(TransientError):
                    client.ask(request)
            else:
                client.ask(request)
        assert len(api.asked) == tries
        assert api.asked[-1].body == {"a": 1}


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    waits: list[float] = []
    nobody = HttpClient(f"http://127.0.0.1:{port}", sleep=waits.append)
    with nobody as client, pytest.raises(TransientError, match="GET http://127"):
        client.ask(Request(path="x"))
    assert len(waits) == 5


def test_a_connection_that_breaks_off_is_tried_again(api, reply) -> None:
    api.on("/things", reply({"a": 1}, 200, {"Content-Length": "100"}), reply({"a": 1}))
    assert ask(api).json() == {"a": 1}
    assert len(api.asked) == 2


def test_large_answers_are_refused(api, reply) -> None:
    api.on("/things", reply(b'"' + b"x" * 5000 + b'"'))
    with pytest.raises(ParseError, match="more than 1000 bytes"):
        ask(api, limits=Limits(content_bytes=1000))


@pytest.mark.parametrize(
    ("body", "headers", "words"),
    [
        (b'{"a": [1, 2', {}, "not JSON"),
        (b"", {}, "empty"),
        (b"<html>log in</html>", {"Content-Type": "text/html; charset=utf-8"}, "text/html came"),
        (b"[" * 5000, {}, "nested"),
        (b'"\xff"', {}, "things"),
        (b"[1]", {}, "object is expected"),
    ],
)
def test_what_is_no_json_object_is_refused(api, reply, body: bytes, headers, words: str) -> None:
    api.on("/things", reply(body, 200, headers))
    with pytest.raises(ParseError, match=words):
        ask(api).json_object()


def test_redirects_stay_with_their_host(api, reply) -> None:
    api.on("/things", reply(None, 302, {"Location": "/moved?x=1"}))
    api.on("/moved", reply({"a": 1}))
    assert ask(api).json() == {"a": 1}
    assert api.asked[-1].query == {"x": "1"}
    for place in ("https://127.0.0.1/x", "http://elsewhere.example/x", "//elsewhere.example/x"):
        api.on("/things", reply(None, 307, {"Location": place}))
        with pytest.raises(AnswerError, match="not followed"):
            ask(api)
    api.on("/things", reply(None, 302, {"Location": "/things"}))
    with pytest.raises(AnswerError, match="without end"):
        ask(api)


def test_a_next_page_of_another_host_is_not_asked_for(api) -> None:
    with api.client(BEARER) as client, pytest.raises(UsageError, match="another host"):
        client.ask(Request(path="https://elsewhere.example/page/2"))
    assert api.asked == []


def test_the_token_is_in_no_error_and_no_representation(api, reply) -> None:
    secret = BEARER.read({"SHOP_TOKEN": "s3cr3t-value-of-no-known-shape"})
    assert "s3cr3t" not in repr(secret)
    api.on("/things", lambda asked: reply({"message": asked.headers["authorization"]}, 401))
    with pytest.raises(AnswerError, match=r"\[redacted\]") as error:
        ask(api)
    assert "s3cr3t" not in str(error.value)


@pytest.mark.parametrize("value", ["", "  ", "a b", "a\nb", "a\x00", "ä"])
def test_a_variable_without_a_token_is_named_and_not_shown(value: str) -> None:
    with pytest.raises(UsageError, match="SHOP_TOKEN") as error:
        BEARER.read({"SHOP_TOKEN": value})
    assert value.strip() == "" or value not in str(error.value)


def test_basic_authentication_hides_all_parts() -> None:
    basic = Credential("CI", basic=True)
    secret = basic.read({"CI": "ada:pa55word-x"})
    assert secret.headers == {"Authorization": "Basic YWRhOnBhNTV3b3JkLXg="}
    for shown in ("ada:pa55word-x", "YWRhOnBhNTV3b3JkLXg=", "pa55word-x"):
        assert secret.without(f"<{shown}>") == "<[redacted]>"
    with pytest.raises(UsageError, match="user:token"):
        basic.read({"CI": "onlytoken"})


@pytest.mark.parametrize(
    "address",
    ["", "shop.example", "ftp://shop.example", "https://", "https://user:pw@shop.example",
     "https://shop.example?token=x", "http://shop.example", "https://shop.example:port"],
)  # fmt: skip
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(UsageError) as error:
        HttpClient(address, BEARER.read({"SHOP_TOKEN": "x"}))
    assert "pw@" not in str(error.value)


def test_certificates_are_checked() -> None:
    """The default of the HTTP library, which nothing here may turn off."""
    with HttpClient("https://shop.example") as client:
        context = client._http._transport._pool._ssl_context  # type: ignore[attr-defined]
    assert context.check_hostname
    assert httpx.create_ssl_context().verify_mode == context.verify_mode


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "120"}, 120.0),
        ({"retry-after": "Sun, 01 Mar 2026 12:01:00 GMT"}, 60.0),
        ({"retry-after": "Sun, 01 Mar 2026 11:00:00 GMT"}, 0.0),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1e9"}, None),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1772366410"}, 10.0),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": "1772366410"}, None),
    ],
)
def test_waits_that_servers_ask_for(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_seconds(headers, NOW) == seconds


def test_403_is_a_rate_limit_only_if_it_says_so() -> None:
    assert not worth_retrying(403, {"x-ratelimit-remaining": "12"}, repeatable=True)
    assert worth_retrying(403, {"retry-after": "3"}, repeatable=False)


@pytest.mark.parametrize(
    "path",
    ["http://[x", "https://127.0.0.1:99999/", "/a\ud800", "https://a\ud800.example/", "a\nb"],
)
def test_what_is_no_url_is_refused(api, path: str) -> None:
    """A next page is named by the server, so it may be anything."""
    with api.client(BEARER) as client, pytest.raises(UsageError):
        client.ask(Request(path=path))
    assert api.asked == []
