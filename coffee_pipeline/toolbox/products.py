"""Products whose reports are read but that are not run here, and why they are not."""

from __future__ import annotations

from dataclasses import dataclass

_SERVICE = "a hosted service"
_SERVER = "a server of its own"
_CLUSTER = "it runs in a cluster"
_FORMAT = "a document format that many tools write"
_DATABASE = "it needs a copy of the NVD database"


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product that is read only.

    ``formats`` are the names in ``tools/registry.py`` that read what it writes, ``why`` says why
    it is not run here, ``licence`` is an SPDX identifier, or what else it is under.
    """

    title: str
    formats: tuple[str, ...]
    why: str
    licence: str


PRODUCTS = (
    Product(title="SonarQube", formats=("sonarqube",), why=_SERVER, licence="LGPL-3.0-only"),
    Product(
        title="CodeQL",
        formats=("codeql",),
        why="its licence allows it for open source code only",
        licence="proprietary",
    ),
    Product(title="SARIF 2.1.0 of any tool", formats=("sarif",), why=_FORMAT, licence="-"),
    Product(
        title="Snyk Open Source, Container and Code",
        formats=("snyk", "snyk_code", "snyk_issues"),
        why=_SERVICE,
        licence="proprietary",
    ),
    Product(
        title="GitHub Dependabot alerts",
        formats=("github_vulnerability",),
        why=_SERVICE,
        licence="proprietary",
    ),
    Product(
        title="GitHub code scanning",
        formats=("github_sast",),
        why=_SERVICE,
        licence="proprietary",
    ),
    Product(
        title="OWASP Dependency-Check",
        formats=("dependency_check",),
        why=_DATABASE,
        licence="Apache-2.0",
    ),
    Product(
        title="Trivy Operator", formats=("trivy_operator",), why=_CLUSTER, licence="Apache-2.0"
    ),
    Product(title="Clair", formats=("clair",), why=_SERVER, licence="Apache-2.0"),
    Product(
        title="Anchore Engine and Enterprise",
        formats=("anchore_engine", "anchore_enterprise"),
        why=_SERVER,
        licence="Apache-2.0 (Engine), proprietary (Enterprise)",
    ),
    Product(
        title="Terrascan",
        formats=("terrascan",),
        why="Checkov is run instead",
        licence="Apache-2.0",
    ),
    Product(
        title="kube-bench",
        formats=("kubebench",),
        why="it checks the nodes of a cluster",
        licence="Apache-2.0",
    ),
    Product(
        title="Kubescape",
        formats=("kubescape",),
        why="its controls are fetched from its own server",
        licence="Apache-2.0",
    ),
    Product(
        title="KubeLinter",
        formats=("kubelinter",),
        why="kube-score and Checkov are run instead",
        licence="Apache-2.0",
    ),
    Product(
        title="OWASP ZAP",
        formats=("zap",),
        why="its add-ons are fetched from its own server",
        licence="Apache-2.0",
    ),
    Product(
        title="Falco, falcosidekick",
        formats=("falco",),
        why="it runs on the nodes of a cluster",
        licence="Apache-2.0",
    ),
    Product(
        title="Sysdig",
        formats=("sysdig_reports", "sysdig_cli"),
        why=_SERVICE,
        licence="proprietary",
    ),
    Product(
        title="CycloneDX vulnerabilities and VEX",
        formats=("cyclonedx",),
        why=_FORMAT,
        licence="-",
    ),
    Product(title="OpenVEX", formats=("openvex",), why=_FORMAT, licence="-"),
    Product(title="OSV advisories", formats=("osv",), why=_FORMAT, licence="-"),
)
"""In the order in which ``doctor`` lists them."""
