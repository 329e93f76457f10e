"""Facts of observability: whether what runs is seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservabilityCheck:
    """One answer about the dashboards, alerts and logs of one service at one revision.

    ``kind`` is what was asked for (red_panels, scrape_alert, objective_panel, objective_alert,
    structured_logs, trace_ids_in_logs), ``subject`` of what: the service, or ``service/slo``.
    ``passed`` is None, with a ``reason``, where it could not be found out: that is no pass.
    """

    service: str
    revision: str
    kind: str
    subject: str
    passed: bool | None
    reason: str | None
    observed_at: datetime
