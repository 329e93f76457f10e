"""``go build`` of one main package, or of all packages of a library module."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from coffee_pipeline.model.outcome import BuildOutcome
from coffee_pipeline.platform.description import BuildSettings
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools.go_messages import Complaint, complaint, shortened, without_headers

NAME = "go build"

_OUTCOMES = {
    Complaint.COMPILE: BuildOutcome.COMPILE_FAILED,
    Complaint.VET: BuildOutcome.COMPILE_FAILED,
    Complaint.DEPENDENCY: BuildOutcome.DEPENDENCY_MISSING,
    Complaint.NO_PACKAGES: BuildOutcome.NO_PACKAGES,
    Complaint.GO_VERSION: BuildOutcome.TOOL_FAILED,
    Complaint.OTHER: BuildOutcome.TOOL_FAILED,
}


def command(
    go: Path,
    folder: Path,
    package: str,
    output: Path | None,
    *,
    settings: BuildSettings,
    version: str,
    revision: str,
    environment: Mapping[str, str],
    timeout_seconds: float,
) -> Command:
    """Build ``package`` of the module in ``folder`` into ``output``; None keeps nothing.

    ``-o`` is always given: ``go build ./...`` of a module with one main package would write the
    binary into the checkout. The same revision and Go version always give the same bytes:
    ``-trimpath``, no VCS stamp, no cgo unless asked for.
    """
    ldflags = settings.ldflags.replace("{version}", version).replace("{revision}", revision)
    tags = (f"-tags={','.join(settings.tags)}",) if settings.tags else ()
    return Command(
        argv=(
            str(go), "build", "-trimpath", "-buildvcs=false", f"-ldflags={ldflags}", *tags,
            "-o", str(output) if output else os.devnull, "--", package,
        ),
        cwd=folder,
        environment={**environment, "CGO_ENABLED": "1" if settings.cgo else "0"},
        timeout_seconds=timeout_seconds,
    )  # fmt: skip


def outcome_of(output: Output) -> tuple[BuildOutcome, str | None]:
    """What the build came to, with Go's own words when it is not ``built``."""
    words = (output.stderr + b"\n" + output.stdout).decode("utf-8", "replace")
    if output.timed_out:
        limit = output.command.timeout_seconds
        return BuildOutcome.TIMED_OUT, f"go build did not end within {limit:.0f} s"
    if output.exit_code < 0:
        detail = f"go build was ended by signal {-output.exit_code}\n{words}"
        return BuildOutcome.TOOL_FAILED, shortened(detail)
    if output.exit_code == 0 and "matched no packages" in words:
        return BuildOutcome.NO_PACKAGES, shortened(words)
    if output.answered:
        return BuildOutcome.BUILT, None
    return _OUTCOMES[complaint(words)], shortened(
        without_headers(words)
    ) or f"exit code {output.exit_code}"
