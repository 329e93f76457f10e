"""Options of ``report dora`` that have no effect beside each other are refused, not ignored."""

from __future__ import annotations

from collections.abc import Iterable

import typer

from coffee_pipeline.errors import UsageError

_HISTORY = ("days", "as_of")
_REPOSITORY = ("branch", "deployments")
_TABLES = ("tables", "project")
_SHARED = ("since", "until", "by", "calendar", "time_zone", "format_")
_NAMES = {"as_of": "--as-of", "time_zone": "--time-zone", "format_": "--format"}


def refuse_without_effect(context: typer.Context, *, repository: bool, compatible: bool) -> None:
    """Refuse options that the chosen kind of report does not know.

    Args:
        context: of the command, which knows what was given.
        repository: a repository alone is reported on.
        compatible: rows are computed as another tool does.

    Raises:
        UsageError: an option would be ignored; says what to do.
    """
    if compatible:
        if repository:
            raise UsageError("--compatible and --repository: give one of the two")
        if not _given(context, ["tables"]):
            raise UsageError("--compatible needs --tables, a folder of CSV files")
        _refuse(context, (*_HISTORY, *_REPOSITORY, *_SHARED), "no effect with --compatible, which "
                "counts all rows of --tables and prints JSON: leave out")  # fmt: skip
        return
    _refuse(context, _TABLES, "no effect without --compatible devlake: add it or leave out")
    if repository:
        _refuse(context, ["days"], "no effect with --repository: give --since instead of")
        _refuse(context, _HISTORY, "needs the history, which --repository does not read: leave out")
        if context.params.get("format_") == "html" and context.params.get("output") is None:
            _refuse(context, ["format_"], "html with --repository needs --output FILE beside")
    else:
        _refuse(context, _REPOSITORY, "no effect without --repository PATH: add it or leave out")
    if _given(context, ["days"]) and _given(context, ["since"]):
        raise UsageError("--days and --since both say where the period begins: give one of them")
    if context.params.get("as_json") and context.params.get("format_") != "json":
        _refuse(context, ["format_"], "--json prints JSON: leave out --json or")


def _refuse(context: typer.Context, names: Iterable[str], words: str) -> None:
    given = _given(context, names)
    if given:
        raise UsageError(f"{', '.join(given)}: {words} {', '.join(given)}")


def _given(context: typer.Context, names: Iterable[str]) -> list[str]:
    # By name: depending on its version Typer has a click, and so the enumeration, of its own.
    sources = {name: context.get_parameter_source(name) for name in names}
    return [
        _NAMES.get(name, f"--{name}")
        for name, source in sources.items()
        if source is not None and source.name != "DEFAULT"
    ]
