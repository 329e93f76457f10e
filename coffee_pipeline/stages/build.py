"""The build stage: a service's binary, its bill of materials, its image.

Each function returns evidence and writes nothing to the history. The image is made without a
container engine on an empty base, so it fits static binaries only.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError, ToolError
from coffee_pipeline.model.build import Artifact, Build
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import BuildOutcome, Outcome, Stage
from coffee_pipeline.platform.description import Service
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.process.command import Output
from coffee_pipeline.process.runner import run
from coffee_pipeline.stages import artifacts
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.module import ModuleWork, ToolProblem, open_module, tool_run
from coffee_pipeline.stages.oci import ImageContent, build_image
from coffee_pipeline.stages.sbom import bill_of_materials, components
from coffee_pipeline.stages.shared import recall, remember
from coffee_pipeline.tools import go_binary, go_build
from coffee_pipeline.tools.go_binary import BinaryFacts
from coffee_pipeline.tools.go_messages import first_line

_ARCHIVE = b"!<arch>"
"""How the file begins that ``go build -o`` writes for a package that is not main."""


def build_binary(context: StageContext, service: Service) -> Evidence:
    """Build the service's main package, or all packages of a library module.

    The binary lies in ``home.artifacts`` by its digest; the checkout is not written to. Whatever
    Go says (does not compile, a dependency is missing ...) is an outcome with Go's words.
    """
    started_at = datetime.now(UTC)
    try:
        work = open_module(context, service.module)
        evidence = _build(context, service, work)
    except ToolProblem as error:
        build = _record(context, service, BuildOutcome.NOT_RUN, str(error), started_at=started_at)
        evidence = Evidence(
            materialization=_key("build", context, service),
            outcome=Outcome.NOT_RUN,
            reason=str(error),
            records=(build,),
        )
    context.report(f"{service.name}: build {evidence.reason or 'done'}")
    return remember(context, evidence)


def make_sbom(context: StageContext, service: Service) -> Evidence:
    """List what is linked into the service's binary, as CycloneDX 1.6 JSON."""
    key = _key("sbom", context, service)
    try:
        binary = _binary_of(context, service)
        document = bill_of_materials(
            context.platform.name,
            service.name,
            context.revision,
            binary.artifact.digest,
            version_of(context.revision),
            _commit_time(context),
            binary.facts,
        ).encode()
        digest = artifacts.digest_of(document)
        name = f"{_base_name(service)}.cdx.json"
        folder = artifacts.store(context.home, digest, lambda place: _write(place / name, document))
    except ToolProblem as error:
        return Evidence(materialization=key, outcome=Outcome.NOT_RUN, reason=str(error))
    artifact = Artifact(
        service=service.name,
        revision=context.revision,
        kind="sbom",
        digest=digest,
        media_type=artifacts.SBOM_MEDIA_TYPE,
        path=f"{folder}/{name}",
        size_bytes=len(document),
    )
    listed = components(service.name, context.revision, binary.facts)
    return Evidence(materialization=key, outcome=Outcome.COMPLETED, records=(artifact, *listed))


def make_image(context: StageContext, service: Service) -> Evidence:
    """Wrap the service's static binary into an OCI image layout on an empty base."""
    key = _key("image", context, service)
    try:
        binary = _binary_of(context, service)
        settings = binary.facts.settings
        if settings.get("CGO_ENABLED") == "1" or settings.get("GOOS") != "linux":
            raise ToolError(
                f"{service.name}: an empty base fits static Linux binaries only; this one was "
                f"built with CGO_ENABLED={settings.get('CGO_ENABLED')} for {settings.get('GOOS')}"
            )
        image = build_image(
            ImageContent(
                name=_base_name(service),
                binary=binary.path.read_bytes(),
                version=version_of(context.revision),
                revision=context.revision,
                created=_commit_time(context),
                architecture=settings.get("GOARCH", "amd64"),
                operating_system="linux",
            )
        )
        folder = artifacts.store(context.home, image.digest, image.write)
    except ToolProblem as error:
        return Evidence(materialization=key, outcome=Outcome.NOT_RUN, reason=str(error))
    artifact = Artifact(
        service=service.name,
        revision=context.revision,
        kind="image",
        digest=image.digest,
        media_type=artifacts.IMAGE_MEDIA_TYPE,
        path=folder,
        size_bytes=image.size_bytes,
    )
    return Evidence(materialization=key, outcome=Outcome.COMPLETED, records=(artifact,))


def version_of(revision: str) -> str:
    """The version stamped into a binary: the short revision, which no later tag can change."""
    return revision[:12]


@dataclass(frozen=True)
class _Binary:
    """The stored binary of a service, and what Go says is in it."""

    artifact: Artifact
    path: Path
    facts: BinaryFacts


def _build(context: StageContext, service: Service, work: ModuleWork) -> Evidence:
    settings = context.platform.go
    context.home.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="build-", dir=context.home.cache) as temporary:
        target = Path(temporary) / _base_name(service) if service.kind == "service" else None
        output = run(
            go_build.command(
                work.go.path,
                work.folder,
                service.package,
                target,
                settings=service.build,
                version=version_of(context.revision),
                revision=context.revision,
                environment=work.environment,
                timeout_seconds=settings.build_timeout_seconds,
            )
        )
        outcome, detail = go_build.outcome_of(output)
        artifact = None
        if outcome is BuildOutcome.BUILT and target is not None:
            outcome, detail = _check_program(service, target)
        if outcome is BuildOutcome.BUILT and target is not None:
            artifact = _store_binary(context, service, target)
    return _build_evidence(context, service, work, output, outcome, detail, artifact)


def _check_program(service: Service, path: Path) -> tuple[BuildOutcome, str | None]:
    if not path.is_file():
        return BuildOutcome.TOOL_FAILED, "go build said nothing and wrote no binary"
    with path.open("rb") as stream:
        if stream.read(len(_ARCHIVE)) == _ARCHIVE:
            detail = f"{service.package} is not a main package: there is nothing to deploy"
            return BuildOutcome.NO_PACKAGES, detail
    return BuildOutcome.BUILT, None


def _store_binary(context: StageContext, service: Service, built: Path) -> Artifact:
    digest, size = artifacts.digest_of_file(built), built.stat().st_size
    folder = artifacts.store(
        context.home, digest, lambda place: _copy_program(built, place / built.name)
    )
    # another service of the same bytes may have stored them under its name
    stored = next(artifacts.artifact_path(context.home, folder).iterdir())
    if artifacts.digest_of_file(stored) != digest:
        raise EnvironmentFailedError(f"{stored}: this artifact was changed; delete its folder")
    return Artifact(
        service=service.name,
        revision=context.revision,
        kind="binary",
        digest=digest,
        media_type=artifacts.BINARY_MEDIA_TYPE,
        path=f"{folder}/{stored.name}",
        size_bytes=size,
    )


def _build_evidence(
    context: StageContext,
    service: Service,
    work: ModuleWork,
    output: Output,
    outcome: BuildOutcome,
    detail: str | None,
    artifact: Artifact | None,
) -> Evidence:
    built = outcome is BuildOutcome.BUILT
    trust = Outcome.COMPLETED if built else Outcome.FAILED
    reason = None if built else f"{outcome.value.replace('_', ' ')}: {first_line(detail or '')}"
    build = _record(
        context, service, outcome, detail,
        started_at=output.started_at, seconds=output.duration_seconds,
        artifact=artifact, go_version=work.go.version,
    )  # fmt: skip
    ran = tool_run(
        Stage.BUILD.value, go_build.NAME, work.go.version, service.name, context.revision,
        output, trust, reason,
    )  # fmt: skip
    return Evidence(
        materialization=_key("build", context, service),
        outcome=trust,
        reason=reason,
        records=(build, ran) if artifact is None else (build, artifact, ran),
    )


def _record(
    context: StageContext,
    service: Service,
    outcome: BuildOutcome,
    detail: str | None,
    *,
    started_at: datetime,
    seconds: float = 0.0,
    artifact: Artifact | None = None,
    go_version: str | None = None,
) -> Build:
    return Build(
        service=service.name,
        module=service.module,
        package=service.package,
        revision=context.revision,
        outcome=outcome.value,
        detail=detail,
        digest=artifact.digest if artifact else None,
        size_bytes=artifact.size_bytes if artifact else None,
        go_version=go_version,
        started_at=started_at,
        duration_seconds=seconds,
    )


def _binary_of(context: StageContext, service: Service) -> _Binary:
    """The binary this delivery built, else the one in the history.

    Raises:
        ToolError: there is none, or its file is gone.
    """
    if service.kind == "library":
        raise ToolError(f"{service.name}: a library has no binary")
    evidence = recall(context, _key("build", context, service))
    found: list[Artifact] = (
        [a for a in evidence.records if isinstance(a, Artifact)] if evidence else []
    )
    if evidence is None:
        context.history.refresh()
        where = "service = ? and revision = ? and kind = 'binary'"
        found = context.history.records(Artifact, where, (service.name, context.revision))
    if not found:
        raise ToolError(f"{service.name}: there is no binary of {context.revision[:12]}")
    path = artifacts.artifact_path(context.home, found[-1].path)
    if not path.is_file():
        raise ToolError(f"{path}: the binary is gone; build {service.name} again")
    go = context.toolbox.locate("go")
    return _Binary(found[-1], path, _facts(go.path, path))


@lru_cache(maxsize=128)
def _facts(go: Path, binary: Path) -> BinaryFacts:
    """What Go says of a binary; asked once, since its path is its digest."""
    output = run(go_binary.command(go, binary))
    return go_binary.parse(output.stdout.decode("utf-8", "replace"), str(binary))


def _commit_time(context: StageContext) -> datetime:
    repository = Repository(context.repository)
    return repository.revision(context.revision, context.platform.name).committed_at


def _key(kind: str, context: StageContext, service: Service) -> str:
    return f"{kind}/{service.name}@{context.revision}"


def _base_name(service: Service) -> str:
    return service.name.rpartition("/")[2] or "service"


def _copy_program(source: Path, target: Path) -> None:
    shutil.copyfile(source, target)
    target.chmod(0o755)


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
