"""What a valid description can still get wrong: references from one part of it to another."""

from __future__ import annotations

import difflib
import re
import zoneinfo
from collections.abc import Iterable, Iterator, Sequence

from coffee_pipeline.platform.description import Platform

Location = tuple[str | int, ...]
"""The way to a part of the description, such as ``("services", 0, "name")``."""

_URL = re.compile(r"\{url:([^}]*)\}")


def suggestion(word: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` when one of ``known`` is close to ``word``."""
    close = difflib.get_close_matches(word, list(known), 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def inconsistencies(platform: Platform) -> Iterator[tuple[Location, str]]:
    """Every problem with its location."""
    yield from _repeated(("modules",), [module.path for module in platform.modules], ("path",))
    # Names become file names, and some file systems fold case.
    names = [service.name.casefold() for service in platform.services]
    yield from _repeated(("services",), names, ("name",))
    environments = platform.rollout.environments
    yield from _repeated(("rollout", "environments"), environments, ())
    yield from _unknown_services(platform)
    timezone = platform.schedules.timezone
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        hint = suggestion(timezone, zoneinfo.available_timezones())
        yield ("schedules", "timezone"), f"{timezone!r} is no IANA time zone{hint}"


def _repeated(
    place: Location, values: Sequence[str], field: Location
) -> Iterator[tuple[Location, str]]:
    for number, text in enumerate(values):
        first = values.index(text)
        if first < number:
            where = "".join(f".{part}" for part in (*place, *field))[1:]
            yield (*place, number, *field), f"{text!r} is number {first} of {where} already"


def _unknown_services(platform: Platform) -> Iterator[tuple[Location, str]]:
    known = [service.name for service in platform.services if service.kind == "service"]
    for number, service in enumerate(platform.services):
        for key, text in service.run.environment.items() if service.run else ():
            for name in _URL.findall(text):
                if name not in known:
                    hint = suggestion(name, known)
                    location = ("services", number, "run", "environment", key)
                    yield location, f"{{url:{name}}} names no service{hint}"
