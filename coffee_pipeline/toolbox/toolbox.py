"""Where tools come from: configured path, then PATH, then wheel, then a pinned one made here."""

from __future__ import annotations

import os
import shutil
import sysconfig
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from coffee_pipeline.errors import ConfigurationError, ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.building import GoBuild
from coffee_pipeline.toolbox.golang import go_environment
from coffee_pipeline.toolbox.making import MadeTool, tools_folder
from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.python_environment import PythonEnvironment, requirements_of
from coffee_pipeline.toolbox.versions import built_version, number, printed_version, satisfies

Origin = Literal["configured", "path", "wheel", "built", "installed"]


@dataclass(frozen=True, slots=True)
class Located:
    """A program that can be run. ``version`` is None when it does not say."""

    path: Path
    version: str | None
    origin: Origin


def _silent(message: str) -> None:
    """Progress goes nowhere unless the caller wants it."""


class Toolbox:
    """Finds tools, and makes the pinned ones on first use.

    ``configured`` maps tool names to programs that are taken whatever their version. ``opted_in``
    are the tools that are made on first use although that takes long. ``report`` gets progress
    messages of whatever is made.
    """

    def __init__(
        self,
        home: Home,
        configured: Mapping[str, Path] | None = None,
        report: Callable[[str], None] = _silent,
        opted_in: Collection[str] = (),
    ) -> None:
        self.home = home
        self._configured = dict(configured or {})
        self._report = report
        self._opted_in = frozenset(opted_in)
        self._found: dict[tuple[str, str | None], Located] = {}

    def locate(self, name: str, *, at_least: str | None = None) -> Located:
        """The program of tool ``name``, made when it must be.

        ``at_least`` is the ``go`` directive of the module at hand: it asks for such a Go, or for a
        pinned tool built with one (a tool reads no code of a newer Go release than its own). When
        there is none, the newest comes back and will say so itself.

        Raises:
            ToolMissingError: not to be had; the message says what that costs.
            ConfigurationError: the configured path is no program.
        """
        found = self.look(name, at_least=at_least)
        if found is not None:
            return found
        pin = PINS[name]
        if not pin.made or (pin.opt_in and name not in self._opted_in):
            raise ToolMissingError(f"{name}: not found; {pin.obtain}. Without it: {pin.costs}")
        program = self._made(pin, at_least).make(self._report)
        self._found[name, at_least] = Located(program, pin.version, _origin(pin))
        return self._found[name, at_least]

    def make(self, name: str) -> Path:
        """Make a pinned tool now, even when it is opt-in, or failed a short while ago.

        Raises:
            ToolMissingError: it cannot be made, or there is no Go.
        """
        pin = PINS[name]
        if not pin.made:
            raise ToolMissingError(f"{name}: cannot be made here; {pin.obtain}")
        return self._made(pin, None).make(self._report, again=True)

    def last_failure(self, name: str) -> str | None:
        """Why a pinned tool could not be made last time; None when it could, or was not tried."""
        pin = PINS[name]
        if not pin.made or (pin.package is not None and self.look("go") is None):
            return None
        return self._made(pin, None).last_failure()

    def look(self, name: str, *, at_least: str | None = None) -> Located | None:
        """As :meth:`locate`, but builds nothing: None when the tool is not there yet."""
        key = (name, at_least)
        if key not in self._found:
            found = self._look(PINS[name], at_least)
            if found is None:
                return None
            self._found[key] = found
        return self._found[key]

    def go_environment(self, *, at_least: str | None = None) -> dict[str, str]:
        """Environment for Go itself and for tools that call it; see :mod:`.golang`."""
        return go_environment(self.locate("go", at_least=at_least).path)

    def versions(self) -> dict[str, str | None]:
        """Version of every tool that is there now, by name; builds nothing."""
        found = {name: self.look(name) for name in PINS}
        return {name: tool.version for name, tool in found.items() if tool is not None}

    def _look(self, pin: Pin, at_least: str | None) -> Located | None:
        if pin.name in self._configured:
            return self._configured_program(pin)
        if pin.package is not None:
            return self._look_for_go_build(pin, at_least)
        if pin.requirements:
            return self._look_for_python_program(pin)
        usable = list(_usable(pin))
        wanted = [tool for tool in usable if _new_enough(tool, at_least)]
        if wanted:
            return wanted[0]
        return max(usable, key=lambda tool: number(tool.version or "0"), default=None)

    def _configured_program(self, pin: Pin) -> Located:
        path = self._configured[pin.name]
        if not (path.is_file() and os.access(path, os.X_OK)):
            raise ConfigurationError(f"{path}: configured as {pin.name}, but it is no program")
        version = printed_version(pin, path)
        if pin.package is not None:
            go = self.look("go")
            built = built_version(pin, path, go.path) if go else None
            version = built[0] if built else version
        return Located(path, version, "configured")

    def _look_for_go_build(self, pin: Pin, at_least: str | None) -> Located | None:
        go = self.look("go", at_least=_go_wanted(pin, at_least))
        if go is None:
            return None
        for path, origin in _on_path(pin):
            built = built_version(pin, path, go.path)
            if not built or not satisfies(built[0], pin.version or "0"):
                continue
            if not pin.reads_go or _same_go(built[1], go):
                return Located(path, built[0], origin)
        return _where_ready(self._made(pin, at_least))

    def _look_for_python_program(self, pin: Pin) -> Located | None:
        for path, origin in _on_path(pin):
            version = printed_version(pin, path)
            if version and satisfies(version, pin.version or "0"):
                return Located(path, version, origin)
        return _where_ready(self._made(pin, None))

    def _made(self, pin: Pin, at_least: str | None) -> MadeTool:
        folder = tools_folder(self.home)
        if pin.requirements:
            return PythonEnvironment(pin=pin, folder=folder, requirements=requirements_of(pin.name))
        go, switch = self._go_for(pin, at_least)
        return GoBuild(
            pin=pin,
            folder=folder,
            go=go.path,
            go_version=switch or go.version or "unknown",
            environment={
                **go_environment(go.path),
                **({"GOTOOLCHAIN": f"go{switch}"} if switch else {}),
            },
        )

    def _go_for(self, pin: Pin, at_least: str | None) -> tuple[Located, str | None]:
        """The Go to build with, and the release it has to switch to, if any."""
        go = self.locate("go", at_least=_go_wanted(pin, at_least))
        if pin.toolchain is None:
            return go, None
        for candidate in (go, *_usable(PINS["go"])):
            if _same_release(candidate, pin.toolchain) and _new_enough(candidate, pin.go):
                return candidate, None
        return go, pin.toolchain


def _origin(pin: Pin) -> Origin:
    return "installed" if pin.requirements else "built"


def _where_ready(made: MadeTool) -> Located | None:
    if not made.ready:
        return None
    return Located(made.program, made.pin.version, _origin(made.pin))


def _go_wanted(pin: Pin, at_least: str | None) -> str | None:
    """The Go release that a pinned tool is built with, at least."""
    return _higher(pin.go, at_least) if pin.reads_go else pin.go


def _higher(one: str | None, other: str | None) -> str | None:
    return max((one, other), key=lambda version: number(version or "0"))


def _new_enough(tool: Located, minimum: str | None) -> bool:
    if minimum is None:
        return True
    return tool.version is not None and number(tool.version) >= number(minimum)


def _same_release(go: Located, release: str) -> bool:
    return number(go.version or "0")[:2] == number(release)[:2]


def _same_go(built_with: str, go: Located) -> bool:
    return number(built_with)[:2] >= number(go.version or "0")[:2]


def _usable(pin: Pin) -> Iterator[Located]:
    """Programs that are here without making them, and not too old, in order."""
    for path, origin in (*_on_path(pin), *_in_wheel(pin), *_beside_python(pin)):
        found = Located(path, printed_version(pin, path), origin)
        if _new_enough(found, pin.minimum):
            yield found


def _on_path(pin: Pin) -> Iterator[tuple[Path, Origin]]:
    """Programs of ``pin`` on PATH, in order; the wheels' start scripts are not among them."""
    scripts = Path(sysconfig.get_path("scripts")).resolve()
    for entry in os.get_exec_path():
        folder = Path(entry)
        if not folder.is_absolute() or folder.resolve() == scripts:
            continue
        for name in (pin.program, *pin.also_called):
            found = shutil.which(name, path=entry)
            if found:
                yield Path(found), "path"


def _in_wheel(pin: Pin) -> Iterator[tuple[Path, Origin]]:
    """The program itself inside an installed wheel: its start script would be one process more."""
    if pin.wheel is None:
        return
    package, inside = pin.wheel
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place) / inside
        if program.is_file() and os.access(program, os.X_OK):
            yield program, "wheel"


def _beside_python(pin: Pin) -> Iterator[tuple[Path, Origin]]:
    """The program that an installed Python package put among the interpreter's scripts."""
    if pin.script is None:
        return
    program = Path(sysconfig.get_path("scripts")) / pin.program
    try:
        distribution(pin.script)
    except PackageNotFoundError:
        return
    if os.access(program, os.X_OK):
        yield program, "wheel"
