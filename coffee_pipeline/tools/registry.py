"""The tools by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import (
    anchore_engine,
    anchore_enterprise,
    checkov,
    clair,
    codeql,
    conftest,
    cyclonedx,
    dependency_check,
    falco,
    gator,
    github_sast,
    github_vulnerability,
    gitleaks,
    gosec,
    govulncheck,
    grype,
    hadolint,
    kube_score,
    kubebench,
    kubeconform,
    kubelinter,
    kubescape,
    opa,
    openvex,
    osv,
    osv_scanner,
    sarif,
    semgrep,
    snyk,
    snyk_code,
    snyk_issues,
    sonarqube,
    staticcheck,
    sysdig_cli,
    sysdig_reports,
    terrascan,
    trivy,
    trivy_operator,
    zap,
    zizmor,
)
from coffee_pipeline.tools.base import Scanner
from coffee_pipeline.tools.reported import ReportFormat

MODULE_SCANNERS: dict[str, Scanner] = {
    gosec.NAME: gosec,
    govulncheck.NAME: govulncheck,
    osv_scanner.NAME: osv_scanner,
    staticcheck.NAME: staticcheck,
}
"""Tools that are run here over the packages of a Go module."""

FOLDER_SCANNERS: dict[str, Scanner] = {
    gitleaks.NAME: gitleaks,
    semgrep.NAME: semgrep,
}
"""Tools that are run here over the whole checkout."""

FILE_SCANNERS: dict[str, Scanner] = {
    checkov.NAME: checkov,
    conftest.NAME: conftest,
    gator.NAME: gator,
    hadolint.NAME: hadolint,
    kube_score.NAME: kube_score,
    kubeconform.NAME: kubeconform,
    opa.NAME: opa,
    zizmor.NAME: zizmor,
}
"""Tools that are run here over files of the checkout: manifests, Dockerfiles, workflows."""

IMAGE_SCANNERS: dict[str, Scanner] = {trivy.NAME: trivy}
"""Tools that are run here over image layouts."""

SCANNERS: dict[str, Scanner] = {
    **MODULE_SCANNERS,
    **FOLDER_SCANNERS,
    **FILE_SCANNERS,
    **IMAGE_SCANNERS,
}
"""Every tool that is run here. Their reports are read, too."""

FORMATS: dict[str, ReportFormat] = {
    **SCANNERS,
    "anchore_grype": grype,
    anchore_engine.NAME: anchore_engine,
    anchore_enterprise.NAME: anchore_enterprise,
    clair.NAME: clair,
    dependency_check.NAME: dependency_check,
    falco.NAME: falco,
    github_sast.NAME: github_sast,
    github_vulnerability.NAME: github_vulnerability,
    grype.NAME: grype,
    kubebench.NAME: kubebench,
    kubelinter.NAME: kubelinter,
    kubescape.NAME: kubescape,
    openvex.NAME: openvex,
    snyk.NAME: snyk,
    snyk_code.NAME: snyk_code,
    snyk_issues.NAME: snyk_issues,
    sonarqube.NAME: sonarqube,
    sysdig_cli.NAME: sysdig_cli,
    sysdig_reports.NAME: sysdig_reports,
    terrascan.NAME: terrascan,
    trivy_operator.NAME: trivy_operator,
    zap.NAME: zap,
    cyclonedx.NAME: cyclonedx,
    osv.NAME: osv,
    codeql.NAME: codeql,
    sarif.NAME: sarif,
}
"""Reports that are read, by the name of the tool; the first that recognises a report reads it,
so formats that others are built on (CycloneDX, OSV, SARIF) come last."""
