"""OpenSLO v1 files -> SLOs with their indicators resolved.

Read are the kinds SLO, SLI and DataSource; Service, AlertPolicy, AlertCondition and
AlertNotificationTarget are valid and passed over.

What is valid OpenSLO but not computed by this release (time slices, thresholds, raw ratios,
calendar windows, sources other than Prometheus) is kept, with the reason in
:attr:`Slo.unsupported`: it is reported as not measured instead of being miscomputed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.slo.openslo_schema import (
    DataSourceDocument,
    IndicatorSpec,
    Metric,
    Objective,
    SliDocument,
    SloDocument,
)
from coffee_pipeline.slo.yaml_documents import MAXIMUM_BYTES, YamlDocument, documents

API_VERSION = "openslo/v1"
_PASSED_OVER = {"Service", "AlertPolicy", "AlertCondition", "AlertNotificationTarget"}
_Document = SloDocument | SliDocument | DataSourceDocument
_MODELS: Mapping[str, type[_Document]] = {
    "SLO": SloDocument,
    "SLI": SliDocument,
    "DataSource": DataSourceDocument,
}


class Slo(BaseModel):
    """One SLO with its indicator resolved.

    ``good``, ``bad`` and ``total`` are the queries as written; one of good and bad is None.
    ``unsupported`` says why this release does not compute it, None when it does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    display_name: str | None
    description: str | None
    service: str
    objectives: tuple[Objective, ...]
    window: timedelta | None
    budgeting_method: str
    counter: bool
    good: str | None
    bad: str | None
    total: str | None
    unsupported: str | None
    file: str
    line: int


def read(paths: Iterable[Path], root: Path) -> tuple[Slo, ...]:
    """The SLOs of files below ``root``; messages name them relative to it.

    Raises:
        ConfigurationError: a file is missing, lies outside ``root`` or is not valid OpenSLO v1.
    """
    contents: list[tuple[str, bytes]] = []
    base = root.resolve()
    for path in paths:
        full = (base / path).resolve()
        if not full.is_relative_to(base):
            raise ConfigurationError(f"{path}: lies outside of the repository")
        try:
            with full.open("rb") as stream:
                contents.append((full.relative_to(base).as_posix(), stream.read(MAXIMUM_BYTES + 1)))
        except OSError as error:
            raise ConfigurationError(f"{path}: cannot be read ({error.strerror})") from error
    return parse(contents)


def parse(files: Iterable[tuple[str, str | bytes]]) -> tuple[Slo, ...]:
    """The SLOs of (file name, content) pairs; references are resolved across all of them.

    Raises:
        ConfigurationError: names file, line and field.
    """
    slos: list[tuple[YamlDocument, SloDocument]] = []
    indicators: dict[str, IndicatorSpec] = {}
    sources: dict[str, str] = {}
    names: set[tuple[str, str]] = set()
    for file, content in files:
        for document in documents(file, content):
            kind = _kind(document)
            if kind in _PASSED_OVER:
                continue
            valid = _validated(document, _MODELS[kind])
            if (kind, valid.metadata.name) in names:
                raise _error(document, ("metadata", "name"), f"second {kind} of this name")
            names.add((kind, valid.metadata.name))
            if isinstance(valid, SloDocument):
                slos.append((document, valid))
            elif isinstance(valid, SliDocument):
                indicators[valid.metadata.name] = valid.spec
            else:
                sources[valid.metadata.name] = valid.spec.type
    return tuple(_resolved(document, slo, indicators, sources) for document, slo in slos)


def _error(
    document: YamlDocument, location: tuple[str | int, ...], problem: str
) -> ConfigurationError:
    field = ".".join(str(part) for part in location) or "document"
    return ConfigurationError(f"{document.file}:{document.line(location)}: {field}: {problem}")


def _kind(document: YamlDocument) -> str:
    """The kind of a document, checked together with its apiVersion."""
    value = document.value
    if not isinstance(value, dict):
        raise _error(document, (), "must be a mapping with apiVersion, kind, metadata and spec")
    if value.get("apiVersion") != API_VERSION:
        raise _error(document, ("apiVersion",), f"must be {API_VERSION}")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in _PASSED_OVER | set(_MODELS):
        known = ", ".join(sorted(_PASSED_OVER | set(_MODELS)))
        raise _error(document, ("kind",), f"must be one of {known}")
    return kind


def _validated(document: YamlDocument, model: type[_Document]) -> _Document:
    try:
        return model.model_validate(document.value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        problem = first["msg"].removeprefix("Value error, ")
        raise _error(document, first["loc"], problem) from None


def _resolved(
    document: YamlDocument,
    slo: SloDocument,
    indicators: Mapping[str, IndicatorSpec],
    sources: Mapping[str, str],
) -> Slo:
    spec = slo.spec
    if spec.indicator is not None:
        indicator = spec.indicator.spec
    else:
        assert spec.indicator_ref is not None
        found = indicators.get(spec.indicator_ref)
        if found is None:
            problem = f"no SLI document named {spec.indicator_ref!r} in these files"
            raise _error(document, ("spec", "indicatorRef"), problem)
        indicator = found
    ratio = indicator.ratio_metric
    window = spec.time_window[0] if spec.time_window else None
    return Slo(
        name=slo.metadata.name,
        display_name=slo.metadata.display_name,
        description=spec.description,
        service=spec.service,
        objectives=spec.objectives,
        window=window.duration if window else None,
        budgeting_method=spec.budgeting_method,
        counter=bool(ratio and ratio.counter),
        good=_query(ratio.good) if ratio else None,
        bad=_query(ratio.bad) if ratio else None,
        total=_query(ratio.total) if ratio else None,
        unsupported=_unsupported(slo, indicator, sources),
        file=document.file,
        line=document.line(),
    )


def _query(metric: Metric | None) -> str | None:
    return metric.metric_source.query if metric else None


def _unsupported(
    slo: SloDocument, indicator: IndicatorSpec, sources: Mapping[str, str]
) -> str | None:
    """Why this release does not compute the SLO; None when it does."""
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
        reason = _unsupported_source(metric, sources) if metric else None
        if reason:
            return reason
    return None


def _unsupported_source(metric: Metric, sources: Mapping[str, str]) -> str | None:
    source = metric.metric_source
    kind = source.type or sources.get(source.metric_source_ref or "")
    if kind is None:
        return f"metricSourceRef {source.metric_source_ref!r} is not among these files"
    if kind.lower() != "prometheus":
        return f"metric source {kind} is not read, only Prometheus is"
    if source.query is None:
        return "the metric source has no spec.query"
    return None
