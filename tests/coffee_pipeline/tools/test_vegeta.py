from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.home import Home
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.tools import vegeta
from coffee_pipeline.tools.vegeta import Attack

LINE = {
    "attack": "", "seq": 0, "code": 200, "timestamp": "2026-01-05T10:00:00.123456789Z",
    "latency": 1500000, "bytes_out": 0, "bytes_in": 2, "error": "", "body": None,
    "method": "GET", "url": "http://127.0.0.1:1/", "headers": {},
}  # fmt: skip


def test_a_result_is_read() -> None:
    (sample,) = vegeta.parse(json.dumps(LINE).encode() + b"\n")
    assert sample.latency_seconds == 0.0015
    assert (sample.code, sample.error, sample.lost) == (200, None, False)
    assert sample.started_at.tzinfo is not None


def test_a_lost_request_says_why() -> None:
    line = {**LINE, "code": 0, "error": "connection refused"}
    (sample,) = vegeta.parse(json.dumps(line).encode())
    assert sample.lost
    assert sample.error == "connection refused"


@pytest.mark.parametrize(
    "broken",
    ["{", "[]", "1", '{"code": 200}', json.dumps({**LINE, "latency": -1}),
     json.dumps({**LINE, "timestamp": "2026-01-05T10:00:00"}), json.dumps({**LINE, "code": "x"})],
)  # fmt: skip
def test_broken_results_are_refused_with_their_line(broken: str) -> None:
    with pytest.raises(ParseError, match="results:line 2"):
        list(vegeta.parse(f"{json.dumps(LINE)}\n{broken}".encode(), "results"))


@given(st.binary())
def test_no_bytes_make_it_fail_otherwise(content: bytes) -> None:
    try:
        samples = list(vegeta.parse(content))
    except ParseError:
        return
    assert all(sample.latency_seconds >= 0 for sample in samples)


class Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/broken" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        del arguments


@pytest.fixture
def shop() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Shop)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.slow
def test_a_real_attack_keeps_its_rate_and_counts_every_answer(
    tmp_path: Path, home: Home, shop: str
) -> None:
    targets = tmp_path / "targets.json"
    lines = [{"method": "GET", "url": f"{shop}{path}"} for path in ("/", "/broken")]
    targets.write_text("\n".join(map(json.dumps, lines)) + "\n")
    program = Toolbox(home).locate("vegeta").path
    attack = Attack(
        targets=targets, results=tmp_path / "results", rate_per_second=50, duration_seconds=1
    )
    attacked = run(vegeta.attack_command(attack, program))
    assert attacked.answered, attacked.tail()
    encoded = run(vegeta.encode_command(attack.results, program))
    samples = list(vegeta.parse(encoded.stdout))
    assert Counter(sample.code for sample in samples) == {200: 25, 503: 25}
    assert {sample.url for sample in samples} == {f"{shop}/", f"{shop}/broken"}
