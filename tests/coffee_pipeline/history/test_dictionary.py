from __future__ import annotations

from pathlib import Path

from coffee_pipeline.history.derivation import DERIVED_TABLES
from coffee_pipeline.history.dictionary import dictionary, to_markdown
from coffee_pipeline.history.schema import VIEW_NAMES
from coffee_pipeline.history.tables import TABLES

DOCUMENT = Path(__file__).parents[3] / "docs" / "tables.md"


def test_the_document_is_current() -> None:
    """Run `coffee-pipeline schema --markdown > docs/tables.md` when this fails."""
    assert DOCUMENT.read_text(encoding="utf-8") == to_markdown(dictionary())


def test_everything_is_there_and_commented() -> None:
    entries = {entry.name: entry for entry in dictionary()}
    assert set(entries) == {
        *TABLES.values(), *VIEW_NAMES, *DERIVED_TABLES, "derivations", "materializations",
        "schema_migrations", "schema_views",
    }  # fmt: skip
    assert [name for name, entry in entries.items() if not entry.comment] == []
    assert [
        f"{name}.{column.name}"
        for name, entry in entries.items()
        for column in entry.columns
        if entry.kind == "table" and not column.comment
    ] == []
    assert all(entry.columns for entry in entries.values())


def test_times_say_that_they_are_utc() -> None:
    assert [
        f"{entry.name}.{column.name}"
        for entry in dictionary()
        for column in entry.columns
        if entry.kind == "table" and column.type == "TIMESTAMP" and "UTC" not in column.comment
    ] == []
