"""The part ``notifications`` of ``platform.yaml``: who is told, and where."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coffee_pipeline.platform.fields import Description
from coffee_pipeline.platform.security import VariableName

Address = Annotated[str, Field(pattern=r"^https?://[^\s@]+$", max_length=2000)]
"""A URL without credentials in it."""


class StandardOutput(Description):
    """Print it: for a terminal, and for logs that something else collects."""

    kind: Literal["stdout"] = "stdout"


class Slack(Description):
    """An incoming webhook of Slack; its whole address is a secret, so it is in a variable."""

    kind: Literal["slack"]
    url_variable: VariableName = "COFFEE_SLACK_URL"


class PagerDuty(Description):
    """PagerDuty's Events API v2; the routing key of the integration is in a variable."""

    kind: Literal["pagerduty"]
    routing_key_variable: VariableName = "COFFEE_PAGERDUTY_ROUTING_KEY"
    url: Address = "https://events.pagerduty.com/v2/enqueue"


class Alertmanager(Description):
    """Alertmanager's API v2 at ``url``; ``token_variable`` names a bearer token, if it wants one.

    Alertmanager resolves an alert by itself some minutes after it was last sent; these are about
    what stays, so they end ``hours`` after they were sent.
    """

    kind: Literal["alertmanager"]
    url: Address
    token_variable: VariableName | None = None
    hours: Annotated[float, Field(gt=0, le=720)] = 24


Channel = Annotated[StandardOutput | Slack | PagerDuty | Alertmanager, Field(discriminator="kind")]


class NotificationSettings(Description):
    """The channels, each with its own settings; standard output where nothing is said."""

    channels: tuple[Channel, ...] = (StandardOutput(),)
