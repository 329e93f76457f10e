"""An OCI image layout around one static binary, written without a container engine.

Specification: https://github.com/opencontainers/image-spec (v1.1): image-layout.md, manifest.md,
config.md, layer.md. The image has no base: nothing but the binary is in it.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coffee_pipeline.stages.artifacts import IMAGE_MEDIA_TYPE, digest_of

CONFIG_MEDIA_TYPE = "application/vnd.oci.image.config.v1+json"
LAYER_MEDIA_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
INDEX_MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"
USER = 65532
"""User and group of the process: "nonroot" of the distroless images, no entry in any host."""
FOLDER = "app"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageContent:
    """What goes into an image. ``created`` is the commit's time, never the clock's."""

    name: str
    binary: bytes
    version: str
    revision: str
    created: datetime
    architecture: str
    operating_system: str


@dataclass(frozen=True, slots=True)
class Image:
    """An image as blobs by digest. ``digest`` is that of the manifest, ``size_bytes`` of all."""

    digest: str
    blobs: dict[str, bytes]
    index: bytes

    @property
    def size_bytes(self) -> int:
        """Bytes of all blobs."""
        return sum(len(blob) for blob in self.blobs.values())

    def write(self, folder: Path) -> None:
        """Write the image layout into ``folder``."""
        blobs = folder / "blobs" / "sha256"
        blobs.mkdir(parents=True)
        for digest, blob in self.blobs.items():
            (blobs / digest.removeprefix("sha256:")).write_bytes(blob)
        (folder / "oci-layout").write_bytes(_json({"imageLayoutVersion": "1.0.0"}))
        (folder / "index.json").write_bytes(self.index)


def build_image(content: ImageContent) -> Image:
    """The image of a binary; the same content gives the same digest."""
    layer = _layer(content)
    packed = gzip.compress(layer, compresslevel=1, mtime=0)  # a fifth of the time of 6
    config = _json(_config(content, digest_of(layer)))
    labels = _labels(content)
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": IMAGE_MEDIA_TYPE,
            "config": _descriptor(CONFIG_MEDIA_TYPE, config),
            "layers": [_descriptor(LAYER_MEDIA_TYPE, packed)],
            "annotations": labels,
        }
    )
    entry = _descriptor(IMAGE_MEDIA_TYPE, manifest)
    entry["platform"] = {"architecture": content.architecture, "os": content.operating_system}
    entry["annotations"] = {"org.opencontainers.image.ref.name": content.version}
    index = _json({"schemaVersion": 2, "mediaType": INDEX_MEDIA_TYPE, "manifests": [entry]})
    blobs = {digest_of(blob): blob for blob in (packed, config, manifest)}
    return Image(digest_of(manifest), blobs, index)


def _layer(content: ImageContent) -> bytes:
    """An uncompressed tar: the folder and the binary, owned by :data:`USER`."""
    stream = io.BytesIO()
    moment = int(content.created.timestamp())
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folder = tarfile.TarInfo(f"{FOLDER}/")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        program = tarfile.TarInfo(f"{FOLDER}/{content.name}")
        program.size, program.mode = len(content.binary), 0o755
        for member in (folder, program):
            member.uid = member.gid = USER
            member.mtime = moment
        archive.addfile(folder)
        archive.addfile(program, io.BytesIO(content.binary))
    return stream.getvalue()


def _config(content: ImageContent, diff_id: str) -> dict[str, Any]:
    return {
        "created": _time(content.created),
        "architecture": content.architecture,
        "os": content.operating_system,
        "config": {
            "User": f"{USER}:{USER}",
            "Entrypoint": [f"/{FOLDER}/{content.name}"],
            "WorkingDir": "/",
            "Labels": _labels(content),
        },
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "history": [{"created": _time(content.created), "created_by": "coffee-pipeline"}],
    }


def _labels(content: ImageContent) -> dict[str, str]:
    prefix = "org.opencontainers.image"
    return {
        f"{prefix}.created": _time(content.created),
        f"{prefix}.revision": content.revision,
        f"{prefix}.title": content.name,
        f"{prefix}.version": content.version,
    }


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _descriptor(media_type: str, blob: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(blob), "size": len(blob)}


def _json(value: object) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()
