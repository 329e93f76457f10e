"""A small parent for one process, so that nothing outlives its run: a script, never imported.

``python -I -S launcher.py LIFELINE STATUS GRACE DATA_LIMIT -- ARGV...``

The pipeline keeps the write end of the *lifeline* pipe. When that end closes - because the
pipeline asks for it, or because it died, even by SIGKILL - the launcher ends the process, its
group, and every descendant that tried to leave the group (it is their "child subreaper" on Linux).
What happened is written to the *status* pipe as JSON lines: the pid, then the exit status and the
resource usage of the whole tree.
"""

import ctypes
import json
import os
import resource
import select
import signal
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def _children(pid: int) -> list[int]:
    """Children of every thread: the kernel lists a child under the thread that forked it."""
    found: list[int] = []
    try:
        for thread in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (thread / "children").read_text(encoding="ascii").split())
    except OSError:  # it ended meanwhile, or there is no /proc: what was found is all there is
        return found
    return found


def _descendants(pid: int) -> list[int]:
    found: list[int] = []
    pending = [pid]
    while pending:
        below = _children(pending.pop())
        found += below
        pending += below
    return found


def _signal_all(leader: int, number: int) -> None:
    """Signal the group and every descendant; those that are gone already are what we want."""
    for pid in _descendants(os.getpid()):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return


def _start(argv: list[str], data_limit: int) -> tuple[int, int | None]:
    """Fork and exec; a failing exec is told through a close-on-exec pipe."""
    reader, writer = os.pipe()
    launcher = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != launcher:  # it was killed before the line above
            os._exit(127)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        if data_limit:
            resource.setrlimit(resource.RLIMIT_DATA, (data_limit, data_limit))
        try:
            os.execvp(argv[0], argv)
        except OSError as error:
            os.write(writer, str(error.errno).encode())
            os._exit(127)
    os.close(writer)
    problem = os.read(reader, 16)
    os.close(reader)
    return pid, int(problem) if problem else None


def _reap(leader: int, status: int | None) -> int | None:
    """Collect ended children; returns the leader's wait status once it is known."""
    while True:
        try:
            pid, ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == 0:
            return status
        if pid == leader:
            status = ended


def _end(leader: int, status: int | None, grace: float) -> int | None:
    """SIGTERM, then SIGKILL after ``grace`` seconds, until no descendant is left."""
    _signal_all(leader, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while status is None or _descendants(os.getpid()):
        status = _reap(leader, status)
        if time.monotonic() > deadline:
            _signal_all(leader, signal.SIGKILL)
        time.sleep(0.01)
    return _reap(leader, status)


def _close_all_but(kept: set[int]) -> None:
    """Close what only the process was to inherit: the other end must see when that one is gone."""
    low = 3
    for descriptor in [*sorted(kept), os.sysconf("SC_OPEN_MAX")]:
        os.closerange(low, descriptor)
        low = descriptor + 1


def main() -> None:
    """Start the process, watch it and the lifeline, report how it ended."""
    lifeline, report = int(sys.argv[1]), int(sys.argv[2])
    grace, data_limit, argv = float(sys.argv[3]), int(sys.argv[4]), sys.argv[6:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # the lifeline alone decides
    wake_reader, wake_writer = os.pipe()
    os.set_blocking(wake_writer, False)
    signal.set_wakeup_fd(wake_writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)
    os.set_inheritable(lifeline, False)
    os.set_inheritable(report, False)
    started = time.monotonic()
    leader, problem = _start(argv, data_limit)
    _close_all_but({lifeline, report, wake_reader, wake_writer})
    os.write(report, json.dumps({"pid": leader, "errno": problem}).encode() + b"\n")
    status: int | None = None
    ended_by_lifeline = False
    while status is None:
        ready, _, _ = select.select([lifeline, wake_reader], [], [])
        if wake_reader in ready:
            os.read(wake_reader, 512)
            status = _reap(leader, status)
        if status is None and lifeline in ready:
            ended_by_lifeline = True
            status = _end(leader, status, grace)
            break
    # Whatever the process left behind goes with it.
    if _descendants(os.getpid()):
        _end(leader, status, 0.2)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    scale = 1 if sys.platform == "darwin" else 1024
    final = {
        "status": 9 if status is None else status,
        "ended_by_lifeline": ended_by_lifeline,
        "duration": time.monotonic() - started,
        "cpu": used.ru_utime + used.ru_stime,
        "peak": used.ru_maxrss * scale,
    }
    try:
        os.write(report, json.dumps(final).encode() + b"\n")
    except BrokenPipeError:
        return  # the pipeline is gone: there is nobody to tell


main()
