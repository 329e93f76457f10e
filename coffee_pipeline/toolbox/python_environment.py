"""Installs a pinned Python tool once, into a virtual environment of its own.

Its pins would conflict with the pipeline's. Versions and hashes of everything in it are listed in
``requirements/<tool>.txt``; see docs/adding-a-tool.md for how such a file is made.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.making import MadeTool

INSTALL_SECONDS = 1800.0
"""Checkov took five minutes on a busy machine with two cores."""
_PASSWORD = re.compile(r"://[^/@\s:]*:([^/@\s]+)@")
PASSED_ON = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
"""Variables that pip needs besides its own (``PIP_*``)."""


def requirements_of(name: str) -> bytes:
    """The content of the requirements file of tool ``name``."""
    return (files(__package__) / "requirements" / f"{name}.txt").read_bytes()


@dataclass(frozen=True, kw_only=True)
class PythonEnvironment(MadeTool):
    """One pinned Python tool in a virtual environment of interpreter ``python``.

    A virtual environment cannot be moved: its scripts name their interpreter. So it stays in the
    folder it was made in, and its place is a link to it: renaming the link is the commit.
    """

    DONE = "installed"

    requirements: bytes
    python: Path = Path(sys.executable)

    @property
    def place(self) -> Path:
        """One for each version of the tool, of Python and of what it is installed with."""
        listed = hashlib.sha256(self.requirements).hexdigest()[:8]
        python = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / f"{self.pin.program}-{self.pin.version}-{python}-{listed}"

    @property
    def program(self) -> Path:
        """The program among the environment's scripts."""
        return self.place / "bin" / self.pin.program

    @property
    def how(self) -> str:
        """Into what."""
        return "installing it once into a Python environment of its own"

    @property
    def ready(self) -> bool:
        """Also false where the interpreter of the environment is gone."""
        return self.program.is_file() and (self.place / "bin" / "python").is_file()

    def fill(self, temporary: Path, report: Callable[[str], None]) -> str | None:
        """Make the environment, and install exactly what is listed, from wheels only."""
        environment = _environment()
        listed = temporary / "requirements.txt"
        listed.write_bytes(self.requirements)
        python = temporary / "bin" / "python"
        steps = (
            (str(self.python), "-m", "venv", str(temporary)),
            (
                str(python), "-m", "pip", "install", "--no-input", "--no-deps", "--require-hashes",
                "--only-binary", ":all:", "--progress-bar", "off", "--disable-pip-version-check",
                "--requirement", str(listed),
            ),
        )  # fmt: skip
        for argv in steps:
            command = Command(
                argv=argv,
                cwd=temporary,
                environment=environment,
                timeout_seconds=INSTALL_SECONDS,
                secrets=_passwords(environment),
            )
            output = run(command, on_stdout_line=_progress(self.pin.program, report))
            if not output.answered:
                return _problem(output)
        if not (temporary / "bin" / self.pin.program).is_file():
            return f"what was installed has no program {self.pin.program}"
        return None

    def commit(self, temporary: Path) -> None:
        """Let the place point to what was made; what it pointed to before is not used again."""
        link = temporary.with_name(f"{temporary.name}.link")
        link.symlink_to(temporary.name)
        link.replace(self.place)


def _environment() -> dict[str, str]:
    """What pip is told of package indexes and certificates, as the person has it."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith("PIP_") or name in PASSED_ON
    }


def _passwords(environment: Mapping[str, str]) -> tuple[str, ...]:
    """Passwords in addresses of package indexes; they must not show up in messages."""
    return tuple(found[1] for value in environment.values() for found in _PASSWORD.finditer(value))


def _problem(output: Output) -> str:
    if output.timed_out:
        return f"pip did not end within {INSTALL_SECONDS:.0f} s"
    said = [line for line in output.tail(20).splitlines() if line.startswith("ERROR")]
    why = said[-1] if said else output.tail(1)
    return " ".join(why.split()) or f"exit code {output.exit_code}"


def _progress(name: str, report: Callable[[str], None]) -> Callable[[bytes], None]:
    """Reports every twentieth package that pip fetched, and that it installs them."""
    collected = 0

    def line(text: bytes) -> None:
        nonlocal collected
        if text.startswith(b"Collecting "):
            collected += 1
            if collected % 20 == 0:
                report(f"{name}: {collected} packages fetched")
        elif text.startswith(b"Installing collected"):
            report(f"{name}: installing {collected} packages")

    return line
