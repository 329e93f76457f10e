"""A real Prometheus over the local environments, when the program is to be had."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path

import httpx
import yaml

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.process.background import BackgroundProcess, free_port
from coffee_pipeline.process.command import Command
from coffee_pipeline.rollout.instance import Instance
from coffee_pipeline.rollout.waiting import until

START_SECONDS = 30.0


class PrometheusServer:
    """Prometheus with the instances of every environment as its targets."""

    def __init__(self, program: Path, folder: Path, interval_seconds: float) -> None:
        """Start it; its data lies in ``folder`` and begins empty.

        Raises:
            EnvironmentFailedError: it did not start.
        """
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self._targets = folder / "targets.json"
        self._targets.write_text("[]", encoding="utf-8")
        configuration = {
            "global": {"scrape_interval": f"{max(1, round(interval_seconds))}s"},
            "scrape_configs": [
                {
                    "job_name": "services",
                    "honor_labels": True,
                    "file_sd_configs": [{"files": [str(self._targets)], "refresh_interval": "1s"}],
                }
            ],
        }
        (folder / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = BackgroundProcess(
            Command(
                argv=(
                    str(program),
                    f"--config.file={folder / 'prometheus.yml'}",
                    f"--storage.tsdb.path={folder / 'data'}",
                    "--storage.tsdb.retention.time=2d",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--log.level=warn",
                )
            ),
            folder / "prometheus.log",
            grace_seconds=5.0,
        )
        if not until(self._ready, START_SECONDS, every=0.1):
            tail = self._process.log_tail(2)
            self._process.stop()
            raise EnvironmentFailedError(f"Prometheus did not start: {' '.join(tail.split())}")

    def _ready(self) -> bool:
        if not self._process.running():
            return True  # the caller's next query says so; waiting on would not help
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def watch(self, instances: Iterable[tuple[str, Instance]]) -> None:
        """Scrape these instances from now on."""
        groups = [
            {
                "targets": [instance.address],
                "labels": {
                    "environment": environment,
                    "service": instance.release.service,
                    "revision": instance.release.revision,
                    "track": instance.track,
                    "__metrics_path__": instance.release.run.metrics,
                },
            }
            for environment, instance in instances
            if instance.release.run.metrics
        ]
        temporary = self._targets.with_suffix(".new")
        temporary.write_text(json.dumps(groups), encoding="utf-8")
        temporary.replace(self._targets)

    def stop(self) -> None:
        """End Prometheus."""
        self._process.stop()
