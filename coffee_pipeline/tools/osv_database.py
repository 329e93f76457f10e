"""OSV-Scanner's offline database, made of a local Go vulnerability database.

Both hold records in the OSV format (https://ossf.github.io/osv-schema/): one a file each below
``ID/``, the other an archive of them all. So OSV-Scanner can answer wherever govulncheck can.
OSV's own database for Go also has advisories of GitHub that the Go team has not taken over yet.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from datetime import datetime
from pathlib import Path

from filelock import FileLock

ARCHIVE = Path("osv-scalibr", "Go", "all.zip")
"""Where OSV-Scanner looks for the advisories of Go below its database's folder."""


def made_of(vulndb: Path, cache: Path) -> Path | None:
    """The folder of an OSV-Scanner database with the advisories in ``vulndb``; made once.

    ``cache`` holds one for every state of ``vulndb``: its files, their sizes and times. The archive
    is as old as ``index/db.json`` says that the database is. None where there is no advisory.

    Raises:
        OSError: the advisories cannot be read, or the archive not be written.
    """
    records = sorted((vulndb / "ID").glob("*.json"))
    if not records:
        return None
    state = [(file.name, (stat := file.stat()).st_size, stat.st_mtime_ns) for file in records]
    folder = cache / hashlib.sha256(repr((str(vulndb), state)).encode()).hexdigest()[:16]
    archive = folder / ARCHIVE
    archive.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_suffix(".lock")):
        if not archive.is_file():
            part = archive.with_suffix(".part")
            with zipfile.ZipFile(
                part, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False
            ) as content:
                for file in records:
                    content.write(file, file.name)
            modified = _modified(vulndb)
            if modified is not None:
                os.utime(part, (modified, modified))
            part.replace(archive)
    return folder


def _modified(vulndb: Path) -> float | None:
    """When the database was last changed, as it says itself; None when it does not."""
    try:
        said = json.loads((vulndb / "index" / "db.json").read_bytes())
        return datetime.fromisoformat(said["modified"]).timestamp()
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
