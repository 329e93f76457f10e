"""The SLOs of a platform at a revision, with the services they belong to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coffee_pipeline.platform.description import Platform, Service
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.slo.specifications import Checked, check
from coffee_pipeline.stages.level_days import Owned


@dataclass(frozen=True)
class PlatformSlos:
    """The SLOs that are valid, and what is wrong with the rest: a line each, with file and line."""

    owned: tuple[Owned, ...]
    problems: tuple[str, ...]


def platform_slos(platform: Platform, repository: Repository, revision: str) -> PlatformSlos:
    """Every SLO that a service of the platform lists, as the files are at ``revision``.

    They are measured in the last environment, production. A file that is missing or not valid is a
    problem of its own; the others' SLOs are there.

    Raises:
        RepositoryError: there is no such revision.
    """
    owned: list[Owned] = []
    problems: list[str] = []
    place = platform.rollout.environments[-1]
    for service in platform.services:
        contents = repository.read(revision, service.slos)
        problems += [
            f"{path}: SLO file of {service.name} is not there"
            for path in service.slos
            if path not in contents
        ]
        found = check([(path, contents[path]) for path in service.slos if path in contents])
        problems += map(str, found.errors)
        problems += _of_one_key(service, found)
        team = service.owners[0] if service.owners else None
        own = {slo.name: slo for slo in reversed(found.slos)}  # of one name, the first
        owned += [Owned(platform.name, service.name, team, place, slo)
                  for slo in found.slos if own[slo.name] is slo]  # fmt: skip
    return PlatformSlos(tuple(owned), tuple(problems))


def _of_one_key(service: Service, found: Checked) -> Iterator[str]:
    """SLOs of one name that differ in the service they name themselves: one day for both."""
    for index, slo in enumerate(found.slos):
        first = next(one for one in found.slos[: index + 1] if one.name == slo.name)
        if first.service != slo.service:
            where = f"{first.file}:{first.line}"
            yield f"{slo.file}:{slo.line}: name: {slo.name} of {service.name} is also at {where}"


def left_out(found: PlatformSlos, partitions: Sequence[str]) -> list[str]:
    """What is not measured and why: partitions that no valid file defines, and broken files."""
    defined = {one.key for one in found.owned}
    gone = [key for key in partitions if key not in defined]
    return [*(f"{key}: no valid file defines it (any more)" for key in gone), *found.problems]
