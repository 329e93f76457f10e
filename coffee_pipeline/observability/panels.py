"""Panels and dashboards of Grafana, in the few shapes that the generated ones have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models import dashboard as models

PROMETHEUS = models.DataSourceRef(type_val="prometheus", uid="prometheus")
"""The data source that the provisioned configuration names."""


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and what a series of it is called in the legend."""

    expression: str
    legend: str


@dataclass(frozen=True, slots=True)
class Limit:
    """A value from which on a panel turns ``color``; ``rising`` is worse when more."""

    value: float
    color: str = "red"
    base: str = "green"


class Board:
    """A dashboard under construction: rows of panels, placed from left to right."""

    def __init__(self, uid: str, title: str, description: str, tags: Sequence[str]) -> None:
        self._board = (
            builders.Dashboard(title)
            .uid(uid)
            .description(description)
            .tags(list(tags))
            .time("now-6h", "now")
            .refresh("1m")
            .timezone("browser")
            .tooltip(models.DashboardCursorSync.CROSSHAIR)
            .readonly()
        )
        self._panels = 0

    def row(self, title: str) -> Board:
        """Begin a row."""
        self._board.with_row(builders.Row(title).id(self._next()))
        return self

    def lines(
        self, title: str, unit: str, queries: Sequence[Query], description: str,
        *, width: int = 8, limit: Limit | None = None,
    ) -> Board:  # fmt: skip
        """Series over time; where there is no data the line has a gap."""
        panel = (
            timeseries.Panel()
            .unit(unit)
            .min(0)
            .span_nulls(False)
            .legend(
                common_builders.VizLegendOptions()
                .display_mode(common.LegendDisplayMode.LIST)
                .placement(common.LegendPlacement.BOTTOM)
                .show_legend(True)
            )
            .tooltip(common_builders.VizTooltipOptions().mode(common.TooltipDisplayMode.MULTI))
        )
        if limit is not None:
            panel.thresholds(_thresholds(limit)).thresholds_style(
                common_builders.GraphThresholdsStyleConfig().mode(
                    common.GraphTresholdsStyleMode.LINE
                )
            )
        panel.id(self._next()).title(title).description(description).datasource(PROMETHEUS)
        panel.span(width).height(8).targets(_targets(queries, instant=False))
        self._board.with_panel(panel)
        return self

    def figure(
        self, title: str, unit: str, query: Query, description: str,
        *, width: int = 4, limit: Limit | None = None,
    ) -> Board:  # fmt: skip
        """One number as of now; without data it says so, not a number."""
        panel = (
            stat.Panel()
            .unit(unit)
            .no_value("no data")
            .graph_mode(common.BigValueGraphMode.NONE)
            .color_mode(common.BigValueColorMode.VALUE)
            .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
        )
        if limit is not None:
            panel.thresholds(_thresholds(limit))
        panel.id(self._next()).title(title).description(description).datasource(PROMETHEUS)
        panel.span(width).height(8).targets(_targets([query], instant=True))
        self._board.with_panel(panel)
        return self

    def text(self) -> str:
        """The dashboard as JSON, the same for the same content."""
        return (
            json.dumps(
                self._board.build(), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False
            )
            + "\n"
        )

    def _next(self) -> int:
        self._panels += 1
        return self._panels


def _targets(queries: Sequence[Query], *, instant: bool) -> list[Builder[Dataquery]]:
    made: list[Builder[Dataquery]] = []
    for number, query in enumerate(queries):
        target = prometheus.Dataquery().expr(query.expression).legend_format(query.legend)
        target.ref_id(chr(ord("A") + number)).datasource(PROMETHEUS)
        made.append(target.instant() if instant else target.range())
    return made


def _thresholds(limit: Limit) -> builders.ThresholdsConfig:
    steps = [
        models.Threshold(value=None, color=limit.base),
        models.Threshold(value=limit.value, color=limit.color),
    ]
    return builders.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)
