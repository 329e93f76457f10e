"""What tools are here, what is missing, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

from coffee_pipeline.errors import PipelineError
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStatus:
    """One tool as it stands. ``problem`` is None when it is found.

    ``costs`` is what cannot be done without it.
    ``buildable``: it is not here yet, and is built on first use (or by ``doctor --install``).
    """

    name: str
    found: bool
    version: str | None
    origin: str | None
    path: str | None
    required: bool
    buildable: bool
    problem: str | None
    costs: str


def examine(toolbox: Toolbox) -> list[ToolStatus]:
    """The status of every tool; nothing is built."""
    return [_status(toolbox, name) for name in PINS]


def install(toolbox: Toolbox) -> list[ToolStatus]:
    """Build every pinned tool that is not there, also those that failed a short while ago."""
    for name, pin in PINS.items():
        if pin.package is not None and toolbox.look(name) is None:
            try:
                toolbox.build(name)
            except PipelineError:
                continue  # its status says why: the failure is written down beside the cache
    return examine(toolbox)


def _status(toolbox: Toolbox, name: str) -> ToolStatus:
    pin = PINS[name]
    try:
        found, problem = toolbox.look(name), None
    except PipelineError as error:
        found, problem = None, str(error)
    if found is None and problem is None:
        problem = toolbox.build_failure(name) or pin.obtain
    return ToolStatus(
        name=name,
        found=found is not None,
        version=found.version if found else None,
        origin=found.origin if found else None,
        path=str(found.path) if found else None,
        required=pin.required,
        buildable=found is None and pin.package is not None,
        problem=problem,
        costs=pin.costs,
    )
