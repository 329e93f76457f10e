"""OpenVEX documents as decisions: what their authors say that the platform is not affected by.

Of several statements on one vulnerability and product the latest counts; only ``not_affected`` and
``fixed`` decide something. A product that is a service's image (``pkg:oci/menu``) means all that is
in it, or its subcomponents where they are named; any other product is the component itself.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.model.triage import TriageDecision, TriageState
from coffee_pipeline.platform.triage_file import component_key, version_key
from coffee_pipeline.platform.typed_yaml import compose, line_of, typed
from coffee_pipeline.redaction import excerpt
from coffee_pipeline.tools import openvex
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.package_url import package_of

SOURCE = "openvex"
"""What decisions of these documents say they are from."""

_DECIDING = ("not_affected", "fixed")
_IMAGES = ("pkg:oci/", "pkg:docker/")


class _Part(BaseModel):
    """What all parts have in common: the standard lets documents say more than is read here."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def _object(key: str) -> BeforeValidator:
    """Version 0.0.1 writes a plain name where later ones have an object."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


class _Vulnerability(_Part):
    id: str | None = Field(default=None, alias="@id")
    name: str | None = None
    aliases: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not (self.name or self.id or "").strip():
            raise ValueError("a name is missing")
        return self

    @property
    def called(self) -> str:
        """Its name, as decisions spell it."""
        return (self.name or self.id or "").strip().rpartition("/")[2].upper()


class _Identifiers(_Part):
    purl: str | None = None


class _Component(_Part):
    id: str | None = Field(default=None, alias="@id")
    identifiers: _Identifiers = _Identifiers()

    @property
    def called(self) -> str:
        """Its package URL, or whatever else names it."""
        return self.identifiers.purl or self.id or ""


class _Product(_Component):
    subcomponents: tuple[Annotated[_Component, _object("@id")], ...] = ()


class _Statement(_Part):
    vulnerability: Annotated[_Vulnerability, _object("name")]
    timestamp: datetime | None = None
    products: tuple[Annotated[_Product, _object("@id")], ...] = ()
    status: Literal["not_affected", "affected", "fixed", "under_investigation"]
    justification: str | None = None
    impact_statement: str | None = None
    status_notes: str | None = None

    @model_validator(mode="after")
    def _justified(self) -> Self:
        if self.status == "not_affected" and not (self.justification or self.impact_statement):
            raise ValueError("not_affected needs a justification or an impact_statement")
        return self

    @property
    def reason(self) -> str:
        """Why, in the document's words."""
        words = [self.status, self.justification, self.impact_statement, self.status_notes]
        return excerpt(": ".join(" ".join(one.split()) for one in words if one), 2000)


class _Document(_Part):
    author: str = Field(min_length=1)
    timestamp: datetime
    statements: tuple[_Statement, ...]


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a statement is about: by whose word a later one replaces an earlier one."""

    vulnerability: str
    component: str | None
    component_version: str | None
    service: str | None


def is_openvex(content: bytes) -> bool:
    """Whether it is such a document at all, right or wrong."""
    return openvex.is_document(Document(content, "").json_or_none())


def read_openvex(
    name: str, content: bytes, revision: str | None, services: Collection[str]
) -> list[TriageDecision]:
    """The decisions of an OpenVEX document.

    Args:
        name: the file, relative to the repository; errors name it.
        content: its bytes.
        revision: the commit that it was read at.
        services: names of the platform's services, which may be products.

    Raises:
        ParseError: no JSON.
        ConfigurationError: not as the standard says; one line per problem, with file and line.
    """
    data = Document(content, name).json
    root = _nodes(name, content)
    document = typed(_Document, name, root, data)
    latest: dict[_Subject, tuple[datetime, TriageDecision | None]] = {}
    for index, statement in enumerate(document.statements):
        made = _aware(statement.timestamp or document.timestamp)
        for subject in _subjects(statement, services):
            if subject not in latest or latest[subject][0] <= made:
                line = line_of(root, ("statements", index)) if root is not None else None
                decision = _decision(statement, subject, document.author, name, line, revision)
                latest[subject] = made, decision
    return [decision for _made, decision in latest.values() if decision is not None]


def _nodes(name: str, content: bytes) -> yaml.Node | None:
    """The document's lines. JSON is YAML but for tabs; what else is not has no lines then."""
    try:
        return compose(name, content.replace(b"\t", b" "))
    except ConfigurationError:
        return None


def _subjects(statement: _Statement, services: Collection[str]) -> Iterator[_Subject]:
    for product in statement.products:
        package = package_of(product.called)
        image = product.called.startswith(_IMAGES) and package is not None
        service = package.name.rpartition("/")[2] if image and package else product.called
        known = service if service in services else None
        parts = [one.called for one in product.subcomponents]
        if image and known is None:
            continue  # the image of something else says nothing about this platform
        for part in parts or ([""] if known else [product.called]):
            yield _subject(statement.vulnerability.called, part, known)


def _subject(vulnerability: str, part: str, service: str | None) -> _Subject:
    package = package_of(part)
    component = component_key(package.name if package else part) or None
    version = version_key(package.version if package else None)
    return _Subject(vulnerability, component, version, service)


def _decision(
    statement: _Statement,
    subject: _Subject,
    author: str,
    file: str,
    line: int | None,
    revision: str | None,
) -> TriageDecision | None:
    if statement.status not in _DECIDING:
        return None
    return TriageDecision(
        source=SOURCE,
        file=file,
        line=line,
        revision=revision,
        state=TriageState.NOT_AFFECTED.value,
        reason=statement.reason,
        author=" ".join(author.split()),
        expires_at=None,
        vulnerability=subject.vulnerability,
        component=subject.component,
        component_version=subject.component_version,
        service=subject.service,
    )


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
