"""Environments of a tiny Python tool from a wheel made here: nothing is fetched."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
import subprocess
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from coffee_pipeline.errors import ToolMissingError
from coffee_pipeline.home import Home
from coffee_pipeline.toolbox.pin import Pin
from coffee_pipeline.toolbox.pins import PINS
from coffee_pipeline.toolbox.python_environment import PythonEnvironment, requirements_of
from coffee_pipeline.toolbox.toolbox import Toolbox

PIN = Pin(name="tiny", costs="nothing", obtain="installed", version="1.0", requirements=True)
PINNED_PYTHON_TOOLS = [name for name, pin in PINS.items() if pin.requirements]


def wheel(folder: Path) -> Path:
    path = folder / "tiny-1.0-py3-none-any.whl"
    about = "tiny-1.0.dist-info"
    content = {
        "tiny.py": "def main():\n    print('tiny 1.0')\n",
        f"{about}/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
        f"{about}/entry_points.txt": "[console_scripts]\ntiny = tiny:main\n",
    }
    record = []
    for name, text in content.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record.append(f"{name},sha256={digest.decode()},{len(text)}")
    content[f"{about}/RECORD"] = "\n".join([*record, f"{about}/RECORD,,", ""])
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return path


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PythonEnvironment:
    digest = hashlib.sha256(wheel(tmp_path).read_bytes()).hexdigest()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    listed = f"tiny==1.0 --hash=sha256:{digest}\n".encode()
    return PythonEnvironment(pin=PIN, folder=tmp_path / "tools", requirements=listed)


@pytest.mark.slow
def test_a_tool_is_installed_once_and_again_where_its_interpreter_is_gone(
    environment: PythonEnvironment,
) -> None:
    said: list[str] = []
    abandoned = environment.folder / f".{environment.place.name}~killed"
    abandoned.mkdir(parents=True)
    program = environment.make(said.append)
    assert environment.make(said.append) == program
    assert sum("installing it once" in line for line in said) == 1
    assert subprocess.check_output([program], text=True) == "tiny 1.0\n"
    assert not abandoned.exists()
    first = environment.place.resolve()

    (environment.place / "bin" / "python").unlink()
    assert not environment.ready
    environment.make(said.append)
    assert environment.ready
    assert environment.place.resolve() != first
    assert subprocess.check_output([program], text=True) == "tiny 1.0\n"


@pytest.mark.slow
def test_what_is_not_the_listed_content_is_not_installed(environment: PythonEnvironment) -> None:
    wrong = dataclasses.replace(
        environment, requirements=b"tiny==1.0 --hash=sha256:" + b"0" * 64 + b"\n"
    )
    with pytest.raises(
        ToolMissingError, match=r"tiny 1\.0: cannot be installed \(.*\)\. Without it"
    ):
        wrong.make(lambda line: None)
    assert not wrong.ready
    assert wrong.last_failure()
    assert [path for path in wrong.folder.iterdir() if path.is_dir() or path.is_symlink()] == []


def test_another_list_of_requirements_is_another_place(environment: PythonEnvironment) -> None:
    other = dataclasses.replace(environment, requirements=b"tiny==1.0\n")
    assert other.place != environment.place


def test_a_python_that_is_not_there_is_no_way_to_install(
    environment: PythonEnvironment, tmp_path: Path
) -> None:
    broken = dataclasses.replace(environment, python=tmp_path / "python3")
    with pytest.raises(ToolMissingError, match="python3"):
        broken.make(lambda line: None)
    assert not broken.ready


@pytest.mark.parametrize("name", PINNED_PYTHON_TOOLS)
def test_requirements_are_exact_and_hashed(name: str) -> None:
    lines = requirements_of(name).decode().splitlines()
    listed = [line for line in lines if re.match(r"[A-Za-z0-9]", line)]
    assert all(re.match(r"[\w.-]+==\S+", line) for line in listed)
    assert sum("--hash=sha256:" in line for line in lines) >= len(listed)
    assert any(line.split("==")[1].split()[0] == PINS[name].version for line in listed)
    assert "://" not in "\n".join(lines), "where from is up to the person's pip"


def test_every_requirements_file_belongs_to_a_pin() -> None:
    folder = files("coffee_pipeline.toolbox") / "requirements"
    assert {entry.name for entry in folder.iterdir()} == {
        f"{name}.txt" for name in PINNED_PYTHON_TOOLS
    }


def test_a_python_tool_on_path_of_its_version_is_taken(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COFFEE_TOOLS", str(tmp_path / "tools"))
    program = tmp_path / "bin" / "checkov"
    program.parent.mkdir()
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    program.write_text("#!/bin/sh\necho 2.0.1\n")
    program.chmod(0o755)
    assert Toolbox(home).look("checkov") is None, "of another major version"
    program.write_text(f"#!/bin/sh\necho {PINS['checkov'].version}\n# replaced\n")
    found = Toolbox(home).look("checkov")
    assert found is not None
    assert (found.path, found.origin) == (program, "path")
