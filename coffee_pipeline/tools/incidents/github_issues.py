"""GitHub issues: ``GET /repos/O/R/issues`` of its REST API, and ``gh issue list --json``.

Documented at https://docs.github.com/rest/issues/issues. Only issues with the label asked for are
incidents, pull requests never are. Labels such as ``service:orders`` and ``severity:high``, and a
line ``Deployment: ID`` in the text, say the rest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from coffee_pipeline.tools.incidents.reported import (
    BadRowError,
    ReportedIncident,
    moment,
    needed_moment,
)
from coffee_pipeline.tools.incidents.rows import Row, first_text, mapping

NAME = "github"
TITLE = "GitHub issues with a label (REST, gh)"
STICKY_END = False
DEFAULT_LABEL = "incident"
_LINE = re.compile(
    r"^[ \t]*\**(deployment|revision|service|environment)\**[ \t]*:\**[ \t]*`?([^\s`]+)",
    re.IGNORECASE | re.MULTILINE,
)
_PLACE = re.compile(r"https://[^/]+/([^/]+/[^/]+)/issues/(\d+)")
_SEVERITY = re.compile(r"(?:sev(?:erity)?[-:/ ]?(\w+)|p[0-5])", re.IGNORECASE)


class GithubIssues:
    """Issues that carry ``label``; any issue if it is empty."""

    NAME = NAME
    TITLE = TITLE
    STICKY_END = STICKY_END

    def __init__(self, label: str = DEFAULT_LABEL) -> None:
        self._label = label.strip().lower()

    def recognises(self, row: Row) -> bool:
        """A numbered thing with a title, a state and labels."""
        values = row.values
        return "number" in values and "title" in values and isinstance(values.get("labels"), list)

    def read(self, row: Row) -> ReportedIncident | None:
        """The issue as an incident; None for pull requests and issues without the label."""
        values = row.values
        labels = _labels(values)
        if "pull_request" in values or (self._label and self._label not in labels):
            return None
        body = values.get("body")
        said = {
            match[1].lower(): match[2]
            for match in _LINE.finditer(body[:20_000] if isinstance(body, str) else "")
        }
        closed = first_text(values, ("closed_at", "closedAt"))
        if closed is None and str(values.get("state", "")).lower() == "closed":
            raise BadRowError("it is closed, but closed_at is missing")
        return ReportedIncident(
            identity=_identity(values),
            title=first_text(values, ("title",)),
            opened_at=needed_moment(first_text(values, ("created_at", "createdAt")), "created_at"),
            resolved_at=moment(closed, "closed_at"),
            service=_tagged(labels, "service") or said.get("service"),
            environment=_tagged(labels, "environment", "env") or said.get("environment"),
            severity=_severity(labels),
            deployment_id=said.get("deployment"),
            revision=said.get("revision"),
            updated_at=moment(first_text(values, ("updated_at", "updatedAt")), "updated_at"),
        )


def _identity(values: Mapping[str, Any]) -> str:
    """``owner/repository#7``; ``#7`` where nothing says which repository."""
    number = first_text(values, ("number",))
    if number is None:
        raise BadRowError("number is missing")
    place = _PLACE.match(first_text(values, ("html_url", "url")) or "")
    repository = first_text(mapping(values, "repository"), ("full_name", "nameWithOwner"))
    return f"{place[1] if place else repository or ''}#{number}"


def _labels(values: Mapping[str, Any]) -> list[str]:
    labels = values.get("labels")
    names = [
        label.get("name") if isinstance(label, dict) else label
        for label in (labels if isinstance(labels, list) else [])
    ]
    return [name.strip().lower() for name in names if isinstance(name, str)]


def _tagged(labels: list[str], *names: str) -> str | None:
    for label in labels:
        name, _, text = label.replace("/", ":", 1).partition(":")
        if name.strip() in names and text.strip():
            return text.strip()
    return None


def _severity(labels: list[str]) -> str | None:
    tagged = _tagged(labels, "severity", "priority")
    return tagged or next((label for label in labels if _SEVERITY.fullmatch(label)), None)
