"""How clients and the owner of the environments talk: JSON lines over a Unix socket."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from coffee_pipeline.home import Home

ENDPOINT_VARIABLE = "OTEL_EXPORTER_OTLP_ENDPOINT"
"""Names the collector that traces of the environments are handed on to, if any."""
LINE_LIMIT = 64 << 20
_PATH_LIMIT = 100  # sockaddr_un holds 108 bytes


def socket_path(home: Home) -> Path:
    """The owner's socket: in the data directory, or in a private folder when that is too long."""
    path = home.environments / "owner.sock"
    if len(os.fsencode(path)) <= _PATH_LIMIT:
        return path
    key = hashlib.sha256(os.fsencode(home.root)).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"coffee-pipeline-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{key}.sock"
