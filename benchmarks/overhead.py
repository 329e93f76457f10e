"""What the pipeline costs on top of the commands it runs.

Pairs ``coffee-pipeline run --stage build --stage test --stage scan`` over all services of the
bundled platform with a Makefile that runs the same commands with ``-j2``, on the same checkout and
with the same warm caches, in turn. Prints wall times and their ratio (goal: <= 1.25), and the time
of a run that finds nothing to do (goal: < 10 s).

``python -m benchmarks.overhead [ROUNDS]``
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.platform.story import StoryRepository
from coffee_pipeline.toolbox.toolbox import Toolbox

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"


def _timed(argv: Sequence[str], cwd: Path, environment: dict[str, str]) -> float:
    began = time.monotonic()
    done = subprocess.run(argv, cwd=cwd, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(
            f"{argv} ended with {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        )
    return time.monotonic() - began


def makefile(platform: Platform, checkout: Path, toolbox: Toolbox, output: Path) -> str:
    """The same commands without the pipeline: one target per service and per module and tool."""
    go = toolbox.locate("go").path
    gosec, govulncheck = toolbox.locate("gosec").path, toolbox.locate("govulncheck").path
    database = (EXAMPLES / "go-coffee" / platform.vulndb).as_uri()
    targets: dict[str, str] = {}
    for service in platform.services:
        folder = checkout / service.module
        keep = output / service.name if service.kind == "service" else Path(os.devnull)
        ldflags = service.build.ldflags.replace("{version}", "v").replace("{revision}", "r")
        targets[f"build-{service.name}"] = (
            f"cd {folder} && CGO_ENABLED=0 {go} build -trimpath -buildvcs=false "
            f"-ldflags='{ldflags}' -o {keep} {service.package}"
        )
    for number, module in enumerate(platform.modules):
        folder = checkout / module.path
        targets[f"test-{number}"] = (
            f"cd {folder} && {go} test -json -count=1 -coverprofile={output}/{number}.cover ./... "
            f"> {output}/{number}.json"
        )
        targets[f"gosec-{number}"] = (
            f"cd {folder} && {gosec} -fmt json -no-fail -out {output}/{number}.gosec ./..."
        )
        targets[f"govulncheck-{number}"] = (
            f"cd {folder} && {govulncheck} -format json -db {database} ./... "
            f"> {output}/{number}.vuln"
        )
    rules = "\n".join(f"{name}:\n\t@{recipe}" for name, recipe in targets.items())
    names = " ".join(targets)
    return f".PHONY: all {names}\nall: {names}\n{rules}\n"


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        story = StoryRepository(
            EXAMPLES / "story", EXAMPLES / "go-coffee", work / "repository", "main"
        )
        story.commit(0)
        platform_file = work / "platform.yaml"
        described = (story.path / "platform.yaml").read_text(encoding="utf-8")
        platform_file.write_text(
            described.replace(
                "vulndb: vulndb", f"vulndb: {EXAMPLES / 'go-coffee' / 'vulndb'}"
            ).replace("security:\n", "security:\n  scanners: [gosec, govulncheck]\n", 1)
            + "\nrepository: repository\n",
            encoding="utf-8",
        )
        platform = load_platform(platform_file)
        toolbox = Toolbox(Home(work / "tools").prepare(), report=print)
        (work / "output").mkdir()
        (work / "Makefile").write_text(
            makefile(platform, story.path, toolbox, work / "output"), encoding="utf-8"
        )
        go = str(toolbox.locate("go").path.parent)
        environment = {**os.environ, "PATH": f"{go}{os.pathsep}{os.environ['PATH']}"}
        program = str(Path(sys.executable).with_name("coffee-pipeline"))
        stages = [word for name in ("build", "test", "scan") for word in ("--stage", name)]

        def pipeline(data: Path) -> list[str]:
            return [
                program, "--data-dir", str(data), "run",
                "--platform", str(platform_file), *stages,
            ]  # fmt: skip

        make = ["make", "--silent", "-j2", "all"]
        # In one place, as the checkout of make is: Go's cache knows packages by their folder.
        data = work / "data"
        _timed(make, work, environment)
        _timed(pipeline(data), work, environment)
        pairs = []
        for number in range(rounds):
            shutil.rmtree(data)
            ours = _timed(pipeline(data), work, environment)
            theirs = _timed(make, work, environment)
            nothing = _timed(pipeline(data), work, environment)
            pairs.append((ours, theirs, nothing))
            print(
                f"round {number + 1}: pipeline {ours:.1f} s, make -j2 {theirs:.1f} s, "
                f"ratio {ours / theirs:.2f}, nothing to do {nothing:.1f} s",
                flush=True,
            )
        ratio = statistics.median(ours / theirs for ours, theirs, _ in pairs)
        nothing = statistics.median(pair[2] for pair in pairs)
        print(
            f"median ratio {ratio:.2f} (goal <= 1.25), nothing to do {nothing:.1f} s (goal < 10 s)"
        )


if __name__ == "__main__":
    main()
