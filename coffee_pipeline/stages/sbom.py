"""The bill of materials of a binary, CycloneDX 1.6, from what Go linked into it."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component as BomComponent
from cyclonedx.model.component import ComponentType
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from coffee_pipeline.model.build import Component
from coffee_pipeline.tools.go_binary import BinaryFacts, LinkedModule


def components(service: str, revision: str, facts: BinaryFacts) -> list[Component]:
    """Every module linked into the binary, the Go standard library among them, by name."""
    standard = LinkedModule("stdlib", facts.go_version.replace("go", "v", 1), None)
    linked = sorted((*facts.modules, standard), key=lambda module: (module.path, module.version))
    return [
        Component(
            service=service,
            revision=revision,
            name=module.path,
            version=module.version,
            purl=package_url(module.path, module.version).to_string(),
            checksum=module.checksum,
        )
        for module in linked
    ]


def package_url(path: str, version: str) -> PackageURL:
    """``pkg:golang/...`` of a module (purl specification, type golang)."""
    namespace, _, name = path.rpartition("/")
    # versions of replaced local modules such as (devel) have no place in a package URL
    known = version if version.startswith("v") else None
    return PackageURL("golang", namespace or None, name, known)


def bill_of_materials(
    platform: str,
    service: str,
    revision: str,
    binary_digest: str,
    version: str,
    created: datetime,
    facts: BinaryFacts,
) -> str:
    """The document; the same binary of the same commit gives the same bytes."""
    root = BomComponent(
        name=service,
        version=version,
        type=ComponentType.APPLICATION,
        bom_ref=f"service:{quote(service)}",
        properties=[
            Property(name="coffee-pipeline:revision", value=revision),
            Property(name="coffee-pipeline:binary", value=binary_digest),
            Property(name="coffee-pipeline:go", value=facts.go_version),
        ],
    )
    parts = [_component(record) for record in components(service, revision, facts)]
    identity = f"{platform}/{service}@{revision}#{binary_digest}"
    document = Bom(
        serial_number=uuid5(NAMESPACE_URL, identity),
        metadata=BomMetaData(
            timestamp=created.astimezone(UTC), component=root, tools=_tools(facts)
        ),
        components=parts,
    )
    document.register_dependency(root, parts)
    outputter = make_outputter(document, OutputFormat.JSON, SchemaVersion.V1_6)
    return outputter.output_as_string(indent=2)


def _tools(facts: BinaryFacts) -> ToolRepository:
    """What the list was made with: Go's own reading of the binary."""
    name, version = "go version -m", facts.go_version.removeprefix("go")
    return ToolRepository(
        components=[BomComponent(name=name, version=version, type=ComponentType.APPLICATION)]
    )


def _component(record: Component) -> BomComponent:
    checksum = [Property(name="go.sum", value=record.checksum)] if record.checksum else []
    return BomComponent(
        name=record.name,
        version=record.version,
        type=ComponentType.LIBRARY,
        purl=PackageURL.from_string(record.purl),
        bom_ref=f"{record.purl}#{record.version}",
        properties=checksum,
    )
