"""Groups of rules as the text of a Prometheus rule file or of a PrometheusRule resource."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import yaml

from coffee_pipeline.slo.rules import Group

_HEADER = "# Made by `coffee-pipeline slo rules` from {sources}. Edit those, not this.\n"


class _Dumper(yaml.SafeDumper):
    """Expressions of several lines are written as such; what is there twice is written twice."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        """Anchors are for people to write, not to read in what was made."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def rule_file(groups: Iterable[Group], sources: Sequence[str]) -> str:
    """The text of a rule file: what ``rule_files`` of a Prometheus configuration names."""
    return _HEADER.format(sources=_names(sources)) + yaml_text({"groups": _plain(groups)})


def rule_resource(
    groups: Iterable[Group], sources: Sequence[str], name: str, namespace: str | None
) -> str:
    """The text of a ``PrometheusRule`` for the Prometheus operator."""
    metadata: dict[str, object] = {
        "name": name,
        "labels": {
            "app.kubernetes.io/component": "SLO",
            "app.kubernetes.io/managed-by": "coffee-pipeline",
        },
    }
    if namespace:
        metadata["namespace"] = namespace
    resource = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": metadata,
        "spec": {"groups": _plain(groups)},
    }
    return _HEADER.format(sources=_names(sources)) + yaml_text(resource)


def _names(sources: Sequence[str]) -> str:
    return ", ".join("".join(c for c in one if c.isprintable()) for one in sources)


def _plain(groups: Iterable[Group]) -> list[dict[str, object]]:
    return [{"name": group.name, "rules": list(group.rules)} for group in groups]


def yaml_text(value: object) -> str:
    """``value`` as YAML: keys in their order, texts of several lines as such, lines unbroken."""
    return yaml.dump(value, Dumper=_Dumper, sort_keys=False, width=10_000, allow_unicode=True)
