"""The partitions: one per service (and library module) of the platform description."""

from __future__ import annotations

import dagster as dg

from coffee_pipeline.platform.loading import load_platform
from resources.delivery import platform_file

PLATFORM = load_platform(platform_file())
"""The description at load time; its services are the partition keys."""

services = dg.StaticPartitionsDefinition([service.name for service in PLATFORM.services])
