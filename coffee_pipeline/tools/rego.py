"""What the tools that run Rego policies have in common: where policies are, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from coffee_pipeline.tools import file_scan
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.json_fields import text
from coffee_pipeline.tools.reported import Reported

_RULE_NAMES = ("id", "rule", "policy", "policy_id", "code")


def obstacle(target: Target, tool: str) -> str | None:
    """Why no policy could be evaluated: the setting is missing, or nothing is there."""
    policies = file_scan.setting_path(target, "policies")
    if policies is None:
        return f"no policies are configured for {tool}"
    if not policies.exists():
        return f"{policies}: the policies are not there"
    found = file_scan.files_below(policies, ".rego")
    if not any(not file.name.endswith("_test.rego") for file in found):
        return f"{policies}: there is no policy in it; everything would pass"
    return None


def placed(problems: Sequence[Reported], target: Target) -> list[Reported]:
    """Problems whose file is not of the target (a policy's own) name it as their resource.

    Policies may lie outside of what is scanned; what they report must not be lost for that.
    """
    roots = [target.checkout.resolve()]
    policies = file_scan.setting_path(target, "policies")
    if policies is not None:
        roots.append(policies.resolve().parent)
    return [
        problem
        if problem.path is None or target.module_path(problem.path) is not None
        else replace(
            problem, path=None, line=None, resource=problem.resource or _below(problem.path, roots)
        )
        for problem in problems
    ]


def _below(path: str, roots: Sequence[Path]) -> str:
    """The path without the folders of this machine that lie above it."""
    for root in roots:
        if path.startswith(f"{root.as_posix()}/"):
            return path.removeprefix(f"{root.as_posix()}/")
    return path


def rule_of(values: Mapping[str, Any]) -> str | None:
    """The name that a policy gives itself in what it returns."""
    return next((name for key in _RULE_NAMES if (name := text(values.get(key)))), None)
