from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.model import test as model
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.test import ModuleTestRun, PackageTestRun
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import go_test
from coffee_pipeline.tools.base import Report, Target

RECORDINGS = Path(__file__).with_name("recordings")
TARGET = Target(checkout=Path("/src"), module="m", revision="r")


def output(stdout: bytes, stderr: bytes = b"", code: int = 1, timed_out: bool = False) -> Output:
    return Output(
        command=Command(argv=("go", "test"), timeout_seconds=9),
        exit_code=code,
        stdout=stdout,
        stderr=stderr,
        timed_out=timed_out,
        truncated=False,
        started_at=datetime(2026, 1, 5, tzinfo=UTC),
        duration_seconds=1.0,
    )


def replay(name: str, code: int = 1) -> Report:
    stdout = (RECORDINGS / f"go-test-{name}.json").read_bytes()
    stderr = (RECORDINGS / f"go-test-{name}.err").read_bytes()
    return go_test.parse(TARGET, output(stdout, stderr, code), None)


def module(report: Report) -> ModuleTestRun:
    (run,) = [record for record in report.records if isinstance(record, ModuleTestRun)]
    return run


def packages(report: Report) -> dict[str, PackageTestRun]:
    found = [record for record in report.records if isinstance(record, PackageTestRun)]
    return {run.package.removeprefix("example.test/"): run for run in found}


def cases(report: Report) -> dict[str, str]:
    return {r.name: r.outcome for r in report.records if isinstance(r, model.TestCase)}


def test_passing_skipped_and_untested_packages() -> None:
    report = replay("ok", code=0)
    assert report.outcome is Outcome.COMPLETED
    assert report.reason is None
    assert module(report).outcome == "ok"
    assert {name: run.outcome for name, run in packages(report).items()} == {
        "ok": "no_tests",
        "ok/lib": "ok",
    }
    assert cases(report) == {
        "TestAdd": "passed",
        "TestAdd/one": "passed",
        "TestAdd/skip": "skipped",
    }


def test_a_deadlock_names_the_hanging_test_and_keeps_what_ran_before() -> None:
    report = replay("dead")
    assert report.outcome is Outcome.PARTIAL
    assert module(report).outcome == "timed_out"
    assert packages(report)["dead"].hanging_tests == "TestDead/sub"
    assert "test timed out after 3s" in str(packages(report)["dead"].detail)
    assert cases(report) == {
        "TestBefore": "passed",
        "TestDead": "timed_out",
        "TestDead/sub": "timed_out",
    }
    assert module(report).timed_out == 2
    assert not module(report).coverage_complete


def test_panics_exits_and_background_panics_are_told_apart() -> None:
    report = replay("panic")
    assert module(report).outcome == "panicked"
    assert {name: run.outcome for name, run in packages(report).items()} == {
        "panic": "panicked",
        "panic/e": "failed",
        "panic/g": "panicked",
        "panic/h": "failed",
    }
    assert cases(report) == {
        "TestBefore": "passed",
        "TestBoom": "panicked",
        "TestBoom/sub": "panicked",
        "TestExit": "failed",
        "TestG": "panicked",
    }
    assert "TestExit ran" in str(packages(report)["panic/e"].detail)
    assert "no test failed: exit status 1" in str(packages(report)["panic/h"].detail)


@pytest.mark.parametrize(
    ("name", "module_outcome", "package_outcomes", "outcome"),
    [
        ("vet", "vet_failed", {"vet": "vet_failed", "vet/w": "ok"}, Outcome.PARTIAL),
        (
            "compile",
            "did_not_compile",
            {"compile": "compile_failed", "compile/b": "compile_failed", "compile/c": "ok"},
            Outcome.PARTIAL,
        ),
        ("nosum", "dependency_missing", {"nosum": "dependency_missing"}, Outcome.FAILED),
        (
            "cycle",
            "did_not_compile",
            dict.fromkeys(("cycle", "cycle/a", "cycle/b"), "compile_failed"),
            Outcome.FAILED,
        ),
        ("constraint", "no_packages", {}, Outcome.FAILED),
        ("garbage", "did_not_compile", {}, Outcome.FAILED),
    ],
)
def test_what_could_not_be_tested(
    name: str, module_outcome: str, package_outcomes: dict[str, str], outcome: Outcome
) -> None:
    report = replay(name)
    assert module(report).outcome == module_outcome
    assert {n: run.outcome for n, run in packages(report).items()} == package_outcomes
    assert report.outcome is outcome
    assert report.reason
    assert module(report).coverage_percent is None


def test_a_failing_exit_code_without_any_event_is_never_ok() -> None:
    report = go_test.parse(TARGET, output(b"", b"something broke"), None)
    assert report.outcome is Outcome.FAILED
    assert module(report).outcome == "tool_failed"
    assert "something broke" in str(module(report).detail)


def test_a_failing_exit_code_with_passing_packages_is_never_ok() -> None:
    lines = (RECORDINGS / "go-test-ok.json").read_bytes()
    report = go_test.parse(TARGET, output(lines, b"write cover.out: no space left"), None)
    assert module(report).outcome == "tool_failed"
    assert report.outcome is not Outcome.COMPLETED


def test_packages_that_the_stream_does_not_speak_of_were_not_run() -> None:
    lines = (RECORDINGS / "go-test-ok.json").read_bytes()
    listed = ["example.test/ok", "example.test/ok/lib", "example.test/ok/more"]
    report = go_test.parse(TARGET, output(lines, code=0), None, listed=listed)
    assert packages(report)["ok/more"].outcome == "not_run"
    assert module(report).outcome == "not_run"
    assert report.outcome is Outcome.PARTIAL


def test_a_run_that_was_ended_names_the_tests_that_ran() -> None:
    lines = (RECORDINGS / "go-test-dead.json").read_bytes().split(b"\n")[:8]
    assert b'"TestDead/sub"' in b"".join(lines)
    assert b"panic" not in b"".join(lines)
    report = go_test.parse(TARGET, output(b"\n".join(lines), code=-9, timed_out=True), None)
    assert packages(report)["dead"].outcome == "timed_out"
    assert packages(report)["dead"].hanging_tests == "TestDead/sub"


def test_a_test_that_prints_panic_and_goes_on_did_not_panic() -> None:
    events = [
        {"Action": "run", "Package": "p", "Test": "TestA"},
        {"Action": "output", "Package": "p", "Test": "TestA", "Output": "panic: only a word\n"},
        {"Action": "output", "Package": "p", "Test": "TestA", "Output": "--- FAIL: TestA (0.1s)\n"},
        {"Action": "fail", "Package": "p", "Test": "TestA", "Elapsed": 0.1},
        {"Action": "output", "Package": "p", "Output": "FAIL\n"},
        {"Action": "fail", "Package": "p", "Elapsed": 0.2},
    ]
    stream = "\n".join(json.dumps(event) for event in events).encode()
    report = go_test.parse(TARGET, output(stream), None)
    assert packages(report)["p"].outcome == "failed"
    assert cases(report) == {"TestA": "failed"}


def test_build_errors_on_stderr_of_older_go() -> None:
    events = [
        {"Action": "output", "Package": "e.test/p", "Output": "FAIL\te.test/p [build failed]\n"},
        {"Action": "fail", "Package": "e.test/p", "Elapsed": 0},
    ]
    stream = "\n".join(json.dumps(event) for event in events).encode()
    words = b"# e.test/p\n# [e.test/p]\n./p_test.go:3:1: Printf format %d has arg\n"
    report = go_test.parse(TARGET, output(stream, words), None)
    (run,) = [r for r in report.records if isinstance(r, PackageTestRun)]
    assert run.outcome == "vet_failed"


NAMES = st.from_regex(r"Test[A-Z][a-z]{0,5}", fullmatch=True)
NOISE = st.sampled_from([b"", b"go: downloading x v1", b'{"Action":', b"[]", b"\xff\xfe", b"null"])


@given(
    st.dictionaries(
        st.sampled_from(["p/a", "p/b", "p/c"]),
        st.dictionaries(NAMES, st.sampled_from(["pass", "fail", "skip"]), max_size=6),
        min_size=1,
    ),
    st.lists(NOISE, max_size=5),
    st.randoms(use_true_random=False),
)
def test_counts_are_those_of_the_stream(plan, noise, random) -> None:
    streams = []
    for package, tests in plan.items():
        lines = [json.dumps({"Action": "start", "Package": package}).encode()]
        for name, action in tests.items():
            lines += [
                json.dumps({"Action": a, "Package": package, "Test": name}).encode()
                for a in ("run", action)
            ]
        failed = "fail" in tests.values()
        word = "FAIL\n" if failed else "PASS\n"
        lines.append(json.dumps({"Action": "output", "Package": package, "Output": word}).encode())
        end = {"Action": "fail" if failed else "pass", "Package": package, "Elapsed": 1}
        lines.append(json.dumps(end).encode())
        streams.append(lines)
    merged = []
    while any(streams):  # packages run side by side: their events are interleaved
        merged.append(random.choice([s for s in streams if s]).pop(0))
    for item in noise:
        merged.insert(random.randrange(len(merged) + 1), item)
    any_failed = any("fail" in tests.values() for tests in plan.values())
    report = go_test.parse(TARGET, output(b"\n".join(merged), code=int(any_failed)), None)
    run = module(report)
    expected = Counter(action for tests in plan.values() for action in tests.values())
    assert (run.passed, run.failed, run.skipped) == (
        expected["pass"],
        expected["fail"],
        expected["skip"],
    )
    assert (run.timed_out, run.panicked, run.packages) == (0, 0, len(plan))
    if any_failed:
        assert run.outcome == "failed"
    else:
        assert run.outcome == ("ok" if any(plan.values()) else "no_tests")


@given(st.integers(0, 60), st.sampled_from(["dead", "panic", "vet", "compile", "ok"]))
def test_a_stream_cut_anywhere_is_never_clean(lines: int, name: str) -> None:
    content = (RECORDINGS / f"go-test-{name}.json").read_bytes().split(b"\n")
    kept = b"\n".join(content[: min(lines, len(content) - 2)])
    listed = {json.loads(line)["Package"] for line in content if line and b'"Package"' in line}
    report = go_test.parse(TARGET, output(kept, code=-9), None, listed=sorted(listed))
    assert report.outcome is not Outcome.COMPLETED
    assert report.reason


def test_flags_of_the_command() -> None:
    settings = go_test.TestSettings(race=True, tags=("a", "b"))
    command = go_test.command(
        Path("/go"), TARGET, Path("/p"), settings, {}, package_seconds=3, cores=2
    )
    assert {"-json", "-count=1", "-race", "-covermode=atomic", "-timeout=3s", "-tags=a,b"} <= set(
        command.argv
    )
    plain = go_test.command(
        Path("/go"), TARGET, Path("/p"), go_test.TestSettings(fresh=False), {}, package_seconds=3
    )
    assert "-covermode=set" in plain.argv
    assert "-count=1" not in plain.argv
