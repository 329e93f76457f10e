"""A year's metrics are those of the plain reference, for the platform and for every service."""

from __future__ import annotations

from datetime import timedelta

import pytest

from coffee_pipeline.dora.attribution import Evidence, attribute
from coffee_pipeline.dora.metrics import DeliveryPerformance, delivery_performance
from coffee_pipeline.dora.scope import Scope
from tests.coffee_pipeline.dora.plain_reference import blame, reference
from tests.coffee_pipeline.dora.year import END, SERVICES, START, Year, make_year

QUARTER = START + timedelta(days=90), START + timedelta(days=181)


@pytest.fixture(scope="module", params=[1, 2])
def year(request: pytest.FixtureRequest) -> Year:
    return make_year(request.param)


def measured(year: Year, start=START, end=END) -> DeliveryPerformance:
    return delivery_performance(
        revisions=year.revisions, untouched=year.untouched, deployments=year.deployments,
        incidents=year.incidents, breaches=year.breaches, start=start, end=end,
    )  # fmt: skip


def numbers(scope: Scope) -> dict[str, object]:
    lead, recovery = scope.lead_time, scope.recovery_time
    return {
        "frequency": (scope.deployment_frequency.value, scope.deployment_frequency.count),
        "lead": (percentiles(lead), lead.count),
        "fail rate": (scope.change_fail_rate.value, scope.change_fail_rate.events,
                      scope.change_fail_rate.count),
        "recovery": (percentiles(recovery), recovery.count),
        "rework": (scope.rework_rate.value, scope.rework_rate.events, scope.rework_rate.count),
    }  # fmt: skip


def percentiles(metric) -> tuple[float, float, float] | None:
    spread = metric.distribution
    return (spread.median, spread.p75, spread.p90) if spread else None


def flat(found: dict[str, object]) -> list[object]:
    values: list[object] = []
    for value in found.values():
        for part in value:  # type: ignore[attr-defined]
            values += part if isinstance(part, tuple) else [part]
    return values


@pytest.mark.parametrize("period", [(START, END), QUARTER], ids=["year", "quarter"])
def test_all_five_metrics_are_the_references(year: Year, period) -> None:
    found = measured(year, *period)
    assert flat(numbers(found.platform)) == pytest.approx(
        flat(reference(year, None, *period)), abs=1e-9
    )
    assert [scope.service for scope in found.services] == sorted(SERVICES)
    for scope in found.services:
        assert flat(numbers(scope)) == pytest.approx(
            flat(reference(year, scope.service, *period)), abs=1e-9
        ), scope.service


def test_the_year_has_every_case(year: Year) -> None:
    attributions = attribute(year.incidents, year.deployments, year.revisions, year.breaches)
    assert {one.evidence for one in attributions} == set(Evidence)
    assert [one.deployment_id for one in attributions] == [
        blame(year, one) for one in year.incidents
    ]
    assert {one.outcome for one in year.deployments} == {"succeeded", "rolled_back", "failed"}
    assert len(year.deployments) > 300
    assert any(one.resolved_at is None for one in year.incidents)
    found = measured(year)
    assert {note.split(" (")[0] for note in found.notes} >= {
        "Commits dated after their deployment: no lead time",
        "Incidents that end before they begin: not in the recovery time",
    }
