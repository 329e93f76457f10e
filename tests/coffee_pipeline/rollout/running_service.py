"""Real parts for the tests of environments: a small Go service, releases of it, constant load."""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from coffee_pipeline.home import Home
from coffee_pipeline.platform.description import RunSettings
from coffee_pipeline.process.command import Command
from coffee_pipeline.process.runner import run
from coffee_pipeline.rollout.releases import Release
from coffee_pipeline.toolbox.toolbox import Toolbox

SOURCE = """\
package main

import (
	"context"
	"fmt"
	"math/rand"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

func main() {
	latency, _ := time.ParseDuration(os.Getenv("LATENCY"))
	ratio, _ := strconv.ParseFloat(os.Getenv("ERROR_RATIO"), 64)
	switch os.Getenv("START") {
	case "exit":
		fmt.Println("no database")
		os.Exit(7)
	case "taken":
		fmt.Println("listen tcp: bind: address already in use")
		os.Exit(1)
	}
	var good, bad, quick atomic.Int64
	http.HandleFunc("/readyz", func(w http.ResponseWriter, r *http.Request) {
		if os.Getenv("START") == "never" {
			w.WriteHeader(503)
		}
	})
	http.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) {})
	http.HandleFunc("/version", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "{\\"revision\\": %q}", os.Getenv("REVISION"))
	})
	http.HandleFunc("/metrics", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "# TYPE http_requests_total counter\\n")
		fmt.Fprintf(w, "http_requests_total{service=\\"till\\",code=\\"200\\"} %d\\n", good.Load())
		fmt.Fprintf(w, "http_requests_total{service=\\"till\\",code=\\"500\\"} %d\\n", bad.Load())
	})
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		quick.Add(1)
		time.Sleep(latency)
		if rand.Float64() < ratio {
			bad.Add(1)
			w.WriteHeader(500)
		} else {
			good.Add(1)
		}
		fmt.Fprint(w, os.Getenv("REVISION"))
	})
	server := &http.Server{Addr: os.Getenv("LISTEN_ADDRESS")}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	done := make(chan struct{})
	go func() {
		<-ctx.Done()
		_ = server.Shutdown(context.Background())
		close(done)
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		fmt.Println(err)
		os.Exit(1)
	}
	<-done
}
"""


def build(folder: Path, home: Home) -> Path:
    """Compile the service."""
    (folder / "go.mod").write_text("module example.com/till\n\ngo 1.22\n", encoding="utf-8")
    (folder / "main.go").write_text(SOURCE, encoding="utf-8")
    toolbox = Toolbox(home)
    go = str(toolbox.locate("go").path)
    output = run(
        Command(
            argv=(go, "build", "-o", "till", "."),
            cwd=folder,
            environment=toolbox.go_environment(),
        )
    )
    assert output.answered, output.tail()
    return folder / "till"


def release(program: Path, folder: Path, revision: str, **knobs: str) -> Release:
    """A release with its own binary content; ``knobs`` are START, LATENCY and ERROR_RATIO."""
    binary = folder / f"till-{revision}"
    shutil.copy(program, binary)
    with binary.open("ab") as stream:
        stream.write(revision.encode())  # ignored when it runs, but another digest
    digest = hashlib.sha256(binary.read_bytes()).hexdigest()
    return Release(
        service="till",
        revision=revision,
        digest=f"sha256:{digest}",
        binary=binary,
        run=run_settings(revision, **knobs),
        series=("http_requests_total",),
    )


def run_settings(revision: str, **knobs: str) -> RunSettings:
    """How a release runs."""
    return RunSettings(
        environment={"LISTEN_ADDRESS": "{address}", "REVISION": revision, **knobs},
        start_timeout_seconds=2 if knobs.get("START") else 20,
        stop_timeout_seconds=5,
    )


@dataclass
class Callers:
    """Callers that send one request after the other until they are told to stop."""

    url: Callable[[], str]
    count: int = 4
    answers: list[tuple[int, str]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Callers:
        self._threads = [threading.Thread(target=self._call) for _ in range(self.count)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _call(self) -> None:
        with httpx.Client(trust_env=False, timeout=10) as http:
            while not self._stop.is_set():
                try:
                    answer = http.get(self.url())
                    self.answers.append((answer.status_code, answer.text))
                except httpx.HTTPError as error:
                    self.faults.append(repr(error))

    @property
    def failed(self) -> list[object]:
        """What was not answered with 200."""
        return [*self.faults, *(answer for answer in self.answers if answer[0] != 200)]

    def by(self, revision: str) -> int:
        """How many requests a revision answered."""
        return sum(1 for _, text in self.answers if text == revision)
