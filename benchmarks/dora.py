"""How fast the delivery performance report is made, and how its time grows.

``python -m benchmarks.dora [--commits 1000 10000 100000]`` makes, seeded, for each size

1. a recorded history: commits of one branch over two years, a deployment of one of the services
   for every fifth, an incident for every tenth deployment, and how ten services stand at every
   commit (a million rows for the largest); the report is read from the history as
   ``report dora`` does (with all of it in the period), as the document and as the HTML page;
2. a Git repository of as many commits, a fifth of them merges, with tags (written by ``git
   fast-import``); the report is that of ``report dora --repository``, once with tags and once with
   merges as deployments.

Making the facts is not measured. Seconds are of the clock and, in brackets, of this process's CPU,
which another load on the machine does not change.
"""

from __future__ import annotations

import argparse
import hashlib
import random
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from coffee_pipeline.dora.proxy_deployments import Source
from coffee_pipeline.dora.proxy_metrics import repository_performance
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence, Record
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import Revision, ServiceRevision
from coffee_pipeline.platform.commit_log import read_commit_log
from coffee_pipeline.reports.dora import dora_page
from coffee_pipeline.reports.dora_document import performance_document, repository_document
from coffee_pipeline.reports.dora_facts import recorded_performance
from coffee_pipeline.reports.render import to_html

START = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 730
END = START + timedelta(days=DAYS)
SERVICES = tuple(f"service-{number}" for number in range(10))
COMMITS_A_DEPLOYMENT = 5
DEPLOYMENTS_AN_INCIDENT = 10
TARGET_SECONDS = 5.0


def write_history(home: Home, commits: int) -> tuple[int, int]:
    """Fill the history; returns the numbers of deployments and incidents."""
    chance = random.Random(7)  # noqa: S311 - the same facts in every run
    seconds = DAYS * 86_400 // commits
    revisions, states, deployments, incidents = [], [], [], []
    running: dict[str, str] = {}
    digests = dict.fromkeys(SERVICES, "")
    parent = None
    for number in range(commits):
        name = hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()
        at = START + timedelta(seconds=number * seconds)
        revisions.append(
            Revision(
                platform="p", revision=name, parent=parent, branch="main", author_name="Ada",
                author_email="ada@example.com", authored_at=at, committed_at=at,
                subject=f"Change {number}",
            )
        )  # fmt: skip
        service = SERVICES[chance.randrange(len(SERVICES))]
        digests[service] = name
        states += [
            ServiceRevision(
                platform="p", revision=name, service=each, kind="service", module=each,
                package=".", input_digest=digests[each], affected=each == service,
                base_revision=parent, reason="",
            )
            for each in SERVICES
        ]  # fmt: skip
        parent = name
        if number % COMMITS_A_DEPLOYMENT:
            continue
        begun = at + timedelta(seconds=chance.randrange(60, 7200))
        deployment = Deployment(
            deployment_id=f"d{number}", service=service, environment="production", revision=name,
            artifact_digest="sha256:0", strategy="canary", cause="delivery",
            previous_revision=running.get(service), started_at=begun,
            finished_at=begun + timedelta(seconds=300),
            outcome="rolled_back" if chance.random() < 0.04 else "succeeded", reason="",
        )  # fmt: skip
        deployments.append(deployment)
        if deployment.outcome == "succeeded":
            running[service] = name
        if len(deployments) % DEPLOYMENTS_AN_INCIDENT == 0:
            opened = deployment.finished_at + timedelta(seconds=chance.randrange(3600))
            incidents.append(
                Incident(
                    incident_id=f"i{number}", service=service, environment="production",
                    revision=None, title="errors", severity="high", source="benchmark",
                    deployment_id=deployment.deployment_id if chance.random() < 0.5 else None,
                    opened_at=opened, resolved_at=opened + timedelta(seconds=1800),
                )
            )  # fmt: skip
    records: list[Record] = [*revisions, *states, *deployments, *incidents]
    HistoryWriter(home).write(
        Evidence(materialization="benchmark", outcome=Outcome.COMPLETED, records=records)
    )
    return len(deployments), len(incidents)


def write_repository(path: Path, commits: int) -> None:
    """A repository with a merge for every fifth commit and a tag for every tenth merge."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(path)], check=True)
    stream = subprocess.Popen(
        ["git", "-C", str(path), "fast-import", "--quiet"], stdin=subprocess.PIPE
    )
    if stream.stdin is None:
        raise SystemExit("git fast-import takes no input")
    for line in _stream(commits):
        stream.stdin.write(line)
    stream.stdin.close()
    if stream.wait():
        raise SystemExit("git fast-import failed")


def _stream(commits: int) -> Iterator[bytes]:
    begin = int(START.timestamp())
    seconds = DAYS * 86_400 // commits
    main, mark = 0, 0
    while mark < commits:
        side = main
        for position in range(COMMITS_A_DEPLOYMENT):
            mark += 1
            at = begin + mark * seconds
            merge = position == COMMITS_A_DEPLOYMENT - 1
            first = main if merge else side
            subject = b"Merge branch 'topic'" if merge else f"Change {mark}".encode()
            yield (
                (
                    f"commit refs/heads/{'main' if merge or not main else 'topic'}\nmark :{mark}\n"
                    f"author Ada <ada@example.com> {at - 600} +0000\n"
                    f"committer Ada <ada@example.com> {at} +0000\ndata {len(subject)}\n"
                ).encode()
                + subject
                + b"\n"
            )
            if first:
                yield f"from :{first}\n".encode()
            if merge and side != main:
                yield f"merge :{side}\n".encode()
            yield f"M 100644 inline f{mark % 100}\ndata 1\nx\n\n".encode()
            side = mark
            main = mark if merge or not main else main
        if mark // COMMITS_A_DEPLOYMENT % 10 == 0:
            yield f"reset refs/tags/v1.{mark}.0\nfrom :{main}\n\n".encode()


def timed(name: str, work: Callable[[], object]) -> tuple[float, float]:
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, busy = time.perf_counter() - clock, time.process_time() - cpu
    print(f"  {name}: {seconds:.2f} s ({busy:.2f})", flush=True)
    return seconds, busy


def measure_history(folder: Path, commits: int) -> list[tuple[float, float]]:
    home = Home(folder / "home").prepare()
    deployments, incidents = write_history(home, commits)
    history = HistoryReader(home)
    history.refresh()
    print(f"recorded: {commits:,} commits, {deployments:,} deployments, {incidents:,} incidents")

    def document() -> None:
        performance_document(recorded_performance(history, "p", END, DAYS), "p")

    return [
        timed("document", document),
        timed("HTML page", lambda: to_html(dora_page(history, "p", END, DAYS))),
    ]


def measure_repository(folder: Path, commits: int) -> list[tuple[float, float]]:
    path = folder / "repository.git"
    write_repository(path, commits)
    print(f"repository: {commits:,} commits, {commits // COMMITS_A_DEPLOYMENT:,} merges")

    def report(source: Source) -> None:
        repository_document(repository_performance(read_commit_log(path), END, source))

    return [
        timed("tags", lambda: report(Source.TAGS)),
        timed("merges", lambda: report(Source.MERGES)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--commits", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    sizes = sorted(parser.parse_args().commits)
    found = []
    for commits in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(
                measure_history(Path(folder), commits) + measure_repository(Path(folder), commits)
            )
    print(f"growth from {sizes[0]:,} to {sizes[-1]:,} commits, {sizes[-1] / sizes[0]:g} times:")
    names = ("document", "HTML page", "tags", "merges")
    for name, (_, first), (slowest, last) in zip(names, found[0], found[-1], strict=True):
        print(f"  {name}: {last / first:.0f} times the CPU; {slowest:.2f} s of {TARGET_SECONDS:g}")


if __name__ == "__main__":
    main()
