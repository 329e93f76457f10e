"""``triage.yaml``: what people decided about findings, with reason, author and expiry."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal, Self

import yaml
from pydantic import AfterValidator, Field, model_validator

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.triage import TriageDecision
from coffee_pipeline.platform.fields import Description, Name, RepositoryPath
from coffee_pipeline.platform.typed_yaml import compose, line_of, plain, typed

SOURCE = "triage"
"""What decisions of this file say they are from."""


def _written(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be empty")
    return " ".join(value.split())


Words = Annotated[str, Field(max_length=2000), AfterValidator(_written)]
"""One line of text that says something."""


class Decision(Description):
    """One decision. It names findings by exactly one of three: ``vulnerability``, ``rule``,
    ``identity``.

    ``vulnerability`` is any name of it (CVE, GHSA, GO ...), narrowed by ``component``,
    ``component_version`` and ``service``; ``rule`` is narrowed by ``path``, a glob in which ``**``
    stands for any folders. ``expires`` is the last day that it counts (UTC), or a time with its
    zone; an accepted risk must have one.
    """

    state: Literal["accepted", "false_positive", "not_affected"]
    reason: Words
    author: Words
    expires: datetime | date | None = None
    vulnerability: Words | None = None
    component: Words | None = None
    component_version: Words | None = None
    service: Name | None = None
    rule: Words | None = None
    path: RepositoryPath | None = None
    identity: Words | None = None

    @model_validator(mode="after")
    def _one_subject(self) -> Self:
        if sum(one is not None for one in (self.vulnerability, self.rule, self.identity)) != 1:
            raise ValueError("name exactly one of vulnerability, rule and identity")
        if self.vulnerability is None and (
            self.component or self.component_version or self.service
        ):
            raise ValueError("component, component_version and service narrow a vulnerability")
        if self.rule is None and self.path:
            raise ValueError("path narrows a rule")
        if self.state == "accepted" and self.expires is None:
            raise ValueError("an accepted risk must expire: give its last day in expires")
        return self

    @property
    def expires_at(self) -> datetime | None:
        """From when on it no longer counts."""
        if isinstance(self.expires, datetime):
            zoned = self.expires.tzinfo is not None
            return self.expires if zoned else self.expires.replace(tzinfo=UTC)
        if self.expires is None or self.expires == date.max:
            return None
        return datetime.combine(self.expires + timedelta(days=1), time(), UTC)


class TriageFile(Description):
    """The file: its format's version, and the decisions."""

    version: Literal[1]
    decisions: tuple[Decision, ...] = ()


def read_triage(name: str, content: bytes, revision: str | None) -> list[TriageDecision]:
    """The decisions of a ``triage.yaml``.

    Args:
        name: the file, relative to the repository; errors name it.
        content: its bytes.
        revision: the commit that it was read at.

    Raises:
        ConfigurationError: one line per problem, ``FILE:LINE: field: problem``.
    """
    root = compose(name, content)
    if not isinstance(root, yaml.MappingNode):
        raise ConfigurationError(f"{name}:1: must be a mapping with the keys version and decisions")
    file = typed(TriageFile, name, root, plain(name, root))
    return [
        TriageDecision(
            source=SOURCE,
            file=name,
            line=line_of(root, ("decisions", index)),
            revision=revision,
            state=one.state,
            reason=one.reason,
            author=one.author,
            expires_at=one.expires_at,
            identity=one.identity,
            rule=one.rule,
            path=one.path,
            path_pattern=path_pattern(one.path) if one.path else None,
            vulnerability=one.vulnerability.upper() if one.vulnerability else None,
            component=component_key(one.component) if one.component else None,
            component_version=version_key(one.component_version),
            service=one.service,
        )
        for index, one in enumerate(file.decisions)
    ]


def component_key(name: str) -> str:
    """A component as issues spell it: small letters, parts separated by slashes."""
    return name.lower().replace(":", "/")


def version_key(version: str | None) -> str | None:
    """A version as issues spell it: without the leading v of Go."""
    return version.lstrip("v") if version else None


def path_pattern(glob: str) -> str:
    """A glob of paths as a regular expression: ``**`` any folders, ``*`` and ``?`` within one."""
    signs = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return "".join(signs.get(part) or re.escape(part) for part in parts)
