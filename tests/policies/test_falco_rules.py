"""The Falco rules: their shape, and what they see of planted events."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from coffee_pipeline.home import Home
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.finding import Finding
from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.receiver.inbox import Inbox
from coffee_pipeline.stages.inbox import consume
from tests.conftest import ROOT
from tests.policies.falco_conditions import (
    FIELDS,
    Condition,
    ConditionError,
    Event,
    Parser,
    base_field,
)

RULES = ROOT / "policies" / "falco"
ENTRIES: list[dict[str, Any]] = [
    entry
    for file in sorted(RULES.glob("*.yaml"))
    for entry in yaml.safe_load(file.read_text(encoding="utf-8"))
]
BY_NAME = {entry["rule"]: entry for entry in ENTRIES if "rule" in entry}
PRIORITIES = {"EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFORMATIONAL",
              "DEBUG"}  # fmt: skip
FOUND_BY = {"k8s.ns.name", "k8s.pod.name", "k8s.pod.label", "container.name",
            "container.image.repository"}  # fmt: skip

SERVICE: Event = {
    "container.id": "0123456789ab", "k8s.ns.name": "go-coffee-production",
    "k8s.pod.name": "payments-7d9c5b6f8d-x2x4z",
    "k8s.pod.label[app.kubernetes.io/name]": "payments",
    "container.name": "payments", "container.image.repository": "registry.example.com/payments",
    "proc.name": "payments", "proc.exepath": "/payments", "proc.cmdline": "payments",
    "proc.pname": "containerd-shim", "proc.tty": 0, "user.uid": 65532, "evt.rawres": 0,
}  # fmt: skip
STARTS: Event = {**SERVICE, "evt.type": "execve", "proc.is_exe_upper_layer": "false"}
READS: Event = {**SERVICE, "evt.type": "openat", "fd.typechar": "f", "fd.num": 7,
                "evt.is_open_read": "true", "evt.is_open_write": "false"}  # fmt: skip
WRITES: Event = {**READS, "evt.is_open_read": "false", "evt.is_open_write": "true"}
CONNECTS: Event = {**SERVICE, "evt.type": "connect", "fd.typechar": 4, "evt.rawres": -115,
                   "evt.res": "EINPROGRESS"}  # fmt: skip
BINDS: Event = {**SERVICE, "evt.type": "bind", "fd.typechar": 6}

PLANTED: dict[str, Event] = {
    "Shell in a service's container": {**STARTS, "proc.name": "sh", "proc.exepath": "/bin/sh"},
    "Program that is not the service's own": {
        **STARTS, "proc.name": "curl", "proc.exepath": "/tmp/curl",
    },
    "Program that is not of the image": {**STARTS, "proc.is_exe_upper_layer": "true"},
    "Write below a program directory": {**WRITES, "fd.name": "/usr/bin/curl"},
    "Unexpected outbound connection of payments": {
        **CONNECTS, "fd.sip": "203.0.113.9", "fd.sport": 443,
    },
    "Connection to the metadata service of the cloud": {
        **CONNECTS, "k8s.pod.label[app.kubernetes.io/name]": "menu", "fd.sip": "169.254.169.254",
        "fd.sport": 80,
    },
    "Service account token read": {
        **READS, "fd.name": "/var/run/secrets/kubernetes.io/serviceaccount/token",
    },
    "Accounts of the container read": {**READS, "fd.name": "/etc/shadow"},
    "Package manager in a service's container": {
        **STARTS, "proc.name": "apk", "proc.exepath": "/sbin/apk",
    },
    "New listening port": {**BINDS, "fd.sport": 4444},
    "Privileges gained": {**STARTS, "user.uid": 0},
    "Crypto miner": {**STARTS, "proc.cmdline": "payments -o stratum+tcp://pool.example.com:3333"},
}  # fmt: skip
ORDINARY: dict[str, Event] = {
    "the service starts": STARTS,
    "it starts from the pipeline's own image": {**STARTS, "proc.exepath": "/app/payments"},
    "a start that failed": {**PLANTED["Shell in a service's container"], "evt.rawres": -2},
    "it listens on its port": {**BINDS, "fd.sport": 8080},
    "it asks the name service": {**CONNECTS, "fd.sip": "10.96.0.10", "fd.sport": 53},
    "it sends its traces": {**CONNECTS, "fd.sip": "10.96.3.4", "fd.sport": 4318},
    "it calls itself": {**CONNECTS, "fd.sip": "127.0.0.1", "fd.sport": 8080},
    "a connection that was refused": {
        **CONNECTS, "fd.sip": "203.0.113.9", "fd.sport": 443, "evt.res": "ECONNREFUSED",
        "evt.rawres": -111,
    },
    "orders calls payments": {
        **CONNECTS, "k8s.pod.label[app.kubernetes.io/name]": "orders", "fd.sip": "10.96.1.2",
        "fd.sport": 80,
    },
    "it reads its certificates": {**READS, "fd.name": "/etc/ssl/certs/ca-certificates.crt"},
    "it reads which user it is": {**READS, "fd.name": "/etc/passwd"},
    "it writes a temporary file": {**WRITES, "fd.name": "/tmp/upload"},
    "a name that only begins alike": {**WRITES, "fd.name": "/binary/cache"},
    "a shell on the node": {
        **PLANTED["Shell in a service's container"], "container.id": "host",
    },
    "a shell of another team": {
        **PLANTED["Shell in a service's container"], "k8s.ns.name": "tea",
    },
}  # fmt: skip


def parsed() -> tuple[dict[str, Condition], Parser]:
    parser, rules = Parser(), {}
    for entry in ENTRIES:
        if "list" in entry:
            parser.lists[entry["list"]] = [str(item) for item in entry["items"]]
        elif "macro" in entry:
            parser.macros[entry["macro"]] = parser.parse(entry["condition"])
        elif "rule" in entry:
            rules[entry["rule"]] = parser.parse(entry["condition"])
    return rules, parser


@pytest.mark.parametrize("entry", BY_NAME.values(), ids=str)
def test_a_rule_has_what_falco_demands(entry: dict[str, Any]) -> None:
    assert set(entry) == {"rule", "desc", "condition", "output", "priority", "tags"}
    assert entry["priority"] in PRIORITIES
    assert entry["desc"].endswith(".")
    assert entry["output"].startswith(entry["rule"])
    assert any(re.fullmatch(r"T\d{4}(\.\d{3})?", tag) for tag in entry["tags"])
    shown = {base_field(name) for name in re.findall(r"%([a-z0-9_.]+(?:\[[^\]]+\])?)",
                                                     entry["output"])}  # fmt: skip
    assert shown <= FIELDS
    assert shown >= FOUND_BY, "the pipeline could not find the service"


def test_entries_are_of_three_sorts_and_named_once() -> None:
    kinds = Counter(next(iter(entry)) for entry in ENTRIES)
    assert set(kinds) == {"required_engine_version", "list", "macro", "rule"}
    assert 8 <= kinds["rule"] == len(BY_NAME)
    names = [entry[kind] for entry in ENTRIES for kind in ("list", "macro") if kind in entry]
    assert len(names) == len(set(names))


def test_macros_and_lists_that_are_named_exist_and_all_are_needed() -> None:
    _, parser = parsed()
    assert parser.used == {*parser.macros, *parser.lists}


def test_every_rule_has_its_planted_event_and_is_in_the_table() -> None:
    assert set(PLANTED) == set(BY_NAME)
    table = (RULES / "README.md").read_text(encoding="utf-8")
    for name, entry in BY_NAME.items():
        assert f"| {name} | {entry['priority'].lower()} |" in table


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_event_is_seen_by_its_rule_alone(name: str) -> None:
    rules, _ = parsed()
    assert {rule for rule, matches in rules.items() if matches(PLANTED[name])} == {name}


@pytest.mark.parametrize("what", ORDINARY)
def test_what_services_do_every_day_is_seen_by_none(what: str) -> None:
    rules, _ = parsed()
    assert [rule for rule, matches in rules.items() if matches(ORDINARY[what])] == []


@pytest.mark.parametrize(
    "condition",
    [
        "", "evt.type =", "(evt.type = bind", "evt.type = bind)", "evt.type = bind or",
        "no_such_macro", "evt.tpye = bind", "evt.type in (no_such_list)", "evt.type in (a b)",
        "evt.type bind", "not", "evt.type = bind and and evt.type = bind", "evt.type = 'x",
    ],
)  # fmt: skip
def test_the_check_sees_conditions_that_falco_would_refuse(condition: str) -> None:
    with pytest.raises(ConditionError):
        Parser().parse(condition)


def test_events_of_the_rules_become_findings_of_their_service(home: Home, tmp_path: Path) -> None:
    platform = load_platform(ROOT / "examples" / "go-coffee" / "platform.yaml")
    inbox = Inbox(home).prepare()
    now = datetime(2026, 3, 1, 8, tzinfo=UTC)
    for name, seen in PLANTED.items():
        shown = re.findall(r"%([a-z0-9_.]+(?:\[[^\]]+\])?)", BY_NAME[name]["output"])
        event = {
            "rule": name, "priority": BY_NAME[name]["priority"].capitalize(),
            "time": "2026-03-01T08:00:00Z", "output": name, "tags": BY_NAME[name]["tags"],
            "output_fields": {field: seen.get(field) for field in shown},
        }  # fmt: skip
        inbox.store("falco", name, json.dumps(event).encode(), None, now)
    written: list[Evidence] = []
    made = consume(home, platform, tmp_path, written.append, lambda *_: None, now)
    assert made.rejected == {}
    findings = [r for one in written for r in one.records if isinstance(r, Finding)]
    assert {one.rule: one.service for one in findings} == {
        name: "menu" if "metadata" in name else "payments" for name in PLANTED
    }
    assert {one.scope for one in findings} == {"runtime:production"}
    assert {one.severity for one in findings} == {"critical", "high", "medium"}
