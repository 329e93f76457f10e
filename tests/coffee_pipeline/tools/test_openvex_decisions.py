"""OpenVEX documents as decisions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ConfigurationError, ParseError
from coffee_pipeline.tools.openvex_decisions import is_openvex, read_openvex

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def statement(status: str = "not_affected", **more: Any) -> dict[str, Any]:
    return {
        "vulnerability": {"name": "CVE-2024-1"},
        "products": [{"@id": "pkg:golang/golang.org/x/Text@v0.3.0"}],
        "status": status,
        "justification": "vulnerable_code_not_in_execute_path",
        **more,
    }


def document(*statements: dict[str, Any], indent: str | int | None = 1) -> bytes:
    return json.dumps(
        {"@context": CONTEXT, "@id": "https://example.test/vex", "author": "Ada",
         "timestamp": "2026-03-01T00:00:00Z", "version": 1, "statements": list(statements)},
        indent=indent,
    ).encode()  # fmt: skip


def read(*statements: dict[str, Any]):
    return read_openvex("vex/a.json", document(*statements), "r1", {"menu"})


def test_what_is_not_affected_is_decided() -> None:
    [one] = read(statement())
    assert (one.vulnerability, one.component, one.component_version, one.service) == (
        "CVE-2024-1", "golang.org/x/text", "0.3.0", None,
    )  # fmt: skip
    assert (one.state, one.author, one.expires_at) == ("not_affected", "Ada", None)
    assert one.reason == "not_affected: vulnerable_code_not_in_execute_path"
    assert (one.file, one.revision, one.source) == ("vex/a.json", "r1", "openvex")
    assert is_openvex(document())


@pytest.mark.parametrize("status", ["affected", "under_investigation"])
def test_the_latest_statement_counts(status: str) -> None:
    later = statement(status, timestamp="2026-03-02T00:00:00Z")
    assert read(statement(), later) == []
    assert read(later, statement()) == []
    assert len(read(later, statement(timestamp="2026-03-03T00:00:00"))) == 1


def test_an_image_of_a_service_is_all_that_is_in_it_or_its_parts() -> None:
    image = {"@id": "pkg:oci/menu@sha256:abc?repository_url=registry.test/shop"}
    [all_of_it] = read(statement(products=[image]))
    assert (all_of_it.service, all_of_it.component) == ("menu", None)
    parts = [{"@id": "pkg:golang/a.test/b@v1.0.0"}, {"identifiers": {"purl": "pkg:maven/g/a"}}]
    decided = read(statement(products=[{**image, "subcomponents": parts}]))
    assert [(one.service, one.component, one.component_version) for one in decided] == [
        ("menu", "a.test/b", "1.0.0"), ("menu", "g/a", None),
    ]  # fmt: skip
    assert read(statement(products=[{"@id": "pkg:oci/other"}])) == []


def test_version_0_0_1_has_plain_names() -> None:
    [one] = read(statement(vulnerability="CVE-2024-2", products=["pkg:golang/a.test/b"]))
    assert (one.vulnerability, one.component) == ("CVE-2024-2", "a.test/b")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        (statement(status="fine"), "statements[0].status"),
        (statement(justification=None), "needs a justification"),
        (statement(vulnerability={}), "a name is missing"),
        (statement(vulnerability=None), "statements[0].vulnerability"),
        (statement(products="x"), "statements[0].products"),
        (statement(timestamp="soon"), "statements[0].timestamp"),
    ],
)
def test_a_broken_statement_names_line_and_field(broken: dict[str, Any], message: str) -> None:
    for indent in (1, "\t"):
        with pytest.raises(ConfigurationError) as caught:
            read_openvex("vex/a.json", document(broken, indent=indent), None, ())
        assert message in str(caught.value)
        assert str(caught.value).split(":")[1].isdigit()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(),
                    lambda inner: st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["name", "@id", "products", "status"]), inner,
                                      max_size=3),
                    max_leaves=8))  # fmt: skip
def test_any_statement_is_read_or_a_deliberate_error(value: Any) -> None:
    content = document({**statement(), "products": value}, {**statement(), "vulnerability": value})
    try:
        read_openvex("x", content, None, ())
    except (ConfigurationError, ParseError) as error:
        assert str(error).startswith("x")  # noqa: PT017
