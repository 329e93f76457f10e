from __future__ import annotations

from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.tools.registry import SCANNERS


def test_every_scanner_is_registered_under_its_name_and_can_be_located() -> None:
    for name, scanner in SCANNERS.items():
        assert name == scanner.NAME
        assert name in PINS
        for function in ("obstacle", "command", "parse", "read"):
            assert callable(getattr(scanner, function))
