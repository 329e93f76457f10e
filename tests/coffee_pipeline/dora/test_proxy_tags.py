"""What the names of release tags say, and which release each one followed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.dora.proxy_tags import (
    ReleaseName,
    is_release,
    previous_releases,
    release_name,
)


@pytest.mark.parametrize(
    ("name", "component", "version"),
    [
        ("v1.2.3", "", (1, 2, 3)), ("1.2", "", (1, 2)), ("release-7", "", (7,)),
        ("release/v1.2", "", (1, 2)), ("REL_12_3", "", (12, 3)), ("REL9_6_1", "", (9, 6, 1)),
        ("deploy-20260301", "", (20260301,)), ("2026-03-01", "", (2026, 3, 1)),
        ("prod-17", "", (17,)), ("v1.0.0+build.5", "", (1, 0, 0)), ("v1.0.0-2", "", (1, 0, 0, 2)),
        ("payments/v1.2.0", "payments", (1, 2, 0)), ("orders-v1.0.3", "orders", (1, 0, 3)),
        ("orders-api_1.0", "orders-api", (1, 0)), ("orders/release/1.0", "orders", (1, 0)),
        ("prod-orders-17", "orders", (17,)), ("services/x/v1.2.3", "services/x", (1, 2, 3)),
        ("@scope/pkg@1.2.3", "@scope/pkg", (1, 2, 3)), ("pkg@1.2.3", "pkg", (1, 2, 3)),
        ("go1.21.3", "go", (1, 21, 3)), ("log4j-2.17.1", "log4j", (2, 17, 1)),
        ("k8s-v1.0", "k8s", (1, 0)), ("oauth2-1.0", "oauth2", (1, 0)),
        ("c/v1.2", "c", (1, 2)), ("dev-server@1.2", "dev-server", (1, 2)),
        ("archive-service/v1.0", "archive-service", (1, 0)),
        ("@scope/react-test@1.0", "@scope/react-test", (1, 0)),
        ("test-tools-v1.0", "test-tools", (1, 0)),
        ("my.lib-1.0", "my-lib", (1, 0)), ("n4.3.1", "n", (4, 3, 1)),
    ],
)  # fmt: skip
def test_component_and_version(name: str, component: str, version: tuple[int, ...]) -> None:
    assert is_release(name) is True
    assert release_name(name) == ReleaseName(component, version)


@pytest.mark.parametrize(
    "name",
    [
        "staging-20260301",
        "qa/v1.2",
        "orders-uat-1.0",
        "staging-orders-17.0",
        "v1.0-rc1",
        "beta/v1.0",
        "orders-beta-1.0",
        "rc-1.0",
        "orders/v1.0-beta.1",
        "canary-orders-v1",
    ],
)
def test_environments_before_production_are_no_releases(name: str) -> None:
    assert is_release(name) is None


def names(*releases: str) -> list[ReleaseName]:
    return [release_name(one) for one in releases]


def test_each_release_follows_its_own_component_and_line() -> None:
    assert previous_releases(
        names("a/v1.0", "b/v1.0", "a/v2.0", "a/v1.1", "b/v1.1", "a/v2.1", "a/v1.2")
    ) == (None, None, 0, 0, 1, 2, 3)
    # No lower version: what was released last before.
    assert previous_releases(names("v9.0", "v8.0", "v7.0")) == (None, 0, 1)
    # The same version again, as with v1.0.0-hotfix.
    assert previous_releases(names("v1.0", "v1.0-hotfix", "v1.1")) == (None, 0, 1)
    assert previous_releases([]) == ()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 9))))
def test_the_release_before_is_an_earlier_one_of_the_component(
    releases: list[tuple[str, int, int]],
) -> None:
    found = [ReleaseName(one, (major, minor)) for one, major, minor in releases]
    for index, before in enumerate(previous_releases(found)):
        one = found[index]
        earlier = [at for at in range(index) if found[at].component == one.component]
        assert before in (earlier or [None])
        lower = [at for at in earlier if found[at].version <= one.version]
        if lower:
            assert before == max(lower, key=lambda at: (found[at].version, at))
