"""The bundled platform as what is observed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from coffee_pipeline.observability.stack import generate
from coffee_pipeline.observability.subject import Subject, subject_of
from coffee_pipeline.platform.loading import load_platform
from tests.conftest import ROOT

PLATFORM = ROOT / "examples" / "go-coffee"


@pytest.fixture(scope="session")
def subject() -> Subject:
    return subject_of(load_platform(PLATFORM / "platform.yaml"), PLATFORM)


@pytest.fixture(scope="session")
def generated(subject: Subject) -> Mapping[str, str]:
    return generate(subject)


@pytest.fixture
def folder(generated: Mapping[str, str], tmp_path: Path) -> Path:
    """A generated folder."""
    for name, text in generated.items():
        path = tmp_path / "observability" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return tmp_path / "observability"
