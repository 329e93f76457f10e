"""Prometheus' and Alertmanager's own opinion of their configuration, where they are to be had."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.observability.coverage import Check, Kind
from coffee_pipeline.observability.written import rule_files
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.toolbox import Toolbox

_WITHOUT_KUBERNETES = "kubernetes_sd_configs not found"


def configurations(folder: Path, toolbox: Toolbox) -> Iterator[Check]:
    """Ask promtool and amtool; what is not installed is not asked, and said so."""
    rules = [path.relative_to(folder).as_posix() for path in rule_files(folder)]
    for name, words, files in (
        ("promtool", ("check", "rules"), rules),
        ("promtool", ("check", "config", "--syntax-only"), ["prometheus/prometheus.yml"]),
        (
            "promtool",
            ("check", "config", "--syntax-only"),
            ["prometheus/prometheus-kubernetes.yml"],
        ),
        ("amtool", ("check-config",), ["alertmanager/alertmanager.yml"]),
    ):
        there = [file for file in files if (folder / file).is_file()]
        if there:
            yield _asked(folder, toolbox, name, words, there)


def _asked(
    folder: Path, toolbox: Toolbox, name: str, words: tuple[str, ...], files: list[str]
) -> Check:
    subject = f"{name}: {', '.join(files)}"
    try:
        program = toolbox.locate(name).path
    except ToolMissingError as error:
        return Check(Kind.CONFIGURATION, subject, None, None, str(error))
    with tempfile.TemporaryDirectory() as scratch:
        # A copy: the tools follow paths in the files, and the folder may be anybody's.
        for file in files:
            target = Path(scratch) / file
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, target)
        output = run(
            Command(argv=(str(program), *words, *files), cwd=Path(scratch), timeout_seconds=60)
        )
    if output.answered:
        return Check(Kind.CONFIGURATION, subject, None, True)
    said = " ".join(output.tail(3).split())
    if _WITHOUT_KUBERNETES in said:
        reason = "this promtool was built without the discovery of Kubernetes"
        return Check(Kind.CONFIGURATION, subject, None, None, reason)
    return Check(Kind.CONFIGURATION, subject, None, False, said)
