"""A Go vulnerability database: its URL, and whether there is anything in it.

Layout: https://go.dev/security/vuln/database#api (``index/db.json``, ``index/modules.json``).
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote, urlsplit


def database_url(setting: str, base: Path) -> str:
    """The URL of a ``vulndb`` setting: an http(s) URL, or a folder relative to ``base``."""
    if setting.startswith(("https://", "http://")):
        return setting
    return (base / setting).resolve().as_uri()


def database_folder(url: str) -> Path | None:
    """The folder of a ``file://`` database; None for one on the network."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def count_advisories(folder: Path) -> int:
    """How many advisories the index of a database lists; 0 when it has no usable index."""
    index = folder / "index" / "modules.json"
    if not index.is_file():
        return 0
    try:
        modules = json.loads(index.read_bytes())
    except (ValueError, RecursionError):
        return 0
    found: set[str] = set()
    for module in modules if isinstance(modules, list) else ():
        vulnerabilities = module.get("vulns") if isinstance(module, dict) else None
        for item in vulnerabilities if isinstance(vulnerabilities, list) else ():
            if isinstance(item, dict) and isinstance(item.get("id"), str):
                found.add(item["id"])
    return len(found)
