from __future__ import annotations

import json
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError, TransientError
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import sysdig_api, sysdig_reports
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.fetched import Fetched

LIST = "/secure/vulnerability/v1/runtime-results"
RESULT = "/secure/vulnerability/v1/results/"


def workload(name: str, result: str) -> dict[str, Any]:
    return {
        "resultId": result,
        "mainAssetName": "registry.example/beans/shop:1.0",
        "scope": {
            "asset.type": "workload",
            "kubernetes.cluster.name": "kitchen",
            "kubernetes.namespace.name": "shop",
            "kubernetes.workload.type": "deployment",
            "kubernetes.workload.name": name,
            "kubernetes.pod.container.name": "web",
        },
    }


RESULT_BODY = {
    "assetType": "containerImage",
    "metadata": {"pullString": "registry.example/beans/shop:1.0", "imageId": "sha256:aa"},
    "packages": {
        "p1": {"name": "example.test/roast", "version": "v1.4.0", "type": "golang",
               "path": "/app/menu", "isRunning": True},
    },
    "riskAccepts": {"r1": {"status": "active"}, "r2": {"status": "expired"}},
    "vulnerabilities": {
        "v1": {"name": "CVE-2026-10001", "severity": "high", "fixVersion": "v1.5.0",
               "packageRef": "p1", "exploitable": False, "riskAcceptRefs": ["r2"],
               "cvssScore": {"score": 7.5, "version": "3.1",
                             "vector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}},
        "v2": {"name": "CVE-2026-10002", "severity": "low", "packageRef": "p1",
               "riskAcceptRefs": ["r1"]},
    },
}  # fmt: skip


def fetch(api, subject: str = "all") -> Fetched:
    with api.client(sysdig_api.CREDENTIAL) as client:
        return sysdig_api.fetch(client, subject)


def served(api, reply, *pages: list[Any]) -> None:
    def page(asked) -> Any:
        index = int(asked.query.get("cursor", "0"))
        following = {"next": str(index + 1)} if index + 1 < len(pages) else {}
        return reply({"data": pages[index], "page": {"total": 9, **following}})

    api.on(LIST, page)
    api.on(f"{RESULT}one", reply(RESULT_BODY))
    api.on(f"{RESULT}two", reply(RESULT_BODY))


def test_workloads_of_all_pages_read_as_the_consoles_report(api, reply) -> None:
    served(api, reply, [workload("menu", "one")], [workload("orders", "one")])
    fetched = fetch(api, 'kubernetes.namespace.name="shop"')
    report = sysdig_reports.read(fetched.document)
    assert fetched.outcome is None
    assert sysdig_reports.recognises(fetched.document)
    assert [(one.resource, one.rule, one.suppressed) for one in report.findings] == [
        ("kitchen/shop/menu/web", "CVE-2026-10001", None),
        ("kitchen/shop/menu/web", "CVE-2026-10002", "risk accepted"),
        ("kitchen/shop/orders/web", "CVE-2026-10001", None),
        ("kitchen/shop/orders/web", "CVE-2026-10002", "risk accepted"),
    ]
    console = {"data": [{
        "imageId": "sha256:aa", "imagePullString": "registry.example/beans/shop:1.0",
        "k8sClusterName": "kitchen", "k8sNamespaceName": "shop", "k8sWorkloadType": "deployment",
        "k8sWorkloadName": "menu", "k8sPodContainerName": "web", "vulnName": "CVE-2026-10001",
        "vulnSeverity": "high", "vulnCvssScore": 7.5, "vulnFixVersion": "v1.5.0",
        "vulnCvssVector": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
        "packageName": "example.test/roast", "packageVersion": "v1.4.0", "packageType": "golang",
        "packagePath": "/app/menu", "packageInUse": True,
    }]}  # fmt: skip
    exported = sysdig_reports.read(Document(json.dumps(console).encode(), "export"))
    assert list(exported.findings) == list(report.findings)[:1]
    assert report.findings[0].severity is Severity.HIGH
    assert api.asked[0].query == {"limit": "1000", "filter": 'kubernetes.namespace.name="shop"'}
    assert sum(asked.path == f"{RESULT}one" for asked in api.asked) == 1, "asked for once"


def test_a_result_that_cannot_be_had_is_a_gap(api, reply) -> None:
    for broken in (reply({}, 404), reply(b'{"vulner'), reply({"packages": {}})):
        served(api, reply, [workload("menu", "one"), workload("orders", "two")])
        api.on(f"{RESULT}two", broken)
        fetched = fetch(api)
        assert fetched.outcome is Outcome.PARTIAL
        assert str(fetched.reason).startswith("registry.example/beans/shop:1.0: ")
        assert len(sysdig_reports.read(fetched.document).findings) == 2


def test_a_filter_that_matches_nothing_is_not_clean(api, reply) -> None:
    served(api, reply, [])
    assert fetch(api).outcome is Outcome.NOT_RUN


def test_cursors_that_never_end_are_left(api, reply) -> None:
    served(api, reply)
    api.on(LIST, reply({"data": [workload("menu", "one")], "page": {"next": "same"}}))
    fetched = fetch(api)
    assert (fetched.outcome, fetched.reason) == (Outcome.PARTIAL, "page 3 would be one read before")


def test_a_listing_that_fails_is_an_error(api, reply) -> None:
    api.on(LIST, reply({"message": "down"}, 503))
    with pytest.raises(TransientError, match="down"):
        fetch(api)
    api.on(LIST, reply({"data": [1]}))
    with pytest.raises(ParseError, match="list of results"):
        fetch(api)
