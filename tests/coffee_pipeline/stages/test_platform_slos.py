"""The SLOs of a platform: what one broken file takes away, and what it does not."""

from __future__ import annotations

from pathlib import Path

from coffee_pipeline.platform.description import Platform
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.stages.platform_slos import PlatformSlos, left_out, platform_slos
from tests.conftest import GitFolder

SLOTH = """\
version: prometheus/v1
service: SERVICE
slos:
  - name: NAME
    objective: 99
    sli: {events: {error_query: "a[{{.window}}]", total_query: "b[{{.window}}]"}}
    alerting: {name: X}
"""


def sloth(name: str, service: str = "kettle") -> str:
    return SLOTH.replace("NAME", name).replace("SERVICE", service)


def slos_of(folder: Path, files: dict[str, str], services: dict[str, list[str]]) -> PlatformSlos:
    git = GitFolder(folder / "repository")
    git.commit({"go.mod": "module example.com/tea\n", **files}, "begin")
    listed = [{"name": one, "module": ".", "slos": slos} for one, slos in services.items()]
    platform = Platform.model_validate(
        {"name": "tea", "modules": [{"path": "."}], "services": listed}
    )
    return platform_slos(platform, Repository(git.path), "main")


def test_a_broken_slo_file_is_named_and_the_others_are_measured(tmp_path: Path) -> None:
    broken = sloth("sings").replace("99", "nine")
    found = slos_of(
        tmp_path,
        {"boils.yaml": sloth("boils"), "sings.yaml": broken, "two.yaml": f"{broken}---\n"
         + sloth("whistles"), "pot.yaml": sloth("pours", "pot")},
        {"kettle": ["boils.yaml", "sings.yaml", "two.yaml", "gone.yaml"], "pot": ["pot.yaml"]},
    )  # fmt: skip
    assert [one.key for one in found.owned] == ["kettle:boils", "kettle:whistles", "pot:pours"]
    assert [one.split(": ")[0] for one in found.problems] == [
        "gone.yaml", "sings.yaml:5", "two.yaml:5",
    ]  # fmt: skip
    assert left_out(found, ["kettle:boils", "kettle:sings"]) == [
        "kettle:sings: no valid file defines it (any more)", *found.problems,
    ]  # fmt: skip


def test_of_two_slos_of_one_name_the_first_is_measured_and_the_other_named(tmp_path: Path) -> None:
    files = {"a.yaml": sloth("boils"), "b.yaml": sloth("boils", "pot"), "c.yaml": sloth("boils")}
    found = slos_of(tmp_path, files, {"kettle": list(files)})
    assert [(one.key, one.slo.file) for one in found.owned] == [("kettle:boils", "a.yaml")]
    assert sorted(found.problems) == [
        "b.yaml:4: name: boils of kettle is also at a.yaml:4",
        "c.yaml:4: name: kettle-boils is also the SLO of a.yaml:4",
    ]
