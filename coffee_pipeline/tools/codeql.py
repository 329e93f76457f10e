"""CodeQL: SARIF whose driver is CodeQL, as ``codeql database analyze`` and GitHub write it."""

from __future__ import annotations

from coffee_pipeline.model.outcome import FindingKind
from coffee_pipeline.tools import sarif
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.reported import ReadReport

NAME = "codeql"
TITLE = "CodeQL SARIF"
KIND = FindingKind.SAST
IDENTITY = sarif.IDENTITY


def recognises(document: Document) -> bool:
    """Every run is one of CodeQL."""
    drivers = sarif.drivers(document)
    return bool(drivers) and all(name.lower().startswith("codeql") for name in drivers)


def read(document: Document) -> ReadReport:
    """The results, as of any SARIF."""
    return sarif.read(document)
