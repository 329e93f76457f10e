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
  parent.postMessage({
    width: page.clientWidth,
    sideways: page.scrollWidth - page.clientWidth,
    drawn: document.querySelectorAll(".plotly .main-svg").length,
  }, "*");
}, 0));
</script>"""
# In a frame, as a window has a least width that is more than a phone's.
_FRAME = """<!doctype html><body><script>
addEventListener("message", (message) => Object.assign(document.body.dataset, message.data));
</script><iframe src="page.html" width="{width}" height="1600" style="border:0"></iframe></body>"""


@dataclass(frozen=True)
class Shown:
    """What the browser made of a page; ``sideways``: pixels that are out of sight."""

    console: list[str]
    width: int
    sideways: int
    drawn: int


def show(html: str, folder: Path, width: int) -> Shown:
    """Open a page from a file, as a person would who got it by mail."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not on PATH")
    page = html.replace("</body>", f"{_MEASURE}</body>")
    (folder / "page.html").write_text(page, encoding="utf-8")
    frame = folder / "frame.html"
    frame.write_text(_FRAME.replace("{width}", str(width)), encoding="utf-8")
    done = subprocess.run(
        [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
         f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1700", "--hide-scrollbars",
         "--virtual-time-budget=10000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    measured = {
        name: re.search(rf'data-{name}="(\d+)"', done.stdout)
        for name in ("width", "sideways", "drawn")
    }
    assert all(measured.values()), done.stdout[-500:]
    return Shown(
        console=[line for line in done.stderr.splitlines() if "CONSOLE" in line],
        **{name: int(found[1]) for name, found in measured.items() if found},
    )
