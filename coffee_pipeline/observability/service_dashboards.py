"""Dashboards of what users get: rate, errors and duration of a service, and the objectives."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

from coffee_pipeline.observability.panels import Board, Limit, Query
from coffee_pipeline.observability.subject import Observed, Promise, Subject
from coffee_pipeline.slo.alert_windows import duration, lengths

WINDOW = "5m"
RATE, ERRORS, DURATION = "Rate", "Errors", "Duration"
"""Titles of the three panels that every service has."""
_UID_CHARACTERS = 40
_OBJECTIVES = 20
_ERROR_WINDOWS = ("5m", "1h", "6h")


def identifier(*words: str) -> str:
    """What a dashboard is known by, in 40 characters that Grafana takes.

    Names that do not fit end in a digest of the whole: Grafana loads only one dashboard of a uid.
    """
    whole = "-".join(words)
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", whole)
    if plain == whole and len(whole) <= _UID_CHARACTERS:
        return whole
    return f"{plain[: _UID_CHARACTERS - 9]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def red_dashboard(subject: Subject, service: Observed) -> str:
    """Requests of one service: how many, how many of them fail, how long they take."""
    red = subject.platform.metrics.red
    own = f'{red.service_label}="{service.name}"'
    requests = f"{red.requests}{{{own}}}[{WINDOW}]"
    failed = f"{red.requests}{{{own}, {red.errors}}}[{WINDOW}]"
    buckets = f"{red.duration}_bucket{{{own}}}[{WINDOW}]"
    route, quantile = red.route_label, "histogram_quantile(%s, sum by (le) (rate(%s)))"
    board = Board(
        # Not the name alone: a service may be called as another dashboard is, "pipeline" say.
        identifier(subject.platform.name, "service", service.name),
        f"{service.name} - requests",
        f"Rate, errors and duration of the requests that {service.name} answers.",
        [subject.platform.name, "red", service.name],
    )
    board.row("Requests")
    board.lines(RATE, "reqps", [
        Query(f"sum by ({route}) (rate({requests}))", f"{{{{{route}}}}}"),
    ], "Requests answered each second, by route.")  # fmt: skip
    # A service that never failed has no series of failures: that is zero, if it was asked at all.
    none = f"sum(rate({requests})) * 0"
    board.lines(ERRORS, "percentunit", [
        Query(f"(sum(rate({failed})) or {none}) / sum(rate({requests}))", "failed"),
    ], "Share of requests that failed. Nothing is drawn while nothing is asked.")  # fmt: skip
    board.lines(DURATION, "s", [
        Query(quantile % (share, buckets), f"p{name}")
        for name, share in (("50", "0.5"), ("95", "0.95"), ("99", "0.99"))
    ], "Half, 95 and 99 of a hundred requests take no longer than this.")  # fmt: skip
    board.row("Instances")
    up = f'up{{service="{service.name}"}}'
    board.lines("Instances seen", "short", [
        Query(f"sum by (environment) ({up})", "{{environment}}"),
    ], "Instances that answer Prometheus.")  # fmt: skip
    board.lines("Builds", "short", [
        Query(f'count by (version) (build_info{{service="{service.name}"}})', "{{version}}"),
    ], "Instances by the version they run: two during a rollout.")  # fmt: skip
    memory = f'process_resident_memory_bytes{{service="{service.name}"}}'
    board.lines("Memory", "bytes", [Query(memory, "{{instance}}")], "Resident memory.")
    _objectives(board, [one for one in subject.promises if one.service == service.name])
    return board.text()


def objectives_dashboards(subject: Subject) -> list[str]:
    """Every objective of the platform: attained, budget left, and how fast it burns.

    More than 20 objectives are parted among several dashboards: nobody looks through hundreds of
    panels, and ``kubectl apply`` takes no object of more than 256 KiB.
    """
    promises = list(subject.promises)
    parts = [promises[at : at + _OBJECTIVES] for at in range(0, len(promises), _OBJECTIVES)] or [[]]
    made = []
    for number, part in enumerate(parts, 1):
        own = [] if number == 1 else [str(number)]
        of = f" ({number} of {len(parts)})" if len(parts) > 1 else ""
        board = Board(
            identifier(subject.platform.name, "objectives", *own),
            f"{subject.platform.name} - service levels{of}",
            "What was promised, what was kept, and how much of the error budget is left.",
            [subject.platform.name, "slo"],
        )
        _objectives(board, part)
        made.append(board.text())
    return made


def _objectives(board: Board, promises: list[Promise]) -> None:
    for one in promises:
        # As the rules call their series: a period of 28 days is 4w in the name.
        windows = [duration(length) for length in lengths(timedelta(days=one.period_days))]
        board.row(f"{one.title}: {100 * one.target:.6g} % in {one.period_days:g} days")
        board.figure(
            "Attained", "percentunit",
            Query(f"1 - slo:sli_error:ratio_rate{windows[-1]}{one.selector}", one.slo),
            "Share of good events in the period, as far as Prometheus has data.",
            limit=Limit(one.target, "green", "red"),
        )  # fmt: skip
        board.figure(
            "Budget left", "percentunit",
            Query(f"slo:period_error_budget_remaining:ratio{one.selector}", one.slo),
            "What is left of the period's error budget; below zero the objective is missed.",
            limit=Limit(0, "green", "red"),
        )  # fmt: skip
        board.lines(
            "Burn rate", "short",
            [Query(f"slo:current_burn_rate:ratio{one.selector}", "now"),
             Query(f"slo:period_burn_rate:ratio{one.selector}", "period")],
            "1 uses the budget up exactly at the end of the period.",
            limit=Limit(1),
        )  # fmt: skip
        board.lines(
            "Errors", "percentunit",
            [Query(f"slo:sli_error:ratio_rate{window}{one.selector}", window)
             for window in windows[:-1] if window in _ERROR_WINDOWS],
            "Share of bad events over several windows: the alerts compare these.",
            limit=Limit(1 - one.target),
        )  # fmt: skip
