"""Builds of a Jenkins job that deploys: ``/job/NAME/api/json`` with its builds.

A build is a deployment when it succeeded (UNSTABLE: it deployed, and said so) or failed. Its
revision is a parameter's, else the one that the Git plugin built; a build that names several is
left out. ``timestamp`` and ``duration`` are milliseconds.
https://www.jenkins.io/doc/book/using/remote-access-api/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from coffee_pipeline.errors import ParseError, UsageError
from coffee_pipeline.model.outcome import DeploymentOutcome
from coffee_pipeline.tools.deployment_records import FoundDeployment, ReadDeployments, Reading
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.http_pages import Page, collect
from coffee_pipeline.tools.json_fields import count, items, mapping, number, text

NAME = "jenkins"
TITLE = "Jenkins builds of a job that deploys (JSON)"
SUBJECT = "job with its folders: folder/job"
URL = None
CREDENTIAL = Credential("JENKINS_TOKEN", basic=True)
PAGE_SIZE = 100
_RANGE = re.compile(r"\{(\d+),(\d+)\}$")
_TREE = (
    "fullName,url,allBuilds[number,url,result,building,timestamp,duration,"
    "actions[parameters[name,value],lastBuiltRevision[SHA1]]]"
)
_ENDS = {
    "SUCCESS": DeploymentOutcome.SUCCEEDED,
    "UNSTABLE": DeploymentOutcome.SUCCEEDED,
    "FAILURE": DeploymentOutcome.FAILED,
}
_REVISIONS = ("revision", "git_commit", "commit", "sha", "commit_sha")
_SERVICES = ("service", "service_name", "application", "app")
_ENVIRONMENTS = ("environment", "env", "deploy_environment", "deploy_env", "target_environment")


def fetch(client: HttpClient, subject: str) -> Fetched:
    """All builds of the job that Jenkins kept."""
    found = collect(client, builds_request(subject), page)
    return with_pages(
        {"fullName": subject, "builds": found.entries}, f"jenkins:{subject}", found.reason
    )


def builds_request(job: str) -> Request:
    """Asks for the newest builds."""
    parts = [part for part in job.split("/") if part]
    if not parts or any(part in (".", "..") for part in parts):
        raise UsageError(f"jenkins: {SUBJECT} is needed")
    path = "/".join(f"job/{quote(part, safe='')}" for part in parts)
    return Request(path=f"{path}/api/json", parameters={"tree": f"{_TREE}{{0,{PAGE_SIZE}}}"})


def page(answer: Answer, request: Request) -> Page:
    """The page of builds in an answer; the last one is not full.

    Raises:
        ParseError: it has no builds.
    """
    builds = answer.json_object().get("allBuilds")
    if not isinstance(builds, list):
        raise ParseError(answer.source, "allBuilds", "a list of builds is expected")
    asked = _RANGE.search(request.parameters["tree"])
    start, end = (int(asked[1]), int(asked[2])) if asked else (0, 0)
    if len(builds) < end - start or not builds:
        return Page(builds, None)
    tree = f"{_TREE}{{{end},{end + PAGE_SIZE}}}"
    return Page(builds, Request(path=request.path, parameters={"tree": tree}))


def read(document: Document) -> ReadDeployments:
    """The builds that deployed or tried to.

    Raises:
        ParseError: the document holds no builds of Jenkins.
    """
    value = document.json
    jobs = value if isinstance(value, list) else [value]
    reading = Reading()
    for index, job in enumerate(jobs):
        builds = mapping(job).get("builds") or mapping(job).get("allBuilds")
        if builds is None and "number" in mapping(job):
            builds, job = [job], {}
        if not isinstance(builds, list):
            raise document.error(f"job {index + 1}", "no job of Jenkins: it has no 'builds'")
        for place, build in enumerate(builds):
            position = f"job {index + 1}, build {place + 1}"
            if number(mapping(build).get("number")) is None or "result" not in build:
                raise document.error(position, "no build of Jenkins: no number or no result")
            _add(reading, mapping(job), build)
    return reading.result()


def _add(reading: Reading, job: Mapping[str, Any], build: Mapping[str, Any]) -> None:
    result, started_at = str(build.get("result")), _time(build.get("timestamp"))
    if build.get("building") is True or build.get("result") is None:
        reading.leave_out("not finished")
        return
    if result not in _ENDS:
        reading.leave_out(result[:40].lower())
        return
    if started_at is None:
        reading.leave_out("no time")
        return
    parameters = {
        str(one.get("name")).lower(): value
        for action in map(mapping, items(build.get("actions")))
        for one in map(mapping, items(action.get("parameters")))
        if (value := text(one.get("value")))
    }
    revisions = _revisions(parameters, build)
    if len(revisions) != 1:
        reading.leave_out("several revisions" if revisions else "no revision")
        return
    name = _job_name(job, build)
    lasted = timedelta(milliseconds=_milliseconds(build.get("duration")) or 0)
    reading.add(
        FoundDeployment(
            identity=f"{name}#{build['number']}",
            service=_first(parameters, _SERVICES) or name.rpartition("/")[2] or None,
            environment=_first(parameters, _ENVIRONMENTS),
            revision=revisions.pop(),
            started_at=started_at,
            finished_at=started_at + lasted,
            outcome=_ENDS[result],
            reason=f"Jenkins: {result}, {name} #{build['number']}",
            rollback=str(parameters.get("rollback")).lower() == "true",
        )
    )


def _job_name(job: Mapping[str, Any], build: Mapping[str, Any]) -> str:
    """The job with its folders: of the address, which is there in every form of the export."""
    address = text(build.get("url")) or text(job.get("url")) or ""
    parts = re.findall(r"/job/([^/?#]+)", address)
    return "/".join(parts) or text(job.get("fullName")) or text(job.get("name")) or ""


def _revisions(parameters: Mapping[str, str], build: Mapping[str, Any]) -> set[str]:
    told = _first(parameters, _REVISIONS)
    return {told} if told else set(_built(build))


def _built(build: Mapping[str, Any]) -> Iterator[str]:
    for action in map(mapping, items(build.get("actions"))):
        revision = text(mapping(action.get("lastBuiltRevision")).get("SHA1"))
        if revision:
            yield revision


def _first(parameters: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    return next((parameters[name] for name in names if name in parameters), None)


def _time(value: object) -> datetime | None:
    passed = _milliseconds(value)
    return None if passed is None else datetime.fromtimestamp(passed / 1000, UTC)


def _milliseconds(value: object) -> int | None:
    """A whole number of them, since 1970 at most up to the year 5000."""
    found = count(value)
    return found if found is not None and found < 10**14 else None
