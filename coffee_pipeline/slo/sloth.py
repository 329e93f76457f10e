"""Sloth's specifications, plain (``prometheus/v1``) and Kubernetes, -> SLOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from coffee_pipeline.errors import UsageError
from coffee_pipeline.slo.definition import SLOTH_PERIOD, Alert, Alerting, Slo, Specification
from coffee_pipeline.slo.openslo_schema import Objective
from coffee_pipeline.slo.problems import DocumentError, PartOf, raise_all, validated
from coffee_pipeline.slo.query_kinds import events_of_rates
from coffee_pipeline.slo.sloth_schema import (
    AlertPart,
    ResourceMetadata,
    SloPart,
    SpecificationPart,
)
from coffee_pipeline.slo.yaml_documents import YamlDocument

VERSION: Specification = "prometheus/v1"
RESOURCE_VERSION: Specification = "sloth.slok.dev/v1"
RESOURCE_KIND = "PrometheusServiceLevel"
_TEXT_MAPPINGS = {"labels", "annotations"}
_Location = tuple[str | int, ...]


def is_sloth(value: object) -> bool:
    """Whether a document claims to be one of sloth's."""
    return isinstance(value, Mapping) and (
        value.get("version") == VERSION or value.get("apiVersion") == RESOURCE_VERSION
    )


def slos_of(document: YamlDocument) -> Iterator[Slo]:
    """The SLOs of a document; those that are valid come before any error.

    Raises:
        DocumentError: it is not valid.
    """
    if document.value.get("version") == VERSION:
        location: _Location = ()
        specification: Specification = VERSION
        value = document.value
    else:
        if document.value.get("kind") != RESOURCE_KIND:
            raise DocumentError(document, ("kind",), f"must be {RESOURCE_KIND}")
        metadata = PartOf(document.value.get("metadata"), ("metadata",))
        validated(document, ResourceMetadata, metadata)
        location, specification = ("spec",), RESOURCE_VERSION
        value = document.value.get("spec")
    part = PartOf(_texts(document, value, location), location, by_name=specification == VERSION)
    spec = validated(document, SpecificationPart, part)
    names: set[str] = set()
    errors: list[DocumentError] = []
    for index, one in enumerate(spec.slos):
        at = (*location, "slos", index)
        if one.name in names:
            problem = "second SLO of this name and service"
            errors.append(DocumentError(document, (*at, "name"), problem))
            continue
        names.add(one.name)
        try:
            yield _slo(document, spec, one, specification, at)
        except DocumentError as error:
            errors.append(error)
    raise_all(errors)


def _slo(
    document: YamlDocument,
    spec: SpecificationPart,
    one: SloPart,
    specification: Specification,
    at: _Location,
) -> Slo:
    if one.sli.plugin is not None:
        problem = f"SLI plugin {one.sli.plugin.id} is not run; write its queries as events or raw"
        raise DocumentError(document, (*at, "sli", "plugin"), problem)
    events, raw = one.sli.events, one.sli.raw
    return Slo(
        specification=specification,
        name=one.name,
        display_name=None,
        description=one.description or None,
        service=spec.service,
        objectives=(Objective(target_percent=one.objective),),
        window=SLOTH_PERIOD,
        budgeting_method="Occurrences",
        counter=False,
        good=None,
        bad=events.error_query if events else None,
        total=events.total_query if events else None,
        error_ratio=raw.error_ratio_query if raw else None,
        source_type="prometheus",
        dialect=_dialect(spec, one),
        labels={**spec.labels, **one.labels},
        alerting=_alerting(one),
        unsupported=_unsupported(one),
        file=document.file,
        line=document.line((*at, "name")),
    )


def _unsupported(one: SloPart) -> str | None:
    """Why the metrics stage cannot count the SLO's events over a window of its own."""
    if one.sli.events is None:
        return "a raw ratio has no event counts; give events"
    try:
        for query in (one.sli.events.error_query, one.sli.events.total_query):
            events_of_rates(query)
    except UsageError as error:
        return str(error)
    return None


def _dialect(spec: SpecificationPart, one: SloPart) -> Literal["PromQL", "MetricsQL"]:
    chain = (*spec.slo_plugins.chain, *one.plugins.chain)
    named = any("victoria_metrics" in str(step.get("id", "")) for step in chain)
    return "MetricsQL" if named else "PromQL"


def _alerting(one: SloPart) -> Alerting:
    part = one.alerting

    def alert(own: AlertPart) -> Alert:
        return Alert(
            enabled=not own.disable,
            labels={**part.labels, **own.labels},
            annotations={**part.annotations, **own.annotations},
        )

    return Alerting(
        name=part.name or None, page=alert(part.page_alert), ticket=alert(part.ticket_alert)
    )


def _texts(document: YamlDocument, value: object, location: _Location) -> object:
    """The value with labels and annotations as the texts they were written as."""
    if isinstance(value, list):
        return [_texts(document, one, (*location, at)) for at, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found: dict[object, object] = {}
    for key, one in value.items():
        at = (*location, str(key))
        if key in _TEXT_MAPPINGS and isinstance(one, dict):
            found[key] = {
                str(name): document.text((*at, str(name))) if not isinstance(text, str) else text
                for name, text in one.items()
            }
        else:
            found[key] = _texts(document, one, at)
    return found
