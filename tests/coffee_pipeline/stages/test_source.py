from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from coffee_pipeline.errors import RepositoryError
from coffee_pipeline.history.reader import HistoryReader
from coffee_pipeline.history.writer import HistoryWriter
from coffee_pipeline.model.evidence import Evidence
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.model.source import ChangedFile, Revision, RevisionCommit, ServiceRevision
from coffee_pipeline.stages.source import source

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]

FILES = {
    "a/go.mod": "module m/a\n",
    "a/main.go": "package main\n",
    "b/go.mod": "module m/b\n",
    "b/main.go": "package main\n",
}


def _records(evidence: Evidence, kind: type) -> list:
    return [record for record in evidence.records if isinstance(record, kind)]


def test_a_first_commit_adds_everything_and_affects_everyone(deliver) -> None:
    context = deliver(FILES).context
    (evidence,) = source(context)
    assert evidence.materialization == f"source@{context.revision}"
    assert (evidence.outcome, evidence.reason) == (Outcome.COMPLETED, None)
    (revision,) = _records(evidence, Revision)
    assert (revision.parent, revision.branch, revision.platform) == (None, "main", "platform")
    assert {c.path for c in _records(evidence, ChangedFile)} == set(FILES)
    services = {s.service: s for s in _records(evidence, ServiceRevision)}
    assert {name: s.affected for name, s in services.items()} == {"a": True, "b": True}


def test_services_are_compared_with_the_revision_delivered_before(deliver, git_folder) -> None:
    first = deliver(FILES).context
    folder = git_folder("platform-1")
    folder.commit({"a/main.go": "package main // 2\n"})
    head = folder.commit({"b/main.go": "package main // 2\n"})
    (parent,) = source(replace(first, revision=head))
    delivered, _ = source(replace(first, revision=head, base_revision=first.revision))
    for evidence, expected in ((parent, ["b"]), (delivered, ["a", "b"])):
        found = _records(evidence, ServiceRevision)
        assert [s.service for s in found if s.affected] == expected
        assert [c.path for c in _records(evidence, ChangedFile)] == ["b/main.go"]


def test_what_came_between_two_deliveries_is_evidence_of_its_own(deliver, git_folder) -> None:
    first = deliver(FILES).context
    folder = git_folder("platform-1")
    middle = folder.commit({"a/main.go": "package main // 2\n"})
    head = folder.commit({"b/main.go": "package main // 2\n"})
    _, brought = source(replace(first, revision=head, base_revision=first.revision))
    assert brought.materialization == f"commits/{first.revision}..{head}"
    assert [one.commit_hash for one in _records(brought, RevisionCommit)] == [head, middle]
    # Delivered once more after its successor it brings nothing, and takes nothing away.
    assert len(source(replace(first, revision=middle, base_revision=head))) == 1


def test_a_base_that_is_gone_is_said_and_everyone_is_affected(deliver) -> None:
    context = replace(deliver(FILES).context, base_revision="1" * 40)
    found = _records(source(context)[0], ServiceRevision)
    assert all(service.affected for service in found)
    assert "111111111111" in found[0].reason
    assert "not in the repository" in found[0].reason


def test_a_commit_beside_the_branch_has_no_branch(deliver, git_folder) -> None:
    context = deliver(FILES).context
    folder = git_folder("platform-1")
    folder.git("checkout", "--quiet", "-b", "feature")
    head = folder.commit({"README.md": "x"})
    (revision,) = _records(source(replace(context, revision=head))[0], Revision)
    assert revision.branch is None


def test_the_edge_of_a_shallow_clone_claims_no_changes(deliver, git_folder, tmp_path: Path) -> None:
    context = deliver(FILES).context
    folder = git_folder("platform-1")
    head = folder.commit({"README.md": "x"})
    clone = tmp_path / "clone"
    folder.git("clone", "--quiet", "--depth=1", f"file://{folder.path}", str(clone))
    (evidence,) = source(replace(context, revision=head, repository=clone))
    assert evidence.outcome is Outcome.PARTIAL
    assert "shallow clone" in str(evidence.reason)
    assert _records(evidence, ChangedFile) == []
    assert all(service.affected for service in _records(evidence, ServiceRevision))


def test_a_revision_that_is_not_there_is_an_error(deliver) -> None:
    with pytest.raises(RepositoryError):
        source(replace(deliver(FILES).context, revision="1" * 40))


def test_odd_names_and_texts_reach_the_history(deliver) -> None:
    delivery = deliver({**FILES, "a/\udcff\n'\".go": "x"})
    context = delivery.context
    HistoryWriter(context.home).write(source(context)[0])
    reader = HistoryReader(context.home)
    reader.refresh()
    rows = reader.query("SELECT path FROM changed_files WHERE path LIKE 'a/%' ORDER BY path")
    assert [row["path"] for row in rows] == ["a/\\xff\n'\".go", "a/go.mod", "a/main.go"]


def test_what_a_checkout_lacks_is_said(deliver) -> None:
    delivery = deliver({**FILES, ".gitattributes": "*.bin filter=lfs\n"})
    source(delivery.context)
    assert any("Git LFS" in line for line in delivery.said)
