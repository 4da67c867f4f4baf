# Rolecall. `make help` lists what there is; `make demo` and `make test` set up what they need.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNS ?=
SEED ?=

.DEFAULT_GOAL := help
.PHONY: help demo demo-connector demo-check test check lint chaos bench bench-orders bench-pages bench-polling bench-service soak coverage protos pins clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: demo-connector ## Set up, show the connector, then run the server on a simulated company; Ctrl-C stops it
	@$(BIN)/python tools/demo_server.py demo/server

demo-connector: .venv/demo.stamp ## The connector alone: sync, change access, show what changed
	@$(BIN)/python tools/demo.py demo

demo-check: .venv/demo.stamp ## Both unattended, on free ports, in a temporary folder
	@$(BIN)/python tools/demo.py --check
	@$(BIN)/python tools/demo_server.py --check

test: .venv/dev.stamp lint ## Everything that must pass, demo-check included
	$(BIN)/python -m pytest -n 2
	@$(MAKE) --no-print-directory demo-check

check: .venv/dev.stamp lint ## The quick half of `make test`: lint, types, imports, unit tests
	$(BIN)/python -m pytest -n 2 -m "not slow" tests/unit tests/properties tests/architecture

lint: .venv/dev.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry src

chaos: .venv/dev.stamp ## Every fault at every request, kills, planted defects (RUNS=N SEED=S)
	RUNS=$(or $(RUNS),all) SEED=$(SEED) $(BIN)/python -m pytest -n 2 tests/chaos

bench: .venv/dev.stamp ## Measure syncs, taking them in, and the pages of a large app, as ratios in one run
	$(BIN)/python bench/run.py $(BENCH)
	@files=$$(mktemp -d) && trap 'rm -rf "$$files"' EXIT && set -x \
	  && $(BIN)/python bench/intake.py --files "$$files" && $(BIN)/python bench/pages.py --files "$$files"

bench-service: .venv/dev.stamp ## Measure how long changes wait while service mode syncs 100,000 people
	$(BIN)/python bench/service.py $(BENCH)

bench-pages: .venv/dev.stamp ## Measure the server's pages at 100,000 accounts under eight clients
	$(BIN)/python bench/pages.py $(BENCH)

bench-orders: .venv/dev.stamp ## Measure orders a minute through a hosted and a self-hosted connector
	$(BIN)/python bench/orders.py $(BENCH)

bench-polling: .venv/dev.stamp ## Measure 200 connectors that poll one controller process
	$(BIN)/python bench/polling.py $(BENCH)

soak: .venv/dev.stamp ## Ten minutes of syncs and changes in service mode: does anything grow (SECONDS=N)
	$(BIN)/python bench/soak.py --seconds $(or $(SECONDS),600)

coverage: .venv/dev.stamp ## What the tests do not reach
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 2
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --skip-covered

protos: .venv/dev.stamp ## Generate the protobuf modules from our .proto text
	$(BIN)/python tools/generate_protos.py

pins: ## Pin and hash all dependencies anew (needs uv)
	@for set in "connector:" "server:--extra server" "demo:--extra sim --extra server" \
	    "dev:--extra sim --extra server --group dev"; do \
	  uv pip compile pyproject.toml $${set#*:} --quiet --universal --python-version 3.11 \
	    --generate-hashes --no-header --no-annotate -o requirements/$${set%%:*}.txt; done
	uv pip compile --group build --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-header --no-annotate -o requirements/build.txt

clean: ## Remove what the other targets made
	rm -rf .venv demo .mypy_cache .ruff_cache .hypothesis .coverage*

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Rolecall needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { echo "Python cannot make a virtual environment. On Debian: apt-get install python3-venv"; rm -rf .venv; exit 1; }

.venv/demo.stamp: .venv/bin/python requirements/demo.txt requirements/build.txt pyproject.toml
	@echo "Setting up .venv ..."
	@$(PIP) --require-hashes -r requirements/build.txt
	@$(PIP) --require-hashes -r requirements/demo.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/demo.stamp requirements/dev.txt
	@echo "Setting up the tools for development ..."
	@$(PIP) --require-hashes -r requirements/dev.txt
	@touch $@
