"""The tools by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import (
    checkov,
    conftest,
    gator,
    gosec,
    govulncheck,
    hadolint,
    kube_score,
    kubebench,
    kubeconform,
    kubelinter,
    kubescape,
    opa,
    terrascan,
    zap,
    zizmor,
)
from coffee_pipeline.tools.base import Scanner
from coffee_pipeline.tools.reported import ReportFormat

SCANNERS: dict[str, Scanner] = {
    gosec.NAME: gosec,
    govulncheck.NAME: govulncheck,
}
"""Tools that are run here over the packages of a Go module. Their reports are read, too."""

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

FORMATS: dict[str, ReportFormat] = {
    **SCANNERS,
    **FILE_SCANNERS,
    kubebench.NAME: kubebench,
    kubelinter.NAME: kubelinter,
    kubescape.NAME: kubescape,
    terrascan.NAME: terrascan,
    zap.NAME: zap,
}
"""Reports that are read, by the name of the tool; the first that recognises a report reads it,
so formats that others are built on (SARIF, CycloneDX) come last."""
