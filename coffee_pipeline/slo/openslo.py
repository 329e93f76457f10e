"""OpenSLO v1 documents -> SLOs with their indicators resolved.

Read are the kinds SLO, SLI and DataSource. Service, AlertPolicy, AlertCondition and
AlertNotificationTarget are checked, and nothing else: alerts are generated the same way for every
SLO.

What the metrics stage cannot measure by adding up events over one window (time slices, thresholds,
raw ratios, calendar windows, sources other than Prometheus) is kept, with the reason in
``Slo.unsupported``: it is reported as not measured instead of being miscomputed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from coffee_pipeline.slo.definition import PROMQL_SOURCES, Alert, Alerting, Slo, source_name
from coffee_pipeline.slo.openslo_alerts import ConditionDocument, PolicyDocument, TargetDocument
from coffee_pipeline.slo.openslo_parts import Metadata
from coffee_pipeline.slo.openslo_references import Reference, dangling, references_of
from coffee_pipeline.slo.openslo_schema import (
    DataSourceDocument,
    IndicatorSpec,
    Metric,
    Objective,
    ServiceDocument,
    SliDocument,
    SloDocument,
)
from coffee_pipeline.slo.problems import DocumentError, Remark, raise_all, validated
from coffee_pipeline.slo.yaml_documents import YamlDocument

API_VERSION = "openslo/v1"
_Document = (
    SloDocument
    | SliDocument
    | DataSourceDocument
    | ServiceDocument
    | PolicyDocument
    | ConditionDocument
    | TargetDocument
)
_MODELS: Mapping[str, type[_Document]] = {
    "SLO": SloDocument,
    "SLI": SliDocument,
    "DataSource": DataSourceDocument,
    "Service": ServiceDocument,
    "AlertPolicy": PolicyDocument,
    "AlertCondition": ConditionDocument,
    "AlertNotificationTarget": TargetDocument,
}
_OBJECTIVES = ("spec", "objectives")


class OpenSloDocuments:
    """The documents of one set of files; references are resolved across all of them."""

    def __init__(self) -> None:
        self.slos: list[tuple[YamlDocument, SloDocument]] = []
        self._indicators: dict[str, IndicatorSpec] = {}
        self._sources: dict[str, str] = {}
        self._names: dict[str, set[str]] = {}
        self._references: list[Reference] = []

    def add(self, document: YamlDocument) -> None:
        """Take a document in.

        Raises:
            DocumentError: it is not valid, or the second of its kind and name.
        """
        kind = document.value.get("kind")
        if not isinstance(kind, str) or kind not in _MODELS:
            known = ", ".join(sorted(_MODELS))
            raise DocumentError(document, ("kind",), f"must be one of {known}")
        valid: _Document = validated(document, _MODELS[kind])
        names = self._names.setdefault(kind, set())
        if valid.metadata.name in names:
            raise DocumentError(document, ("metadata", "name"), f"second {kind} of this name")
        names.add(valid.metadata.name)
        self._references += references_of(document, valid)
        if isinstance(valid, SloDocument):
            self.slos.append((document, valid))
        elif isinstance(valid, SliDocument):
            self._indicators[valid.metadata.name] = valid.spec
        elif isinstance(valid, DataSourceDocument):
            self._sources[valid.metadata.name] = valid.spec.type

    def unresolved(self) -> Iterator[DocumentError | Remark]:
        """References to documents that are not there, and what is passed over, of all added."""
        yield from dangling(self._references, self._names)
        for document, slo in self.slos:
            if slo.spec.alert_policies:
                location = ("spec", "alertPolicies")
                line, field = document.line(location), ".".join(location)
                problem = f"{slo.metadata.name}: makes no rules, its alerts are those of every SLO"
                yield Remark(document.file, line, field, problem)

    def resolve(self, document: YamlDocument, slo: SloDocument) -> Slo:
        """The SLO with its indicator, once all documents are added.

        Raises:
            DocumentError: the indicator is not among them, or the objectives lack what the
                budgeting method or the indicator needs.
        """
        spec = slo.spec
        indicator = self._indicator(document, slo)
        ratio, window = indicator.ratio_metric, spec.time_window[0] if spec.time_window else None
        _check_objectives(document, slo, threshold=ratio is None)
        raw = ratio.raw if ratio else None
        metrics = (ratio.good, ratio.bad, ratio.total, raw) if ratio else ()
        source = next((one for one in (*metrics, indicator.threshold_metric) if one), None)
        return Slo(
            name=slo.metadata.name,
            display_name=slo.metadata.display_name,
            description=spec.description,
            service=spec.service,
            objectives=spec.objectives,
            window=window.length if window else None,
            calendar=window.period if window else None,
            budgeting_method=spec.budgeting_method,
            counter=bool(ratio and ratio.counter),
            good=_query(ratio.good) if ratio else None,
            bad=_query(ratio.bad) if ratio else None,
            total=_query(ratio.total) if ratio else None,
            error_ratio=_error_ratio(_query(raw), ratio.raw_type) if ratio else None,
            threshold=_query(indicator.threshold_metric),
            source_type=self._type(source) if source else None,
            source_options=source.metric_source.options if source else {},
            labels=_labels(slo.metadata),
            annotations=slo.metadata.annotations,
            alerting=_alerting(slo.metadata.name),
            unsupported=self._unsupported(slo, indicator),
            file=document.file,
            line=document.line(),
        )

    def _indicator(self, document: YamlDocument, slo: SloDocument) -> IndicatorSpec:
        if slo.spec.indicator is not None:
            return slo.spec.indicator.spec
        reference = slo.spec.indicator_ref
        found = self._indicators.get(reference) if reference is not None else None
        if found is None:
            problem = f"no SLI document named {reference!r} in these files"
            raise DocumentError(document, ("spec", "indicatorRef"), problem)
        return found

    def _unsupported(self, slo: SloDocument, indicator: IndicatorSpec) -> str | None:
        """Why the metrics stage does not measure the SLO; None when it does."""
        spec = slo.spec
        if spec.budgeting_method != "Occurrences":
            return f"budgetingMethod {spec.budgeting_method} is not computed, only Occurrences is"
        if spec.time_window and not spec.time_window[0].is_rolling:
            return "calendar-aligned windows are not computed, only rolling ones are"
        ratio = indicator.ratio_metric
        if ratio is None:
            return "thresholdMetric is not computed, only ratioMetric is"
        if ratio.raw is not None:
            return "a raw ratio has no event counts; give good or bad, and total"
        for metric in (ratio.good, ratio.bad, ratio.total):
            reason = self._unsupported_source(metric) if metric else None
            if reason:
                return reason
        return None

    def _unsupported_source(self, metric: Metric) -> str | None:
        source, kind = metric.metric_source, self._type(metric)
        if kind is None:
            return f"metricSourceRef {source.metric_source_ref!r} is not among these files"
        if source_name(kind) not in PROMQL_SOURCES:
            known = ", ".join(sorted(PROMQL_SOURCES))
            return f"metric source {kind} is not read here, only {known} are"
        if source.query is None:
            return "the metric source has no spec.query"
        return None

    def _type(self, metric: Metric) -> str | None:
        source = metric.metric_source
        return source.type or self._sources.get(source.metric_source_ref or "")


def _check_objectives(document: YamlDocument, slo: SloDocument, *, threshold: bool) -> None:
    raise_all(
        DocumentError(document, (*_OBJECTIVES, index), missing)
        for index, objective in enumerate(slo.spec.objectives)
        if (missing := _missing(slo.spec.budgeting_method, objective, threshold=threshold))
    )


def _missing(method: str, objective: Objective, *, threshold: bool) -> str | None:
    if method != "Occurrences" and objective.time_slice_window is None:
        return f"budgetingMethod {method} needs timeSliceWindow"
    if method == "Timeslices" and objective.time_slice_target is None:
        return "budgetingMethod Timeslices needs timeSliceTarget"
    if threshold and (objective.op is None or objective.value is None):
        return "a thresholdMetric needs op and value"
    return None


def _query(metric: Metric | None) -> str | None:
    return metric.metric_source.query if metric else None


def _error_ratio(query: str | None, raw_type: str | None) -> str | None:
    return query if query is None or raw_type == "failure" else f"1 - (\n{query.strip()}\n)"


def _labels(metadata: Metadata) -> dict[str, str]:
    """Labels as Prometheus has them: one text each."""
    return {
        name: value if isinstance(value, str) else ",".join(cast("Sequence[str]", value))
        for name, value in metadata.labels.items()
    }


def _alerting(name: str) -> Alerting:
    words = "".join(part[:1].upper() + part[1:] for part in name.replace("_", "-").split("-"))
    return Alerting(
        name=f"{words}ErrorBudgetBurn",
        page=Alert(labels={"severity": "page"}),
        ticket=Alert(labels={"severity": "ticket"}),
    )
