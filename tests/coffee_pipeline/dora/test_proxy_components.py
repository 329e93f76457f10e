"""Repositories of several components, each with release tags of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.dora.proxy_metrics import RepositoryPerformance
from tests.coffee_pipeline.dora.repositories import HOUR, History
from tests.coffee_pipeline.dora.test_repository_metrics import measured, values


def components(found: RepositoryPerformance) -> dict[str, dict[str, float | None]]:
    return {
        name: {one.name: one.value for one in metrics} for name, metrics in found.components.items()
    }


@pytest.fixture
def shop(tmp_path: Path) -> History:
    """Orders and payments on one branch; orders is released often, payments seldom."""
    history = History(tmp_path / "shop")
    history.commit("root", 0)
    history.tag("orders/v1.0.0", "root", 1)
    history.tag("payments-v1.0.0", "root", 1)
    history.commit("pay", 10, "root", file="services/payments/a")
    history.commit("order", 11, "pay", file="services/orders/a")
    history.tag("orders/v1.1.0", "order", 12)
    history.commit("order on", 20, "order", file="services/orders/a")
    history.tag("orders/v1.2.0", "order on", 21)
    history.commit("both", 22, "order on", file="README")
    history.tag("payments-v1.1.0", "both", 30)
    history.commit("undo", 40, "both", message='Revert "pay"', file="services/payments/a")
    history.tag("orders/v1.3.0", "undo", 41)
    history.tag("payments-v1.1.1", "undo", 42)
    return history


def test_each_component_has_its_own_line_of_deployments(shop: History) -> None:
    found = measured(shop.write())
    # Orders' releases contained the commits of payments earlier, but did not deliver them.
    assert {found.log.commits[one.revision].subject: (deployment.name, one.lead_time)
            for one, deployment in found.lead_times} == {
        "pay": ("payments-v1.1.0", 20 * HOUR), "order": ("orders/v1.1.0", 1 * HOUR),
        "order on": ("orders/v1.2.0", 1 * HOUR), "both": ("payments-v1.1.0", 8 * HOUR),
        'Revert "pay"': ("payments-v1.1.1", 2 * HOUR),
    }  # fmt: skip
    assert [(one.deployment.name, one.repaired_by and one.repaired_by.name, one.recovery_seconds)
            for one in found.failures] == [
        ("payments-v1.1.0", "payments-v1.1.1", 12 * HOUR),
    ]  # fmt: skip
    assert len(found.deployments) == 7
    assert values(found)["change fail rate"] == pytest.approx(1 / 7)
    own = components(found)
    assert set(own) == {"orders", "payments"}
    assert own["payments"]["change fail rate"] == pytest.approx(1 / 3)
    assert own["orders"]["change fail rate"] is None
    assert own["orders"]["lead time for changes"] == 1 * HOUR
    assert own["payments"]["deployment frequency"] == pytest.approx(3 / ((42 - 1) / 24))
    notes = "\n".join(found.notes)
    assert "2 releases are of a commit that another component released too: each counts" in notes
    assert "the first releases of 2 components have no earlier ones" in notes


def test_a_hotfix_blames_the_release_of_its_component_before(shop: History) -> None:
    shop.commit("cure", 50, "undo", message="hotfix: pay again", file="services/payments/a")
    shop.tag("orders/v1.4.0", "cure", 51)
    shop.tag("payments-v1.1.2", "cure", 52)
    found = measured(shop.write())
    assert [one.deployment.name for one in found.failures] == ["payments-v1.1.0",
                                                               "payments-v1.1.1"]  # fmt: skip


def test_without_folders_a_commit_counts_once_with_the_first_release(tmp_path: Path) -> None:
    history = History(tmp_path / "flat")
    history.commit("a", 0)
    history.tag("x-v1.0", "a", 1)
    history.tag("y-v1.0", "a", 2)
    history.commit("b", 10, "a")
    history.tag("x-v1.1", "b", 12)
    history.tag("y-v1.1", "b", 14)
    history.commit("undo", 20, "b", message='Revert "b"')
    history.tag("y-v1.2", "undo", 22)
    history.tag("x-v1.2", "undo", 24)
    found = measured(history.write())
    assert [(deployment.name, one.lead_time // HOUR if one.lead_time else None)
            for one, deployment in found.lead_times] == [("x-v1.1", 2), ("y-v1.2", 2)]  # fmt: skip
    # Both delivered it; one failure is told, the one that was put right first.
    assert [(one.deployment.name, one.repaired_by and one.repaired_by.name)
            for one in found.failures] == [("y-v1.1", "y-v1.2")]  # fmt: skip
    assert "no folder tells the components' commits apart" in "\n".join(found.notes)


def test_one_component_is_not_told_twice(tmp_path: Path) -> None:
    history = History(tmp_path / "one")
    history.commit("a", 0)
    for number in range(1, 4):
        history.commit(str(number), number, "a" if number == 1 else str(number - 1))
        history.tag(f"till-{number}.0", str(number), number)
    found = measured(history.write())
    assert (found.chosen.components, found.components) == (("till",), {})
