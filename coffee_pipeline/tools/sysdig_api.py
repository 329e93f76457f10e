"""Sysdig Secure's vulnerability API: what runs and what is vulnerable in it.

``GET /secure/vulnerability/v1/runtime-results`` lists workloads (pages by ``page.next``, sent back
as ``cursor``), ``GET /secure/vulnerability/v1/results/{id}`` has packages and vulnerabilities of
one. They are put together as the entries of the console's JSON report, which ``sysdig_reports``
reads. A workload whose result cannot be had is a gap, and so is a filter that matches nothing.
https://docs.sysdig.com/en/developer-tools/sysdig-api/
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from coffee_pipeline.errors import ParseError, ToolError, TransientError, UsageError
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.tools.fetched import Fetched, document, with_pages
from coffee_pipeline.tools.http_client import HttpClient
from coffee_pipeline.tools.http_credential import Credential
from coffee_pipeline.tools.http_message import Answer, Request
from coffee_pipeline.tools.http_pages import Page, collect
from coffee_pipeline.tools.json_fields import mapping, text, texts

NAME = "sysdig"
TITLE = "Sysdig Secure API: vulnerabilities of running workloads"
FORMAT = "sysdig_reports"
SUBJECT = "a filter, as kubernetes.namespace.name=\"shop\"; 'all' for none"
URL = None
CREDENTIAL = Credential("SYSDIG_API_TOKEN")
EVERYTHING = "all"
PAGE_SIZE = 1000
RESULT_LIMIT = 2000
"""Results that are asked for one by one."""
_FILTER = re.compile(r"[^\x00-\x1f]{1,1024}")
_SCOPE = {
    "kubernetes.cluster.name": "k8sClusterName",
    "kubernetes.namespace.name": "k8sNamespaceName",
    "kubernetes.workload.type": "k8sWorkloadType",
    "kubernetes.workload.name": "k8sWorkloadName",
    "kubernetes.pod.container.name": "k8sPodContainerName",
}


def fetch(client: HttpClient, subject: str) -> Fetched:
    """The vulnerable packages of every workload that the filter matches."""
    if not _FILTER.fullmatch(subject):
        raise UsageError(f"sysdig: {SUBJECT} is needed")
    source = f"sysdig:{subject}"
    listed = collect(client, listing_request(subject), page)
    if not listed.entries:
        empty = document({"data": []}, source)
        return Fetched(empty, Outcome.NOT_RUN, "Sysdig has no result of a running workload for it")
    found: list[dict[str, Any]] = []
    details: dict[str, Mapping[str, Any] | str] = {}
    reason = listed.reason
    for workload in listed.entries:
        name = text(workload.get("resultId"))
        if name is not None and name not in details and len(details) < RESULT_LIMIT:
            details[name] = _result(client, name)
        result = details.get(name or "", "no result was asked for, there are too many")
        if isinstance(result, str):
            reason = reason or f"{str(workload.get('mainAssetName'))[:100]}: {result}"
        else:
            found += vulnerable_packages(workload, result)
    return with_pages({"data": found}, source, reason)


def listing_request(subject: str) -> Request:
    """Asks for the first page of running workloads."""
    parameters = {"limit": str(PAGE_SIZE)}
    if subject != EVERYTHING:
        parameters["filter"] = subject
    return Request(path="secure/vulnerability/v1/runtime-results", parameters=parameters)


def result_request(name: str) -> Request:
    """Asks for the packages and vulnerabilities of one result."""
    return Request(path=f"secure/vulnerability/v1/results/{quote(name, safe='')}")


def page(answer: Answer, request: Request) -> Page:
    """The page of workloads in an answer.

    Raises:
        ParseError: it has no list of data.
    """
    value = answer.json_object()
    entries = value.get("data")
    if not isinstance(entries, list) or not all(isinstance(one, dict) for one in entries):
        raise ParseError(answer.source, "data", "a list of results is expected")
    cursor = text(mapping(value.get("page")).get("next"))
    if cursor is None:
        return Page(entries, None)
    return Page(
        entries, Request(path=request.path, parameters={**request.parameters, "cursor": cursor})
    )


def vulnerable_packages(
    workload: Mapping[str, Any], result: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """An entry, as the console's report has it, for each vulnerability of each package."""
    metadata = mapping(result.get("metadata"))
    image = text(metadata.get("pullString")) or text(workload.get("mainAssetName")) or ""
    scope = mapping(workload.get("scope"))
    where = {ours: scope[theirs] for theirs, ours in _SCOPE.items() if text(scope.get(theirs))}
    accepted = {
        name
        for name, one in mapping(result.get("riskAccepts")).items()
        if mapping(one).get("status") == "active"
    }
    packages = mapping(result.get("packages"))
    for one in map(mapping, mapping(result.get("vulnerabilities")).values()):
        package = mapping(packages.get(str(one.get("packageRef"))))
        cvss = mapping(one.get("cvssScore"))
        waived = {*texts(one.get("riskAcceptRefs")), *texts(package.get("riskAcceptRefs"))}
        yield {
            "imageId": text(metadata.get("imageId")) or "",
            "imagePullString": image,
            **where,
            "vulnName": one.get("name"),
            "vulnSeverity": one.get("severity"),
            "vulnCvssScore": cvss.get("score"),
            "vulnCvssVector": cvss.get("vector"),
            "vulnFixVersion": one.get("fixVersion"),
            "vulnExploitable": one.get("exploitable"),
            "packageName": package.get("name"),
            "packageVersion": package.get("version"),
            "packageType": package.get("type"),
            "packagePath": package.get("path"),
            "packageInUse": package.get("isRunning"),
            "riskAccepted": bool(waived & accepted),
        }


def _result(client: HttpClient, name: str) -> Mapping[str, Any] | str:
    """The result, or why it cannot be had: the others are worth having without it."""
    try:
        answer = client.ask(result_request(name))
        value = answer.json_object()
        if not isinstance(value.get("vulnerabilities"), dict):
            raise ParseError(answer.source, "vulnerabilities", "a JSON object is expected")
        if not isinstance(value.get("packages"), dict):
            raise ParseError(answer.source, "packages", "a JSON object is expected")
        return value
    except (ToolError, TransientError) as error:
        return str(error)
