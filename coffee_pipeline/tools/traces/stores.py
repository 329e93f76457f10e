"""The trace stores that are known, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import cast

from coffee_pipeline.errors import UsageError
from coffee_pipeline.tools.traces import jaeger, tempo, zipkin
from coffee_pipeline.tools.traces.store import TraceStore

_MODULES: tuple[ModuleType, ...] = (jaeger, tempo, zipkin)
TRACE_STORES: Mapping[str, TraceStore] = {one.NAME: cast("TraceStore", one) for one in _MODULES}


def trace_store(name: str) -> TraceStore:
    """The store called ``name``.

    Raises:
        UsageError: none is.
    """
    if name not in TRACE_STORES:
        raise UsageError(f"{name}: no such trace store; there are {', '.join(TRACE_STORES)}")
    return TRACE_STORES[name]
