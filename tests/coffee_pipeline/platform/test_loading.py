from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError
from coffee_pipeline.platform.git import Repository
from coffee_pipeline.platform.loading import check_paths, json_schema, load_platform
from tests.conftest import ROOT

GOOD = """\
name: shop
modules:
  - path: services/a
services:
  - name: a
    module: services/a
"""

BROKEN = [
    ("", "1: empty"),
    ("- a\n", "1: must be a mapping"),
    ("name: [\n", "not YAML"),
    ("name: 1\n", "1: name: Input should be a valid string (found 1)"),
    ("name: shop\nservicez: []\n", "2: servicez: unknown key; did you mean 'services'?"),
    ("name: shop\nname: shop\n", "2: name: key given twice"),
    ("modules: []\n", "1: name: missing"),
    (GOOD.replace("path: services/a", "path: ../a"), "modules[0].path"),
    (GOOD + "  - name: a\n    module: services/a\n", "7: services: the name 'a' is used already"),
    (GOOD.replace("    module: services/a", "    module: services/b"), "is not under modules"),
    (GOOD + "    kind: lambda\n", "7: services[0].kind"),
    (
        GOOD + "    run: {environmnt: {}}\n",
        "7: services[0].run.environmnt: unknown key; did you mean",
    ),
    (GOOD + "rollout: {canary: {steps_percent: [50, 10]}}\n", "steps_percent must rise"),
    ("name: !!python/object:os.system x\n", "1: could not determine a constructor"),
]


@pytest.mark.parametrize(("text", "message"), BROKEN)
def test_a_broken_description_names_file_line_and_field(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "platform.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_platform(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_file_says_how_to_write_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="coffee-pipeline init"):
        load_platform(tmp_path / "absent.yaml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "platform.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        load_platform(path)


def test_a_document_that_aliases_blow_up_is_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    path = tmp_path / "platform.yaml"
    path.write_text("\n".join(lines))
    with pytest.raises(ConfigurationError, match="aliases"):
        load_platform(path)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_any_document_is_a_platform_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: object
) -> None:
    path = tmp_path_factory.mktemp("any") / "platform.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_platform(path)


def test_the_bundled_platform_is_valid_and_its_paths_exist(git_folder) -> None:
    platform = load_platform(ROOT / "examples/go-coffee/platform.yaml")
    assert [s.name for s in platform.services if s.kind == "service"] == [
        "menu", "payments", "kitchen", "orders", "storefront",
    ]  # fmt: skip


def test_missing_paths_are_named_with_their_line(git_folder, tmp_path: Path) -> None:
    folder = git_folder("repo")
    sha = folder.commit({"services/b/go.mod": "module b\n"})
    path = tmp_path / "platform.yaml"
    path.write_text(GOOD)
    with pytest.raises(ConfigurationError, match=r"platform.yaml:3: modules\[0\].path"):
        check_paths(load_platform(path), Repository(folder.path), sha, path)


def test_the_published_schema_is_current() -> None:
    import json

    assert json.loads((ROOT / "docs/platform.schema.json").read_text()) == json_schema()
