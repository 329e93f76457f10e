from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.errors import ParseError
from coffee_pipeline.home import Home
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run
from coffee_pipeline.toolbox.toolbox import Toolbox
from coffee_pipeline.tools.coverage import (
    Block,
    Coverage,
    by_package,
    in_functions,
    parse_profile,
    total,
)

ODD_GO = """package odd

import "fmt"

var literal = func(a int) int {
	if a > 1 {
		return 2
	}
	return 1
}

var (
	table = map[string]func(){
		"a": func() { fmt.Sprint("}") },
	}
)

type thing struct{ f func() int }

func empty() interface{} { return nil }

func returns() struct{ a int } {
	// func comment() {
	return struct{ a int }{1} /* } */
}

func (t *thing) method(x interface{}) (r rune) {
	s := `raw { string
func not() {`
	if x == nil {
		return '{'
	}
	_ = s
	f := func() int { return 3 }
	f()
	return '\\''
}

func generic[T interface{ ~int | ~string }](a T) T { return a }; func same() { _ = 1; _ = 2 }

func oneLine() { fmt.Sprint("{"); fmt.Sprint("\\"}") }
"""
ODD_TEST = """package odd

import "testing"

func TestOdd(t *testing.T) {
	literal(3)
	empty()
	(&thing{}).method(nil)
	same()
}
"""


def test_the_total_is_that_of_go_tool_cover(tmp_path: Path, home: Home) -> None:
    module = tmp_path / "odd"
    (module / "other").mkdir(parents=True)
    (module / "go.mod").write_text("module example.test/odd\n\ngo 1.22\n")
    (module / "odd.go").write_text(ODD_GO)
    (module / "odd_test.go").write_text(ODD_TEST)
    (module / "other" / "other.go").write_text(
        "package other\n\nfunc F(a int) int {\n\tif a > 0 {\n\t\treturn 1\n\t}\n\treturn 0\n}\n"
    )
    toolbox = Toolbox(home)
    go, environment = toolbox.locate("go").path, {**toolbox.go_environment(), "GOWORK": "off"}
    profile = tmp_path / "cover.out"

    def ask(*arguments: str) -> str:
        command = Command(argv=(str(go), *arguments), cwd=module, environment=environment)
        done = run(command)
        assert done.answered, done.tail()
        return done.stdout.decode()

    ask("test", "-count=1", f"-coverprofile={profile}", "./...")
    said = ask("tool", "cover", f"-func={profile}").splitlines()[-1].split()[-1]
    every = parse_profile(profile.read_text())
    counted = in_functions(every, module, "example.test/odd")
    percent = total(counted.values()).percent
    assert percent is not None
    assert f"{percent:.1f}%" == said
    assert len(counted) < len(every), "the literals of package variables do not count"
    packages = by_package(counted)
    assert packages["example.test/odd/other"] == Coverage(statements=3, covered=0)
    assert sum(c.statements for c in packages.values()) == total(counted.values()).statements


def test_the_same_block_twice_is_one_block() -> None:
    text = "mode: set\na/b.go:1.2,3.4 5 0\na/b.go:1.2,3.4 5 1\na/b.go:9.1,9.9 5 0\n"
    assert total(parse_profile(text).values()) == Coverage(statements=10, covered=5)


def test_no_statements_are_no_percentage() -> None:
    assert total(parse_profile("mode: set\n").values()).percent is None


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", "line 1"),
        ("nonsense", "line 1"),
        ("mode: set\na.go:1.2,3.4 5", "line 2"),
        ("mode: set\na.go:1.2,3.4 5 1\na.go:1.2,3.4 6 1\n", "line 3"),
    ],
)
def test_broken_profiles_are_refused_with_their_line(text: str, position: str) -> None:
    with pytest.raises(ParseError, match=position):
        parse_profile(text, "cover.out")


BLOCK = st.tuples(
    st.sampled_from(["m/a.go", "m/b/c.go"]), st.integers(1, 50), st.integers(0, 9), st.booleans()
)


@given(st.lists(BLOCK), st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_change_the_total(blocks, random) -> None:
    known = {(file, line): (statements, ran) for file, line, statements, ran in blocks}
    lines = [f"{f}:{n}.1,{n}.9 {s} {int(ran)}" for (f, n), (s, ran) in known.items()]
    once = parse_profile("\n".join(["mode: set", *lines]))
    shuffled = lines * 2
    random.shuffle(shuffled)
    assert parse_profile("\n".join(["mode: set", *shuffled])) == once
    assert total(once.values()).statements == sum(s for s, _ in known.values())
    assert total(once.values()).covered == sum(s for s, ran in known.values() if ran)
    assert all(isinstance(block, Block) for block in once.values())


@given(st.text())
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        blocks = parse_profile(f"mode: set\n{text}")
    except ParseError:
        return
    assert total(blocks.values()).covered <= total(blocks.values()).statements


def test_files_outside_the_module_are_kept(tmp_path: Path) -> None:
    blocks = parse_profile("mode: set\nm/../../etc/passwd:1.1,2.2 1 1\nelse/x.go:1.1,2.2 1 0\n")
    assert in_functions(blocks, tmp_path, "m") == blocks
