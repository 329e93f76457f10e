"""Rules of a SARIF run: what its results inherit, worked out once for each rule.

SARIF 2.1.0, sections 3.19 (tool components), 3.49 (reporting descriptors), 3.52 (references) and
3.27.5-3.27.7 (how a result names its rule).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from coffee_pipeline.model.outcome import FindingKind, Severity
from coffee_pipeline.tools.document import Document
from coffee_pipeline.tools.json_fields import (
    advisory_names,
    cwe_numbers,
    items,
    mapping,
    number,
    score,
    text,
    texts,
)
from coffee_pipeline.tools.severity import rating

UNNAMED = "unnamed"
"""The rule of a result that names none."""
LEVELS = {
    "error": Severity.HIGH,
    "warning": Severity.MEDIUM,
    "note": Severity.INFO,
    "none": Severity.INFO,
}
_WORDS = {
    "CRITICAL": Severity.CRITICAL,
    "HIGH": Severity.HIGH,
    "MEDIUM": Severity.MEDIUM,
    "MODERATE": Severity.MEDIUM,
    "LOW": Severity.LOW,
}
_KINDS = {
    "gitleaks": FindingKind.SECRET,
    "trufflehog": FindingKind.SECRET,
    "detect-secrets": FindingKind.SECRET,
    "hadolint": FindingKind.INFRASTRUCTURE,
    "dockle": FindingKind.CONTAINER,
    "checkov": FindingKind.INFRASTRUCTURE,
    "kics": FindingKind.INFRASTRUCTURE,
    "terrascan": FindingKind.INFRASTRUCTURE,
    "tfsec": FindingKind.INFRASTRUCTURE,
    "kube-score": FindingKind.INFRASTRUCTURE,
    "kubelinter": FindingKind.INFRASTRUCTURE,
    "kube-linter": FindingKind.INFRASTRUCTURE,
    "kubescape": FindingKind.INFRASTRUCTURE,
    "conftest": FindingKind.COMPLIANCE,
    "kubeconform": FindingKind.INFRASTRUCTURE,
    "zizmor": FindingKind.INFRASTRUCTURE,
    "govulncheck": FindingKind.DEPENDENCY,
    "osv-scanner": FindingKind.DEPENDENCY,
    "grype": FindingKind.DEPENDENCY,
    "dependency-check": FindingKind.DEPENDENCY,
}
"""What a tool finds where that is not weaknesses of source code."""
_PASSED = {"conftest": ("/success", "/allow"), "kubeconform": ("KUBE-VALID",)}
"""Ends of the rules under which a tool lists what passed or is excepted, with no other sign."""
_SKIPPED = {"conftest": ("/skip",), "kubeconform": ("KUBE-SKIPPED",)}
"""The same of what it did not check."""
_TAGGED = {
    "secret": FindingKind.SECRET,
    "misconfiguration": FindingKind.INFRASTRUCTURE,
    "vulnerability": FindingKind.DEPENDENCY,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a result inherits from its rule.

    ``severity`` is set where the rule has a security severity, which counts for more than the
    level; ``level`` is its default level. ``messages`` are its message strings by their id. Under
    a rule that ``is_no_finding`` a tool lists what passed, or what it did not check.
    """

    id: str
    title: str | None = None
    level: str = "warning"
    severity: Severity | None = None
    severity_source: str = "level"
    cvss_score: float | None = None
    cwes: tuple[int, ...] = ()
    identifiers: tuple[str, ...] = ()
    reference: str | None = None
    kind: FindingKind | None = None
    confidence: str | None = None
    messages: Mapping[str, Any] = field(default_factory=dict)
    is_no_finding: bool = False


class Rules:
    """The rules of one run, of its driver and of its extensions.

    Raises:
        ParseError: the run names no driver, or its rules are no list of objects.
    """

    def __init__(self, run: Mapping[str, Any], document: Document, position: str) -> None:
        tool = mapping(run.get("tool"))
        driver = tool.get("driver")
        if not isinstance(driver, dict):
            raise document.error(f"{position}.tool", "no driver is named")
        self.driver = driver
        components = [driver, *map(mapping, items(tool.get("extensions")))]
        tool_name = str(driver.get("name")).lower()
        self._kind = _KINDS.get(tool_name)
        self._skipped = _SKIPPED.get(tool_name, ())
        self._no_finding = (*_PASSED.get(tool_name, ()), *self._skipped)
        self._global = mapping(driver.get("globalMessageStrings"))
        self._components = [
            _descriptors(component, document, f"{position}.tool") for component in components
        ]
        self._by_id: dict[str, Mapping[str, Any]] = {}
        for descriptors in self._components:
            for descriptor in descriptors:
                for name in (descriptor.get("id"), descriptor.get("guid")):
                    if isinstance(name, str):
                        self._by_id.setdefault(name, descriptor)
        self._known: dict[tuple[object, ...], Rule] = {}

    @property
    def count(self) -> int:
        """How many rules the run describes."""
        return sum(map(len, self._components))

    def unchecked(self, run: Mapping[str, Any]) -> int:
        """How many results of the run say that something was not checked."""
        if not self._skipped:
            return 0
        names = (mapping(result).get("ruleId") for result in items(run.get("results")))
        return sum(isinstance(name, str) and name.endswith(self._skipped) for name in names)

    def of(self, result: Mapping[str, Any]) -> Rule:
        """The rule of ``result``: by reference, by index, by id; one it does not describe is made
        of the id alone.
        """
        name, index = result.get("ruleId"), result.get("ruleIndex")
        component: object = 0
        if "rule" in result:
            name, index, component = _reference(result, name, index)
        name = name if isinstance(name, str) else None
        index = index if isinstance(index, int) else -1
        key = (name, index, component)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._made(name, index, component)
        return known

    def _made(self, name: str | None, index: int, component: object) -> Rule:
        descriptor = self._at(index, component)
        if descriptor is not None and name is not None and not _is_called(descriptor, name):
            descriptor = None  # an index that is wrong, or of another component
        if descriptor is None and name is not None:
            descriptor = self._by_id.get(name) or self._by_id.get(name.rpartition("/")[0])
        if descriptor is None:
            return Rule(
                id=name or UNNAMED,
                identifiers=advisory_names(name or ""),
                kind=self._kind,
                messages=self._global,
                is_no_finding=bool(name) and str(name).endswith(self._no_finding),
            )
        return self._described(name, descriptor)

    def _at(self, index: int, component: object) -> Mapping[str, Any] | None:
        if not isinstance(component, int) or not 0 <= component < len(self._components):
            return None
        descriptors = self._components[component]
        return descriptors[index] if 0 <= index < len(descriptors) else None

    def _described(self, name: str | None, descriptor: Mapping[str, Any]) -> Rule:
        own = text(descriptor.get("id")) or name or UNNAMED
        properties = mapping(descriptor.get("properties"))
        tags = texts(properties.get("tags"))
        severity, source, cvss = security_severity(properties)
        level = mapping(descriptor.get("defaultConfiguration")).get("level")
        identifiers = advisory_names(f"{own} {text(descriptor.get('name')) or ''}")
        return Rule(
            id=name or own,
            title=_title(descriptor),
            level=level if isinstance(level, str) else "warning",
            severity=severity,
            severity_source=source,
            cvss_score=cvss,
            cwes=_cwes(descriptor, properties, tags),
            identifiers=identifiers,
            reference=_reference_url(descriptor),
            kind=self._kind or _kind(tags, bool(identifiers)),
            confidence=text(properties.get("precision")),
            messages={**self._global, **mapping(descriptor.get("messageStrings"))},
            is_no_finding=(name or own).endswith(self._no_finding),
        )


def security_severity(
    properties: Mapping[str, Any],
) -> tuple[Severity | None, str, float | None]:
    """(severity, where it is from, CVSS score) of ``security-severity``, a score or a word."""
    value = properties.get("security-severity")
    cvss = score(value)
    if cvss is not None:
        return rating(cvss), "CVSS", cvss
    word = value.upper() if isinstance(value, str) else ""
    return _WORDS.get(word, Severity.INFO if word else None), "tool" if word else "level", None


def _descriptors(
    component: Mapping[str, Any], document: Document, position: str
) -> list[Mapping[str, Any]]:
    rules = component.get("rules")
    if rules is None:
        return []
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise document.error(f"{position}.rules", "a list of JSON objects is expected")
    return rules


def _reference(
    result: Mapping[str, Any], name: object, index: object
) -> tuple[object, object, object]:
    """Name, index and component of a result's ``rule``; component 0 is the driver."""
    reference = mapping(result.get("rule"))
    name = name or reference.get("id") or reference.get("guid")
    index = index if index is not None else reference.get("index")
    extension = mapping(reference.get("toolComponent")).get("index")
    component = extension + 1 if isinstance(extension, int) and extension >= 0 else 0
    return name, index, component


def _is_called(descriptor: Mapping[str, Any], name: str) -> bool:
    own = descriptor.get("id")
    return name in (own, descriptor.get("guid")) or name.startswith(f"{own}/")


def _title(descriptor: Mapping[str, Any]) -> str | None:
    for field_name in ("shortDescription", "fullDescription"):
        words = mapping(descriptor.get(field_name))
        found = text(words.get("text")) or text(words.get("markdown"))
        if found:
            return found
    return text(descriptor.get("name"))


def _cwes(
    descriptor: Mapping[str, Any], properties: Mapping[str, Any], tags: list[str]
) -> tuple[int, ...]:
    targets = [
        str(mapping(mapping(relation).get("target")).get("id"))
        for relation in items(descriptor.get("relationships"))
    ]
    numbered = [
        f"CWE-{number(mapping(mapping(relation).get('target')).get('id'))}"
        for relation in items(descriptor.get("relationships"))
        if mapping(mapping(mapping(relation).get("target")).get("toolComponent")).get("name")
        == "CWE"
    ]
    return cwe_numbers([*targets, *numbered, *tags, *texts(properties.get("cwe"))])


def _reference_url(descriptor: Mapping[str, Any]) -> str | None:
    url = text(descriptor.get("helpUri"))
    if url:
        return url
    words = text(mapping(descriptor.get("help")).get("text"))
    return words if words and words.startswith("http") and " " not in words else None


def _kind(tags: list[str], is_advisory: bool) -> FindingKind | None:
    for tag in tags:
        if tag.lower() in _TAGGED:
            return _TAGGED[tag.lower()]
    return FindingKind.DEPENDENCY if is_advisory else None
