"""Pages in a real browser without a window, where Chromium is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

PHONE, DESKTOP = 390, 1280
_MEASURE = """<script>
addEventListener("load", () => setTimeout(() => {
  const page = document.documentElement;
  document.body.dataset.sideways = page.scrollWidth - page.clientWidth;
  document.body.dataset.drawn = document.querySelectorAll(".plotly .main-svg").length;
}, 0));
</script>"""


@dataclass(frozen=True)
class Shown:
    """What the browser made of a page: its console, pixels to scroll sideways, figures drawn."""

    console: list[str]
    sideways: int
    drawn: int


def show(html: str, folder: Path, width: int) -> Shown:
    """Open a page from a file, as a person would who got it by mail."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not on PATH")
    page = folder / "page.html"
    page.write_text(html.replace("</body>", f"{_MEASURE}</body>"), encoding="utf-8")
    done = subprocess.run(
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'profile'}", f"--window-size={width},1600",
         "--virtual-time-budget=10000", "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    measured = {
        name: re.search(rf'data-{name}="(\d+)"', done.stdout) for name in ("sideways", "drawn")
    }
    assert all(measured.values()), done.stdout[-500:]
    return Shown(
        console=[line for line in done.stderr.splitlines() if "CONSOLE" in line],
        **{name: int(found[1]) for name, found in measured.items() if found},
    )
