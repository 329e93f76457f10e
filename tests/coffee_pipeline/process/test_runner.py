from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import EnvironmentFailedError, ToolMissingError
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import command_line, redact, run
from tests.conftest import wait_until


def test_a_command_leaves_output_exit_code_and_usage() -> None:
    output = run(
        Command(argv=("sh", "-c", "echo out; echo err >&2; exit 3"), answers=frozenset({3}))
    )
    assert (output.stdout, output.stderr, output.exit_code) == (b"out\n", b"err\n", 3)
    assert output.answered
    assert output.cpu_seconds is not None
    assert output.peak_memory_bytes


def test_stdin_is_handed_over_whole() -> None:
    data = os.urandom(300_000)
    assert run(Command(argv=("cat",), stdin=data)).stdout == data


def test_a_command_that_does_not_read_its_stdin_is_no_fault() -> None:
    assert run(Command(argv=("true",), stdin=b"x" * 1_000_000)).exit_code == 0


def test_lines_arrive_while_the_command_runs() -> None:
    lines: list[bytes] = []
    run(Command(argv=("sh", "-c", "printf 'a\\nb\\nc'")), on_stdout_line=lines.append)
    assert lines == [b"a", b"b", b"c"]


def test_a_time_out_ends_the_whole_tree_even_what_left_the_group() -> None:
    marker = "987654.321"
    script = f"(setsid sleep {marker} &) ; sleep {marker}"
    output = run(Command(argv=("sh", "-c", script), timeout_seconds=0.3))
    assert output.timed_out
    assert not output.answered
    assert not [p for p in psutil.process_iter(["cmdline"]) if marker in (p.info["cmdline"] or [])]


def test_what_a_finished_command_left_running_goes_with_it() -> None:
    marker = "987655.321"
    run(Command(argv=("sh", "-c", f"(setsid sleep {marker} >/dev/null 2>&1 &)")))
    assert not [p for p in psutil.process_iter(["cmdline"]) if marker in (p.info["cmdline"] or [])]


def test_output_over_the_limit_is_cut_and_said() -> None:
    command = Command(argv=("sh", "-c", "yes | head -c 100000"), output_limit_bytes=1000)
    output = run(command)
    assert len(output.stdout) == 1000
    assert output.truncated
    assert not output.answered


def test_a_program_that_does_not_exist_is_missing() -> None:
    with pytest.raises(ToolMissingError, match="no-such-program"):
        run(Command(argv=("no-such-program-anywhere",)))


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFailedError, match="absent"):
        run(Command(argv=("true",), cwd=tmp_path / "absent"))


def test_tokens_of_the_pipeline_do_not_reach_tools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_TOKEN", "hunter2hunter2")
    assert b"hunter2" not in run(Command(argv=("env",))).stdout


def test_secrets_are_redacted_in_output_and_command_line() -> None:
    command = Command(argv=("echo", "key=s3cr3t-value"), secrets=("s3cr3t-value",))
    assert run(command).stdout == b"key=[redacted]\n"
    assert "s3cr3t" not in command_line(command)


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_survives_redaction(secret: str, before: str, after: str) -> None:
    text = (before + secret + after).encode("utf-8", "replace")
    left = redact(text, [secret.encode("utf-8", "replace").decode()])
    without = left.replace(b"[redacted]", b"")
    assert len(without) <= len(text) - len(secret.encode("utf-8", "replace"))


def test_a_killed_pipeline_takes_its_tools_along(tmp_path: Path) -> None:
    marker = "987656.321"
    code = (
        "from coffee_pipeline.process.command import Command\n"
        "from coffee_pipeline.process.runner import run\n"
        f"run(Command(argv=('sh', '-c', 'echo up; (setsid sleep {marker} &); sleep {marker}')),"
        "on_stdout_line=lambda line: print(line.decode(), flush=True))\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    below = psutil.Process(parent.pid).children(recursive=True)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    gone, alive = psutil.wait_procs(below, timeout=20)
    assert len(gone) == len(below) > 0
    assert not alive


def test_a_background_process_logs_and_stops(tmp_path: Path) -> None:
    command = Command(argv=("sh", "-c", "echo hello; exec sleep 987657"))
    with BackgroundProcess(command, tmp_path / "logs" / "x.log") as process:
        assert process.running()
        assert psutil.pid_exists(process.pid)
        wait_until(lambda: process.log_tail() == "hello")
    assert not psutil.pid_exists(process.pid)


def test_a_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    command = Command(argv=("sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"))
    process = BackgroundProcess(command, tmp_path / "x.log", grace_seconds=0.2)
    wait_until(lambda: process.log_tail() == "ready")
    assert process.stop().exit_code == -signal.SIGKILL


def test_a_free_port_is_free() -> None:
    assert 1024 < free_port() < 65536


def test_listeners_get_redacted_lines() -> None:
    lines: list[bytes] = []
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBg\n-----END KEY-----"
    run(
        Command(argv=("printf", "token=s3cr3t-value\nMIIEvQIBADANBg\nend"),
                secrets=("s3cr3t-value", key)),
        on_stdout_line=lines.append,
    )  # fmt: skip
    assert lines == [b"token=[redacted]", b"[redacted]", b"end"]


@pytest.mark.parametrize("limit", [0, 7, 9, 10, 11, 12, 18, 19, 20, 25, 40])
def test_a_limit_that_cuts_a_secret_leaves_none_of_it(limit: int) -> None:
    output = run(
        Command(argv=("printf", "before s3cr3t-value after"), secrets=("s3cr3t-value",),
                output_limit_bytes=limit),
    )  # fmt: skip
    # Up to three characters may stay: shorter than that, nothing counts as a secret.
    assert b"s3cr" not in output.stdout
    assert output.truncated is (limit < len("before s3cr3t-value after"))


def test_odd_bytes_in_arguments_and_secrets_are_no_fault() -> None:
    odd = os.fsdecode(b"caf\xe9-value")
    command = Command(argv=("printf", f"<{odd}>"), secrets=(odd,))
    assert run(command).stdout == b"<[redacted]>"
    assert command_line(Command(argv=("a", odd))) == r"a caf\xe9-value"


def test_a_line_that_the_limit_cut_is_not_handed_on() -> None:
    lines: list[bytes] = []
    command = Command(argv=("printf", "one\ntwo\nthree"), output_limit_bytes=9)
    run(command, on_stdout_line=lines.append)
    assert lines == [b"one", b"two"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 7))
def test_lines_are_whole_however_they_arrive(lines: list[bytes], step: int) -> None:
    data = b"\n".join(lines)
    heard: list[bytes] = []
    code = (
        "import os, sys\n"
        "data = sys.stdin.buffer.read()\n"
        f"for at in range(0, len(data), {step}): os.write(1, data[at:at + {step}])\n"
    )
    run(Command(argv=(sys.executable, "-S", "-c", code), stdin=data), on_stdout_line=heard.append)
    assert heard == (data.split(b"\n")[:-1] + ([last] if (last := data.split(b"\n")[-1]) else []))


THREADED = """
import subprocess, sys, threading
script = "trap 'echo term > $0/term; exit' TERM; echo up > $0/up; while :; do sleep 0.05; done"
work = lambda: subprocess.run(["setsid", "sh", "-c", script, sys.argv[1]])
thread = threading.Thread(target=work)
thread.start()
thread.join()
"""


def test_children_of_threads_are_asked_to_end_too(tmp_path: Path) -> None:
    command = Command(argv=(sys.executable, "-c", THREADED, str(tmp_path)))
    process = BackgroundProcess(command, tmp_path / "x.log", grace_seconds=20)
    wait_until((tmp_path / "up").exists)
    process.stop()
    assert (tmp_path / "term").read_text() == "term\n"


def test_a_killed_launcher_neither_hangs_its_owner_nor_leaves_the_tool() -> None:
    marker = "987658.321"
    lines: list[bytes] = []

    def kill_launcher(line: bytes) -> None:
        lines.append(line)
        psutil.Process(int(line)).kill()

    script = f"echo $PPID; sleep {marker} & sleep {marker}"
    output = run(Command(argv=("sh", "-c", script)), on_stdout_line=kill_launcher)
    assert len(lines) == 1
    assert output.exit_code == -signal.SIGKILL
    assert not output.answered
    wait_until(
        lambda: not [p for p in psutil.process_iter(["cmdline"])
                     if marker in (p.info["cmdline"] or [])]
    )  # fmt: skip


def test_a_listener_that_fails_leaves_no_process() -> None:
    marker = "987659.321"

    def fail(line: bytes) -> None:
        raise KeyError(line)

    with pytest.raises(KeyError):
        run(Command(argv=("sh", "-c", f"echo x; sleep {marker}")), on_stdout_line=fail)
    assert not [p for p in psutil.process_iter(["cmdline"]) if marker in (p.info["cmdline"] or [])]


def test_memory_over_the_limit_is_refused_to_the_tool() -> None:
    argv = (sys.executable, "-c", "bytearray(512 << 20)")
    assert run(Command(argv=argv)).exit_code == 0
    limited = run(Command(argv=argv, memory_limit_bytes=256 << 20))
    assert limited.exit_code == 1
    assert b"MemoryError" in limited.stderr
