from __future__ import annotations

from datetime import UTC, datetime

from coffee_pipeline.stages.observability import observed

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FILES = {
    "go.mod": "module example.com/till\n\ngo 1.22\n",
    "main.go": "package main\n\nfunc main() {}\n",
}
SLO = """\
version: prometheus/v1
service: till
slos:
  - name: paid
    objective: 99
    sli:
      events:
        error_query: 'rate(http_requests_total{service="till",code=~"5.."}[{{.window}}])'
        total_query: 'rate(http_requests_total{service="till"}[{{.window}}])'
    alerting: {name: TillFails}
"""


def test_without_a_folder_it_is_not_known(deliver) -> None:
    delivery = deliver(FILES)
    (service,) = delivery.context.platform.services
    (row,) = observed(delivery.context, service, NOW)
    assert row.passed is None
    assert "no folder 'observability'" in row.reason
    assert (row.service, row.revision) == (service.name, delivery.context.revision)


def test_a_folder_without_anything_misses_everything(deliver) -> None:
    delivery = deliver({**FILES, "slo.yaml": SLO, "observability/README": "soon"})
    (service,) = delivery.context.platform.services
    service = service.model_copy(update={"name": "till", "slos": ("slo.yaml",)})
    rows = observed(delivery.context, service, NOW)
    assert {(row.kind, row.subject): row.passed for row in rows} == {
        ("red_panels", "till"): False,
        ("scrape_alert", "till"): False,
        ("objective_panel", "till/paid"): False,
        ("objective_alert", "till/paid"): False,
    }


def test_an_objective_that_cannot_be_read_is_not_known(deliver) -> None:
    delivery = deliver({**FILES, "slo.yaml": "kind: [", "observability/README": "soon"})
    (service,) = delivery.context.platform.services
    service = service.model_copy(update={"slos": ("slo.yaml",)})
    (row,) = observed(delivery.context, service, NOW)
    assert row.passed is None
    assert "slo.yaml:" in row.reason
