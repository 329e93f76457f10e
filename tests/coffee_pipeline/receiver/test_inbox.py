from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import EnvironmentFailedError, TransientError
from coffee_pipeline.home import Home
from coffee_pipeline.receiver.inbox import DamagedMessageError, Inbox
from coffee_pipeline.receiver.known import KnownMessages
from tests.coffee_pipeline.receiver.conftest import NOW


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.binary(), st.text(max_size=20), st.none() | st.text(max_size=9))
def test_a_message_comes_back_as_it_was(
    inbox: Inbox, body: bytes, key: str, event: str | None
) -> None:
    stored = inbox.store("falco", key, body, event, NOW)
    if stored:
        (name,) = inbox.waiting()
        message = inbox.read(name)
        assert (message.body, message.event, message.received_at) == (body, event, NOW)
        assert message.source == "falco"
        inbox.finish([name])
    assert inbox.waiting() == []
    assert not inbox.store("falco", key, body, event, NOW), "consumed messages are known"


def test_the_same_message_is_kept_once(inbox: Inbox) -> None:
    assert inbox.store("github", "body:1", b"{}", "issues", NOW)
    assert not inbox.store("github", "body:1", b"other", "issues", NOW + timedelta(hours=1))
    assert inbox.store("pagerduty", "body:1", b"{}", None, NOW), "another source"
    assert len(inbox.waiting()) == 2


def test_of_many_at_once_one_is_kept(inbox: Inbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: inbox.store("falco", f"{n % 5}", b"{}", None, NOW), range(40))
        )
    assert sum(answers) == len(inbox.waiting()) == 5


def test_only_this_user_may_read_messages(inbox: Inbox) -> None:
    inbox.store("falco", "1", b"{}", None, NOW)
    assert inbox.folder.stat().st_mode & 0o077 == 0
    assert all(f.stat().st_mode & 0o077 == 0 for f in (inbox.folder / "waiting").iterdir())


def test_a_full_inbox_refuses_until_something_is_consumed(home: Home) -> None:
    inbox = Inbox(home, waiting_limit=2).prepare()
    assert inbox.store("falco", "1", b"{}", None, NOW)
    assert inbox.store("falco", "2", b"{}", None, NOW)
    with pytest.raises(TransientError, match="2 messages wait"):
        inbox.store("falco", "3", b"{}", None, NOW)
    assert not inbox.store("falco", "1", b"{}", None, NOW), "known ones are still known"
    inbox.finish(inbox.waiting(1))
    assert inbox.store("falco", "3", b"{}", None, NOW)


def test_a_killed_writer_leaves_nothing_that_counts(inbox: Inbox, home: Home) -> None:
    fresh, old = (inbox.folder / "waiting" / f".writing-{name}" for name in ("new", "old"))
    for file in (fresh, old):
        file.write_bytes(b"half")
    os.utime(old, (0, 0))
    assert inbox.waiting() == []
    Inbox(home).prepare()
    assert fresh.exists(), "its writer may be alive"
    assert not old.exists()


def test_what_is_stored_outlives_a_killed_process(inbox: Inbox, home: Home) -> None:
    program = (
        "import os, signal, sys; from pathlib import Path; from datetime import datetime, UTC\n"
        "from coffee_pipeline.home import Home; from coffee_pipeline.receiver.inbox import Inbox\n"
        "Inbox(Home(Path(sys.argv[1]))).store('falco', 'k', b'body', None, datetime.now(UTC))\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    ended = subprocess.run([sys.executable, "-c", program, str(home.root)], check=False)
    assert ended.returncode == -9
    (name,) = inbox.waiting()
    assert inbox.read(name).body == b"body"
    assert not inbox.store("falco", "k", b"body", None, NOW)


def test_a_rejected_message_is_kept_with_its_reason(inbox: Inbox) -> None:
    inbox.store("github", "1", b"{", None, NOW)
    (name,) = inbox.waiting()
    inbox.reject(name, "not JSON")
    assert inbox.waiting() == []
    assert inbox.rejected() == [name]
    assert (inbox.folder / "rejected" / f"{name}.reason.txt").read_text() == "not JSON\n"
    assert (inbox.folder / "rejected" / f"{name}.message").read_bytes().endswith(b"\n{")
    assert not inbox.store("github", "1", b"{", None, NOW)


def test_a_part_of_a_message_is_rejected_once(inbox: Inbox) -> None:
    inbox.store("falco", "1", b"good\nbad\n", None, NOW)
    message = inbox.read(inbox.waiting()[0])
    inbox.reject_part(message, b"bad", "line 2: not JSON")
    inbox.reject_part(message, b"bad", "line 2: not JSON")
    assert len(inbox.rejected()) == 1
    assert inbox.waiting() == [message.name]


@pytest.mark.parametrize("content", [b"", b"{}\nx", b"[1]\nx", b"\xff\nx", b"[" * 9999])
def test_a_damaged_file_is_named(inbox: Inbox, content: bytes) -> None:
    (inbox.folder / "waiting" / "falco~1.message").write_bytes(content)
    with pytest.raises(DamagedMessageError, match="falco~1"):
        inbox.read("falco~1")


def test_consumed_messages_are_forgotten_in_time(tmp_path: Path) -> None:
    known = KnownMessages(tmp_path / "known.sqlite")
    assert "a" not in known
    known.add(["a", "a", "b"], NOW)
    known.add(["c"], NOW + timedelta(days=1))
    known.forget(NOW + timedelta(hours=1))
    assert "a" not in known
    assert "c" in known
    (tmp_path / "known.sqlite").write_bytes(b"no database" * 100)
    with pytest.raises(EnvironmentFailedError, match=r"known\.sqlite"):
        "c" in known  # noqa: B015
