"""The console command on bad input, and on a platform of its own, through real workers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT, GitFolder, wait_until

COMMAND = Path(sys.executable).with_name("coffee-pipeline")
STAGES = ("--stage", "build", "--stage", "test")
GO_MOD = "module example.com/{0}\n\ngo 1.24\n"
MAIN = "package main\n\nfunc main() { println(answer()) }\n\nfunc answer() int { return 1 }\n"
TEST = 'package main\n\nimport "testing"\n\nfunc TestAnswer(t *testing.T) { answer() }\n'


def _run(data: Path, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [COMMAND, "--data-dir", data, *map(str, arguments)],
        cwd=ROOT, capture_output=True, text=True, **options,
    )  # fmt: skip


def _platform(folder: GitFolder, **modules: dict[str, str]) -> Path:
    files: dict[str, str | bytes | None] = {}
    lines = ["name: shop", "modules:"]
    lines += [f"  - path: {name}" for name in modules]
    lines += ["services:"]
    for name, content in modules.items():
        lines += [f"  - name: {name}", f"    module: {name}", "    package: ."]
        files |= {f"{name}/go.mod": GO_MOD.format(name)}
        files |= {f"{name}/{file}": text for file, text in content.items()}
    lines += ["go: {test_timeout_seconds: 60}"]
    files["platform.yaml"] = "\n".join(lines) + "\n"
    folder.commit(files)
    return folder.path / "platform.yaml"


GOOD = {"main.go": MAIN, "main_test.go": TEST}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name: shop\nservicez: 1\n", "2: servicez: unknown key; did you mean 'services'?"),
        ("name: shop\nrepository: nowhere\n", "no such folder"),
        ("name: shop\nrepository: .\n", "not a Git repository"),
    ],
)
def test_bad_configuration_is_one_line_and_exit_code_2(
    tmp_path: Path, content: str, message: str
) -> None:
    file = tmp_path / "platform.yaml"
    file.write_text(content)
    done = _run(tmp_path / "data", "run", "--platform", file)
    assert done.returncode == 2
    assert message in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr


def test_an_unknown_service_an_empty_repository_and_an_unknown_revision(
    tmp_path: Path, git_folder: Callable[[str], GitFolder]
) -> None:
    file = _platform(git_folder("repo"), good=GOOD)
    unknown = _run(tmp_path / "data", "run", "--platform", file, "--service", "nope")
    assert (unknown.returncode, unknown.stderr) == (
        2, "error: nope: no such service in shop; it has: good\n",
    )  # fmt: skip
    revision = _run(tmp_path / "data", "run", "--platform", file, "--revision", "nope")
    assert revision.returncode == 2
    assert "no revision 'nope'" in revision.stderr
    empty = git_folder("empty")
    (empty.path / "platform.yaml").write_text("name: empty\n")
    nothing = _run(tmp_path / "data", "run", "--platform", empty.path / "platform.yaml")
    assert nothing.returncode == 2
    assert "no commit yet" in nothing.stderr
    assert _run(tmp_path / "data", "init", empty.path, "-o", tmp_path / "x.yaml").returncode == 2


def test_a_data_directory_that_cannot_be_written_is_exit_code_3(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    done = _run(tmp_path / "file", "status")
    assert done.returncode == 3
    assert "cannot be written" in done.stderr


@pytest.mark.slow
def test_one_bad_module_never_hides_another_and_a_second_run_has_nothing_to_do(
    tmp_path: Path, git_folder: Callable[[str], GitFolder]
) -> None:
    folder = git_folder("repo")
    broken = {"main.go": "package main\n\nfunc main() { undefined() }\n"}
    hanging = {
        "main.go": MAIN,
        "main_test.go": TEST.replace("{ answer() }", "{ select {} }"),
    }
    file = _platform(folder, good=GOOD, broken=broken, hanging=hanging)
    file.write_text(file.read_text().replace("seconds: 60", "seconds: 2"))
    data = tmp_path / "data"
    first = _run(data, "run", "--platform", file, *STAGES, "--json")
    assert first.returncode == 1, first.stderr
    told = json.loads(first.stdout)
    verdicts = {(run["service"], run["step"]): run["verdict"] for run in told["stage_runs"]}
    assert verdicts["good", "test_results"] in ("passed", "failed")  # the floor is 80 %
    assert verdicts["good", "binary"] == "passed"
    assert verdicts["broken", "binary"] == "failed"
    assert verdicts["hanging", "test_results"] == "failed"
    assert told["crashed"] == []
    rows = json.loads(
        _run(data, "sql", "--format", "json",
             "SELECT module, outcome, timed_out FROM module_test_runs ORDER BY module").stdout
    )  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        ("broken", "did_not_compile", 0), ("good", "ok", 0), ("hanging", "timed_out", 1),
    ]  # fmt: skip
    again = _run(data, "run", "--platform", file, "--stage", "build", "--service", "good")
    assert again.returncode == 0
    assert folder.git("status", "--porcelain", "--untracked-files=all") == "M platform.yaml"


@pytest.mark.slow
def test_two_runs_at_once_and_a_run_that_is_killed_lose_and_double_nothing(
    tmp_path: Path, git_folder: Callable[[str], GitFolder]
) -> None:
    file = _platform(git_folder("repo"), good=GOOD, other=GOOD)
    data = tmp_path / "data"
    arguments = [COMMAND, "--data-dir", str(data), "run", "--platform", str(file), *STAGES]
    quiet = {"cwd": ROOT, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    pair = [subprocess.Popen(arguments, **quiet) for _ in range(2)]
    assert {process.wait(timeout=240) for process in pair} <= {0, 1}
    killed = subprocess.Popen([*arguments, "--force"], **quiet)
    wait_until(lambda: "assets.worker" in _tree(killed.pid), 60)
    below = psutil.Process(killed.pid).children(recursive=True)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    _, alive = psutil.wait_procs(below, timeout=60)
    assert not alive
    assert _run(data, "run", "--platform", file, *STAGES, "--force").returncode in (0, 1)
    rows = json.loads(
        _run(data, "sql", "--format", "json",
             "SELECT service, step, count(*) AS n FROM stage_runs GROUP BY ALL").stdout
    )  # fmt: skip
    assert {row["n"] for row in rows} == {1}
    cases = json.loads(
        _run(
            data, "sql", "--format", "json", "SELECT count(*) n FROM test_cases GROUP BY module"
        ).stdout
    )
    assert {row["n"] for row in cases} == {1}


HANG = """package main

import (
	"testing"
	"time"
)

func TestHang(t *testing.T) { time.Sleep(time.Hour) }
"""


@pytest.mark.slow
def test_a_worker_that_is_killed_is_replaced_and_the_other_services_go_on(
    tmp_path: Path, git_folder: Callable[[str], GitFolder]
) -> None:
    file = _platform(git_folder("repo"), first=GOOD, hang={**GOOD, "main_test.go": HANG}, last=GOOD)
    data = tmp_path / "data"
    process = subprocess.Popen(
        [COMMAND, "--data-dir", str(data), "run", "--platform", str(file), *STAGES],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    wait_until(lambda: bool(_below(process.pid, "hang.test")), 120)
    (test,) = _below(process.pid, "hang.test")
    workers = [above for above in test.parents() if above.cmdline()[1:3] == ["-m", "assets.worker"]]
    workers[0].kill()
    said, _ = process.communicate(timeout=120)
    assert process.returncode == 3
    assert "error: the worker of hang died" in said
    assert not test.is_running()
    rows = json.loads(
        _run(data, "sql", "--format", "json",
             "SELECT service FROM stage_runs WHERE step = 'test_results' ORDER BY 1").stdout
    )  # fmt: skip
    assert [row["service"] for row in rows] == ["first", "last"]


@pytest.mark.slow
def test_ctrl_c_says_so_and_leaves_no_process(
    tmp_path: Path, git_folder: Callable[[str], GitFolder]
) -> None:
    file = _platform(git_folder("repo"), good=GOOD)
    process = subprocess.Popen(
        [COMMAND, "--data-dir", str(tmp_path / "data"), "run", "--platform", str(file), *STAGES],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    wait_until(lambda: "assets.worker" in _tree(process.pid), 60)
    below = psutil.Process(process.pid).children(recursive=True)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said.strip().splitlines()[-1].startswith("interrupted")
    _, alive = psutil.wait_procs(below, timeout=30)
    assert not alive


def _tree(pid: int) -> str:
    children = psutil.Process(pid).children(recursive=True)
    words: list[str] = []
    for child in children:
        try:
            words += child.cmdline()
        except psutil.Error:
            continue
    return " ".join(words)


def _below(pid: int, name: str) -> list[psutil.Process]:
    """The running programs of this name below a process."""
    found = []
    for child in psutil.Process(pid).children(recursive=True):
        try:
            if child.name() == name:
                found.append(child)
        except psutil.NoSuchProcess:
            continue
    return found
