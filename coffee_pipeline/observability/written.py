"""What an output folder holds: its dashboards' queries and its rules, whoever wrote them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.yaml_depth import check_depth

SIZE_LIMIT = 16 << 20
DEPTH_LIMIT = 60
RULES = "prometheus/rules"
"""Where rule files are, below the output folder."""
RULE_PATTERNS = ("*.yml", "*.yaml")


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """One query of a panel: in which dashboard file, under which title, in PromQL."""

    file: str
    panel: str
    expression: str


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One alerting rule."""

    file: str
    name: str
    expression: str
    severity: str | None
    labels: Mapping[str, str]


@dataclass
class Written:
    """Dashboards, queries and rules of a folder; ``problems`` says what could not be read.

    ``expressions`` are those of recording rules, by file; ``dashboards`` are whole, by file.
    """

    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    queries: list[PanelQuery] = field(default_factory=list)
    alerts: list[AlertRule] = field(default_factory=list)
    expressions: list[tuple[str, str]] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)


def read_folder(folder: Path) -> Written:
    """Read ``grafana/dashboards/*.json`` and the rule files that Prometheus is told to load.

    Only those: an alert in a file that nobody loads never fires.
    """
    found = Written()
    for path in sorted(folder.glob("grafana/dashboards/*.json")):
        name = path.relative_to(folder).as_posix()
        value = _read(path, name, found, json.loads)
        if isinstance(value, dict):
            found.dashboards[name] = value
            found.queries += _queries(name, value, DEPTH_LIMIT)
    for path in rule_files(folder):
        name = path.relative_to(folder).as_posix()
        value = _read(path, name, found, _yaml)
        groups = value.get("groups") if isinstance(value, dict) else None
        for group in groups if isinstance(groups, list) else ():
            rules = group.get("rules") if isinstance(group, dict) else None
            for rule in rules if isinstance(rules, list) else ():
                if isinstance(rule, dict):
                    _take(rule, name, found)
    return found


def rule_files(folder: Path) -> list[Path]:
    """The rule files below ``folder`` that the generated configuration of Prometheus names."""
    return sorted(path for one in RULE_PATTERNS for path in (folder / RULES).glob(one))


def _read(path: Path, name: str, found: Written, parse: Any) -> object:
    try:
        if not path.is_file() or path.is_symlink():
            raise ConfigurationError("is no file of its own")
        with path.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
        if len(content) > SIZE_LIMIT:
            raise ConfigurationError(f"larger than {SIZE_LIMIT >> 20} MiB")
        value: object = parse(content.decode("utf-8"))
    except OSError as error:
        found.problems.append((name, f"cannot be read ({error.strerror})"))
    except (ConfigurationError, yaml.YAMLError, ValueError, RecursionError) as error:
        found.problems.append((name, str(error).partition("\n")[0] or "cannot be read"))
    else:
        if isinstance(value, dict):
            return value
        found.problems.append((name, "is no mapping"))
    return None


def _yaml(text: str) -> object:
    check_depth(text)
    # libyaml where PyYAML was built with it: a platform's rules are hundreds of kilobytes.
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506


def _queries(file: str, node: Mapping[str, Any], depth: int) -> Iterator[PanelQuery]:
    """Queries of all panels, those inside of collapsed rows too."""
    panels = node.get("panels")
    if not isinstance(panels, list) or not depth:
        return
    for panel in panels:
        if not isinstance(panel, dict):
            continue
        targets = panel.get("targets")
        for target in targets if isinstance(targets, list) else ():
            expression = target.get("expr") if isinstance(target, dict) else None
            if isinstance(expression, str):
                yield PanelQuery(file, str(panel.get("title", "")), expression)
        yield from _queries(file, panel, depth - 1)


def _take(rule: Mapping[str, Any], file: str, found: Written) -> None:
    expression = rule.get("expr")
    if not isinstance(expression, str):
        found.problems.append((file, f"rule {rule.get('alert') or rule.get('record')} has no expr"))
    elif isinstance(rule.get("alert"), str):
        given = rule.get("labels")
        labels = {str(k): str(v) for k, v in given.items()} if isinstance(given, dict) else {}
        name = str(rule["alert"])
        found.alerts.append(AlertRule(file, name, expression, labels.get("severity"), labels))
    else:
        found.expressions.append((file, expression))
