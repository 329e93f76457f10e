"""Flux: what the status of Kustomizations and HelmReleases says of their deployments.

Of ``kubectl get kustomizations,helmreleases -A -o json``. ``status.history`` has several; a
Kustomization of Flux before 2.7 has none, then the last reconciliation is the only one known.
A Helm chart has a version, not a commit: the chart's ``appVersion`` is the revision where it looks
like a commit. https://fluxcd.io/flux/components/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.tools.deployment_records import (
    FoundDeployment,
    ReadDeployments,
    Reading,
    moment,
)
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import items, mapping, text

NAME = "flux"
TITLE = "Flux Kustomizations and HelmReleases (Kubernetes JSON)"
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_HELM = {
    "deployed": DeploymentOutcome.SUCCEEDED,
    "superseded": DeploymentOutcome.SUCCEEDED,
    "failed": DeploymentOutcome.FAILED,
}
_ENVIRONMENTS = ("app.kubernetes.io/environment", "environment", "env")


def read(document: Document) -> ReadDeployments:
    """The deployments of all objects.

    Raises:
        ParseError: the document holds something else.
    """
    value = document.json
    listed = value if isinstance(value, list) else [value]
    if isinstance(value, dict) and "items" in value:
        listed = value["items"]
    if not isinstance(listed, list):
        raise document.error("items", "a list of objects is expected")
    reading = Reading()
    for index, one in enumerate(listed):
        found = _Object(mapping(one))
        if not found.name or found.kind not in ("Kustomization", "HelmRelease"):
            raise document.error(
                f"object {index + 1}", "no Kustomization or HelmRelease of Flux with a name"
            )
        if not found.status:
            reading.leave_out("no status")
        elif found.kind == "HelmRelease":
            _add_releases(reading, found)
        else:
            _add_reconciliations(reading, found)
    return reading.result()


class _Object:
    """One object of Kubernetes."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        metadata = mapping(value.get("metadata"))
        labels = mapping(metadata.get("labels"))
        self.kind = str(value.get("kind"))
        self.name = text(metadata.get("name"))
        self.place = f"{self.kind}/{text(metadata.get('namespace')) or 'default'}/{self.name}"
        self.service = text(labels.get("app.kubernetes.io/name")) or self.name
        self.environment = next((e for n in _ENVIRONMENTS if (e := text(labels.get(n)))), None)
        self.status = mapping(value.get("status"))
        source = mapping(mapping(value.get("spec")).get("sourceRef"))
        self.of_artifact = source.get("kind") == "OCIRepository"
        conditions = map(mapping, items(self.status.get("conditions")))
        self.ready = next((one for one in conditions if one.get("type") == "Ready"), {})

    def deployment(
        self, identity: str, revision: str, at: datetime, succeeded: bool, reason: str
    ) -> FoundDeployment:
        """A deployment of this object; Flux tells when it was there, not when it began."""
        name, digest = _parts(revision, self.of_artifact)
        return FoundDeployment(
            identity=f"{self.place}/{identity}",
            service=self.service,
            environment=self.environment,
            revision=name,
            started_at=at,
            finished_at=at,
            outcome=DeploymentOutcome.SUCCEEDED if succeeded else DeploymentOutcome.FAILED,
            reason=f"Flux: {self.place}: {reason}",
            artifact_digest=digest,
        )


def _add_releases(reading: Reading, found: _Object) -> None:
    history = items(found.status.get("history"))
    if not history:
        reading.leave_out("no history")
    for entry in map(mapping, history):
        status, at = str(entry.get("status")), moment(entry.get("lastDeployed"))
        chart = text(entry.get("chartVersion"))
        application = text(entry.get("appVersion")) or ""
        revision = application if _COMMIT.fullmatch(application) else chart
        if status not in _HELM:
            reading.leave_out("not finished" if status.startswith("pending") else status[:40])
        elif at is None or revision is None:
            reading.leave_out("no time or no revision")
        else:
            reading.add(
                found.deployment(
                    f"{entry.get('version')}/{at:%Y%m%dT%H%M%S}",
                    revision,
                    at,
                    _HELM[status] is DeploymentOutcome.SUCCEEDED,
                    f"{status}, chart {entry.get('chartName')} {chart}",
                )
            )


def _add_reconciliations(reading: Reading, found: _Object) -> None:
    history = items(found.status.get("history"))
    if not history:
        _add_last(reading, found)
    for entry in map(mapping, history):
        at = moment(entry.get("firstReconciled"))
        revision = text(mapping(entry.get("metadata")).get("revision"))
        status = str(entry.get("lastReconciledStatus"))
        if at is None or revision is None:
            reading.leave_out("no time or no revision")
            continue
        identity = f"{text(entry.get('digest')) or revision}/{at:%Y%m%dT%H%M%S}"
        succeeded = status == "ReconciliationSucceeded"
        reading.add(found.deployment(identity, revision, at, succeeded, status))


def _add_last(reading: Reading, found: _Object) -> None:
    """The last reconciliation: when its condition changed to what it is."""
    word = found.ready.get("status")
    at = moment(found.ready.get("lastTransitionTime"))
    succeeded = word == "True"
    name = "lastAppliedRevision" if succeeded else "lastAttemptedRevision"
    revision = text(found.status.get(name))
    if word not in ("True", "False"):
        reading.leave_out("not finished")
    elif at is None or revision is None:
        reading.leave_out("no time or no revision")
    else:
        reason = f"{found.ready.get('reason')}; only the last is known"
        identity = f"{revision}/{at:%Y%m%dT%H%M%S}"
        reading.add(found.deployment(identity, revision, at, succeeded, reason))


def _parts(revision: str, of_artifact: bool) -> tuple[str, str]:
    """(revision, digest) of ``main@sha1:HASH``, ``main/HASH``; of an artifact ``TAG@DIGEST``."""
    reference, sign, digest = revision.rpartition("@")
    if of_artifact:
        return (reference, digest) if sign else (revision, "")
    commit = digest.partition(":")[2] or digest
    last = commit.rpartition("/")[2]
    return (last if _COMMIT.fullmatch(last) else revision), ""
