"""The tools by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import (
    anchore_engine,
    anchore_enterprise,
    clair,
    codeql,
    cyclonedx,
    dependency_check,
    falco,
    github_sast,
    github_vulnerability,
    gitleaks,
    gosec,
    govulncheck,
    grype,
    openvex,
    osv,
    osv_scanner,
    sarif,
    semgrep,
    snyk,
    snyk_code,
    sonarqube,
    staticcheck,
    sysdig_cli,
    sysdig_reports,
    trivy,
    trivy_operator,
)
from coffee_pipeline.tools.base import Scanner
from coffee_pipeline.tools.reported import ReportFormat

SCANNERS: dict[str, Scanner] = {
    gosec.NAME: gosec,
    govulncheck.NAME: govulncheck,
}
"""Tools that are run here. Their reports are read, too."""

FORMATS: dict[str, ReportFormat] = {
    **SCANNERS,
    "anchore_grype": grype,
    anchore_engine.NAME: anchore_engine,
    anchore_enterprise.NAME: anchore_enterprise,
    clair.NAME: clair,
    codeql.NAME: codeql,
    cyclonedx.NAME: cyclonedx,
    dependency_check.NAME: dependency_check,
    falco.NAME: falco,
    github_sast.NAME: github_sast,
    github_vulnerability.NAME: github_vulnerability,
    gitleaks.NAME: gitleaks,
    grype.NAME: grype,
    openvex.NAME: openvex,
    osv.NAME: osv,
    osv_scanner.NAME: osv_scanner,
    sarif.NAME: sarif,
    semgrep.NAME: semgrep,
    snyk.NAME: snyk,
    snyk_code.NAME: snyk_code,
    sonarqube.NAME: sonarqube,
    staticcheck.NAME: staticcheck,
    sysdig_cli.NAME: sysdig_cli,
    sysdig_reports.NAME: sysdig_reports,
    trivy.NAME: trivy,
    trivy_operator.NAME: trivy_operator,
}
"""Reports that are read, by the name of the tool; the first that recognises a report reads it,
so formats that others are built on (SARIF, CycloneDX) come last."""
