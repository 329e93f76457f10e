"""Whether a service's dashboards and alerts are in the repository, as evidence."""

from __future__ import annotations

from datetime import datetime

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.observability import ObservabilityCheck
from coffee_pipeline.observability.coverage import Check, Kind, coverage
from coffee_pipeline.observability.subject import subject_of
from coffee_pipeline.observability.written import read_folder
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.context import StageContext


def observed(context: StageContext, service: Service, now: datetime) -> list[ObservabilityCheck]:
    """What the revision has of the panels and alerts that ``service`` and its objectives need.

    Where there is no folder of them, or it cannot be said what is needed, one row says why.
    """
    return [
        ObservabilityCheck(
            service=service.name,
            revision=context.revision,
            kind=check.kind.value,
            subject=check.subject,
            passed=check.passed,
            reason=check.reason,
            observed_at=now,
        )
        for check in _checks(context, service)
    ]


def _checks(context: StageContext, service: Service) -> list[Check]:
    checkout = context.checkout()
    name = context.platform.observability
    platform = context.platform.model_copy(update={"services": (service,)})
    unknown = None
    if not (checkout / name).is_dir():
        unknown = f"the repository has no folder {name!r}; 'observability generate' makes one"
    else:
        try:
            return list(coverage(subject_of(platform, checkout), read_folder(checkout / name)))
        except ConfigurationError as error:
            unknown = str(error)
    return [Check(Kind.RED_PANELS, service.name, service.name, None, unknown)]
