"""Is the canary as good as the stable version? Measurements from the requests of one step.

Counted are the requests that went through the gateway. A request failed when it was answered with
5xx or not at all; 4xx is the caller's mistake. Latencies are those of the requests that did not
fail (a fast error must not make a track look quick). Quantiles are by nearest rank.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coffee_pipeline.model.deployment import Measurement
from coffee_pipeline.model.outcome import AnalysisPhase
from coffee_pipeline.platform.description import CanarySettings
from coffee_pipeline.rollout.access_log import RequestSample
from coffee_pipeline.rollout.mann_whitney import shift

SAMPLE_LIMIT = 5000
"""Latencies used of each track: an even choice by order keeps the test's time bounded."""


@dataclass(frozen=True, slots=True)
class TrackSamples:
    """The requests one track answered: how many, how many failed, latencies in seconds."""

    requests: int
    failures: int
    latencies: tuple[float, ...]

    @property
    def success_rate(self) -> float | None:
        """Share of requests that did not fail; None without requests."""
        return 1 - self.failures / self.requests if self.requests else None


@dataclass(frozen=True, slots=True)
class Analysis:
    """Which analysis the measurements belong to."""

    analysis_id: str
    deployment_id: str


def track_samples(samples: Iterable[RequestSample], track: str) -> TrackSamples:
    """The requests among ``samples`` that went to ``track``."""
    requests = failures = 0
    latencies: list[float] = []
    for sample in samples:
        if sample.track == track:
            requests += 1
            if sample.failed:
                failures += 1
            elif sample.duration_seconds is not None:
                latencies.append(sample.duration_seconds)
    return TrackSamples(requests, failures, tuple(latencies))


def quantile(values: Sequence[float], q: float) -> float | None:
    """The ``q`` quantile by nearest rank: the smallest value that ``q`` of all do not exceed."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(q * len(values)) - 1)]


def judge(
    analysis: Analysis, settings: CanarySettings, canary: TrackSamples, stable: TrackSamples
) -> tuple[Measurement, ...]:
    """The measurements success_rate, latency_p95, latency_p99 and latency_shift."""
    bench = _Bench(analysis, settings, canary, stable)
    return (
        bench.success_rate(),
        bench.latency_quantile("latency_p95", 0.95, settings.latency_p95_ratio),
        bench.latency_quantile("latency_p99", 0.99, settings.latency_p99_ratio),
        bench.latency_shift(),
    )


@dataclass(frozen=True, slots=True)
class _Bench:
    analysis: Analysis
    settings: CanarySettings
    canary: TrackSamples
    stable: TrackSamples

    def _measured(
        self,
        metric: str,
        phase: AnalysisPhase,
        reason: str,
        *,
        canary: float | None = None,
        stable: float | None = None,
        threshold: float | None = None,
        p_value: float | None = None,
        effect_size: float | None = None,
    ) -> Measurement:
        return Measurement(
            analysis_id=self.analysis.analysis_id,
            deployment_id=self.analysis.deployment_id,
            metric=metric,
            phase=phase.value,
            canary=canary,
            stable=stable,
            threshold=threshold,
            p_value=p_value,
            effect_size=effect_size,
            canary_samples=self.canary.requests,
            stable_samples=self.stable.requests,
            reason=reason,
        )

    def success_rate(self) -> Measurement:
        """Failed below the minimum, or when short of stable's by more than the allowed drop."""
        settings, metric = self.settings, "success_rate"
        rate, baseline = self.canary.success_rate, self.stable.success_rate
        if self.canary.requests < settings.minimum_samples or rate is None:
            return self._too_few(metric, "canary", self.canary.requests)
        floor = settings.success_rate_minimum
        if baseline is not None and self.stable.requests >= settings.minimum_samples:
            floor = max(floor, baseline - settings.success_rate_drop)
        failed = rate < floor
        words = (
            f"{self.canary.failures} of {self.canary.requests} requests failed, "
            f"{rate:.2%} succeeded; at least {floor:.2%} must"
        )
        phase = AnalysisPhase.FAILED if failed else AnalysisPhase.SUCCESSFUL
        return self._measured(metric, phase, words, canary=rate, stable=baseline, threshold=floor)

    def latency_quantile(self, metric: str, q: float, ratio: float) -> Measurement:
        """Failed when the quantile is over the limit by more than chance explains.

        If the quantile were within the limit, at most 1 - q of the requests would be slower than
        the limit: the p value is the binomial probability of as many as were seen.
        """
        short = self._short_of_latencies(metric)
        if short is not None:
            return short
        from scipy.stats import binom  # loading it takes longer than all the rest

        own, base = quantile(self.canary.latencies, q), quantile(self.stable.latencies, q)
        assert own is not None
        assert base is not None
        limit = max(base * ratio, base + self.settings.latency_floor_seconds)
        count = len(self.canary.latencies)
        slower = sum(1 for value in self.canary.latencies if value > limit)
        p_value = float(binom.sf(slower - 1, count, 1 - q))
        over, sure = own > limit, p_value < 1 - self.settings.confidence
        words = f"{own * 1000:.1f} ms against {base * 1000:.1f} ms, limit {limit * 1000:.1f} ms"
        if over and not sure:
            words += f"; {slower} of {count} slower requests are within chance (p = {p_value:.3f})"
        phase = AnalysisPhase.FAILED if over and sure else AnalysisPhase.SUCCESSFUL
        return self._measured(
            metric, phase, words, canary=own, stable=base, threshold=limit, p_value=p_value
        )

    def latency_shift(self) -> Measurement:
        """Failed when Mann-Whitney finds the canary slower, by effect size and by the floor."""
        metric = "latency_shift"
        short = self._short_of_latencies(metric)
        if short is not None:
            return short
        own, base = _thinned(self.canary.latencies), _thinned(self.stable.latencies)
        found = shift(own, base, self.settings.confidence)
        slower = (
            found.lower > 0
            and found.effect_size >= self.settings.effect_size
            and found.estimate > self.settings.latency_floor_seconds
        )
        words = (
            f"shifted by {found.estimate * 1000:+.1f} ms "
            f"({found.lower * 1000:+.1f} to {found.upper * 1000:+.1f} ms at "
            f"{self.settings.confidence:.0%}), slower in {found.effect_size:.0%} of the pairs; "
            f"refused from {self.settings.effect_size:.0%} and above "
            f"{self.settings.latency_floor_seconds * 1000:.0f} ms"
        )
        return self._measured(
            metric,
            AnalysisPhase.FAILED if slower else AnalysisPhase.SUCCESSFUL,
            words,
            canary=quantile(own, 0.5),
            stable=quantile(base, 0.5),
            threshold=self.settings.effect_size,
            p_value=found.p_value,
            effect_size=found.effect_size,
        )

    def _short_of_latencies(self, metric: str) -> Measurement | None:
        for track, samples in (("canary", self.canary), ("stable", self.stable)):
            if len(samples.latencies) < self.settings.minimum_samples:
                return self._too_few(metric, track, len(samples.latencies))
        return None

    def _too_few(self, metric: str, track: str, count: int) -> Measurement:
        words = f"{count} usable requests of {track}, {self.settings.minimum_samples} are needed"
        return self._measured(metric, AnalysisPhase.INCONCLUSIVE, words)


def _thinned(values: Sequence[float]) -> Sequence[float]:
    if len(values) <= SAMPLE_LIMIT:
        return values
    step = len(values) / SAMPLE_LIMIT
    return [values[int(index * step)] for index in range(SAMPLE_LIMIT)]
