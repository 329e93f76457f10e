from __future__ import annotations

import contextlib
import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import DeploymentOutcome, Outcome
from coffee_pipeline.tools.deployment_sources import DEPLOYMENT_CLIENTS, DEPLOYMENT_SOURCES
from coffee_pipeline.tools.document import Document

SHA = "0123456789012345678901234567890123456789"
SUCCEEDED, FAILED = DeploymentOutcome.SUCCEEDED, DeploymentOutcome.FAILED


def read(source: str, value: object):
    document = Document(json.dumps(value).encode(), "export.json")
    return DEPLOYMENT_SOURCES[source].read(document)


def fetch(api, source: str, subject: str):
    asked = DEPLOYMENT_CLIENTS[source]
    credential = asked.CREDENTIAL
    token = "ada:s3cret-thing" if credential.basic else "s3cret-thing"
    secret = credential.read({credential.variable: token})
    client = api.client()
    client._secret = secret
    with client:
        fetched = asked.fetch(client, subject)
    return fetched, asked.read(fetched.document)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 3, 1, hour, minute, tzinfo=UTC)


def status(state: str, hour: int) -> dict[str, Any]:
    return {"state": state, "created_at": f"2026-03-01T{hour:02}:00:00Z", "description": ""}


def github(number: int = 3_000_000_000, **more: Any) -> dict[str, Any]:
    return {
        "id": number, "sha": SHA, "ref": "main", "task": "deploy", "payload": {},
        "environment": "production", "created_at": "2026-03-01T09:00:00Z",
        "repository_url": "https://api.github.com/repos/beans/menu",
        "statuses": [status("inactive", 14), status("success", 11), status("in_progress", 10)],
        **more,
    }  # fmt: skip


GITLAB = {
    "id": 41, "iid": 1, "ref": "main", "sha": SHA, "status": "success",
    "created_at": "2026-03-01T09:00:00.000Z", "updated_at": "2026-03-02T09:00:00.000Z",
    "environment": {"id": 9, "name": "production"},
    "deployable": {"name": "deploy", "started_at": "2026-03-01T09:01:00.000Z",
                   "finished_at": "2026-03-01T09:05:00.000Z",
                   "web_url": "https://gitlab.example/beans/menu/-/jobs/7"},
}  # fmt: skip
BUILD = {
    "number": 12, "url": "https://jenkins.example/job/beans/job/deploy-menu/12/",
    "result": "SUCCESS", "building": False, "timestamp": 1772355600000, "duration": 90000,
    "actions": [
        {}, {"parameters": [{"name": "ENVIRONMENT", "value": "production"},
                            {"name": "SERVICE", "value": "menu"}, {"name": "DRY", "value": False}]},
        {"_class": "hudson.plugins.git.util.BuildData", "lastBuiltRevision": {"SHA1": SHA}},
    ],
}  # fmt: skip
APPLICATION = {
    "kind": "Application",
    "metadata": {"name": "menu", "namespace": "argocd", "labels": {"environment": "production"}},
    "spec": {"destination": {"namespace": "shop"}},
    "status": {
        "history": [
            {"id": 0, "revision": SHA, "deployStartedAt": "2026-03-01T09:00:00Z",
             "deployedAt": "2026-03-01T09:01:00Z"},
            {"id": 1, "revisions": ["b" * 40, "c" * 40], "deployedAt": "2026-03-01T10:01:00Z"},
        ],
        "operationState": {
            "phase": "Failed", "message": "one or more objects failed to apply",
            "startedAt": "2026-03-01T11:00:00Z", "finishedAt": "2026-03-01T11:02:00Z",
            "syncResult": {"revision": "d" * 40},
        },
    },
}  # fmt: skip
KUSTOMIZATION = {
    "kind": "Kustomization",
    "metadata": {"name": "menu", "namespace": "flux-system", "labels": {"env": "production"}},
    "spec": {"sourceRef": {"kind": "GitRepository", "name": "shop"}},
    "status": {
        "lastAppliedRevision": f"main@sha1:{SHA}",
        "lastAttemptedRevision": f"main@sha1:{'b' * 40}",
        "conditions": [{"type": "Ready", "status": "True", "reason": "ReconciliationSucceeded",
                        "lastTransitionTime": "2026-03-01T09:00:00Z"}],
    },
}  # fmt: skip
RELEASE = {
    "kind": "HelmRelease",
    "metadata": {"name": "orders", "namespace": "shop"},
    "status": {"history": [
        {"chartName": "orders", "chartVersion": "1.3.0", "appVersion": SHA, "version": 3,
         "status": "failed", "firstDeployed": "2026-03-01T08:00:00Z",
         "lastDeployed": "2026-03-01T10:00:00Z"},
        {"chartName": "orders", "chartVersion": "1.2.0", "appVersion": "v1", "version": 2,
         "status": "deployed", "lastDeployed": "2026-03-01T09:00:00Z"},
        {"chartName": "orders", "chartVersion": "1.4.0", "version": 4, "status": "pending-upgrade",
         "lastDeployed": "2026-03-01T11:00:00Z"},
    ]},
}  # fmt: skip
EXPORTS: dict[str, Any] = {
    "github": [github()],
    "gitlab": [GITLAB],
    "jenkins": {"fullName": "beans/deploy-menu", "builds": [BUILD]},
    "argocd": {"items": [APPLICATION]},
    "flux": {"kind": "List", "items": [KUSTOMIZATION, RELEASE]},
}


def test_github_ends_with_the_last_status_that_ends_it() -> None:
    (one,) = read("github", [github()]).found
    assert (one.identity, one.service, one.environment) == ("3000000000", "menu", "production")
    assert (one.revision, one.started_at, one.finished_at) == (SHA, at(10), at(11))
    assert one.outcome is SUCCEEDED
    again = github(statuses=[status("success", 11), status("failure", 12)], task="rollback")
    (one,) = read("github", [again]).found
    assert (one.outcome, one.finished_at, one.started_at) == (FAILED, at(12), at(9))
    assert one.rollback


def test_github_leaves_out_what_has_not_ended_or_is_not_known() -> None:
    export = [
        github(1, statuses=[status("in_progress", 10)]), github(2, statuses=[]),
        github(3, statuses=[status("inactive", 10)]),
    ]  # fmt: skip
    result = read("github", export)
    assert (result.found, result.left_out) == ((), {"not finished": 2, "no status": 1})


@pytest.mark.parametrize("payload", [{"service": "orders"}, '{"service": "orders"}'])
def test_github_services_come_from_the_payload(payload: object) -> None:
    assert read("github", [github(payload=payload)]).found[0].service == "orders"
    assert read("github", [github(payload="{broken")]).found[0].service == "menu"


def test_github_graphql() -> None:
    node = {
        "databaseId": 3_000_000_000, "commitOid": SHA, "environment": "production",
        "task": "deploy", "createdAt": "2026-03-01T09:00:00Z",
        "statuses": {"nodes": [{"state": "SUCCESS", "createdAt": "2026-03-01T11:00:00Z"},
                               {"state": "IN_PROGRESS", "createdAt": "2026-03-01T10:00:00Z"}]},
    }  # fmt: skip
    repository = {"nameWithOwner": "beans/menu", "deployments": {"nodes": [node]}}
    answer = {"data": {"repository": repository}}
    (one,) = read("github", [answer]).found
    (rest,) = read("github", [github()]).found
    assert one == rest


def test_github_by_its_api(api, reply) -> None:
    base = "/repos/beans/menu/deployments"
    first, second = github(1), github(2)
    link = {"Link": f'<{api.url}{base}?page=2>; rel="next"'}
    api.on(base, reply([{**first, "statuses": None}], 200, link), reply([{**second}]))
    api.on(f"{base}/1/statuses", reply(first["statuses"]))
    api.on(f"{base}/2/statuses", reply({"message": "Not Found"}, 404))
    fetched, result = fetch(api, "github", "beans/menu")
    assert fetched.outcome is Outcome.PARTIAL
    assert str(fetched.reason).startswith("statuses of 2: ")
    assert [one.identity for one in result.found] == ["1", "2"]
    assert api.asked[0].headers["authorization"] == "Bearer s3cret-thing"


def test_gitlab_has_the_times_of_its_job() -> None:
    (one,) = read("gitlab", [GITLAB]).found
    assert (one.identity, one.service, one.environment) == ("41", "menu", "production")
    assert (one.started_at, one.finished_at, one.outcome) == (at(9, 1), at(9, 5), SUCCEEDED)
    states = ["failed", "running", "canceled", "blocked"]
    result = read("gitlab", [{**GITLAB, "id": 50 + i, "status": s} for i, s in enumerate(states)])
    assert [entry.outcome for entry in result.found] == [FAILED]
    assert result.left_out == {"not finished": 2, "canceled": 1}
    (bare,) = read("gitlab", [{**GITLAB, "deployable": None}]).found
    assert (bare.service, bare.started_at) == (None, at(9))


def test_gitlab_by_its_api(api, reply) -> None:
    path = "/api/v4/projects/beans%2Fmenu/deployments"
    link = {"Link": f'<{api.url}{path}?page=2>; rel="next"'}
    api.on(path, reply([GITLAB], 200, link), reply([{**GITLAB, "id": 42}]))
    fetched, result = fetch(api, "gitlab", "beans/menu")
    assert (fetched.outcome, len(result.found)) == (None, 2)
    assert api.asked[0].headers["private-token"] == "s3cret-thing"


def test_jenkins_takes_the_revision_that_is_one() -> None:
    (one,) = read("jenkins", EXPORTS["jenkins"]).found
    assert (one.identity, one.service, one.environment) == (
        "beans/deploy-menu#12", "menu", "production",
    )  # fmt: skip
    assert (one.started_at, one.finished_at) == (at(9), datetime(2026, 3, 1, 9, 1, 30, tzinfo=UTC))
    library = {"lastBuiltRevision": {"SHA1": "f" * 40}}
    several = {**BUILD, "actions": [*BUILD["actions"], library]}  # type: ignore[misc]
    told = {"parameters": [{"name": "GIT_COMMIT", "value": SHA}]}
    named = {**several, "actions": [*several["actions"], told]}
    assert read("jenkins", {"builds": [several]}).left_out == {"several revisions": 1}
    assert read("jenkins", {"builds": [named]}).found[0].revision == SHA


def test_jenkins_results() -> None:
    results = ["UNSTABLE", "FAILURE", "ABORTED", None]
    builds = [{**BUILD, "number": 20 + i, "result": r} for i, r in enumerate(results)]
    result = read("jenkins", {"builds": builds})
    assert [one.outcome for one in result.found] == [SUCCEEDED, FAILED]
    assert "UNSTABLE" in result.found[0].reason
    assert result.left_out == {"aborted": 1, "not finished": 1}
    assert len(read("jenkins", BUILD).found) == 1


def test_jenkins_by_its_api(api, reply) -> None:
    builds = [{**BUILD, "number": number} for number in range(230, 0, -1)]

    def page(asked) -> Any:
        start, end = asked.query["tree"].rpartition("{")[2].rstrip("}").split(",")
        return reply({"fullName": "x", "allBuilds": builds[int(start) : int(end)]})

    api.on("/job/beans/job/deploy-menu/api/json", page)
    fetched, result = fetch(api, "jenkins", "beans/deploy-menu")
    assert (fetched.outcome, len(result.found), len(api.asked)) == (None, 230, 3)
    assert len({one.identity for one in result.found}) == 230
    assert api.asked[0].headers["authorization"].startswith("Basic ")
    with pytest.raises(UsageError):
        fetch(api, "jenkins", "../x")


def test_argocd_history_and_the_sync_that_failed() -> None:
    first, second, failed = read("argocd", APPLICATION).found
    assert (first.identity, first.service, first.environment) == (
        "argocd/menu/0/20260301T090100", "menu", "production",
    )  # fmt: skip
    assert (first.started_at, first.finished_at) == (at(9), at(9, 1))
    assert second.revision == "b" * 40
    assert (failed.outcome, failed.revision, failed.finished_at) == (FAILED, "d" * 40, at(11, 2))
    assert "failed to apply" in failed.reason
    assert read("argocd", {"items": None}).found == ()


def test_argocd_by_its_api(api, reply) -> None:
    api.on("/api/v1/applications", reply({"metadata": {}, "items": [APPLICATION]}))
    api.on("/api/v1/applications/menu", reply(APPLICATION))
    assert len(fetch(api, "argocd", "all")[1].found) == 3
    assert len(fetch(api, "argocd", "menu")[1].found) == 3
    api.on("/api/v1/applications", reply({"error": "permission denied"}))
    with pytest.raises(ParseError, match="list of applications"):
        fetch(api, "argocd", "all")


def test_flux_kustomizations() -> None:
    (one,) = read("flux", KUSTOMIZATION).found
    assert (one.service, one.environment, one.revision) == ("menu", "production", SHA)
    assert (one.finished_at, one.outcome) == (at(9), SUCCEEDED)
    assert "only the last is known" in one.reason
    failed = copy.deepcopy(KUSTOMIZATION)
    failed["status"]["conditions"][0]["status"] = "False"  # type: ignore[index]
    (one,) = read("flux", failed).found
    assert (one.revision, one.outcome) == ("b" * 40, FAILED)
    failed["status"]["conditions"][0]["status"] = "Unknown"  # type: ignore[index]
    assert read("flux", failed).left_out == {"not finished": 1}


def test_flux_history_and_artifacts() -> None:
    newer = copy.deepcopy(KUSTOMIZATION)
    newer["spec"] = {"sourceRef": {"kind": "OCIRepository"}}
    newer["status"] = {"history": [
        {"digest": "sha256:aa", "firstReconciled": "2026-03-01T10:00:00Z",
         "lastReconciled": "2026-03-01T12:00:00Z", "lastReconciledStatus": "HealthCheckFailed",
         "metadata": {"revision": "1.5.0@sha256:bb"}},
        {"digest": "sha256:cc", "firstReconciled": "2026-03-01T09:00:00Z",
         "lastReconciledStatus": "ReconciliationSucceeded",
         "metadata": {"revision": "1.4.0@sha256:dd"}},
    ]}  # fmt: skip
    failed, one = read("flux", newer).found
    assert (one.revision, one.artifact_digest, one.outcome) == ("1.4.0", "sha256:dd", SUCCEEDED)
    assert (failed.revision, failed.outcome, failed.finished_at) == ("1.5.0", FAILED, at(10))


def test_flux_helm_releases() -> None:
    result = read("flux", [RELEASE])
    failed, one = result.found
    assert (failed.revision, failed.outcome, failed.finished_at) == (SHA, FAILED, at(10))
    assert (one.revision, one.outcome) == ("1.2.0", SUCCEEDED)
    assert result.left_out == {"not finished": 1}


@pytest.mark.parametrize("source", sorted(EXPORTS))
@pytest.mark.parametrize("value", [3, "x", None, {}, [3], [{}], {"message": "401 Unauthorized"}])
def test_what_is_no_export_is_refused(source: str, value: object) -> None:
    with pytest.raises(ParseError, match=r"export\.json"):
        read(source, value)


JUNK = st.sampled_from([None, True, 0, -1, 1e300, 10**30, "", "x", [], [[]], {}, {"a": 1}, "\x00"])


@given(st.sampled_from(sorted(EXPORTS)), st.integers(0, 400), JUNK)
@settings(max_examples=300, deadline=None)
def test_values_of_other_types_never_break_it(source: str, place: int, junk: Any) -> None:
    export = copy.deepcopy(EXPORTS[source])
    places = [*_places(export)]
    container, key = places[place % len(places)]
    container[key] = junk
    with contextlib.suppress(ParseError):
        read(source, export)


def _places(value: Any):
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(entries):
        yield value, key
        if isinstance(inner, dict | list):
            yield from _places(inner)
