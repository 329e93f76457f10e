from __future__ import annotations

import pytest
import yaml

from coffee_pipeline.platform.yaml_depth import check_depth


@pytest.mark.parametrize("text", ["[" * 200_000, "- " * 100_000 + "x", "{a: " * 100_000])
def test_deep_nesting_is_an_error_and_not_the_end_of_the_process(text: str) -> None:
    with pytest.raises(yaml.MarkedYAMLError, match="nested deeper than 100 levels"):
        check_depth(text)


def test_long_is_not_deep() -> None:
    check_depth("\n".join(f"- {{name: x{number}, values: [1, 2]}}" for number in range(5000)))
