from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.shared import once_per_delivery, recall, remember

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

SCAN = Scan(
    tool="t", tool_version=None, scope="m", service=None, environment=None, image_digest=None,
    revision="r", outcome="completed", reason=None, findings=0, packages_scanned=1,
    files_scanned=None, lines_scanned=None, checks_run=None,
    database_date=datetime(2026, 1, 5, 10, 0, 0, 123456, tzinfo=UTC), database_entries=3,
    started_at=datetime(2026, 1, 5, tzinfo=UTC), finished_at=datetime(2026, 1, 6, tzinfo=UTC),
)  # fmt: skip
EVIDENCE = Evidence(
    materialization="scan/t/m@r", outcome=Outcome.PARTIAL, reason="half", records=(SCAN,)
)


@pytest.fixture
def context(deliver):
    return deliver(
        {"go.mod": "module a.test\n", "main.go": "package main\nfunc main() {}\n"}
    ).context


def test_evidence_comes_back_as_it_was(context) -> None:
    assert recall(context, EVIDENCE.materialization) is None
    remember(context, EVIDENCE)
    assert recall(context, EVIDENCE.materialization) == EVIDENCE


def test_one_delivery_does_the_work_once_another_again(context) -> None:
    done: list[str] = []

    def work() -> Evidence:
        done.append("once")
        return EVIDENCE

    first = once_per_delivery(context, EVIDENCE.materialization, work)
    second = once_per_delivery(context, EVIDENCE.materialization, work)
    assert (first.reused, second.reused) == (False, True)
    assert second.evidence == first.evidence
    assert done == ["once"]
    later = once_per_delivery(replace(context, delivery="later"), EVIDENCE.materialization, work)
    assert not later.reused
    assert len(done) == 2


def test_services_at_the_same_time_wait_for_the_first(context) -> None:
    entered, release = threading.Event(), threading.Event()
    done: list[int] = []
    results = []

    def work() -> Evidence:
        done.append(1)
        entered.set()
        assert release.wait(30)
        return EVIDENCE

    def service() -> None:
        results.append(once_per_delivery(context, EVIDENCE.materialization, work))

    threads = [threading.Thread(target=service) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(30)
    release.set()
    for thread in threads:
        thread.join(30)
    assert len(done) == 1
    assert sorted(result.reused for result in results) == [False, True, True, True]


def test_work_that_fails_is_done_again(context) -> None:
    def fails() -> Evidence:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        once_per_delivery(context, EVIDENCE.materialization, fails)
    assert not once_per_delivery(context, EVIDENCE.materialization, lambda: EVIDENCE).reused
