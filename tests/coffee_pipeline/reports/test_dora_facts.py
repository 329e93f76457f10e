"""From a Git repository through the source stage into the facts of the delivery report."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.reports.dora_facts import recorded_performance
from coffee_pipeline.reports.dora_sql import of_changes
from coffee_pipeline.stages.source import source

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

FILES = {
    "a/go.mod": "module m/a\n",
    "a/main.go": "package main\n\nfunc main() {}\n",
    "b/go.mod": "module m/b\n",
    "b/main.go": "package main\n\nfunc main() {}\n",
}


def test_every_commit_between_two_deliveries_has_its_lead_time(deliver, git_folder) -> None:
    """Three commits for a, one for b, on two branches; only their merge is delivered."""
    first = deliver(FILES).context
    folder = git_folder("platform-1")
    folder.git("checkout", "--quiet", "-b", "side")
    side = [folder.commit({"a/x.go": f"package main // {number}\n"}) for number in range(2)]
    folder.git("checkout", "--quiet", "main")
    own, other = folder.commit({"a/y.go": "package main\n"}), folder.commit({"b/x.go": "//\n"})
    folder.git("merge", "--quiet", "--no-ff", "-m", "Merge branch 'side'", "side")
    head = folder.git("rev-parse", "HEAD")

    now = datetime.now(UTC)
    writer = HistoryWriter(first.home)
    deliveries = [first, replace(first, revision=head, base_revision=first.revision)]
    for context in deliveries:
        for evidence in source(context):
            writer.write(evidence)
    deployments = [
        Deployment(
            deployment_id=f"{service}{number}", service=service, environment="production",
            revision=context.revision, artifact_digest="", strategy="canary", cause="delivery",
            previous_revision=first.revision if number else None,
            started_at=now - timedelta(hours=3 - number, minutes=1),
            finished_at=now - timedelta(hours=3 - number), outcome="succeeded", reason="",
        )
        for number, context in enumerate(deliveries)
        for service in ("a", "b")
    ]  # fmt: skip
    writer.write(
        Evidence(materialization="told", outcome=Outcome.COMPLETED, records=tuple(deployments))
    )
    first.history.refresh()

    found = recorded_performance(first.history, "platform", now)
    assert {(one.service, one.revision) for one in found.changes} == {
        *(("a", sha) for sha in (*side, own)), ("b", other),
    }  # fmt: skip
    assert not any("gap" in one for one in found.notes)
    opened = first.history.query(of_changes(found.changes))
    assert {(row["service"], row["revision"]) for row in opened} == {
        (one.service, one.revision) for one in found.changes
    }
