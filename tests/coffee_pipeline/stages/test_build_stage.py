from __future__ import annotations

import gzip
import json
import stat
import subprocess
import tarfile
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.model.build import Artifact, Build, Component
from coffee_pipeline.model.execution import ToolRun
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import BuildSettings
from coffee_pipeline.stages import artifacts
from coffee_pipeline.stages.build import build_binary, make_image, make_sbom, version_of

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

MAIN = "package main\n\nfunc main() {}\n"
STAMPED = """package main

var version, revision string

func main() { println(version, revision) }
"""
MODULE = "module example.test/shop\n\ngo 1.22\n"
SHOP = {"go.mod": MODULE, "cmd/shop/main.go": STAMPED, "lib/lib.go": "package lib\n"}


def of(evidence, record_type):
    return [record for record in evidence.records if isinstance(record, record_type)]


def only(evidence, record_type):
    (found,) = of(evidence, record_type)
    return found


@pytest.fixture
def shop(deliver):
    return deliver(SHOP)


def test_the_same_revision_gives_the_same_binary(deliver) -> None:
    first, second = deliver(SHOP, 1), deliver(SHOP, 2)
    assert first.context.revision == second.context.revision
    assert first.context.checkout() != second.context.checkout()
    builds = [only(build_binary(d.context, d.service("shop")), Build) for d in (first, second)]
    assert builds[0].outcome == builds[1].outcome == "built"
    assert builds[0].digest == builds[1].digest


def test_a_binary_is_stamped_stored_by_digest_and_runs(shop) -> None:
    settings = BuildSettings(ldflags="-s -w -X main.version={version} -X main.revision={revision}")
    service = shop.service("shop").model_copy(update={"build": settings})
    evidence = build_binary(shop.context, service)
    assert (evidence.outcome, evidence.reason) == (Outcome.COMPLETED, None)
    assert evidence.materialization == f"build/shop@{shop.context.revision}"
    artifact = only(evidence, Artifact)
    path = artifacts.artifact_path(shop.context.home, artifact.path)
    assert artifacts.digest_of_file(path) == artifact.digest == only(evidence, Build).digest
    assert path.stat().st_mode & stat.S_IXUSR
    said = subprocess.run([path], capture_output=True, text=True, check=True).stderr.split()
    assert said == [version_of(shop.context.revision), shop.context.revision]
    run = only(evidence, ToolRun)
    assert (run.tool, run.outcome, run.exit_code, run.scope) == ("go build", "completed", 0, "shop")


def snapshot(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_nothing_is_written_into_the_checkout(deliver) -> None:
    inner = {"a/go.mod": "module a.test\n", "a/a.go": "package a\n"}
    shop = deliver({"go.mod": MODULE, "main.go": MAIN, **inner})
    before = snapshot(shop.context.checkout())
    for service in shop.context.platform.services:
        assert build_binary(shop.context, service).outcome is Outcome.COMPLETED
    assert snapshot(shop.context.checkout()) == before


BROKEN = {
    "compile_failed": {"main.go": "package main\n\nfunc main() { nope() }\n"},
    "dependency_missing": {
        "go.mod": "module a.test\n\ngo 1.22\n\nrequire example.invalid/x v1.0.0\n",
        "main.go": 'package main\n\nimport _ "example.invalid/x"\n\nfunc main() {}\n',
    },
    "tool_failed": {"go.mod": "module a.test\n\ngo 1.999\n", "main.go": MAIN},
    "no_packages": {"main.go": "//go:build plan9\n\npackage main\n\nfunc main() {}\n"},
}


@pytest.mark.parametrize("outcome", BROKEN)
def test_what_go_refuses_is_an_outcome_with_its_words(deliver, outcome: str) -> None:
    shop = deliver({"go.mod": "module a.test\n\ngo 1.22\n", **BROKEN[outcome]})
    (service,) = shop.context.platform.services
    evidence = build_binary(shop.context, service)
    build = only(evidence, Build)
    assert build.outcome == outcome
    assert evidence.outcome is Outcome.FAILED
    assert evidence.reason
    assert build.detail
    assert build.digest is None
    assert not of(evidence, Artifact)


def test_a_package_that_is_not_main_is_nothing_to_deploy(shop) -> None:
    service = shop.service("shop").model_copy(update={"package": "./lib"})
    build = only(build_binary(shop.context, service), Build)
    assert build.outcome == "no_packages"
    assert "not a main package" in str(build.detail)


def test_a_library_is_built_to_nothing(deliver) -> None:
    library = deliver({"go.mod": MODULE, "lib.go": "package lib\n", "x/x.go": "package x\n"})
    (service,) = library.context.platform.services
    assert service.kind == "library"
    evidence = build_binary(library.context, service)
    assert only(evidence, Build).outcome == "built"
    assert not of(evidence, Artifact)
    assert make_sbom(library.context, service).outcome is Outcome.NOT_RUN


def test_a_module_the_revision_does_not_have_is_accounted_for(shop) -> None:
    service = shop.service("shop").model_copy(update={"module": "later"})
    evidence = build_binary(shop.context, service)
    assert evidence.outcome is Outcome.NOT_RUN
    assert only(evidence, Build).outcome == "not_run"
    assert "there is no go.mod" in str(evidence.reason)


def test_the_bill_of_materials_is_valid_and_reproducible(deliver) -> None:
    documents = []
    for number in (1, 2):
        shop = deliver(SHOP, number)
        service = shop.service("shop")
        build_binary(shop.context, service)
        evidence = make_sbom(shop.context, service)
        assert evidence.outcome is Outcome.COMPLETED
        artifact = only(evidence, Artifact)
        path = artifacts.artifact_path(shop.context.home, artifact.path)
        assert artifacts.digest_of_file(path) == artifact.digest
        documents.append(path.read_text())
    assert documents[0] == documents[1]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(documents[0]) is None
    document = json.loads(documents[0])
    assert document["metadata"]["timestamp"].startswith("2026-01-05T10:00:00")
    names = [component["name"] for component in document["components"]]
    assert names == [component.name for component in of(evidence, Component)] == ["stdlib"]


def test_without_a_binary_there_is_no_bill_and_no_image(deliver) -> None:
    broken = deliver({"go.mod": MODULE, **BROKEN["compile_failed"]})
    (service,) = broken.context.platform.services
    build_binary(broken.context, service)
    for step in (make_sbom, make_image):
        evidence = step(broken.context, service)
        assert evidence.outcome is Outcome.NOT_RUN
        assert "there is no binary" in str(evidence.reason)


def test_a_later_delivery_finds_the_binary_in_the_history(shop) -> None:
    service = shop.service("shop")
    HistoryWriter(shop.context.home).write(build_binary(shop.context, service))
    later = shop.again(delivery="second")
    assert make_sbom(later.context, service).outcome is Outcome.COMPLETED
    evidence = make_image(later.context, service)
    assert evidence.outcome is Outcome.COMPLETED


def test_a_binary_that_is_gone_is_said_so(shop) -> None:
    service = shop.service("shop")
    artifact = only(build_binary(shop.context, service), Artifact)
    artifacts.artifact_path(shop.context.home, artifact.path).unlink()
    evidence = make_image(shop.context, service)
    assert evidence.outcome is Outcome.NOT_RUN
    assert "the binary is gone" in str(evidence.reason)
    assert build_binary(shop.context, service).outcome is Outcome.COMPLETED
    assert make_image(shop.context, service).outcome is Outcome.COMPLETED


def test_a_changed_artifact_is_not_taken_for_the_build(shop) -> None:
    service = shop.service("shop")
    artifact = only(build_binary(shop.context, service), Artifact)
    artifacts.artifact_path(shop.context.home, artifact.path).write_bytes(b"something else")
    evidence = build_binary(shop.context, service)
    assert evidence.outcome is Outcome.NOT_RUN
    assert "was changed" in str(evidence.reason)


def test_the_image_keeps_the_rules_of_the_image_spec(shop, tmp_path: Path) -> None:
    service = shop.service("shop")
    binary = only(build_binary(shop.context, service), Artifact)
    evidence = make_image(shop.context, service)
    artifact = only(evidence, Artifact)
    layout = artifacts.artifact_path(shop.context.home, artifact.path)
    assert json.loads((layout / "oci-layout").read_bytes()) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads((layout / "index.json").read_bytes())
    assert index["schemaVersion"] == 2
    (entry,) = index["manifests"]
    assert entry["digest"] == artifact.digest

    def blob(descriptor) -> bytes:
        algorithm, _, value = descriptor["digest"].partition(":")
        content = (layout / "blobs" / algorithm / value).read_bytes()
        assert artifacts.digest_of(content) == descriptor["digest"]
        assert len(content) == descriptor["size"]
        return content

    manifest = json.loads(blob(entry))
    assert manifest["mediaType"] == entry["mediaType"] == artifact.media_type
    config = json.loads(blob(manifest["config"]))
    assert {"architecture", "os", "rootfs"} <= set(config)
    assert config["config"]["User"] == "65532:65532"
    assert config["config"]["Entrypoint"] == ["/app/shop"]
    labels = config["config"]["Labels"]
    assert labels["org.opencontainers.image.revision"] == shop.context.revision
    assert labels["org.opencontainers.image.created"] == config["created"] == "2026-01-05T10:00:00Z"
    (layer,) = manifest["layers"]
    packed = tmp_path / "layer.tar.gz"
    packed.write_bytes(blob(layer))
    with tarfile.open(packed) as archive:
        members = {member.name: member for member in archive.getmembers()}
        assert list(members) == ["app", "app/shop"]
        program = members["app/shop"]
        assert (program.uid, program.gid, program.mode) == (65532, 65532, 0o755)
        stored = archive.extractfile(program)
        assert stored is not None
        assert artifacts.digest_of(stored.read()) == binary.digest
    assert config["rootfs"] == {
        "type": "layers",
        "diff_ids": [artifacts.digest_of(gzip.decompress(packed.read_bytes()))],
    }
    assert make_image(shop.context, service).records == evidence.records


def test_a_dynamic_binary_is_refused_for_an_empty_base(shop) -> None:
    service = shop.service("shop").model_copy(update={"build": BuildSettings(cgo=True)})
    if build_binary(shop.context, service).outcome is not Outcome.COMPLETED:
        pytest.skip("there is no C compiler here")
    evidence = make_image(shop.context, service)
    assert evidence.outcome is Outcome.NOT_RUN
    assert "CGO_ENABLED=1" in str(evidence.reason)
