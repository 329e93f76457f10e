# make demo   set everything up and deliver the bundled platform
# make test   set everything up and run the checks and the whole test suite
# make up     the Dagster UI over what was delivered
PYTHON ?= python3
VENV := .venv
UV := $(VENV)/bin/uv
UV_VERSION := 0.13.9
BIN := $(VENV)/bin
DATA ?= .coffee
PYTEST_WORKERS ?= 2

.PHONY: setup system demo up test check benchmark clean

setup: $(VENV)/.synced

$(UV):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "error: $(PYTHON) is older than 3.11; set PYTHON=..." >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet "uv==$(UV_VERSION)"

$(VENV)/.synced: pyproject.toml uv.lock | $(UV)
	$(UV) sync --frozen --quiet --inexact
	@$(BIN)/python -m compileall -q coffee_pipeline assets resources
	@touch $@

# Prometheus makes the metrics stage richer; without it the pipeline scrapes by itself. The others
# are for tests: the way of an alert into the history, and a second server of metrics.
SYSTEM := prometheus prometheus-alertmanager
test: SYSTEM += victoria-metrics

system:
	@missing=; \
	for package in $(SYSTEM); do \
	  command -v $$package >/dev/null || command -v $${package#prometheus-} >/dev/null \
	    || missing="$$missing $$package"; \
	done; \
	[ -z "$$missing" ] || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing system packages:$$missing"; \
	    apt-get update -qq >/dev/null 2>&1; \
	    for package in $$missing; do \
	      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$package >/dev/null 2>&1 \
	        || echo "note: not installed: $$package - see docs/observability.md"; \
	    done; \
	  else echo "note: not on PATH:$$missing - see docs/observability.md"; fi; }

demo: setup system
	$(BIN)/coffee-pipeline --data-dir $(DATA) demo

up: setup
	$(BIN)/coffee-pipeline --data-dir $(DATA) up

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: setup system check
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal

benchmark: setup
	$(BIN)/python -m benchmarks.overhead

clean:
	rm -rf $(DATA) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist
