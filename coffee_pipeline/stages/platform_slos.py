"""The SLOs of a platform at a revision, with the services they belong to."""

from __future__ import annotations

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.slo.specifications import parse
from coffee_pipeline.stages.level_days import Owned


def platform_slos(platform: Platform, repository: Repository, revision: str) -> list[Owned]:
    """Every SLO that a service of the platform lists, as the files are at ``revision``.

    They are measured in the last environment, production.

    Raises:
        ConfigurationError: a file is missing or not valid, naming file and line.
        RepositoryError: there is no such revision.
    """
    owned: list[Owned] = []
    for service in platform.services:
        contents = repository.read(revision, service.slos)
        missing = [path for path in service.slos if path not in contents]
        if missing:
            raise ConfigurationError(f"{missing[0]}: SLO file of {service.name} is not there")
        team = service.owners[0] if service.owners else None
        for slo in parse([(path, contents[path]) for path in service.slos]):
            place = platform.rollout.environments[-1]
            owned.append(Owned(platform.name, service.name, team, place, slo))
    return owned
