"""What the tools that run Rego policies have in common: where policies are, and how they say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from coffee_pipeline.tools import file_scan
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.json_fields import text

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


def rule_of(values: Mapping[str, Any]) -> str | None:
    """The name that a policy gives itself in what it returns."""
    return next((name for key in _RULE_NAMES if (name := text(values.get(key)))), None)
