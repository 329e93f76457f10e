"""The part of ``platform.yaml`` about the days on which people work on the platform."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, model_validator

from coffee_pipeline.platform.fields import Description

if TYPE_CHECKING:
    from holidays import HolidayBase

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

_COUNTRY = re.compile(r"[A-Z]{2,3}")


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"no time zone is called {name!r}; one is Europe/Berlin") from error
    return name


def _known_country(code: str) -> str:
    country_calendar(code)
    return code


def country_calendar(code: str) -> HolidayBase:
    """The public holidays and the weekend of a country, or of a part of it (``US-CA``).

    Raises:
        ValueError: none are known of it.
    """
    # It takes longer to import than most commands to run.
    from holidays import country_holidays

    country, _, subdivision = code.partition("-")
    try:
        if not _COUNTRY.fullmatch(country):
            raise NotImplementedError
        found = country_holidays(country)
    except NotImplementedError:
        raise ValueError(
            f"no public holidays are known of {country!r}; ISO 3166 names one DE or US-CA"
        ) from None
    if not subdivision:
        return found
    if subdivision not in found.subdivisions:
        some = ", ".join(found.subdivisions) or "none"
        raise ValueError(f"{country} has no part {subdivision!r} with holidays of its own: {some}")
    return country_holidays(country, subdiv=subdivision)


CountryCode = Annotated[str, AfterValidator(_known_country)]
"""A country, or a part of one, whose public holidays are known."""


class CalendarSettings(Description):
    """The working days that delivery metrics are also told in.

    ``country`` (ISO 3166: ``DE``, ``US-CA``) brings its weekend and its public holidays;
    ``working_days`` names the weekdays instead; ``holidays`` are further days off. Without country
    and weekdays, Monday to Friday. A day lasts from midnight to midnight in ``timezone``.
    """

    country: CountryCode | None = None
    timezone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    working_days: tuple[Weekday, ...] = ()
    holidays: tuple[date, ...] = ()

    @model_validator(mode="after")
    def _somebody_works(self) -> Self:
        if len(set(self.working_days)) != len(self.working_days):
            raise ValueError("working_days names a day twice")
        return self
