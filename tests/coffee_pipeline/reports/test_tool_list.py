from __future__ import annotations

from coffee_pipeline.reports.tool_list import Use, is_run_here, tool_list
from coffee_pipeline.reports.tool_page import to_markdown
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.products import PRODUCTS
from coffee_pipeline.tools.registry import FORMATS, SCANNERS


def test_no_tool_and_no_format_is_listed_twice_or_left_out() -> None:
    entries = tool_list()
    names = [entry.name for entry in entries]
    assert len(names) == len(set(names)) == len({entry.title for entry in entries})
    listed = [reported.NAME for entry in entries for reported in entry.reports]
    # Some formats go by a second name, too.
    assert sorted(listed) == sorted({one.NAME for one in FORMATS.values()})


def test_a_scanner_is_run_and_what_has_no_adapter_is_not() -> None:
    uses = {entry.name: entry.use for entry in tool_list()}
    assert all(uses[name] is Use.RUN for name in SCANNERS)
    for name, pin in PINS.items():
        if pin.scans and (name not in FORMATS or not is_run_here(FORMATS[name])):
            assert uses[name] is not Use.RUN
    for product in PRODUCTS:
        read = any(name in FORMATS for name in product.formats)
        assert uses[product.formats[0]] is (Use.READ if read else Use.NONE)


def test_every_row_of_the_page_has_the_cells_of_its_heading() -> None:
    cells = 0
    for line in to_markdown(tool_list()).splitlines():
        if not line.startswith("|"):
            cells = 0
        elif cells == 0:
            cells = line.count(" |")
        else:
            assert line.count(" |") == cells
    assert all(f"| {entry.title} |" in to_markdown(tool_list()) for entry in tool_list())
