from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import FindingKind, Outcome, Severity
from coffee_pipeline.process.command import Command, Output
from coffee_pipeline.tools import trivy
from coffee_pipeline.tools.base import Report, Target
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport, Reported

RECORDINGS = Path(__file__).parent / "recordings" / "scanners"
IMAGE = (RECORDINGS / "trivy-image.json").read_bytes()
CLEAN = json.dumps({
    "SchemaVersion": 2, "ArtifactName": "/images/menu", "ArtifactType": "container_image",
    "Results": [{"Target": "app/menu", "Class": "lang-pkgs", "Type": "gobinary",
                 "Packages": [{"Name": "stdlib", "Version": "v1.26.8"}]}],
}).encode()  # fmt: skip


def cache(folder: Path, name: str = "three", updated: str = "2026-01-05T00:00:00Z") -> str:
    (folder / "db").mkdir(parents=True)
    shutil.copy(RECORDINGS / f"bbolt-{name}.db", folder / "db" / "trivy.db")
    (folder / "db" / "metadata.json").write_text(json.dumps({"Version": 2, "UpdatedAt": updated}))
    return str(folder)


@pytest.fixture
def target(tmp_path: Path) -> Target:
    layout = tmp_path / "layout"
    layout.mkdir()
    (layout / "index.json").write_text("{}")
    return Target(
        checkout=tmp_path, module=".", revision="r", scope="image:menu", in_image=True,
        service="menu", image_digest="sha256:11",
        settings={"image_layout": str(layout), "trivy_cache": cache(tmp_path / "cache")},
    )  # fmt: skip


def with_cache(target: Target, folder: str | None) -> Target:
    settings = {"image_layout": target.settings["image_layout"]}
    return replace(target, settings={**settings, **({"trivy_cache": folder} if folder else {})})


def run(target: Target, stdout: bytes, words: str = "", code: int = 0, **more: Any) -> Report:
    output = Output(
        command=Command(argv=("trivy",), timeout_seconds=5), exit_code=code, stdout=stdout,
        stderr=words.encode(), started_at=datetime(2026, 1, 6, tzinfo=UTC), duration_seconds=1.0,
        **{"timed_out": False, "truncated": False, **more},
    )  # fmt: skip
    return trivy.parse(target, output, "0.74.0")


def scan(report: Report) -> Scan:
    (found,) = [record for record in report.records if isinstance(record, Scan)]
    return found


def findings(report: Report) -> list[Finding]:
    return [record for record in report.records if isinstance(record, Finding)]


def read(value: Any) -> ReadReport:
    return trivy.read(Document(json.dumps(value).encode(), "report.json"))


def scanners(target: Target) -> str:
    argv = trivy.command(target, Path("/bin/trivy")).argv
    return argv[argv.index("--scanners") + 1]


def test_it_asks_for_everything_and_nothing_of_the_network(target: Target) -> None:
    command = trivy.command(target, Path("/bin/trivy"))
    layout = target.settings["image_layout"]
    assert command.argv[:6] == ("/bin/trivy", "image", "--input", layout, "--format", "json")
    assert scanners(target) == "vuln,misconfig,secret,license"
    offline = {"--offline-scan", "--skip-db-update", "--skip-check-update", "--skip-version-check",
               "--skip-java-db-update", "--disable-telemetry"}  # fmt: skip
    assert offline <= set(command.argv)
    # Where it runs, it would read an ignore file.
    assert command.cwd == Path(layout)


def test_an_image_is_needed(target: Target, tmp_path: Path) -> None:
    assert trivy.obstacle(target) is None
    nothing = replace(target, settings={})
    assert trivy.obstacle(nothing) == "there is no image to scan"
    elsewhere = replace(target, settings={"image_layout": str(tmp_path)})
    assert "no OCI image layout" in str(trivy.obstacle(elsewhere))


def test_a_run_has_all_kinds_of_findings(target: Target) -> None:
    report = run(target, IMAGE)
    assert (report.outcome, report.reason) == (Outcome.COMPLETED, None)
    assert {found.kind for found in findings(report)} == {
        "container", "infrastructure", "secret", "compliance",
    }  # fmt: skip
    made = scan(report)
    assert (made.findings, made.packages_scanned, made.checks_run) == (10, 3, 21)
    assert (made.database_entries, made.database_date) == (3, datetime(2026, 1, 5, tzinfo=UTC))
    assert (made.scope, made.service, made.image_digest) == ("image:menu", "menu", "sha256:11")


def test_a_clean_run_has_positive_evidence(target: Target) -> None:
    report = run(target, CLEAN)
    assert (report.outcome, scan(report).findings) == (Outcome.COMPLETED, 0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (None, "no vulnerability database is configured"),
        ("gone", "there is no vulnerability database"),
        ("empty", "lists no advisory"),
    ],
)
def test_without_a_usable_database_it_is_partial_and_says_so(
    target: Target, tmp_path: Path, name: str | None, reason: str
) -> None:
    folder = cache(tmp_path / "other", "empty") if name == "empty" else str(tmp_path / "gone")
    without = with_cache(target, folder if name else None)
    assert trivy.obstacle(without) is None
    assert scanners(without) == "misconfig,secret,license"
    report = run(without, CLEAN)
    assert report.outcome is Outcome.PARTIAL
    assert str(report.reason).startswith("vulnerabilities were not looked for: ")
    assert reason in str(report.reason)


def test_an_old_database_or_one_without_a_date_proves_nothing(
    target: Target, tmp_path: Path
) -> None:
    old = with_cache(target, cache(tmp_path / "old", updated="2020-01-05T00:00:00Z"))
    assert run(old, CLEAN).outcome is Outcome.PARTIAL
    assert "days old" in str(run(old, CLEAN).reason)
    undated = with_cache(target, cache(tmp_path / "undated", updated="x"))
    assert "how old" in str(run(undated, CLEAN).reason)


def test_an_image_without_packages_proves_nothing(target: Target) -> None:
    nothing = json.dumps({"SchemaVersion": 2, "ArtifactName": "x"}).encode()
    assert run(target, nothing).outcome is Outcome.NOT_RUN
    bare = json.dumps(
        {"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Target": "a", "Class": "secret"}]}
    ).encode()
    assert run(target, bare).outcome is Outcome.PARTIAL


@pytest.mark.parametrize(
    ("more", "code", "reason"),
    [
        ({"timed_out": True}, -15, "trivy did not end within 5 s"),
        ({}, -9, "trivy was ended by signal 9"),
        ({}, 1, "trivy ended with exit code 1: init error: DB error"),
    ],
)
def test_a_run_that_did_not_end_well_failed(
    target: Target, more: Any, code: int, reason: str
) -> None:
    words = "2026-01-06T00:00:00Z\tINFO\tstarting\n2026-01-06T00:00:01Z\tFATAL\tFatal error\t"
    report = run(target, b"", f"{words}init error: DB error\n", code, **more)
    assert report.outcome is Outcome.FAILED
    assert str(report.reason).startswith(reason)
    assert scan(report).findings is None


def test_output_that_is_no_report_is_refused(target: Target) -> None:
    with pytest.raises(ParseError, match="trivy output"):
        run(target, b"{}")


def by_rule() -> dict[str, Reported]:
    return {found.rule: found for found in read(json.loads(IMAGE)).findings}


def test_a_vulnerability_with_everything_it_says() -> None:
    found = by_rule()["CVE-2026-1000"]
    assert (found.component, found.component_version, found.fixed_version) == (
        "zlib1g", "1.2.13", "1.2.14",
    )  # fmt: skip
    assert (found.severity, found.severity_source) == (Severity.HIGH, "tool")
    assert (found.cvss_score, tuple(found.cwes)) == (7.5, (787,))
    assert found.identifiers == ["DSA-1-1"]
    assert (found.path, found.suppressed) == (None, None)


def test_an_unknown_severity_is_taken_from_cvss() -> None:
    found = by_rule()["CVE-2026-2000"]
    assert (found.severity, found.severity_source) == (Severity.HIGH, "CVSS")
    assert found.path == "app/menu"


def test_what_a_vendor_a_vex_document_or_a_check_clears_is_suppressed() -> None:
    rules = by_rule()
    assert rules["CVE-2026-1001"].suppressed == "not_affected"
    assert rules["CVE-2026-1002"].suppressed == (
        "not_affected: vulnerable_code_not_present: menu.openvex.json"
    )
    assert rules["DS026"].suppressed == "the check passed"
    assert rules["DS002"].suppressed is None


def test_the_other_kinds_with_their_places() -> None:
    rules = by_rule()
    check, secret, licence = rules["DS002"], rules["github-pat"], rules["GPL-3.0"]
    assert (check.path, check.line, check.kind) == (
        "app/Dockerfile", 4, FindingKind.INFRASTRUCTURE,
    )  # fmt: skip
    assert (secret.path, secret.line, secret.code) == ("app/settings.env", 3, None)
    assert (licence.component, licence.severity) == ("bash", Severity.HIGH)


def test_a_cluster_names_its_workloads() -> None:
    value = json.loads((RECORDINGS / "trivy-cluster.json").read_bytes())
    report = read(value)
    assert {found.resource for found in report.findings} == {"shop/ReplicaSet/menu-7c9f8d6b5"}
    assert {found.labels["k8s.ns.name"] for found in report.findings} == {"shop"}
    old = {"ClusterName": "shop", "Vulnerabilities": value["Resources"], "Misconfigurations": None}
    assert len(read(old).findings) == len(report.findings)
    value["Resources"][0]["Error"] = "pull failed"
    assert read(value).outcome is Outcome.PARTIAL


def test_an_entry_without_a_vulnerability_is_none_and_closes_nothing() -> None:
    told = {"VulnerabilityID": "CVE-2026-1000", "PkgName": "pot", "Severity": "HIGH"}
    listed = [{"Target": "pot.lock", "Type": "npm", "Vulnerabilities": [{"PkgName": "lid"}, told]}]
    report = read(listed)
    assert [found.component for found in report.findings] == ["pot"]
    assert (report.outcome, report.reason) == (
        Outcome.PARTIAL, "1 entries name a package and no vulnerability of it",
    )  # fmt: skip


def test_several_reports_in_one_list_are_one() -> None:
    image, clean = json.loads(IMAGE), json.loads(CLEAN)
    both = read([clean, image, {**clean, "Results": []}])
    alone = read(image)
    assert len(both.findings) == len(alone.findings)
    assert both.packages_scanned == (alone.packages_scanned or 0) + 1
    assert both.outcome is Outcome.PARTIAL, "one of them was not looked at"
    assert read([clean, clean]).outcome is Outcome.COMPLETED
    for other in ([clean, {"Results": []}], [{"Results": []}]):
        with pytest.raises(ParseError, match="no Trivy report"):
            read(other)


def test_a_distribution_without_advisories_is_partial() -> None:
    value = json.loads(IMAGE)
    value["Metadata"]["OS"]["EOSL"] = True
    report = read(value)
    assert (report.outcome, report.reason) == (
        Outcome.PARTIAL, "debian 12.1 gets no security advisories any more",
    )  # fmt: skip
