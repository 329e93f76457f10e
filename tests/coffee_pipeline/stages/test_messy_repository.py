"""A repository as bad as they come, through discovery and the stages, compared with plain Go."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import coffee_pipeline.model.test as model
from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.build import build_binary
from coffee_pipeline.stages.test import test_module as run_module_tests

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

MAIN = "package main\n\nfunc main() {}\n"
TEST = 'package %s\n\nimport "testing"\n\n%s\n'
GROUPS = 11
ROOT_MAINS, OUTER_MAINS, INNER_MAINS = 45, 2, 3


def library(name: str, covered: int) -> dict[str, str]:
    """A library of ten functions, ``covered`` of them tested, one test failing, one skipped."""
    functions = "\n".join(
        f"func F{n}(a int) int {{\n\tif a > {n} {{\n\t\treturn a\n\t}}\n\treturn {n}\n}}"
        for n in range(10)
    )
    calls = "\n".join(
        f"func TestF{n}(t *testing.T) {{\n\tF{n}({n % 2 * 20})\n}}" for n in range(covered)
    )
    odd = "func TestSkipped(t *testing.T) { t.Skip() }\n"
    if covered % 4 == 3:
        odd += 'func TestFails(t *testing.T) { t.Run("sub", func(t *testing.T) { t.Fatal() }) }\n'
    return {
        f"{name}.go": f"package {name}\n\nvar literal = func() int {{ return 1 }}\n\n{functions}\n",
        f"{name}_test.go": TEST % (name, f"{calls}\n{odd}"),
    }


def under(folder: str, files: dict[str, str | bytes]) -> dict[str, str | bytes]:
    return {f"{folder}/{name}" if folder else name: content for name, content in files.items()}


def module(path: str, more: str = "") -> dict[str, str | bytes]:
    return {"go.mod": f"module example.test/{path}\n\ngo 1.22\n{more}"}


def ordinary() -> dict[str, str | bytes]:
    """The root module, and eleven modules with another one inside each."""
    files = module("root")
    for main in range(ROOT_MAINS):
        files |= under(f"cmd/root-{main}", {"main.go": MAIN})
    for number in range(GROUPS):
        outer = f"group/g{number:02}"
        files |= under(outer, module(outer))
        files |= under(f"{outer}/lib", library("lib", number % 10))
        for main in range(OUTER_MAINS):
            files |= under(f"{outer}/cmd/outer{number}-{main}", {"main.go": MAIN})
        files |= under(f"{outer}/inner", module(f"{outer}/inner"))
        for main in range(INNER_MAINS):
            files |= under(f"{outer}/inner/cmd/inner{number}-{main}", {"main.go": MAIN})
    return files


def broken() -> dict[str, str | bytes]:
    """One module for everything that goes wrong in real repositories."""
    import_x = 'package main\n\nimport _ "example.invalid/x"\n\nfunc main() {}\n'
    dead = "func TestBefore(t *testing.T) { D() }\nfunc TestDead(t *testing.T) { select {} }\n"
    boom = "func TestBefore(t *testing.T) { P() }\nfunc TestBoom(t *testing.T) { panic(1) }\n"
    after = "func TestAfter(t *testing.T) {}\n"
    future = "module example.test/newer\n\ngo 1.999\n"
    untested = "package untested\n\nfunc U() {}\n"
    return {
        **under("bad/compile", {
            **module("compile"), "main.go": "package main\n\nfunc main() { nope() }\n",
            "fine/main.go": MAIN,
        }),
        **under("bad/nosum", {
            **module("nosum", "\nrequire example.invalid/x v1.0.0\n"), "main.go": import_x,
        }),
        **under("bad/norequire", {**module("norequire"), "main.go": import_x}),
        **under("bad/dead", {
            **module("dead"), "d.go": "package dead\n\nfunc D() int { return 1 }\n",
            "d_test.go": TEST % ("dead", dead + after), "cmd/dead/main.go": MAIN,
            "ok/ok.go": "package ok\n\nfunc Ok() {}\n",
            "ok/ok_test.go": TEST % ("ok", "func TestOk(t *testing.T) { Ok() }\n"),
        }),
        **under("bad/panics", {
            **module("panics"), "p.go": "package panics\n\nfunc P() int { return 1 }\n",
            "p_test.go": TEST % ("panics", boom + after),
        }),
        **under("bad/vet", {
            **module("vet"), "v.go": "package vet\n",
            "v_test.go": TEST % ("vet", 'func TestV(t *testing.T) { t.Errorf("%d", "x") }\n'),
        }),
        **under("bad/untested", {**module("untested"), "u.go": untested}),
        **under("bad/garbage", {"go.mod": b"\x00\x01 {{{ garbage", "main.go": MAIN}),
        **under("bad/binary", {
            **module("binary"), "x.go": b"\x7fELF\x00\x01\xff\xfe", "main.go": MAIN,
        }),
        **under("bad/folder", {
            **module("folder"), "y.go/keep.txt": "y.go is a folder", "main.go": MAIN,
        }),
        **under("bad/nothing", {**module("nothing"), "README": "no Go here"}),
        **under("bad/newer", {"go.mod": future, "main.go": MAIN}),
    }  # fmt: skip


@dataclass(frozen=True)
class PlainGo:
    """Go as a person calls it, with the environment the pipeline gives it."""

    go: Path
    environment: dict[str, str]

    def __call__(self, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, **self.environment, "GOWORK": "off"}
        return subprocess.run(
            [self.go, *arguments], cwd=folder, env=environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip


def in_parallel(work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, items))


@pytest.fixture
def messy(deliver):
    delivery = deliver({**ordinary(), **broken()})
    go = delivery.context.platform.go.model_copy(update={"test_timeout_seconds": 3})
    delivery = delivery.platform(go=go)
    delivery.context.checkout()
    return delivery


@pytest.fixture
def plain(messy) -> PlainGo:
    toolbox = messy.context.toolbox
    return PlainGo(toolbox.locate("go").path, toolbox.go_environment())


def snapshot(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_every_module_and_main_is_accounted_for_as_plain_go_says(messy, plain, tmp_path) -> None:
    platform, checkout = messy.context.platform, messy.context.checkout()
    before = snapshot(checkout)
    mains = [service for service in platform.services if service.kind == "service"]
    assert len(platform.modules) == 1 + 2 * GROUPS + 12
    assert len(mains) >= 100
    check_builds(messy, plain, tmp_path)
    check_tests(messy, plain, tmp_path)
    assert snapshot(checkout) == before


def check_builds(messy, plain: PlainGo, tmp_path: Path) -> None:
    services = messy.context.platform.services
    checkout = messy.context.checkout()
    evidence = in_parallel(lambda service: build_binary(messy.context, service), services)
    builds = [record for found in evidence for record in found.records if isinstance(record, Build)]
    assert [build.service for build in builds] == [service.name for service in services]

    modules = sorted({service.module for service in services})
    groups = [[s for s in services if s.module == module] for module in modules]
    plainly: dict[str, bool] = {}
    for built in in_parallel(lambda group: built_plainly(group, plain, checkout, tmp_path), groups):
        plainly |= built
    for build, found in zip(builds, evidence, strict=True):
        built = plainly[build.service]
        # Go answers "matched no packages" with success: there is nothing to deliver all the same
        assert (build.outcome in ("built", "no_packages")) if built else build.outcome != "built"
        artifacts = [record for record in found.records if isinstance(record, Artifact)]
        assert (build.digest is not None) == bool(artifacts)
        assert (found.outcome is Outcome.COMPLETED) == (build.outcome == "built")
        assert build.detail or build.outcome == "built"
    outcomes = {build.module: build.outcome for build in builds if build.outcome != "built"}
    assert outcomes == {
        "bad/compile": "compile_failed",
        "bad/nosum": "dependency_missing",
        "bad/norequire": "dependency_missing",
        "bad/garbage": "compile_failed",
        "bad/binary": "compile_failed",
        "bad/nothing": "no_packages",
        "bad/newer": "tool_failed",
    }
    assert {b.service for b in builds if b.module == "bad/compile" and b.outcome == "built"}


def built_plainly(group: list[Any], plain: PlainGo, checkout: Path, to: Path) -> dict[str, bool]:
    """Which services of one module plain Go builds: all of them at once, else one by one."""
    folder = checkout / group[0].module
    if group[0].kind == "service":
        target = to / f"plain-{group[0].module.replace('/', '-')}"
        target.mkdir()
        done = plain(folder, "build", "-o", f"{target}/", *[s.package for s in group])
        if done.returncode == 0:
            return {service.name: True for service in group}
    return {
        s.name: plain(folder, "build", "-o", os.devnull, s.package).returncode == 0 for s in group
    }


def plain_counts(lines: str) -> Counter[str]:
    """What the events of plain ``go test -json`` say, test by test."""
    last: dict[tuple[str, str], str] = {}
    for line in lines.splitlines():
        event = json.loads(line)
        if event.get("Test") and event["Action"] in ("run", "pass", "fail", "skip"):
            last[event["Package"], event["Test"]] = event["Action"]
    return Counter(last.values())


def check_tests(messy, plain: PlainGo, tmp_path: Path) -> None:
    checkout = messy.context.checkout()
    modules = [entry.path for entry in messy.context.platform.modules]
    evidence = in_parallel(lambda path: run_module_tests(messy.context, path).evidence, modules)
    runs = {}
    for path, found in zip(modules, evidence, strict=True):
        (runs[path],) = [r for r in found.records if isinstance(r, model.ModuleTestRun)]
        assert (found.outcome is Outcome.COMPLETED) == (
            runs[path].outcome in ("ok", "failed", "no_tests")
        )

    def compare(path: str) -> None:
        profile = tmp_path / f"{path.replace('/', '-')}.out"
        said = plain(
            checkout / path, "test", "-json", "-count=1", "-timeout=3s",
            f"-coverprofile={profile}", "./...",
        )  # fmt: skip
        run, counts = runs[path], plain_counts(said.stdout)
        assert (run.passed, run.skipped) == (counts["pass"], counts["skip"]), path
        # plain Go calls the panicking test failed, and leaves a hanging one without an end
        assert run.failed + run.panicked == counts["fail"], path
        assert run.timed_out == counts["run"], path
        assert (run.outcome in ("ok", "no_tests")) == (said.returncode == 0), path
        check_coverage(run, plain, checkout / path, profile)

    # forty-five main packages without a test take plain Go as long as all the rest together
    in_parallel(compare, [path for path in modules if path != "."])
    assert runs["."].outcome == "no_tests"
    assert (runs["."].packages, runs["."].statements) == (ROOT_MAINS, 0)
    assert runs["."].coverage_percent is None, "of no statements there is no percentage"
    outcomes = {path: run.outcome for path, run in runs.items() if path.startswith("bad/")}
    assert outcomes == {
        "bad/compile": "did_not_compile",
        "bad/nosum": "dependency_missing",
        "bad/norequire": "dependency_missing",
        "bad/dead": "timed_out",
        "bad/panics": "panicked",
        "bad/vet": "vet_failed",
        "bad/untested": "no_tests",
        "bad/garbage": "did_not_compile",
        "bad/binary": "did_not_compile",
        "bad/folder": "no_tests",
        "bad/nothing": "no_packages",
        "bad/newer": "tool_failed",
    }
    assert "TestDead" in str(runs["bad/dead"].detail)
    assert runs["bad/dead"].passed == 2, "what ran before, and the package that is fine"
    assert not runs["bad/dead"].coverage_complete


def check_coverage(run, plain: PlainGo, folder: Path, profile: Path) -> None:
    """The total of ``go tool cover -func``; no statements are no percentage."""
    said = plain(folder, "tool", "cover", f"-func={profile}") if profile.is_file() else None
    if said is None or said.returncode or run.coverage_percent is None:
        assert run.coverage_percent is None
        assert said is None or said.returncode or "0.0%" in said.stdout or not said.stdout
        return
    assert f"{run.coverage_percent:.1f}%" == said.stdout.split()[-1], run.module
