from __future__ import annotations

import pytest

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.image_packages import (
    kubernetes_labels,
    named_severity,
    place_in_image,
    rated,
    workload,
)

VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


@pytest.mark.parametrize(
    ("word", "severity"),
    [("CRITICAL", "critical"), ("Defcon1", "critical"), (" Important ", "high"),
     ("moderate", "medium"), ("Negligible", "info"), ("UNKNOWN", None), (None, None), (3, None)],
)  # fmt: skip
def test_words_for_severities(word: object, severity: str | None) -> None:
    assert named_severity(word) == severity


def test_the_tools_word_comes_before_cvss() -> None:
    assert rated("LOW", 9.8, VECTOR) == (Severity.LOW, "tool")
    assert rated("UNKNOWN", 9.8, VECTOR) == (Severity.CRITICAL, "CVSS")
    assert rated("UNKNOWN", None, VECTOR) == (Severity.HIGH, "CVSS")
    assert rated("", None, "AV:N/AC:L/Au:N/C:N/I:P/A:N") == (Severity.INFO, "default")


@pytest.mark.parametrize(
    ("kind", "name", "stable"),
    [
        ("ReplicaSet", "menu-7c9f8d6b5", "ReplicaSet/menu"),
        ("ReplicaSet", "menu", "ReplicaSet/menu"),
        ("Pod", "menu-7c9f8d6b5-x7k2p", "Pod/menu"),
        ("Pod", "database-0", "Pod/database-0"),
        ("Job", "sweep-29012345", "Job/sweep"),
        ("Deployment", "menu-7c9f8d6b5", "Deployment/menu-7c9f8d6b5"),
    ],
)
def test_workloads_without_what_a_rollout_appends(kind: str, name: str, stable: str) -> None:
    assert workload(kind, name) == stable


def test_places_without_versions() -> None:
    assert place_in_image("/opt/pot-2.1.jar", "2.1") == "/opt/pot-#.jar"
    assert place_in_image("/opt/2/pot", "2") == "/opt/2/pot"
    assert place_in_image(None, "2.1") == ""


def test_labels_are_only_those_that_are_known() -> None:
    assert kubernetes_labels("shop", "menu") == {
        "k8s.ns.name": "shop", "container.name": "menu",
    }  # fmt: skip
    assert kubernetes_labels("") == {}
