"""How a delivery ended, for the person or the script that asked for it."""

from __future__ import annotations

import json
from dataclasses import asdict

from rich.console import Console

from coffee_pipeline.cli.board import summary_table
from coffee_pipeline.cli.delivering import Delivered
from coffee_pipeline.home import Home
from coffee_pipeline.model.execution import StageRun
from coffee_pipeline.model.outcome import Outcome, Verdict
from coffee_pipeline.stages.delivery_trace import traceparent_of
from coffee_pipeline.stages.steps import OPTIONAL_STEPS


def _problems(delivered: Delivered) -> list[dict[str, object]]:
    """The stage runs that need a person, one row each."""
    bad = {Outcome.FAILED.value, Outcome.NOT_RUN.value, Outcome.PARTIAL.value}
    return [
        {
            "service": run.service,
            "stage": run.stage,
            "step": run.step,
            "outcome": run.outcome,
            "verdict": run.verdict,
            "reason": (run.reason or "")[:160],
        }
        for run in delivered.stage_runs
        if (run.outcome in bad or run.verdict == Verdict.FAILED.value) and not _left_out(run)
    ]


def _left_out(run: StageRun) -> bool:
    """Whether the step was not run for want of tools that nobody demands."""
    return run.step in OPTIONAL_STEPS and run.outcome == Outcome.NOT_RUN.value


def conclude(delivered: Delivered, console: Console, home: Home) -> None:
    """Say in words and a table what became of the services."""
    worked = [item for item in delivered.planned if item.steps]
    unchanged = len(delivered.planned) - len(worked)
    problems = _problems(delivered)
    if problems:
        console.print(summary_table("what needs a look", problems))
    for line in sorted({f"{r.step}: {r.reason}" for r in delivered.stage_runs if _left_out(r)}):
        console.print(f"not run: {line}", markup=False, highlight=False, soft_wrap=True)
    for service in delivered.crashed:
        console.print(f"{service}: its run ended without an answer; see {home.dagster}")
    console.print(
        f"{delivered.revision[:12]}: {len(worked)} delivered, {unchanged} up to date, "
        f"{len({row['service'] for row in problems})} with problems; history: {home.history}"
    )


def as_json(delivered: Delivered) -> str:
    """The plan and every stage run, as a JSON object."""
    return json.dumps(
        {
            "delivery": delivered.delivery,
            "traceparent": traceparent_of(delivered.delivery),
            "revision": delivered.revision,
            "planned": [asdict(item) for item in delivered.planned],
            "stage_runs": [asdict(run) for run in delivered.stage_runs],
            "crashed": list(delivered.crashed),
            "exit_code": delivered.exit_code,
        },
        default=str,
        indent=2,
    )
