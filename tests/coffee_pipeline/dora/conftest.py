"""Builders of records: a line of commits, deployments and incidents in minutes from a start."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from coffee_pipeline.dora.commit import Commit
from coffee_pipeline.dora.rework import rework_of
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.incident import Incident

START = datetime(2026, 3, 1, tzinfo=UTC)


class Story:
    """Facts under construction; ``at`` are minutes after the first of March."""

    def __init__(self) -> None:
        self.revisions: list[Commit] = []
        self.untouched: dict[str, set[str]] = {}
        self.deployments: list[Deployment] = []
        self.incidents: list[Incident] = []

    @staticmethod
    def at(minutes: float) -> datetime:
        return START + timedelta(minutes=minutes)

    def commit(
        self, name: str, minutes: float, parent: str | None = None, *merged: str, message: str = ""
    ) -> None:
        subject = message.partition("\n")[0] or name
        rework = rework_of(subject, message, merge=bool(merged))
        self.revisions.append(Commit(name, parent, subject, self.at(minutes), merged, rework))

    def deploy(
        self, revision: str, ended: float, outcome: str = "succeeded", **changed: object
    ) -> str:
        identity = f"d{len(self.deployments)}"
        values: dict[str, object] = {
            "deployment_id": identity, "service": "orders", "environment": "production",
            "revision": revision, "artifact_digest": "sha256:0", "strategy": "canary",
            "cause": "delivery", "previous_revision": "c0", "started_at": self.at(ended - 2),
            "finished_at": self.at(ended), "outcome": outcome, "reason": f"it {outcome}",
        }  # fmt: skip
        self.deployments.append(Deployment(**{**values, **changed}))  # type: ignore[arg-type]
        return identity

    def incident(self, deployment: str | None, opened: float, resolved: float | None) -> None:
        self.incidents.append(
            Incident(
                incident_id=f"i{len(self.incidents)}", service="orders", environment="production",
                revision=None, deployment_id=deployment, title="errors", severity="high",
                source="rollout", opened_at=self.at(opened),
                resolved_at=None if resolved is None else self.at(resolved),
            )
        )  # fmt: skip


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture(scope="session")
def new_story() -> Callable[[], Story]:
    """For property tests, which need a fresh story for every example."""
    return Story
