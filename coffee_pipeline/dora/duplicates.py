"""Deployments that several systems tell of, each once.

A rollout of our own may also be listed by GitHub, and what GitHub started by Argo CD. Of the same
service, environment, revision and outcome, told by different systems within :data:`APART` of each
other, one is the other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from coffee_pipeline.model.deployment import Deployment

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
        if len({_system(one) for one in found}) == 1:
            kept += found
            continue
        systems: dict[str, set[str]] = {}
        stay: list[Deployment] = []
        for one in sorted(found, key=_precedence):
            system = _system(one)
            first = next(
                (each for each in stay
                 if system not in systems[each.deployment_id] and _together(each, one)),
                None,
            )  # fmt: skip
            if first is None:
                stay.append(one)
                systems[one.deployment_id] = {system}
            else:
                systems[first.deployment_id].add(system)
                same[one.deployment_id] = first.deployment_id
        kept += stay
    return ToldOnce(tuple(kept), same)


def _system(one: Deployment) -> str:
    """Imported ones are named SYSTEM:ID, as tools/deployment_records.py makes them."""
    system, sign, _ = one.deployment_id.partition(":")
    return system if sign else ""


def _precedence(one: Deployment) -> tuple[bool, object, str]:
    return bool(_system(one)), one.started_at, one.deployment_id


def _together(one: Deployment, other: Deployment) -> bool:
    return (
        one.started_at <= other.finished_at + APART and other.started_at <= one.finished_at + APART
    )
