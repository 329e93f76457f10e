"""The tools by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import (
    anchore_engine,
    anchore_enterprise,
    clair,
    gosec,
    govulncheck,
    grype,
    osv,
    osv_scanner,
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
    anchore_engine.NAME: anchore_engine,
    anchore_enterprise.NAME: anchore_enterprise,
    "anchore_grype": grype,
    clair.NAME: clair,
    grype.NAME: grype,
    osv.NAME: osv,
    osv_scanner.NAME: osv_scanner,
    trivy.NAME: trivy,
    trivy_operator.NAME: trivy_operator,
}
"""Reports that are read, by the name of the tool; the first that recognises a report reads it,
so formats that others are built on (SARIF, CycloneDX) come last."""
