from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from coffee_pipeline.rollout.access_log import FORMAT, parse, parse_line


def line(cluster: str, status: int, flags: str = "-", micros: str = "1425", load: str = "-") -> str:
    return f"1795510442.935814\t{cluster}\t{status}\t{flags}\t{micros}\t{load}"


def test_a_request_of_a_track_keeps_its_microseconds() -> None:
    found = parse_line(line("go-menu-canary", 200, load="d-1"))
    assert found is not None
    assert (found.track, found.duration_seconds, found.load) == ("canary", 0.001425, "d-1")
    assert (found.failed, found.lost) == (False, False)
    assert found.started_at == 1795510442.935814


def test_a_service_that_refuses_is_not_a_lost_request() -> None:
    found = parse_line(line("menu-stable", 503))
    assert found is not None
    assert (found.failed, found.lost) == (True, False)


def test_a_gateway_without_a_host_loses_the_request() -> None:
    for flags in ("UH", "UF", "UC", "UF,URX"):
        found = parse_line(line("menu-stable", 503, flags))
        assert found is not None
        assert (found.failed, found.lost) == (True, True)


def test_a_caller_that_went_away_is_a_failure_of_nobody_lost() -> None:
    found = parse_line(line("menu-stable", 0, "DC", "-"))
    assert found is not None
    assert (found.failed, found.lost, found.duration_seconds) == (True, False, None)


def test_a_line_that_is_still_being_written_is_left_out() -> None:
    whole = line("menu-stable", 200)
    assert len(parse([whole, whole[:30], ""])) == 1


def test_the_format_has_as_many_fields_as_are_read() -> None:
    assert len(FORMAT.split("\t")) == 6


@given(st.text(alphabet=st.characters(codec="utf-8")))
def test_any_line_is_read_or_left_out(text: str) -> None:
    parse_line(text)
