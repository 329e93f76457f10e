"""Real processes: Envoy, a Go service, the owner that holds them."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import psutil
import pytest

from coffee_pipeline.errors import EnvironmentFailedError, StageFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from coffee_pipeline.rollout.protocol import socket_path
from coffee_pipeline.rollout.releases import Claim, Release
from coffee_pipeline.stages.rollback import roll_back
from tests.coffee_pipeline.rollout.running_service import Callers
from tests.conftest import wait_until

pytestmark = pytest.mark.slow
Releases = Callable[..., Release]


def claim(release: Release, name: str = "d-1") -> Claim:
    return Claim(
        deployment_id=name,
        service=release.service,
        environment="production",
        revision=release.revision,
        artifact_digest=release.digest,
        strategy="canary",
        cause="delivery",
        previous_revision=None,
        started_at=datetime.now(UTC),
    )


def get(url: str) -> httpx.Response:
    return httpx.get(url, trust_env=False, timeout=10)


def family(pid: int) -> set[int]:
    process = psutil.Process(pid)
    return {pid, *(child.pid for child in process.children(recursive=True))}


def test_no_request_is_lost_while_the_traffic_goes_over(
    client: EnvironmentClient, release: Releases
) -> None:
    client.start("production", release("one"), "stable")
    url = client.service("production", "till").url
    with Callers(lambda: url) as callers:
        wait_until(lambda: callers.by("one") > 50)
        client.start("production", release("two"), "canary")
        assert callers.by("two") == 0  # a canary gets nothing before it is given something
        for percent in (10, 25, 50, 100):
            client.weigh("production", "till", percent)
            seen = callers.by("two")
            wait_until(lambda seen=seen: callers.by("two") > seen + 20)
        client.promote("production", "till")
        old = callers.by("one")
        seen = callers.by("two")
        wait_until(lambda: callers.by("two") > seen + 50)
        assert callers.by("one") - old <= callers.count  # only what was in flight just then
    assert callers.failed == []
    status = client.service("production", "till")
    assert status.stable is not None
    assert (status.stable.release.revision, status.canary) == ("two", None)
    assert [one.revision for one in status.previous] == ["one"]


def test_the_share_of_the_canary_is_its_weight(
    client: EnvironmentClient, release: Releases
) -> None:
    client.start("production", release("one"), "stable")
    client.start("production", release("two"), "canary")
    client.weigh("production", "till", 25)
    url = client.service("production", "till").url
    position = client.log_position("production", "till")
    with httpx.Client(trust_env=False) as http:
        texts = [http.get(url).text for _ in range(400)]
    share = texts.count("two") / 400
    assert 0.15 < share < 0.35  # 4.6 standard deviations: one run in 200,000 is outside
    seen = client.requests("production", "till", position)
    assert len(seen) == 400
    assert sum(sample.track == "canary" for sample in seen) == texts.count("two")


def test_a_run_that_is_killed_leaves_no_canary(
    client: EnvironmentClient, home: Home, release: Releases
) -> None:
    client.start("production", release("one"), "stable")
    url = client.service("production", "till").url
    with EnvironmentClient(home) as run:
        run.claim(claim(release("two")))
        run.start("production", release("two"), "canary")
        run.weigh("production", "till", 100)
        assert get(url).text == "two"
        with pytest.raises(EnvironmentFailedError, match="d-1"):
            client.claim(claim(release("three"), "d-2"))
    wait_until(lambda: client.service("production", "till").deployment is None)
    status = client.service("production", "till")
    assert (status.canary, status.weight_percent) == (None, 0)
    assert get(url).text == "one"
    assert [one.claim.deployment_id for one in client.abandoned()] == ["d-1"]
    assert client.abandoned() == []


@pytest.mark.parametrize(
    ("start", "words"),
    [("exit", "no database"), ("never", "not ready within 2 s"), ("taken", "already in use")],
)
def test_a_release_that_does_not_start_says_why_and_changes_nothing(
    client: EnvironmentClient, release: Releases, start: str, words: str
) -> None:
    client.start("production", release("one"), "stable")
    with pytest.raises(EnvironmentFailedError, match=words):
        client.start("production", release("two", START=start), "canary")
    status = client.service("production", "till")
    assert status.canary is None
    assert get(status.url).text == "one"


def test_a_killed_owner_leaves_no_process_and_its_successor_restores(
    home: Home, release: Releases
) -> None:
    with ensure_owner(home):
        with EnvironmentClient(home) as client:
            client.start("staging", release("one"), "stable")
            pid = client.status().pid
        pids = family(pid)
        assert len(pids) >= 5  # the owner, and launcher and process of Envoy and the service
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not any(psutil.pid_exists(one) for one in pids - {pid}))
        with pytest.raises(EnvironmentFailedError, match="no local environment runs"):
            EnvironmentClient(home)
    with ensure_owner(home), EnvironmentClient(home) as client:
        status = client.service("staging", "till")
        assert status.stable is not None
        assert get(status.url).text == "one"


def test_an_owner_is_used_by_all_and_ends_with_the_one_who_started_it(
    home: Home, children: Callable[[], list[psutil.Process]]
) -> None:
    with ensure_owner(home), EnvironmentClient(home) as first:
        pid = first.status().pid
        with ensure_owner(home), EnvironmentClient(home) as second:
            assert second.status().pid == pid
        assert first.status().pid == pid
    assert children() == []
    assert not socket_path(home).exists()


def test_a_deep_data_directory_is_no_obstacle(home: Home) -> None:
    deep = Home(home.root / ("d" * 120)).prepare()
    assert len(str(socket_path(deep))) < 104
    with ensure_owner(deep), EnvironmentClient(deep) as client:
        assert client.status().services == ()


def test_a_damaged_state_file_is_named(home: Home) -> None:
    state = home.environments / "staging" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text("{", encoding="utf-8")
    with pytest.raises(EnvironmentFailedError, match="state"), ensure_owner(home):
        pass


def test_a_connection_holds_one_service_at_a_time(
    client: EnvironmentClient, home: Home, release: Releases
) -> None:
    with EnvironmentClient(home) as run:
        run.claim(claim(release("one")))
        with pytest.raises(EnvironmentFailedError, match="holds d-1"):
            run.claim(claim(release("two"), "d-2"))
    wait_until(lambda: client.service("production", "till").deployment is None)


def test_a_binary_that_was_changed_after_its_build_is_not_started(
    client: EnvironmentClient, release: Releases
) -> None:
    tampered = release("one")
    with tampered.binary.open("ab") as stream:
        stream.write(b"and something else")
    with pytest.raises(EnvironmentFailedError, match="was built for till"):
        client.start("staging", tampered, "stable")
    assert client.service("staging", "till").stable is None


def test_a_second_rollback_goes_further_back_never_to_the_bad_release(
    client: EnvironmentClient, home: Home, release: Releases
) -> None:
    for revision in ("one", "two", "three"):
        client.start("production", release(revision), "stable")
    url = client.service("production", "till").url
    for expected in ("two", "one"):
        roll_back(home, "till", "production", "it hurts", datetime.now(UTC))
        assert get(url).text == expected
    with pytest.raises(StageFailedError, match="no earlier release"):
        roll_back(home, "till", "production", "it hurts", datetime.now(UTC))


def test_what_there_is_to_go_back_to_survives_restarts_and_a_missing_binary(
    home: Home, release: Releases
) -> None:
    one, two = release("one"), release("two")
    with ensure_owner(home), EnvironmentClient(home) as client:
        client.start("production", one, "stable")
        client.start("production", two, "stable")
    away = two.binary.rename(two.binary.with_name("away"))
    with ensure_owner(home), EnvironmentClient(home) as client:
        status = client.service("production", "till")
        assert status.stable is None
        assert "cannot be read" in (status.problem or "")
    away.rename(two.binary)
    with ensure_owner(home), EnvironmentClient(home) as client:
        status = client.service("production", "till")
        assert get(status.url).text == "two"
        assert [one.revision for one in status.previous] == ["one"]
