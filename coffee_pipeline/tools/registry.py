"""The tools by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import codeql, gosec, govulncheck, sarif
from coffee_pipeline.tools.base import Scanner
from coffee_pipeline.tools.reported import ReportFormat

SCANNERS: dict[str, Scanner] = {
    gosec.NAME: gosec,
    govulncheck.NAME: govulncheck,
}
"""Tools that are run here. Their reports are read, too."""

FORMATS: dict[str, ReportFormat] = {
    **SCANNERS,
    codeql.NAME: codeql,
    sarif.NAME: sarif,
}
"""Reports that are read, by the name of the tool; the first that recognises a report reads it,
so formats that others are built on (SARIF, CycloneDX) come last."""
