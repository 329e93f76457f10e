"""The scan stage of a service: its module's code and dependencies, and its image."""

from __future__ import annotations

from collections.abc import Sequence

from coffee_pipeline.errors import ToolError
from coffee_pipeline.model.build import Artifact
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.platform.description import Service
from coffee_pipeline.stages.artifacts import artifact_path
from coffee_pipeline.stages.context import StageContext
from coffee_pipeline.stages.module import ModuleWork, open_module
from coffee_pipeline.stages.repository_scan import service_of
from coffee_pipeline.stages.scanner import chosen, scan
from coffee_pipeline.stages.shared import StageResult, once_per_delivery
from coffee_pipeline.tools import gosec, govulncheck, osv_database, osv_scanner, staticcheck, trivy
from coffee_pipeline.tools.base import Target
from coffee_pipeline.tools.registry import MODULE_SCANNERS
from coffee_pipeline.tools.vulndb import database_folder, database_url

GARBAGE_COLLECTION = {"GOGC": "800", "GOMEMLIMIT": "3GiB"}
"""Go's own settings for scanners written in Go: they live for seconds and build large graphs, so
collecting garbage seldom saves a third of their processor time; the limit bounds its price."""


def static_analysis(context: StageContext, service: Service) -> list[Evidence]:
    """What looks at the code of the service's module; shared with the module's other services."""
    return _of_module(context, service, (gosec.NAME, staticcheck.NAME))


def dependency_scan(context: StageContext, service: Service) -> list[Evidence]:
    """What looks at the dependencies of the service's module."""
    return _of_module(context, service, (govulncheck.NAME, osv_scanner.NAME))


def _of_module(context: StageContext, service: Service, tools: Sequence[str]) -> list[Evidence]:
    wanted = [name for name in tools if chosen(context.platform, name)]
    return [scan_module(context, service.module, name).evidence for name in wanted]


def scan_module(context: StageContext, module: str, tool_name: str) -> StageResult:
    """Run a scanner of Go modules over one once in this delivery."""
    tool = MODULE_SCANNERS[tool_name]
    key = f"scan/{tool.NAME}/{module}@{context.revision}"

    def work() -> Evidence:
        nowhere = Target(
            checkout=context.repository,
            module=module,
            revision=context.revision,
            service=service_of(module, context.platform),
        )
        opened: list[ModuleWork] = []

        def target() -> Target:
            return _module_target(context, opened[0])

        try:
            opened.append(open_module(context, module))
        except ToolError as error:
            problem = error
            return scan(context, tool, key, lambda: _raise(problem), nowhere)
        return scan(context, tool, key, target, nowhere, at_least=opened[0].go_directive)

    return once_per_delivery(context, key, work)


def _raise(error: ToolError) -> Target:
    raise error


def _module_target(context: StageContext, work: ModuleWork) -> Target:
    packages = work.packages()
    folders = tuple(package.folder for package in packages or () if package.has_code)
    return Target(
        checkout=work.checkout,
        module=work.module,
        revision=context.revision,
        service=service_of(work.module, context.platform),
        nested=work.nested,
        packages=folders or ("./...",),
        packages_listed=len(folders) if packages is not None else None,
        timeout_seconds=context.platform.go.scan_timeout_seconds,
        environment={**work.environment, **GARBAGE_COLLECTION},
        settings=_settings(context),
        tags=work.tags,
    )


def _settings(context: StageContext) -> dict[str, str]:
    """Where the databases of vulnerabilities are."""
    url = database_url(context.platform.vulndb, context.base)
    named, local = context.platform.security.osv_database, database_folder(url)
    database = context.base / named if named else None
    if named is None and local is not None:
        try:
            database = osv_database.made_of(local, context.home.cache / "osv")
        except OSError as error:
            context.report(f"{local}: no OSV database can be made of it ({error.strerror})")
    return {"vulndb": url} | ({"osv_database": str(database)} if database else {})


def image_scan(context: StageContext, service: Service) -> list[Evidence]:
    """What looks at the service's image of the context's revision."""
    if not chosen(context.platform, trivy.NAME):
        return []
    nowhere = image_target(context, service.name)

    def target() -> Target:
        context.history.refresh()
        where = "service = ? and revision = ? and kind = 'image'"
        images = context.history.records(Artifact, where, (service.name, context.revision))
        if not images:
            raise ToolError(f"{service.name}: there is no image of {context.revision[:12]}")
        return image_target(context, service.name, images[-1])

    key = f"scan/{trivy.NAME}/{nowhere.scope_name}@{context.revision}"
    return [scan(context, trivy, key, target, nowhere)]


def image_target(
    context: StageContext, service: str, image: Artifact | None = None, seen_in: str | None = None
) -> Target:
    """A service's image as what is scanned; ``seen_in`` is the environment that it runs in."""
    layout = artifact_path(context.home, image.path) if image else None
    cache = context.platform.security.trivy_cache
    settings = {"image_layout": str(layout or "")}
    if cache:
        settings["trivy_cache"] = str(context.base / cache)
    return Target(
        checkout=layout or context.repository,
        module=".",
        revision=image.revision if image else context.revision,
        timeout_seconds=context.platform.go.scan_timeout_seconds,
        settings=settings,
        scope=f"{seen_in or 'image'}:{service}",
        service=service,
        seen_in=seen_in,
        image_digest=image.digest if image else None,
        in_image=True,
    )
