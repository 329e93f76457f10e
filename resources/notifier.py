"""Whom assets tell: the channels of the platform description, as a Dagster resource."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import dagster as dg

from coffee_pipeline.platform.loading import load_platform
from coffee_pipeline.reports.notification import Notification
from coffee_pipeline.reports.sending import Notifier, Sent


class NotifierResource(dg.ConfigurableResource[None]):
    """Tells the channels under ``notifications`` in the platform description.

    Secrets are read from the environment when something is sent; they are no configuration of
    Dagster, so neither the UI nor the event log has them.
    """

    platform_path: str

    def send(self, notification: Notification, say: Callable[[str], object]) -> Sequence[Sent]:
        """Tell every channel; ``say`` is where ``stdout`` goes, mostly ``context.log.info``."""
        settings = load_platform(Path(self.platform_path)).notifications
        return Notifier(settings, say=say).send(notification)
