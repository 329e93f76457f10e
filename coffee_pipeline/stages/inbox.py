"""From messages in the inbox to evidence in the history: each once, none lost.

Events of Falco become findings of kind runtime; Alertmanager, PagerDuty, issues on GitHub and
messages of Standard Webhooks become incidents; deployments on GitHub become deployments. What
nobody can read goes to ``inbox/rejected`` with its reason.

A message goes away only after its evidence is in the history. What is made of messages is kept as
a whole (a window of events, an incident), so one that is consumed twice changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import filelock

from coffee_pipeline.errors import EnvironmentFailedError, ParseError, TransientError
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import Deployment
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.platform.description import Platform
from coffee_pipeline.receiver.inbox import DamagedMessageError, Inbox, Message
from coffee_pipeline.stages import falco_file
from coffee_pipeline.stages.incident_events import IncidentEvents
from coffee_pipeline.stages.places import Places
from coffee_pipeline.stages.runtime_events import Running, RuntimeEvents
from coffee_pipeline.tools import alertmanager, falco, github_events, pagerduty, standard_events
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.findings import clean
from coffee_pipeline.tools.told import DeploymentEnd, Told

MESSAGES = 10_000
"""Messages of one consumption; what is left is for the next one."""
LOCK_SECONDS = 60.0
UNKNOWN = "unknown"
"""Digest of an artifact that somebody else deployed."""

Reader = Callable[[Document, str | None], Told]


@dataclass(slots=True)
class Consumption:
    """What became of the messages: how many of each source, of what was made, and what was not.

    ``problem`` says why the file of Falco could not be followed, if it could not.
    """

    messages: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, str] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    left: int = 0
    problem: str | None = None

    @property
    def outcome(self) -> Outcome:
        """``partial`` where a message could not be read, or a file could not be followed."""
        return Outcome.PARTIAL if self.rejected or self.problem else Outcome.COMPLETED

    def __str__(self) -> str:
        parts = [f"{sum(self.messages.values())} messages"]
        parts += [f"{count} of {source}" for source, count in sorted(self.messages.items())]
        parts += [f"{sum(self.passed_over.values())} passed over"] if self.passed_over else []
        parts += [f"{len(self.rejected)} rejected"] if self.rejected else []
        parts += [f"{self.left} left"] if self.left else []
        return ", ".join([*parts, *([self.problem] if self.problem else [])])


def gather(home: Home, platform: Platform, base: Path, now: datetime) -> tuple[int, str | None]:
    """Follow the file of Falco, if there is one; messages that wait, and why it cannot be followed.

    Raises:
        TransientError: another process consumes right now.
    """
    with _alone(home) as inbox:
        problem = _follow(home, platform, base, inbox, now)
        return len(inbox.waiting()), problem


def consume(
    home: Home,
    platform: Platform,
    base: Path,
    write: Callable[[Evidence], object],
    running: Running,
    now: datetime,
    limit: int = MESSAGES,
) -> Consumption:
    """Make evidence of waiting messages, the oldest first, and hand it to ``write``.

    Args:
        home: the data directory.
        platform: whose services the messages are about.
        base: folder that the description's relative paths start from.
        write: commits evidence to the history; messages are forgotten only after it returns.
        running: what runs in an environment.
        now: time of consumption; nothing that is stored depends on it.
        limit: messages to take.

    Raises:
        TransientError: another process consumes right now.
        EnvironmentFailedError: what is kept beside the inbox is damaged or cannot be written.
    """
    with _alone(home) as inbox:
        made = Consumption(problem=_follow(home, platform, base, inbox, now))
        waiting = inbox.waiting()
        runtime = RuntimeEvents(home, platform, running)
        incidents = IncidentEvents(home, platform)
        deployments: dict[str, DeploymentEnd] = {}
        consumed = []
        for name in waiting[:limit]:
            try:
                message = inbox.read(name)
                made.messages[message.source] += 1
                _take(message, platform, inbox, runtime, incidents, deployments, made)
            except (ParseError, DamagedMessageError) as error:
                made.rejected[name] = str(error)
                continue
            consumed.append(name)
        made.evidence += runtime.evidence(waiting)
        made.evidence += incidents.evidence()
        for deployment in deployments.values():
            record = _deployment(deployment, Places(platform))
            if record is None:
                made.passed_over["a deployment of something else"] += 1
            else:
                made.evidence.append(_evidence(record, deployment))
        for one in made.evidence:
            write(one)
        for name, reason in made.rejected.items():
            inbox.reject(name, reason)
        inbox.finish(consumed)
        made.left = len(inbox.waiting())
        if not made.left:  # a message that waits may be of something that is old
            runtime.forget()
            incidents.forget()
        return made


@contextmanager
def _alone(home: Home) -> Iterator[Inbox]:
    """The inbox, for one consumer at a time."""
    try:
        inbox = Inbox(home).prepare()
        with filelock.FileLock(home.inbox / "consumer.lock", timeout=LOCK_SECONDS):
            yield inbox
    except filelock.Timeout as error:
        raise TransientError(f"{home.inbox}: is being consumed already") from error
    except OSError as error:
        raise EnvironmentFailedError(f"{home.inbox}: {error.strerror or error}") from error


def _follow(home: Home, platform: Platform, base: Path, inbox: Inbox, now: datetime) -> str | None:
    file = platform.security.runtime.falco_file
    if file is None:
        return None
    try:
        return falco_file.follow(home, base / file, inbox, now)
    except TransientError as error:  # it goes on where it stopped when there is room again
        return str(error)


def _take(
    message: Message,
    platform: Platform,
    inbox: Inbox,
    runtime: RuntimeEvents,
    incidents: IncidentEvents,
    deployments: dict[str, DeploymentEnd],
    made: Consumption,
) -> None:
    if message.source == falco.NAME:
        runtime.take(message, inbox)
        return
    document = Document(message.body, message.name)
    reader = _readers(platform).get(message.source)
    if reader is None:
        raise document.error("", f"nothing reads messages of {message.source!r}")
    told = reader(document, message.event)
    incidents.take(told.incidents)
    for deployment in told.deployments:
        key = f"{deployment.source}-{deployment.deployment}"
        known = deployments.get(key)
        if known is None or known.finished_at <= deployment.finished_at:
            deployments[key] = deployment
    if told.passed_over:
        made.passed_over[told.passed_over] += 1


def _readers(platform: Platform) -> Mapping[str, Reader]:
    return {
        alertmanager.NAME: alertmanager.read,
        pagerduty.NAME: pagerduty.read,
        github_events.NAME: github_events.reader(platform.security.incident_labels),
        standard_events.NAME: standard_events.read,
    }


def _deployment(end: DeploymentEnd, places: Places) -> Deployment | None:
    """The record of a deployment; None where it is of no service or environment of ours."""
    service, environment = places.service(end.services), places.environment(end.environments)
    if service is None or environment is None:
        return None
    outcome = DeploymentOutcome.SUCCEEDED if end.succeeded else DeploymentOutcome.FAILED
    return Deployment(
        deployment_id=f"{end.source}-{end.deployment}",
        service=service,
        environment=environment,
        revision=clean(end.revision, 100) or UNKNOWN,
        artifact_digest=UNKNOWN,
        strategy="direct",
        cause=end.source,
        previous_revision=None,
        started_at=end.started_at,
        finished_at=max(end.started_at, end.finished_at),
        outcome=outcome.value,
        reason=clean(end.reason, 300) or outcome.value,
    )


def _evidence(record: Deployment, end: DeploymentEnd) -> Evidence:
    return Evidence(
        materialization=f"deployment/{end.source}/{end.deployment}",
        outcome=Outcome.COMPLETED,
        records=[record],
    )
