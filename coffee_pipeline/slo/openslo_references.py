"""Names that OpenSLO documents refer to, and whether there are documents of these names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from coffee_pipeline.slo.openslo_alerts import PolicyDocument, PolicySpec
from coffee_pipeline.slo.openslo_schema import (
    IndicatorSpec,
    Metric,
    SliDocument,
    SloDocument,
    SloSpec,
)
from coffee_pipeline.slo.problems import DocumentError, Remark
from coffee_pipeline.slo.yaml_documents import YamlDocument

_Location = tuple[str | int, ...]
_Field = tuple[_Location, str, str | None]
"""Where a name may stand, the kind of what it names, and the name; None where none stands."""


@dataclass(frozen=True)
class Reference:
    """A field of a document that names another document."""

    document: YamlDocument
    location: _Location
    kind: str
    name: str


def references_of(document: YamlDocument, valid: object) -> Iterator[Reference]:
    """The references of a valid document, but ``indicatorRef``: an SLO is nothing without it."""
    fields: Iterator[_Field] = iter(())
    if isinstance(valid, PolicyDocument):
        fields = _of_policy(("spec",), valid.spec)
    elif isinstance(valid, SliDocument):
        fields = _of_indicator(("spec",), valid.spec)
    elif isinstance(valid, SloDocument):
        fields = _of_slo(valid.spec)
    for location, kind, name in fields:
        if name is not None:
            yield Reference(document, location, kind, name)


def _of_slo(spec: SloSpec) -> Iterator[_Field]:
    yield ("spec", "service"), "Service", spec.service
    if spec.indicator is not None:
        yield from _of_indicator(("spec", "indicator", "spec"), spec.indicator.spec)
    for index, policy in enumerate(spec.alert_policies):
        at = ("spec", "alertPolicies", index)
        yield (*at, "alertPolicyRef"), "AlertPolicy", policy.alert_policy_ref
        if policy.spec is not None:
            yield from _of_policy((*at, "spec"), policy.spec)


def _of_policy(at: _Location, spec: PolicySpec) -> Iterator[_Field]:
    for index, condition in enumerate(spec.conditions):
        location = (*at, "conditions", index, "conditionRef")
        yield location, "AlertCondition", condition.condition_ref
    for index, target in enumerate(spec.notification_targets):
        location = (*at, "notificationTargets", index, "targetRef")
        yield location, "AlertNotificationTarget", target.target_ref


def _of_indicator(at: _Location, spec: IndicatorSpec) -> Iterator[_Field]:
    metrics: dict[_Location, Metric | None] = {("thresholdMetric",): spec.threshold_metric}
    if spec.ratio_metric is not None:
        for name in ("good", "bad", "total", "raw"):
            metrics["ratioMetric", name] = getattr(spec.ratio_metric, name)
    for path, metric in metrics.items():
        if metric is not None:
            location = (*at, *path, "metricSource", "metricSourceRef")
            yield location, "DataSource", metric.metric_source.metric_source_ref


def dangling(
    references: Iterable[Reference], given: Mapping[str, AbstractSet[str]]
) -> Iterator[DocumentError | Remark]:
    """References to nothing: an error where documents of the kind are given, by name.

    Where none is given they may be elsewhere; that is one remark for each kind.
    """
    unknown: dict[str, list[Reference]] = {}
    for one in references:
        names = given.get(one.kind)
        if not names:
            unknown.setdefault(one.kind, []).append(one)
        elif one.name not in names:
            known = ", ".join(sorted(names))
            problem = f"no {one.kind} named {one.name!r} in these files, only {known}"
            yield DocumentError(one.document, one.location, problem)
    for kind, several in unknown.items():
        first = several[0]
        named = ", ".join(sorted({one.name for one in several}))
        yield Remark(
            first.document.file,
            first.document.line(first.location),
            ".".join(map(str, first.location)),
            f"no {kind} in these files: not checked whether there is {named}",
        )
