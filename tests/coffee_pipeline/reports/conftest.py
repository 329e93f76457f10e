"""A small fixed history of a platform: a good release, a canary that was stopped, its fix."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision, ServiceRevision

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
REVISIONS = tuple(character * 40 for character in "abcde")


def at(minutes: float) -> datetime:
    """Minutes before the report is made."""
    return NOW - timedelta(minutes=minutes)


def revision(index: int, minutes: float, subject: str) -> Revision:
    return Revision(
        platform="go-coffee",
        revision=REVISIONS[index],
        parent=REVISIONS[index - 1] if index else None,
        branch="main",
        author_name="Ada",
        author_email="ada@example.com",
        authored_at=at(minutes),
        committed_at=at(minutes),
        subject=subject,
    )


def state(index: int, service: str, digest: str) -> ServiceRevision:
    return ServiceRevision(
        platform="go-coffee",
        revision=REVISIONS[index],
        service=service,
        kind="service",
        module=f"services/{service}",
        package="./cmd",
        input_digest=digest,
        affected=True,
        base_revision=None,
        reason="changed",
    )


def deployment(
    name: str, service: str, index: int, began: float, ended: float, outcome: str, **changed: object
) -> Deployment:
    values: dict[str, object] = {
        "deployment_id": name,
        "service": service,
        "environment": "production",
        "revision": REVISIONS[index],
        "artifact_digest": f"sha256:{index}",
        "strategy": "canary",
        "cause": "delivery",
        "previous_revision": REVISIONS[0],
        "started_at": at(began),
        "finished_at": at(ended),
        "outcome": outcome,
        "reason": "all steps passed",
    }
    return Deployment(**{**values, **changed})  # type: ignore[arg-type]


def level(
    slo: str, index: int, ended: float, good: float | None, total: float | None, **changed: object
) -> ServiceLevel:
    values: dict[str, object] = {
        "service": slo.split("-")[0],
        "slo": slo,
        "objective": 0.99 if slo.endswith("latency") else 0.999,
        "environment": "production",
        "revision": REVISIONS[index],
        "window_start": at(ended + 5),
        "window_end": at(ended),
        "good": good,
        "total": total,
        "ratio": good / total if good is not None and total else None,
        "source": "prometheus",
        "outcome": "completed" if total else "not_run",
        "reason": None if total else "no requests in the window",
    }
    return ServiceLevel(**{**values, **changed})  # type: ignore[arg-type]


def facts() -> list[Record]:
    first = {"strategy": "initial", "previous_revision": None, "reason": "first release"}
    stopped = (
        "step 2 at 25 %: success_rate 0.9312 < 0.99 & latency_p95 <0.3 s> over stable | rolled back"
    )
    return [
        revision(0, 6000, "Lay out the platform"),
        revision(1, 600, "orders: price with tax"),
        revision(2, 300, "orders: reserve <beans> | retry *twice*"),
        revision(3, 270, "orders: release the reservation when it fails"),
        revision(4, 100, "menu: list seasonal drinks"),
        *(state(index, "orders", f"o{min(index, 3)}") for index in range(5)),
        *(state(index, "menu", f"m{index // 4}") for index in range(5)),
        deployment("d1", "orders", 0, 5900, 5890, "succeeded", **first),
        deployment("d2", "menu", 0, 5900, 5880, "succeeded", **first),
        deployment("d3", "orders", 1, 560, 550, "succeeded"),
        deployment("d4", "orders", 2, 290, 283, "rolled_back", previous_revision=REVISIONS[1],
                   reason=stopped),
        deployment("d5", "orders", 3, 250, 240, "succeeded", previous_revision=REVISIONS[1]),
        deployment("d6", "menu", 4, 70, 60, "succeeded"),
        deployment("s1", "menu", 4, 90, 80, "succeeded", environment="staging"),
        Incident(
            incident_id="INC-1", service="orders", environment="production", revision=REVISIONS[2],
            deployment_id="d4", title="orders: canary answers 500", severity="high",
            source="rollout", opened_at=at(286), resolved_at=at(283),
        ),
        level("orders-availability", 1, 540, 59_990, 60_000),
        level("orders-availability", 2, 283, 9_312, 9_500),
        level("orders-availability", 3, 235, 48_000, 48_000),
        level("orders-availability", 3, 20, 30_000, 30_001, source="scrape"),
        level("orders-latency", 3, 235, 47_800, 48_000),
        level("orders-latency", 3, 20, 29_990, 30_001),
        level("menu-availability", 4, 50, None, None, source="scrape"),
        level("menu-latency", 4, 50, 7_001, 7_001),
        level("menu-latency", 4, 75, 18, 20, environment="staging"),
    ]  # fmt: skip


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def history(home: Home) -> HistoryReader:
    HistoryWriter(home).write(
        Evidence(materialization="story", outcome=Outcome.COMPLETED, records=facts())
    )
    reader = HistoryReader(home)
    reader.refresh()
    return reader


@pytest.fixture
def empty_history(tmp_path_factory: pytest.TempPathFactory) -> HistoryReader:
    return HistoryReader(Home(tmp_path_factory.mktemp("empty")).prepare())
