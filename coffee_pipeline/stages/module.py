"""A module in the checkout of a revision: what every tool of a stage needs to know of it."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError, ToolError
from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.modules import parse_go_mod
from coffee_pipeline.process.command import Output
from coffee_pipeline.process.runner import command_line, run
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.toolbox.golang import go_environment, workspace_environment
from coffee_pipeline.toolbox.toolbox import Located
from coffee_pipeline.tools import go_list
from coffee_pipeline.tools.go_list import GoPackage

_GO_MOD_LIMIT = 4 * 1024 * 1024

ToolProblem = (ToolError, EnvironmentFailedError)
"""What makes a stage say ``not_run`` or ``failed`` instead of ending the whole delivery."""


_listed: dict[tuple[object, ...], tuple[GoPackage, ...]] = {}
"""What Go listed in a checkout, which does not change: tests and every scanner ask for it."""


class ModuleMissingError(ToolError):
    """The revision has no such module folder, so no tool can look at it."""


@dataclass(frozen=True, kw_only=True)
class ModuleWork:
    """A module, ready for tools. ``nested`` are module folders inside it, relative to it."""

    module: str
    checkout: Path
    folder: Path
    go: Located
    go_directive: str | None
    module_path: str | None
    nested: tuple[str, ...]
    environment: dict[str, str]
    tags: tuple[str, ...]

    def packages(self) -> tuple[GoPackage, ...] | None:
        """The packages Go sees; None when it cannot read the module."""
        question = (self.go.path, self.folder, tuple(self.environment.items()), self.tags)
        if question not in _listed:
            command = go_list.command(self.go.path, self.folder, self.environment, self.tags)
            packages = go_list.parse(run(command), self.folder)
            if packages is None:  # worth asking again: a proxy may answer next time
                return None
            _listed[question] = packages
        return _listed[question]


def open_module(context: StageContext, module: str) -> ModuleWork:
    """Check out the revision and find the Go for ``module``.

    Raises:
        ModuleMissingError: the revision has no ``go.mod`` there.
        ToolMissingError: there is no Go.
    """
    checkout = context.checkout()
    folder = checkout / module
    if not folder.resolve().is_relative_to(checkout.resolve()):
        raise ModuleMissingError(f"{module}: leads out of the checkout")
    file = folder / "go.mod"
    if not file.is_file():
        raise ModuleMissingError(f"{module}: there is no go.mod at {context.revision[:12]}")
    with file.open("rb") as stream:
        described = parse_go_mod(stream.read(_GO_MOD_LIMIT))
    go = context.toolbox.locate("go", at_least=described.go_version)
    return ModuleWork(
        module=module,
        checkout=checkout,
        folder=folder,
        go=go,
        go_directive=described.go_version,
        module_path=described.module,
        nested=nested_modules(module, [known.path for known in context.platform.modules]),
        environment={**go_environment(go.path), **workspace_environment(folder, checkout)},
        tags=_tags(context, module),
    )


def nested_modules(module: str, modules: Sequence[str]) -> tuple[str, ...]:
    """The modules that lie inside ``module``, as paths relative to it."""
    prefix = "" if module == "." else f"{module}/"
    inside = (path for path in modules if path not in (module, ".") and path.startswith(prefix))
    return tuple(sorted(posixpath.relpath(path, module) for path in inside))


def tool_run(
    stage: str,
    tool: str,
    version: str | None,
    scope: str,
    revision: str,
    output: Output,
    outcome: Outcome,
    reason: str | None,
) -> ToolRun:
    """The record of one process of a tool; the command line is redacted."""
    return ToolRun(
        stage=stage,
        tool=tool,
        tool_version=version,
        scope=scope,
        revision=revision,
        outcome=outcome.value,
        reason=reason,
        command=command_line(output.command),
        exit_code=output.exit_code,
        started_at=output.started_at,
        duration_seconds=output.duration_seconds,
        cpu_seconds=output.cpu_seconds,
        peak_memory_bytes=output.peak_memory_bytes,
    )


def _tags(context: StageContext, module: str) -> tuple[str, ...]:
    """Build tags of the module's services: tests and scans see the code that is built."""
    services = (service for service in context.platform.services if service.module == module)
    return tuple(sorted({tag for service in services for tag in service.build.tags}))
