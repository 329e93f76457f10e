"""Every tool in one list: what the toolbox knows of it, and what can read its reports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.products import PRODUCTS
from coffee_pipeline.tools.fetched import ReportClient
from coffee_pipeline.tools.registry import FORMATS
from coffee_pipeline.tools.report_clients import REPORT_CLIENTS
from coffee_pipeline.tools.reported import ReportFormat


class Use(StrEnum):
    """What is done with a tool."""

    RUN = "run"
    """It is run here; its reports are read too, where it makes any."""
    READ = "read"
    """Its reports are read."""
    NONE = "none"
    """Nothing runs it or reads it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolEntry:
    """One tool or product of the list.

    ``pin`` is None for products that are read only. ``reports`` are the formats of its reports that
    are read, ``kinds`` what they hold or which stages use the tool. ``why_read_only`` is empty
    where it is run; ``clients`` are the APIs that its reports are fetched from.
    """

    name: str
    title: str
    use: Use
    pin: Pin | None
    reports: tuple[ReportFormat, ...]
    kinds: tuple[str, ...]
    licence: str
    why_read_only: str = ""
    clients: tuple[ReportClient, ...] = ()


def tool_list() -> list[ToolEntry]:
    """All tools: first what the toolbox has, then what is read only, in a fixed order."""
    return [*map(_pinned, PINS.values()), *_products(), *_others()]


def is_run_here(reported: ReportFormat) -> bool:
    """Whether a format is also a scanner: a module that can make its command."""
    return hasattr(reported, "command") and hasattr(reported, "parse")


def _pinned(pin: Pin) -> ToolEntry:
    reports = _formats((pin.name,))
    runs = any(map(is_run_here, reports)) if pin.scans else bool(pin.used_by)
    use = Use.RUN if runs else Use.READ if reports else Use.NONE
    return ToolEntry(
        name=pin.name,
        title=pin.program,
        use=use,
        pin=pin,
        reports=reports,
        kinds=_kinds(reports) or ((pin.used_by,) if pin.used_by else ()),
        licence=pin.licence,
        why_read_only=pin.obtain if use is Use.READ else "",
    )


def _products() -> Iterator[ToolEntry]:
    for product in PRODUCTS:
        reports = _formats(product.formats)
        yield ToolEntry(
            name=product.formats[0],
            title=product.title,
            use=Use.READ if reports else Use.NONE,
            pin=None,
            reports=reports,
            kinds=_kinds(reports),
            licence=product.licence,
            why_read_only=product.why,
            clients=tuple(c for c in REPORT_CLIENTS.values() if c.FORMAT in product.formats),
        )


def _others() -> Iterator[ToolEntry]:
    """Formats that no pin and no product claims: none is left out."""
    claimed = {*PINS, *(name for product in PRODUCTS for name in product.formats)}
    for name, reported in FORMATS.items():
        if name not in claimed and name == reported.NAME:  # else a second name of another one
            yield ToolEntry(
                name=name,
                title=name,
                use=Use.RUN if is_run_here(reported) else Use.READ,
                pin=None,
                reports=(reported,),
                kinds=_kinds((reported,)),
                licence="unknown",
            )


def _formats(names: Sequence[str]) -> tuple[ReportFormat, ...]:
    return tuple(FORMATS[name] for name in names if name in FORMATS)


def _kinds(reports: Sequence[ReportFormat]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reported.KIND.value for reported in reports))
