"""The scanners by name. A new one is its own file and one line here."""

from __future__ import annotations

from coffee_pipeline.tools import gosec, govulncheck
from coffee_pipeline.tools.base import Scanner

SCANNERS: dict[str, Scanner] = {
    gosec.NAME: gosec,
    govulncheck.NAME: govulncheck,
}
