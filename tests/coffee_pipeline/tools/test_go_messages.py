from __future__ import annotations

import pytest

from coffee_pipeline.tools.go_messages import Complaint, complaint, first_line, shortened

WORDS = {
    "# example.test/a\n./main.go:3:15: undefined: nope": Complaint.COMPILE,
    "x.go:1:1: illegal character U+007F": Complaint.COMPILE,
    "go: errors parsing go.mod:\ngo.mod:1: unexpected input character": Complaint.COMPILE,
    "package a\n\timports b\n\timports a: import cycle not allowed": Complaint.COMPILE,
    "main.go:3:12: pattern nothere.txt: no matching files found": Complaint.COMPILE,
    "# [example.test/a]\nvet: ./a.go:3:2: undefined: b": Complaint.COMPILE,
    "# example.test/v\n# [example.test/v]\n./v_test.go:3:39: Printf format %d": Complaint.VET,
    "main.go:3:8: missing go.sum entry for module providing package x": Complaint.DEPENDENCY,
    "main.go:3:8: no required module provides package x; to add it:": Complaint.DEPENDENCY,
    "main.go:3:8: package nosuch is not in std (/go/src/nosuch)": Complaint.DEPENDENCY,
    'go: x@v1: Get "https://proxy.test/x": dial tcp: lookup proxy.test': Complaint.DEPENDENCY,
    "go: updates to go.mod needed; to update it:\n\tgo mod tidy": Complaint.DEPENDENCY,
    'go: warning: "./..." matched no packages\nno packages to test': Complaint.NO_PACKAGES,
    "go: go.mod requires go >= 1.99 (running go 1.26.8)": Complaint.GO_VERSION,
    "signal: killed": Complaint.OTHER,
    "": Complaint.OTHER,
}


@pytest.mark.parametrize("words", WORDS)
def test_go_is_understood(words: str) -> None:
    assert complaint(words) is WORDS[words]


def test_the_first_telling_line() -> None:
    assert first_line("# example.test/a\n\n./main.go:3: no\nmore") == "./main.go:3: no"
    assert first_line("# only a header") == "# only a header"
    assert first_line("") == ""


def test_long_words_are_cut_with_a_remark() -> None:
    assert shortened(" a ") == "a"
    assert shortened("abcdef", 4) == "abcd\n... 2 more characters"
