"""A small platform of two services and the Dagster application over it, in real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from coffee_pipeline.cli.application import dagster_folders
from tests.conftest import ROOT, GitFolder

MAIN = """\
package main

import (
	"net/http"
	"os"
)

// revision is stamped by the build.
var revision string

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {})
	mux.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte(Answer(revision)))
	})
	server := &http.Server{Addr: os.Getenv("LISTEN_ADDRESS"), Handler: mux, ReadHeaderTimeout: 1e9}
	_ = server.ListenAndServe()
}
"""
ANSWER = "package main\n\n// Answer says it.\nfunc Answer(text string) string { return text }\n"
TEST = """\
package main

import "testing"

func TestAnswer(t *testing.T) {
	if Answer("a") != %s {
		t.Fatal("not a")
	}
}
"""
PLATFORM = """\
version: 1
name: shop
vulndb: vulndb
modules: [{path: good}, {path: bad}]
gates: {coverage_minimum_percent: 5}
rollout: {canary: {step_seconds: 3, steps_percent: [50, 100]}}
services:
  - &service
    name: good
    module: good
    package: .
    build: {ldflags: "-X main.revision={revision}"}
    run: {environment: {LISTEN_ADDRESS: "{address}"}, ready: /healthz, metrics: null}
    load: {rate_per_second: 40, targets: [{path: /version}]}
  - <<: *service
    name: bad
    module: bad
"""


def shop(folder: Path) -> GitFolder:
    """The platform's repository: the tests of ``bad`` fail, those of ``good`` pass."""
    git = GitFolder(folder)
    files: dict[str, str | bytes | None] = {"platform.yaml": PLATFORM}
    for name, expected in (("good", '"a"'), ("bad", '"b"')):
        files |= {
            f"{name}/go.mod": f"module example.com/shop/{name}\n\ngo 1.24\n",
            f"{name}/main.go": MAIN,
            f"{name}/answer.go": ANSWER,
            f"{name}/answer_test.go": TEST % expected,
        }
    database = ROOT / "examples" / "go-coffee" / "vulndb"
    for path in sorted(database.rglob("*.json")):
        files[f"vulndb/{path.relative_to(database)}"] = path.read_bytes()
    git.commit(files, "open the shop")
    return git


@pytest.fixture
def application(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment of Dagster processes over the small platform."""
    repository = shop(tmp_path / "shop")
    data = tmp_path / "data"
    (data / "dagster").mkdir(parents=True)
    return {
        **os.environ,
        "COFFEE_HOME": str(data),
        "COFFEE_PLATFORM": str(repository.path / "platform.yaml"),
        **dagster_folders(data / "dagster"),
        "DAGSTER_HOME": str(ROOT),
    }
