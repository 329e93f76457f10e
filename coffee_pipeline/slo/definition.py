"""The one model of an SLO, whichever format it was written in."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from coffee_pipeline.slo.budget import DEFAULT_PERIOD
from coffee_pipeline.slo.openslo_schema import Objective
from coffee_pipeline.slo.periods import Calendar

Specification = Literal["openslo/v1", "prometheus/v1", "sloth.slok.dev/v1"]
"""Format of a document; the last two are sloth's, as a plain file and as a Kubernetes resource."""

BudgetingMethod = Literal["Occurrences", "Timeslices", "RatioTimeslices"]
"""How the error budget counts, as OpenSLO v1 names it.

Occurrences: good events / events. Timeslices: slices whose ratio reaches ``timeSliceTarget`` /
slices. RatioTimeslices: the mean of the slices' ratios.
"""

SLOTH_PERIOD = timedelta(days=30)
"""Period of sloth's specifications, which name none."""


PROMQL_SOURCES = frozenset({"prometheus", "victoriametrics", "thanos", "mimir"})
"""Types of metric sources that answer PromQL and evaluate Prometheus' rules, as
:func:`source_name` spells them."""


def source_name(source_type: str | None) -> str:
    """The type of a metric source as it is compared: any case, with or without a blank."""
    return (source_type or "").lower().replace(" ", "").replace("-", "")


class Definition(BaseModel):
    """Base of the parts of the model: frozen, nothing unknown."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Alert(Definition):
    """Labels and annotations of the page or the ticket alert."""

    enabled: bool = True
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class Alerting(Definition):
    """The alerts of one SLO; ``name`` is the alert's name, None where no alert is wanted."""

    name: str | None = None
    page: Alert = Alert()
    ticket: Alert = Alert()


class Slo(Definition):
    """One SLO with its indicator resolved.

    The indicator is one of: ``total`` with either ``good`` or ``bad`` (queries as written, with
    ``{{.window}}`` where the window belongs); ``error_ratio``, a ratio of bad to total events with
    no event counts behind it; ``threshold``, a value compared with the objective's.

    ``unsupported`` says why the metrics stage, which adds events up over one window, does not
    measure it; None when it does. ``dialect`` is MetricsQL where the document says that the
    queries are VictoriaMetrics' own.
    """

    specification: Specification = "openslo/v1"
    name: str
    display_name: str | None
    description: str | None
    service: str
    objectives: tuple[Objective, ...]
    window: timedelta | None
    calendar: Calendar | None = None
    budgeting_method: BudgetingMethod
    counter: bool
    good: str | None
    bad: str | None
    total: str | None
    error_ratio: str | None = None
    threshold: str | None = None
    source_type: str | None = None
    source_options: dict[str, str] = Field(default_factory=dict)
    dialect: Literal["PromQL", "MetricsQL"] = "PromQL"
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    alerting: Alerting = Alerting()
    unsupported: str | None
    file: str
    line: int

    @property
    def period(self) -> timedelta:
        """Length of the period, nominal for calendar windows."""
        if self.window is not None:
            return self.window
        return DEFAULT_PERIOD if self.specification == "openslo/v1" else SLOTH_PERIOD

    @property
    def speaks_promql(self) -> bool:
        """Whether the source of the queries is Prometheus or one compatible with it."""
        return source_name(self.source_type) in PROMQL_SOURCES

    @property
    def identity(self) -> str:
        """Service and name, as sloth joins them: unique in one set of rules."""
        return f"{self.service}-{self.name}"
