from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.model.outcome import Outcome, Severity
from coffee_pipeline.tools import falco, scan_record
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import Reported

REPORTS = Path(__file__).parent / "reports" / "falco"
TARGET = Target(checkout=Path("/nowhere"), module=".", revision="r", scope="runtime:kitchen")


def event(**more: Any) -> dict[str, Any]:
    return {"rule": "R", "priority": "Warning", "time": "2026-03-01T08:00:00Z", "output": "seen",
            "output_fields": {}, **more}  # fmt: skip


def read(*events: dict[str, Any]) -> list[Reported]:
    content = "\n".join(map(json.dumps, events)).encode()
    return list(falco.read(Document(content, "events")).findings)


def identities(*events: dict[str, Any]) -> set[str]:
    report = falco.read(Document("\n".join(map(json.dumps, events)).encode(), "events"))
    records = scan_record.of_read(falco, TARGET, report).records
    return {record.identity for record in records if isinstance(record, Finding)}


def test_events_of_one_rule_and_workload_are_one_finding() -> None:
    shell, module = falco.read(Document.of_file(REPORTS / "events.jsonl")).findings
    assert (shell.rule, shell.resource) == ("Terminal shell in container", "shop/menu/web")
    assert shell.severity is Severity.MEDIUM, "the worst of both"
    assert shell.occurred_at == datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)
    assert shell.labels["k8s.ns.name"] == "shop"
    assert shell.labels["k8s.pod.name"] == "menu-7d9c5b6f8d-b5b6c"
    assert shell.detail
    assert "2 events from 2026-03-01T08:00:01+00:00 to 2026-03-01T09:00:01+00:00" in shell.detail
    assert (module.resource, module.severity) == ("host/node-2", Severity.CRITICAL)


def test_the_payload_of_falcosidekick() -> None:
    (found,) = falco.read(Document.of_file(REPORTS / "sidekick.json")).findings
    assert (found.resource, found.severity) == ("shop/orders/web", Severity.HIGH)
    assert found.labels == {
        "container.name": "web", "k8smeta.ns.name": "shop", "k8smeta.deployment.name": "orders",
        "hostname": "node-1",
    }  # fmt: skip


def test_time_pod_and_order_are_no_part_of_the_identity() -> None:
    def at(hour: int, pod: str) -> dict[str, Any]:
        fields = {"k8s.ns.name": "shop", "k8s.pod.name": pod, "container.name": "web"}
        return event(time=f"2026-03-01T{hour:02}:00:00Z", output_fields=fields)

    first, second = at(8, "menu-7d9c5b6f8d-x2x4z"), at(9, "menu-5f6b7c8d9b-b5b6c")
    assert identities(first) == identities(second) == identities(second, first)
    assert len(identities(first, at(9, "orders-5f6b7c8d9b-b5b6c"))) == 2
    assert identities(first) != identities({**first, "rule": "Other"})


@pytest.mark.parametrize(
    ("priority", "severity"),
    [
        ("Emergency", Severity.CRITICAL), ("ALERT", Severity.CRITICAL),
        ("Critical", Severity.CRITICAL), ("Error", Severity.HIGH), ("Warning", Severity.MEDIUM),
        ("Notice", Severity.LOW), ("Informational", Severity.INFO), ("Debug", Severity.INFO),
    ],
)  # fmt: skip
def test_priorities(priority: str, severity: Severity) -> None:
    assert read(event(priority=priority))[0].severity is severity


def test_workloads_by_what_is_known() -> None:
    def place(**fields: Any) -> str | None:
        return read(event(output_fields={k.replace("_", "."): v for k, v in fields.items()}))[
            0
        ].resource

    assert place(k8s_ns_name="shop", k8s_pod_name="db-0") == "shop/db-0", "of a stateful set"
    assert place(container_name="web") == "web"
    assert place(container_image_repository="beans/shop", container_name="<NA>") == "beans/shop"
    assert place() is None


@pytest.mark.parametrize("content", [b"", b"\n", b"[]"])
def test_no_event_is_no_proof_of_quiet(content: bytes) -> None:
    read = falco.read(Document(content, "events.json"))
    assert (list(read.findings), read.outcome) == ([], Outcome.PARTIAL)
    assert "nothing says that Falco was watching" in str(read.reason)


def test_a_list_of_events_and_times_as_numbers() -> None:
    content = json.dumps([event(time=1772352001000000000)]).encode()
    (found,) = falco.read(Document(content, "events")).findings
    assert found.occurred_at == datetime(2026, 3, 1, 8, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({}, "event 1: no Falco event"),
        (event(priority="Loud"), "event 1: no Falco event"),
        (event(time="yesterday"), "event 1: 'time'"),
        (event(time="2026-03-01T08:00:00"), "event 1: 'time'"),
    ],
)
def test_broken_events_are_refused(value: dict[str, Any], words: str) -> None:
    with pytest.raises(ParseError, match=words):
        read(value)
    with pytest.raises(ParseError, match="line 2"):
        falco.read(Document(json.dumps(event()).encode() + b"\nMon: started", "events"))
