"""Writes Gatekeeper's templates and constraints from the Rego policies on Kubernetes objects.

``python policies/gatekeeper_templates.py`` writes ``policies/gatekeeper``. Both engines evaluate
the same rules: the library finds the object in ``input.object`` or ``input.review.object``. What a
policy says of itself (``about``) and its verdict belong to ``opa eval`` and are left out; here
every failure is a violation. Suites and examples in that folder are written by hand.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

POLICIES = Path(__file__).resolve().parent
SOURCE = POLICIES / "opa"
LIBRARIES = ("pods", "selectors")
TARGET = "admission.k8s.gatekeeper.sh"
WORKLOADS = (
    {"apiGroups": [""], "kinds": ["Pod", "ReplicationController"]},
    {"apiGroups": ["apps"], "kinds": ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"]},
    {"apiGroups": ["batch"], "kinds": ["Job", "CronJob"]},
)
_OF_EVALUATION = re.compile(r"^(about|verdict) := .*\n|^import data\.compliance\.library\.answer\n",
                            re.MULTILINE)  # fmt: skip
_USED = re.compile(r"^import data\.compliance\.library\.(\w+)$", re.MULTILINE)
_HEADER = "# Written by policies/gatekeeper_templates.py from {}; do not edit.\n"


def kind_of(policy: str) -> str:
    """``CoffeeRunAsNonRoot`` for ``run_as_non_root``."""
    return "Coffee" + "".join(word.capitalize() for word in policy.split("_"))


def metadata_of(text: str) -> dict[str, Any]:
    """The METADATA block at the top of a policy."""
    lines = text.partition("\npackage ")[0].splitlines()[1:]
    found: dict[str, Any] = yaml.safe_load("\n".join(line.removeprefix("#") for line in lines))
    return found


def without_comments(text: str) -> str:
    """A policy from its package on."""
    return "package " + text.partition("package ")[2]


def library(name: str) -> str:
    """A file of the library under the name that Gatekeeper demands."""
    text = without_comments((SOURCE / "library" / f"{name}.rego").read_text("utf-8"))
    return text.replace("package compliance.library.", "package lib.")


def policy_rego(text: str) -> str:
    """The rules of a policy, in Gatekeeper's terms."""
    body = _OF_EVALUATION.sub("", without_comments(text))
    body = body.replace("data.compliance.library.", "data.lib.")
    body = body.replace("package compliance.policies.", "package ")
    violation = 'violation contains {"msg": message} if some message in failures\n'
    malformed = 'violation contains {"msg": message} if some message in pods.malformed\n'
    return re.sub(r"\n{3,}", "\n\n", f"{body.rstrip()}\n\n{violation}\n{malformed}")


def template(policy: str, text: str) -> dict[str, Any]:
    """The ConstraintTemplate of a policy."""
    about = metadata_of(text)
    used = [name for name in _USED.findall(text) if name in LIBRARIES]
    source = {"version": "v1", "rego": policy_rego(text), "libs": [library(one) for one in used]}
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {
            "name": kind_of(policy).lower(),
            "annotations": {
                "description": about["description"],
                "metadata.gatekeeper.sh/title": about["title"],
            },
        },
        "spec": {
            "crd": {"spec": {"names": {"kind": kind_of(policy)}}},
            "targets": [
                {"target": TARGET, "code": [{"engine": "Rego", "source": source}]},
            ],
        },
    }


def constraint(policy: str, text: str) -> dict[str, Any]:
    """The constraint that applies a template to all workloads."""
    custom = metadata_of(text)["custom"]
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind_of(policy),
        "metadata": {
            "name": policy.replace("_", "-"),
            "annotations": {
                "compliance/severity": custom["severity"],
                "compliance/controls": "; ".join(custom["controls"]),
            },
        },
        "spec": {
            "enforcementAction": "deny",
            "match": {"kinds": list(WORKLOADS)},
        },
    }


class _Dumper(yaml.SafeDumper):
    """Text of several lines as a block, and no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def rendered(policy: str, document: dict[str, Any]) -> str:
    """The document as a file."""
    # A tab ends YAML's block style: Rego is indented by spaces as well.
    plain = yaml.dump(_spaced(document), Dumper=_Dumper, sort_keys=False, width=100)
    return _HEADER.format(f"policies/opa/kubernetes/{policy}.rego") + plain


def _spaced(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _spaced(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_spaced(one) for one in value]
    return value.replace("\t", "  ") if isinstance(value, str) else value


def files() -> dict[str, str]:
    """Every file to write, by its path below ``policies/gatekeeper``."""
    found = {}
    for source in sorted((SOURCE / "kubernetes").glob("*.rego")):
        if source.name.endswith("_test.rego"):
            continue
        text = source.read_text("utf-8")
        found[f"templates/{source.stem}.yaml"] = rendered(source.stem, template(source.stem, text))
        found[f"constraints/{source.stem}.yaml"] = rendered(
            source.stem, constraint(source.stem, text)
        )
    return found


def main() -> None:
    """Write the files."""
    for name, content in files().items():
        path = POLICIES / "gatekeeper" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
