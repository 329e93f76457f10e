from __future__ import annotations

import json
import os
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from coffee_pipeline.tools.osv_database import ARCHIVE, made_of


@pytest.fixture
def vulndb(tmp_path: Path) -> Path:
    folder = tmp_path / "vulndb"
    for place in ("ID", "index"):
        (folder / place).mkdir(parents=True)
    for number in (1, 2):
        (folder / "ID" / f"GO-2026-000{number}.json").write_text(json.dumps({"id": number}))
    (folder / "ID" / "README").write_text("no advisory")
    (folder / "index" / "db.json").write_text('{"modified": "2026-01-05T00:00:00Z"}')
    return folder


def test_all_advisories_are_in_it_and_it_is_as_old_as_they_are(
    vulndb: Path, tmp_path: Path
) -> None:
    made = made_of(vulndb, tmp_path / "cache")
    assert made is not None
    archive = made / ARCHIVE
    with zipfile.ZipFile(archive) as content:
        assert content.namelist() == ["GO-2026-0001.json", "GO-2026-0002.json"]
        assert json.loads(content.read("GO-2026-0002.json")) == {"id": 2}
    changed = datetime.fromtimestamp(archive.stat().st_mtime, UTC)
    assert changed == datetime(2026, 1, 5, tzinfo=UTC)
    assert made_of(vulndb, tmp_path / "cache") == made
    assert {path.name for path in archive.parent.iterdir()} == {"all.zip"}


def test_another_state_of_the_advisories_is_another_database(vulndb: Path, tmp_path: Path) -> None:
    first = made_of(vulndb, tmp_path / "cache")
    file = vulndb / "ID" / "GO-2026-0003.json"
    file.write_text("{}")
    os.utime(file, (0, 0))  # before the first moment that an archive can name
    (vulndb / "index" / "db.json").write_text("broken")
    second = made_of(vulndb, tmp_path / "cache")
    assert second is not None
    assert second != first
    with zipfile.ZipFile(second / ARCHIVE) as content:
        assert len(content.namelist()) == 3


def test_of_no_advisories_there_is_no_database(vulndb: Path, tmp_path: Path) -> None:
    assert made_of(tmp_path / "nowhere", tmp_path / "cache") is None
    assert not (tmp_path / "cache").exists()
