"""What tools are here, what is missing, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from coffee_pipeline.errors import PipelineError, ToolMissingError, UsageError
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.toolbox import Toolbox


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolStatus:
    """One tool as it stands. ``problem`` is None when it is found.

    ``pinned`` is the version that is made here, ``costs`` what cannot be done without the tool.
    ``makeable``: it is not here yet, and can be made: on first use, or where it is ``opt_in`` by
    ``doctor --install NAME`` only.
    """

    name: str
    found: bool
    version: str | None
    pinned: str | None
    origin: str | None
    path: str | None
    required: bool
    makeable: bool
    opt_in: bool
    problem: str | None
    costs: str


def tool_name(given: str) -> str:
    """The name of a tool as the pins have it: ``kube-score`` is ``kube_score`` there.

    Raises:
        UsageError: there is no such tool.
    """
    for name, pin in PINS.items():
        if given in (name, pin.program):
            return name
    raise UsageError(f"{given}: no tool of this pipeline; there are {', '.join(PINS)}")


def examine(toolbox: Toolbox) -> list[ToolStatus]:
    """The status of every tool; nothing is made."""
    return [_status(toolbox, name) for name in PINS]


def install(toolbox: Toolbox) -> None:
    """Make every pinned tool that is not here and not opt-in, also those that failed lately.

    One that cannot be made does not keep the others; its status says why.
    """
    for name, pin in PINS.items():
        if pin.made and not pin.opt_in and toolbox.look(name) is None:
            try:
                toolbox.make(name)
            except PipelineError:
                continue  # the failure is written down beside the cache


def install_named(toolbox: Toolbox, names: Sequence[str]) -> None:
    """Make the tools ``names`` unless they are here, opt-in or not.

    Raises:
        ToolMissingError: some cannot be made; the others were.
    """
    problems = []
    for name in names:
        if toolbox.look(name) is None:
            try:
                toolbox.make(name)
            except ToolMissingError as error:
                problems.append(str(error))
    if problems:
        raise ToolMissingError("; ".join(problems))


def _status(toolbox: Toolbox, name: str) -> ToolStatus:
    pin = PINS[name]
    try:
        found, problem = toolbox.look(name), None
    except PipelineError as error:
        found, problem = None, str(error)
    if found is None and problem is None:
        problem = toolbox.last_failure(name) or pin.obtain
    return ToolStatus(
        name=name,
        found=found is not None,
        version=found.version if found else None,
        pinned=pin.version,
        origin=found.origin if found else None,
        path=str(found.path) if found else None,
        required=pin.required,
        makeable=found is None and pin.made,
        opt_in=pin.opt_in,
        problem=problem,
        costs=pin.costs,
    )
