"""Canaries of real binaries behind a real Envoy, judged by what was measured."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import httpx
import psutil
import pytest

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home
from coffee_pipeline.model.deployment import AnalysisRun, Deployment, Measurement, RolloutStep
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.incident import Incident
from coffee_pipeline.model.metrics import Instrumentation, LogCoverage, Sample, ServiceLevel
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.platform.description import MetricsSettings, RunSettings
from coffee_pipeline.rollout.client import EnvironmentClient, ensure_owner
from coffee_pipeline.stages.build import build_binary
from coffee_pipeline.stages.metrics import measure
from coffee_pipeline.stages.rollback import roll_back
from coffee_pipeline.stages.rollout import deploy
from tests.coffee_pipeline.stages.conftest import Payments, without_the_fault
from tests.conftest import ROOT, wait_until

pytestmark = pytest.mark.slow
PRODUCTION = "production"


def _of(evidence: Evidence, kind: type) -> list:
    return [record for record in evidence.records if isinstance(record, kind)]


def _deliver(payments: Payments, number: int) -> Evidence:
    context = payments.context(number)
    assert payments.keep(build_binary(context, payments.service)).outcome is Outcome.COMPLETED
    return payments.keep(deploy(context, payments.service, PRODUCTION))


def test_the_bad_revision_is_stopped_by_measurement_and_the_good_one_is_promoted(
    home: Home, payments: Callable[[], Payments], tmp_path: Path
) -> None:
    platform = payments()
    with ensure_owner(home), EnvironmentClient(home) as client:
        (first,) = _of(_deliver(platform, 0), Deployment)
        assert (first.strategy, first.outcome) == ("initial", "succeeded")

        stopped = _deliver(platform, 2)
        (bad,) = _of(stopped, Deployment)
        assert (bad.strategy, bad.outcome) == ("canary", "rolled_back")
        assert bad.previous_revision == platform.revisions[0]
        failed = [m for m in _of(stopped, Measurement) if m.phase == "Failed"]
        assert "success_rate" in {m.metric for m in failed}
        assert all(m.canary_samples >= 20 for m in failed)
        (incident,) = _of(stopped, Incident)
        assert incident.deployment_id == bad.deployment_id
        assert bad.started_at <= incident.opened_at < incident.resolved_at <= bad.finished_at
        assert _of(stopped, RolloutStep)[-1].lost_requests == 0
        assert _of(stopped, AnalysisRun)[-1].phase == "Failed"

        now = client.service(PRODUCTION, "payments")
        assert now.stable.release.revision == platform.revisions[0]
        assert now.canary is None
        assert httpx.get(f"{now.url}/version").json()["revision"] == platform.revisions[0]

        window = payments_levels(platform, 2)
        assert {level.outcome for level in window} == {"completed"}
        assert min(level.ratio for level in window) < 0.999

        (fix,) = _of(promoted := _deliver(platform, 3), Deployment)
        assert fix.outcome == "succeeded"
        steps = _of(promoted, RolloutStep)
        assert [step.weight_percent for step in steps] == [25, 100]
        assert [step.lost_requests for step in steps] == [0, 0]
        assert (
            client.service(PRODUCTION, "payments").stable.release.revision
            == (platform.revisions[3])
        )
        again = _deliver(platform, 3)
        assert not _of(again, Deployment)
        assert "runs in production already" in again.reason

        back = roll_back(home, "payments", PRODUCTION, "a test", bad.started_at)
        (made,) = _of(back, Deployment)
        assert (made.strategy, made.outcome) == ("rollback", "succeeded")
        assert (
            client.service(PRODUCTION, "payments").stable.release.revision
            == (platform.revisions[0])
        )


def payments_levels(platform: Payments, number: int) -> list[ServiceLevel]:
    evidence = measure(platform.context(number), platform.service, PRODUCTION)
    return _of(evidence, ServiceLevel)


def test_with_the_fault_taken_out_of_the_patch_the_same_rollout_promotes(
    home: Home, tmp_path: Path
) -> None:
    story = without_the_fault(ROOT / "examples" / "story", tmp_path / "story")
    platform = Payments(home, tmp_path, story, revisions=3)
    with ensure_owner(home):
        _deliver(platform, 0)
        (made,) = _of(_deliver(platform, 2), Deployment)
    assert (made.strategy, made.outcome) == ("canary", "succeeded")


def test_both_metric_sources_give_the_same_level_of_the_same_traffic(
    home: Home, payments: Callable[[], Payments]
) -> None:
    platform = payments()
    with ensure_owner(home):
        _deliver(platform, 0)
        _deliver(platform, 2)
        seen: dict[str, dict[str, ServiceLevel]] = {}
        for source in ("prometheus", "scrape"):
            described = platform.platform.model_copy(
                update={"metrics": MetricsSettings(source=source)}
            )
            evidence = measure(
                platform.context(2, platform=described), platform.service, PRODUCTION
            )
            assert _of(evidence, Sample)
            (seen_instrumentation,) = _of(evidence, Instrumentation)
            assert seen_instrumentation.traces is True
            assert seen_instrumentation.red_metrics is True
            (logged,) = _of(evidence, LogCoverage)
            assert (logged.outcome, logged.traced_request_logged) == ("completed", True)
            assert logged.lines == logged.structured
            assert 0 < logged.with_trace_id <= logged.lines
            seen[source] = {level.slo: level for level in _of(evidence, ServiceLevel)}
    assert seen["prometheus"].keys() == seen["scrape"].keys() == {
        "payments-availability", "payments-latency",
    }  # fmt: skip
    for slo, level in seen["prometheus"].items():
        assert (level.source, seen["scrape"][slo].source) == ("prometheus", "scrape")
        # Prometheus extrapolates each series' increase() to the window's edges, by up to half a
        # scrape interval on either side; of a canary that lived for some ten of them that moves
        # its failures' share by a few percent of itself, and the ratio by up to two in a hundred.
        assert level.ratio == pytest.approx(seen["scrape"][slo].ratio, abs=0.02)
        assert level.ratio < 0.999


def test_a_service_that_does_not_start_is_a_failed_deployment(
    home: Home, payments: Callable[[], Payments]
) -> None:
    platform = payments()
    broken = platform.service.model_copy(
        update={
            "run": RunSettings(
                environment={"LISTEN_ADDRESS": "not an address"}, start_timeout_seconds=5
            )
        }
    )
    context = platform.context(0)
    with ensure_owner(home):
        platform.keep(build_binary(context, broken))
        evidence = deploy(context, broken, PRODUCTION)
    (made,) = _of(evidence, Deployment)
    assert made.outcome == "failed"
    assert "payments" in made.reason


def test_what_cannot_be_run_is_not_run(home: Home, payments: Callable[[], Payments]) -> None:
    platform = payments()
    silent = platform.service.model_copy(update={"run": None})
    evidence = deploy(platform.context(0), silent, PRODUCTION)
    assert evidence.outcome is Outcome.NOT_RUN
    assert "does not say how it runs" in evidence.reason


def test_a_killed_owner_leaves_no_process_and_the_next_one_restores(
    home: Home, payments: Callable[[], Payments]
) -> None:
    platform = payments()
    owner = subprocess.Popen(
        [sys.executable, "-m", "coffee_pipeline.rollout.owner", str(home.root)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: _serves(home))
        _deliver(platform, 0)
        below = psutil.Process(owner.pid).children(recursive=True)
        assert len(below) >= 4  # a gateway and a service, each with its launcher
    finally:
        owner.send_signal(signal.SIGKILL)
        owner.wait()
    _, alive = psutil.wait_procs(below, timeout=30)
    assert not alive
    with pytest.raises(EnvironmentFailedError, match="no local environment runs"):
        EnvironmentClient(home)
    with ensure_owner(home), EnvironmentClient(home) as client:
        restored = client.service(PRODUCTION, "payments")
        assert restored.stable.release.revision == platform.revisions[0]
        assert httpx.get(f"{restored.url}/healthz").is_success


def test_a_killed_run_leaves_stable_with_all_the_traffic(
    home: Home, payments: Callable[[], Payments], tmp_path: Path
) -> None:
    platform = payments()
    with ensure_owner(home), EnvironmentClient(home) as client:
        _deliver(platform, 0)
        platform.keep(build_binary(platform.context(1), platform.service))
        platform.keep(build_binary(platform.context(3), platform.service))
        child = os.fork()
        if child == 0:
            deploy(platform.context(3), platform.service, PRODUCTION)
            os._exit(0)
        wait_until(lambda: client.service(PRODUCTION, "payments").weight_percent > 0)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        wait_until(lambda: client.service(PRODUCTION, "payments").canary is None)
        left = client.service(PRODUCTION, "payments")
        assert left.weight_percent == 0
        wait_until(lambda: client.service(PRODUCTION, "payments").deployment is None)
        evidence = deploy(platform.context(0), platform.service, PRODUCTION)
    (abandoned,) = _of(evidence, Deployment)
    assert abandoned.outcome == "rolled_back"
    assert "its run went away" in abandoned.reason
    assert len(_of(evidence, Incident)) == 1


def _serves(home: Home) -> bool:
    try:
        with EnvironmentClient(home) as client:
            client.status()
    except EnvironmentFailedError:
        return False
    return True
