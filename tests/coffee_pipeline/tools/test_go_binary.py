from __future__ import annotations

import pytest

from coffee_pipeline.errors import ParseError
from coffee_pipeline.tools.go_binary import LinkedModule, parse

TEXT = """/src/menu: go1.26.8 X:jsonv2
\tpath\texample.test/menu/cmd/menu
\tmod\texample.test/menu\t(devel)\t
\tdep\texample.test/local\tv0.0.0
\t=>\t../local\t(devel)\t
\tdep\tgolang.org/x/text\tv0.3.0\th1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg=
\tbuild\t-trimpath=true
\tbuild\tCGO_ENABLED=0
\tbuild\tGOARCH=amd64
"""


def test_what_is_linked_into_a_binary() -> None:
    facts = parse(TEXT, "menu")
    assert facts.go_version == "go1.26.8"
    assert facts.package == "example.test/menu/cmd/menu"
    assert facts.main == LinkedModule("example.test/menu", "(devel)", None)
    assert facts.modules == (
        LinkedModule("example.test/local", "(devel)", None, "../local"),
        LinkedModule(
            "golang.org/x/text", "v0.3.0", "h1:g61tztE5qeGQ89tm6NTjjM9VPIm088od1l6aSorWRWg="
        ),
    )
    assert facts.settings["CGO_ENABLED"] == "0"


@pytest.mark.parametrize("text", ["", "menu: not executable file", "\n\n"])
def test_what_is_no_go_binary_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="not a Go binary"):
        parse(text, "menu")
