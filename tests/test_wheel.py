"""What is published: the library alone, with the files it needs at run time."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

from tests.conftest import ROOT


def test_the_wheel_ships_the_library_and_nothing_else(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].partition("-")[0] for name in names} == {"coffee_pipeline"}
    for needed in (
        "coffee_pipeline/process/launcher.py",
        "coffee_pipeline/history/migrations/0001_first_tables.sql",
        "coffee_pipeline/history/views/service_status.sql",
        "coffee_pipeline/reports/theme/page.html",
        "coffee_pipeline/toolbox/requirements/semgrep.txt",
    ):
        assert needed in names
