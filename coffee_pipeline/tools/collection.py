"""The cyclic garbage collector while a report is read: it would only walk what is being built."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Pause the collector for the body: a decoded report has no cycles, and hundreds of thousands
    of new objects would make it walk all of them several times (half of the time of reading).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
