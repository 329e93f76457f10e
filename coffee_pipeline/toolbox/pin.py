"""What is known of a tool before it is looked for; the tools themselves stand in ``pins.py``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """A tool that the pipeline may use.

    Args:
        name: of the tool, and of its adapter in ``tools/registry.py`` where it scans.
        costs: what cannot be done without it.
        obtain: how a person gets it.
        licence: SPDX identifier; such as of what is fetched, where that differs from the source.
        examines: which files it looks at, in a few words; empty: it looks at no files.
        executable: the program's name, where that is not ``name``.
        also_called: other names of the program on PATH, as distributions have them.
        scans: it is run by an adapter in ``tools/registry.py``, where there is one.
        used_by: stages that run it, of tools that do not scan; empty: none does yet.
        package: of the program, which makes it a pinned Go build with ``module``, ``version`` and
            ``go``, the ``go`` directive of its module.
        toolchain: the Go release it must be built with, where no other will do; Go fetches that
            release itself when it is not here.
        build_environment: variables that its build needs.
        replaces: its module has ``replace`` directives, which ``go install`` refuses; it is built
            as a dependency of an empty module, where they do not hold.
        reads_go: it analyses Go code, so it has to be built with a Go as new as that code's.
        requirements: it is a Python program, installed from ``requirements/<name>.txt`` into an
            environment of its own.
        opt_in: it takes so long to make that no stage makes it unless it was asked for.
        required: without it there is no pipeline at all.
        wheel: import package, and path of the program in it.
        script: Python package that installs the program beside the interpreter.
        minimum: the lowest version taken from PATH.
        version_arguments: make the program print its version. Go builds are asked with ``go version
            -m`` instead, since ``go install`` leaves their own version string blank.
    """

    name: str
    costs: str
    obtain: str
    licence: str = "unknown"
    examines: str = ""
    executable: str | None = None
    also_called: tuple[str, ...] = ()
    scans: bool = False
    used_by: str = ""
    package: str | None = None
    module: str | None = None
    version: str | None = None
    go: str | None = None
    toolchain: str | None = None
    build_environment: Mapping[str, str] = field(default_factory=dict)
    replaces: bool = False
    reads_go: bool = False
    requirements: bool = False
    opt_in: bool = False
    required: bool = False
    wheel: tuple[str, str] | None = None
    script: str | None = None
    minimum: str | None = None
    version_arguments: tuple[str, ...] = ("--version",)

    @property
    def made(self) -> bool:
        """Whether the toolbox can make it: a Go build or a Python environment."""
        return self.package is not None or self.requirements

    @property
    def program(self) -> str:
        """The name of the program."""
        return self.executable or self.name
