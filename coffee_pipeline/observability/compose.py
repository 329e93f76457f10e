"""The stack for Docker Compose or Podman Compose."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.observability.alertmanager import secret_files
from coffee_pipeline.observability.programs import Program, programs
from coffee_pipeline.observability.subject import Subject
from coffee_pipeline.observability.traces import TraceStore

PROFILE = "copyleft"
"""Profile of programs under the AGPL: they start only when it is named."""
Settings = dict[str, object]


def compose(subject: Subject, stores: Sequence[TraceStore]) -> Settings:
    """``compose.yaml``; services of the platform join the network that has the platform's name."""
    stack = programs(stores)
    files = secret_files(subject)
    return {
        "name": f"{subject.platform.name}-observability",
        "services": {one.name: _service(one, list(files)) for one in stack},
        "networks": {"default": {"name": subject.platform.name}},
        "volumes": {one.name: {} for one in stack if one.data},
        "secrets": {name: {"environment": variable} for name, variable in files.items()},
    }


def _service(program: Program, secrets: Sequence[str]) -> Settings:
    mounts = [f"./{one.source}:{one.target}:ro" for one in program.mounts]
    if program.data:
        mounts.append(f"{program.name}:{program.data}")
    service: Settings = {"image": program.image.reference}
    if program.name == "fluentd":
        service = {"build": "./fluentd"}
    if program.image.opt_in:
        service["profiles"] = [PROFILE]
    if program.arguments:
        service["command"] = list(program.arguments)
    if mounts:
        service["volumes"] = mounts
    if program.secrets:
        service["secrets"] = [
            {"source": name, "target": f"{program.secrets}/{name}"} for name in secrets
        ]
    return {
        **service,
        # On this machine only: none of them asks who is there.
        "ports": [f"127.0.0.1:{port}:{port}" for port in program.ports if port != _SHARED],
        "restart": "unless-stopped",
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
    }


_SHARED = 4317
"""Several programs take OTLP at this port; only those of one network reach it."""
