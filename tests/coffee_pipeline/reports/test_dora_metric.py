"""One delivery metric as a reader sees it."""

from __future__ import annotations

from coffee_pipeline.dora.metric import change_fail_rate, lead_time
from coffee_pipeline.dora.working_time import WorkingTime
from coffee_pipeline.reports.dora_metric import metric_row, metric_tile


def test_under_a_median_stands_how_sure_it_is() -> None:
    hours = [3600.0 * hour for hour in range(1, 8)]
    value = metric_row(lead_time(hours, ""))[1]
    assert (value.text, value.detail) == ("4 h", "1 h to 7 h at 95 %")
    assert metric_row(lead_time(hours[:3], ""))[1].detail == ""


def test_working_time_stands_beside_it() -> None:
    told = WorkingTime(1800.0, 7, None, "median on Monday to Friday (UTC)")
    metric = lead_time([3600.0 * hour for hour in range(1, 8)], "", working=told)
    assert metric_row(metric)[1].detail == "1 h to 7 h at 95 %; in working time 30 min"
    assert "in working time 30 min" in metric_tile(metric).detail


def test_under_a_rate_stands_how_sure_it_is_and_without_one_why() -> None:
    assert metric_row(change_fail_rate(1, 4, ""))[1].detail == "4.6 % to 69.9 % at 95 %"
    assert metric_row(change_fail_rate(None, 4, "nobody knows"))[1].detail == "nobody knows"
