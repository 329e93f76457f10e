from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.description import Module, Platform, RunSettings, Service
from coffee_pipeline.stages.plan import PlannedService, called_first

NAMES = ("menu", "orders", "payments", "kitchen", "storefront")


def _platform(calls: dict[str, list[str]]) -> Platform:
    services = tuple(
        Service(
            name=name,
            module=".",
            run=RunSettings(environment={f"URL_{n}": f"{{url:{n}}}" for n in calls.get(name, ())}),
        )
        for name in NAMES
    )
    return Platform(name="shop", modules=(Module(path="."),), services=services)


def _planned(*names: str) -> list[PlannedService]:
    return [
        PlannedService(service=name, steps=("binary",), reason="", base_revision=None)
        for name in names
    ]


def test_a_service_comes_behind_those_it_calls() -> None:
    platform = _platform({"storefront": ["orders", "menu"], "orders": ["payments", "menu"]})
    ordered = called_first(platform, _planned("storefront", "orders", "menu", "payments"))
    assert [item.service for item in ordered] == ["menu", "payments", "orders", "storefront"]


def test_services_that_call_each_other_are_all_there_once() -> None:
    platform = _platform({"orders": ["kitchen"], "kitchen": ["orders"]})
    ordered = called_first(platform, _planned("orders", "kitchen"))
    assert [item.service for item in ordered] == ["kitchen", "orders"]


def test_a_called_service_that_is_not_due_is_not_added() -> None:
    platform = _platform({"orders": ["payments"]})
    assert [i.service for i in called_first(platform, _planned("orders"))] == ["orders"]


@given(
    calls=st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES))),
    due=st.lists(st.sampled_from(NAMES), unique=True),
)
def test_whatever_calls_whatever_nothing_is_lost_or_doubled(
    calls: dict[str, list[str]], due: list[str]
) -> None:
    ordered = [item.service for item in called_first(_platform(calls), _planned(*due))]
    assert sorted(ordered) == sorted(due)
