"""Which environment a name means: exactly one, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.platform.description import Module, Platform, RolloutSettings, Service
from coffee_pipeline.platform.security import SecuritySettings
from coffee_pipeline.stages.places import ANOTHER, Places

WORDS = st.lists(
    st.sampled_from(["pre", "production", "shop", "eu", "non", "staging", ""]), max_size=5
)


def places(*environments: str, **namespaces: str) -> Places:
    return Places(
        Platform(
            name="shop",
            modules=(Module(path="menu"),),
            services=(Service(name="menu", module="menu"),),
            rollout=RolloutSettings(environments=environments),
            security=SecuritySettings(namespaces=namespaces),
        )
    )


@pytest.mark.parametrize("name", ["x-pre-production", "pre-production", "non-production",
                                  "preproduction", "Production", "production-2", "-production",
                                  "shop_production", "x--production", ""])  # fmt: skip
def test_what_merely_looks_like_an_environment_is_none(name: str) -> None:
    assert places("staging", "production").environment([name]) is None


@pytest.mark.parametrize("before", ["", "shop-", "eu-", "shop-menu-"])
@pytest.mark.parametrize("order", [1, -1])
def test_the_longest_environment_is_meant(before: str, order: int) -> None:
    found = places(*("production", "pre-production")[::order])
    assert found.environment([f"{before}production"]) == "production"
    assert found.environment([f"{before}pre-production"]) == "pre-production"
    assert found.environment([f"{before}non-pre-production"]) is None


def test_a_mapping_says_it_before_any_name() -> None:
    found = places("staging", "production", production="staging", **{"x-pre": "staging"})
    assert found.environment(["unknown", "x-pre"]) == "staging"
    assert found.environment(["production"]) == "staging"


ENVIRONMENTS = st.permutations(["production", "pre-production", "staging"])


@given(WORDS, ENVIRONMENTS.map(lambda found: found[:2]))
def test_names_are_read_by_whole_words(words: list[str], environments: list[str]) -> None:
    """Against the words themselves: the longest environment at the end, and the word before it."""
    fits = [one for one in environments if words[-len(one.split("-")) :] == one.split("-")]
    expected = max(fits, key=len, default=None)
    if expected is not None:
        rest = words[: -len(expected.split("-"))]
        if rest and rest[-1] in ANOTHER:
            expected = None
    assert places(*environments).environment(["-".join(words)]) == expected
