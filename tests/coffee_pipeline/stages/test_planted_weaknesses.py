"""A repository with a weakness of every sort: each scanner finds all that was planted for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from coffee_pipeline.model.finding import Finding, Scan
from coffee_pipeline.model.outcome import Outcome
from coffee_pipeline.stages.repository_scan import TOOLS, repository_scan
from coffee_pipeline.stages.scan import scan_module
from coffee_pipeline.tools.registry import MODULE_SCANNERS
from tests.coffee_pipeline.stages.test_scan_stage import ADVISORY, write_database

pytest_plugins = ["tests.coffee_pipeline.stages.delivery"]
pytestmark = [pytest.mark.slow, pytest.mark.timeout(280)]

SHOP = """package main

import (
	"crypto/tls"
	"database/sql"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
)

const password = "f62e5bcda4fae4f82370da0c6f20697b8f8447ef"

func find(db *sql.DB) {
	query := fmt.Sprintf("SELECT * FROM drinks WHERE name = '%s'", os.Args[1])
	rows, err := db.Query(query)
	if err != nil {
		panic(err)
	}
	_ = rows.Close()
}

func main() {
	address, _ := url.Parse("http://example.test")
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	_, _ = client.Get(address.String())
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		_ = exec.Command("sh", "-c", r.FormValue("drink")).Run()
	})
	_ = http.ListenAndServe(":8080", nil)
	fmt.Println(password, find)
}

func unused() {}
"""
POD = """apiVersion: v1
kind: Pod
metadata: {name: shop, namespace: shop}
spec:
  hostNetwork: true
  containers:
    - name: shop
      image: shop:latest
      securityContext: {privileged: true}
"""
GROUP = """resource "aws_security_group" "open" {
  description = "open to the world"
  ingress {
    description = "ssh"
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
"""
WORKFLOW = """name: build
on: pull_request_target
jobs:
  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: echo ${{ github.event.pull_request.title }}
"""
KEY = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"  # no token: no one ever issued it
FILES = {
    "go.mod": "module shop.test\n\ngo 1.22\n",
    "main.go": SHOP,
    "Dockerfile": 'FROM golang:latest\nRUN cd /src && sudo make\nUSER root\nCMD ["/shop"]\n',
    "deploy/pod.yaml": POD,
    "deploy/network.tf": GROUP,
    "deploy/key.yaml": "apiVersion: v1\nkind: Secret\nmetadata: {name: key}\nstringData: {a: b}\n",
    "deploy/orders.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: orders}\n"
    "spec: {portz: [{port: 80}]}\n",
    ".github/workflows/build.yaml": WORKFLOW,
    "config/settings.ini": f"[github]\ntoken = {KEY}\n",
    "old/go.mod": "module old.test\n\ngo 1.22\n\nrequire example.com/teapot v0.3.0\n",
}
MODULES = {"osv_scanner": "old"}
"""Scanner -> the module with its weakness, where that is not the root."""
TEAPOT = {
    **ADVISORY, "id": "GO-2026-9002", "aliases": ["CVE-2026-9002"],
    "affected": [{
        "package": {"name": "example.com/teapot", "ecosystem": "Go"},
        "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "0.3.1"}]}],
    }],
}  # fmt: skip
PLANTED = {
    "gosec": {
        ("G201", "main.go"): "SQL built by formatting",
        ("G204", "main.go"): "a command made of a request",
        ("G402", "main.go"): "certificates that nobody checks",
        ("G114", "main.go"): "a server without time limits",
        ("G101", "main.go"): "a hard-coded password",
    },
    "govulncheck": {("GO-2026-9001", "main.go"): "a vulnerable function that is called"},
    "osv_scanner": {("GO-2026-9002", "old/go.mod"): "a vulnerable module that is required"},
    "staticcheck": {("U1000", "main.go"): "code that nothing uses"},
    "hadolint": {
        ("DL3007", "Dockerfile"): "a moving tag",
        ("DL3002", "Dockerfile"): "a container that ends as root",
        ("DL3004", "Dockerfile"): "sudo",
    },
    "checkov": {
        ("CKV_K8S_16", "deploy/pod.yaml"): "a privileged pod",
        ("CKV_K8S_19", "deploy/pod.yaml"): "the network of the host",
        ("CKV_AWS_24", "deploy/network.tf"): "ssh open to the world",
        ("CKV_DOCKER_8", "Dockerfile"): "the last user is root",
    },
    "conftest": {("secret-in-repository", "deploy/key.yaml"): "a secret that is committed"},
    "gator": {
        (
            "CoffeeNoPrivilegedContainers/no-privileged-containers",
            "deploy/pod.yaml",
        ): "a privileged pod",
    },
    "kubeconform": {("schema", "deploy/orders.yaml"): "a field that does not exist"},
    "semgrep": {
        ("go-sql-built-from-text", "main.go"): "SQL built by formatting",
        ("go-command-from-variable", "main.go"): "a command made of a request",
        ("go-tls-not-verified", "main.go"): "certificates that nobody checks",
        ("go-credential-in-code", "main.go"): "a hard-coded password",
        ("dockerfile-user-root", "Dockerfile"): "the last user is root",
        ("kubernetes-privileged", "deploy/pod.yaml"): "a privileged pod",
    },
    "kube_score": {("container-security-context-privileged", "deploy/pod.yaml"): "privileged"},
    "zizmor": {
        ("unpinned-uses", ".github/workflows/build.yaml"): "an action by its moving tag",
        ("template-injection", ".github/workflows/build.yaml"): "a title that becomes a command",
        ("dangerous-triggers", ".github/workflows/build.yaml"): "a trigger with secrets",
    },
    "gitleaks": {("github-pat", "config/settings.ini"): "a token"},
}  # fmt: skip


@pytest.mark.parametrize("tool", PLANTED)
def test_a_scanner_finds_all_that_was_planted_for_it(tool: str, deliver, tmp_path: Path) -> None:
    write_database(tmp_path / "vulndb", [ADVISORY, TEAPOT])
    delivery = deliver(FILES).platform(vulndb=str(tmp_path / "vulndb"))
    if tool not in ("gosec", "govulncheck") and delivery.context.toolbox.look(tool) is None:
        pytest.skip(f"{tool} is not installed here: coffee-pipeline doctor --install {tool}")
    if tool in MODULE_SCANNERS:
        evidence = scan_module(delivery.context, MODULES.get(tool, "."), tool).evidence
    else:
        step = next(step for step, tools in TOOLS.items() if tool in tools)
        (evidence,) = [
            one
            for one in repository_scan(delivery.context, step)
            if any(isinstance(r, Scan) and r.tool == tool for r in one.records)
        ]
    assert evidence.outcome in (Outcome.COMPLETED, Outcome.PARTIAL), evidence.reason
    found = [record for record in evidence.records if isinstance(record, Finding)]
    places = {(one.rule.partition("/")[2] or one.rule, one.path) for one in found}
    places |= {(one.rule, one.path) for one in found}
    assert set(PLANTED[tool]) <= places, sorted(map(str, places))
    assert KEY not in repr(evidence), "no secret is kept"
