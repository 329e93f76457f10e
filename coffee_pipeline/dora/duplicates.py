"""Deployments that several systems tell of, each once.

A rollout of our own may also be listed by GitHub, and what GitHub started by Argo CD; GitHub may
tell of one by webhook and in an export. Of the same service, environment, revision and outcome, one
is the other if one system calls both alike, or if different systems tell of them within
:data:`APART` of each other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from coffee_pipeline.model.deployment import Deployment

OWN_CAUSES = frozenset({"delivery", "operator"})
"""Values of :attr:`Deployment.cause` that a rollout of our own has."""

APART = timedelta(minutes=30)
"""So far from each other two systems may see one deployment begin and end."""


@dataclass(frozen=True)
class ToldOnce:
    """The deployments without repetitions; ``same`` are those left out, with the one that stays."""

    deployments: tuple[Deployment, ...]
    same: Mapping[str, str]


def told_once(deployments: Iterable[Deployment]) -> ToldOnce:
    """Each deployment once; our own stay, else the one that began first.

    Two that one system tells of are two.
    """
    groups: defaultdict[tuple[str, str, str, str], list[Deployment]] = defaultdict(list)
    for one in deployments:
        groups[one.service, one.environment, one.revision, one.outcome].append(one)
    kept: list[Deployment] = []
    same: dict[str, str] = {}
    for found in groups.values():
        # Each that stays, with what the systems that told of it call it.
        stay: list[tuple[Deployment, dict[str, str]]] = []
        for one in sorted(found, key=_precedence):
            system, name = source_of(one), _name(one)
            for first, names in stay:
                if names.get(system) == name or (system not in names and _together(first, one)):
                    names[system] = name
                    same[one.deployment_id] = first.deployment_id
                    break
            else:
                stay.append((one, {system: name}))
        kept += [one for one, _ in stay]
    return ToldOnce(tuple(kept), same)


def source_of(one: Deployment) -> str:
    """The system that told of a deployment; empty for a rollout of our own.

    Imported ones are named SYSTEM:ID (tools/deployment_records.py); of those that a webhook told of
    the system is the cause (stages/inbox.py).
    """
    system, sign, _ = one.deployment_id.partition(":")
    if sign:
        return system
    return "" if one.cause in OWN_CAUSES else one.cause


def _name(one: Deployment) -> str:
    """What its system calls it."""
    system = source_of(one)
    return one.deployment_id.removeprefix(f"{system}:").removeprefix(f"{system}-")


def _precedence(one: Deployment) -> tuple[bool, datetime, str]:
    return bool(source_of(one)), one.started_at, one.deployment_id


def _together(one: Deployment, other: Deployment) -> bool:
    return (
        one.started_at <= other.finished_at + APART and other.started_at <= one.finished_at + APART
    )
