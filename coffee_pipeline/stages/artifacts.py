"""Artifacts by content digest below ``home.artifacts``; what is there is never changed."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from coffee_pipeline.errors import EnvironmentFailedError
from coffee_pipeline.home import Home

BINARY_MEDIA_TYPE = "application/octet-stream"
SBOM_MEDIA_TYPE = "application/vnd.cyclonedx+json"
IMAGE_MEDIA_TYPE = "application/vnd.oci.image.manifest.v1+json"


def digest_of(content: bytes) -> str:
    """``sha256:...`` of bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def digest_of_file(path: Path) -> str:
    """``sha256:...`` of a file."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


def artifact_path(home: Home, path: str) -> Path:
    """Where an :class:`~coffee_pipeline.model.build.Artifact`'s ``path`` lies."""
    return home.artifacts / path


def store(home: Home, digest: str, fill: Callable[[Path], None]) -> str:
    """Keep an artifact under its digest and return its folder, relative to ``home.artifacts``.

    ``fill`` puts the files into a folder that becomes visible at once, when it is whole.

    Raises:
        EnvironmentFailedError: the disk is full or cannot be written.
    """
    relative = digest.replace(":", "/")
    folder = home.artifacts / relative
    if folder.is_dir() and any(folder.iterdir()):
        return relative
    try:
        if folder.is_dir():  # someone took the files away
            folder.rmdir()
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".new-", dir=folder.parent))
        try:
            temporary.chmod(0o755)
            fill(temporary)
            _publish(temporary, folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    except OSError as error:
        raise EnvironmentFailedError(
            f"{home.artifacts}: artifact cannot be stored ({error.strerror}); free some space or "
            "choose another --data-dir"
        ) from error
    return relative


def _publish(temporary: Path, folder: Path) -> None:
    try:
        temporary.rename(folder)
    except OSError:
        if not folder.is_dir():  # else another process stored the same content first
            raise
