"""A record of the OSV schema (https://ossf.github.io/osv-schema/), as far as findings need it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coffee_pipeline.model.outcome import Severity
from coffee_pipeline.tools.json_fields import cwe_numbers, items, mapping, score, text, texts
from coffee_pipeline.tools.severity import advisory_severity, cvss3_base_score, rating


def names(record: Mapping[str, Any]) -> list[str]:
    """Other names of the same vulnerability."""
    return [*texts(record.get("aliases")), *texts(record.get("upstream"))]


def weaknesses(record: Mapping[str, Any]) -> Sequence[int]:
    """Numbers of its CWEs, wherever the database keeps them."""
    found = texts(mapping(record.get("database_specific")).get("cwe_ids"))
    for affected in items(record.get("affected")):
        specific = mapping(mapping(affected).get("database_specific"))
        for entry in items(specific.get("cwes")):
            found.extend(texts(mapping(entry).get("cweId")))
    return cwe_numbers(found)


def vector(record: Mapping[str, Any]) -> str | None:
    """The CVSS vector; version 3 before others."""
    listed = [
        said
        for entry in items(record.get("severity"))
        if (said := text(mapping(entry).get("score")))
    ]
    return next((one for one in listed if one.startswith("CVSS:3")), listed[0] if listed else None)


def severity(record: Mapping[str, Any], highest: object = None) -> tuple[Severity, str]:
    """(severity, where it is from); ``highest`` is a score that a tool derived from the record."""
    own = advisory_severity(record)
    if own is not None:
        return own
    base = score(highest) if highest not in (None, "") else None
    return (rating(base), "CVSS") if base is not None else (Severity.INFO, "default")


def base_score(record: Mapping[str, Any]) -> float | None:
    """The score of its CVSS 3 vector."""
    return cvss3_base_score(vector(record) or "")


def affected_packages(record: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(ecosystem, name, entry) of what is affected; a repository stands for itself."""
    for entry in map(mapping, items(record.get("affected"))):
        package = mapping(entry.get("package"))
        repositories = (text(mapping(one).get("repo")) for one in items(entry.get("ranges")))
        name = text(package.get("name")) or next((one for one in repositories if one), None)
        if name is not None:
            yield text(package.get("ecosystem")) or "", name, entry


def fixed_versions(entries: Sequence[Mapping[str, Any]]) -> str | None:
    """The versions that fix it, of all branches; commits only where there is no version."""
    versions: dict[str, None] = {}
    commits: dict[str, None] = {}
    for entry in entries:
        for span in map(mapping, items(entry.get("ranges"))):
            kept = commits if span.get("type") == "GIT" else versions
            for event in map(mapping, items(span.get("events"))):
                fixed = text(event.get("fixed"))
                if fixed is not None:
                    kept[fixed] = None
    return ", ".join(versions or commits) or None


def reference(record: Mapping[str, Any]) -> str | None:
    """Where to read on: the advisory itself, else its page at osv.dev."""
    for entry in map(mapping, items(record.get("references"))):
        if entry.get("type") == "ADVISORY" and text(entry.get("url")):
            return text(entry.get("url"))
    identifier = text(record.get("id"))
    return f"https://osv.dev/vulnerability/{identifier}" if identifier else None
