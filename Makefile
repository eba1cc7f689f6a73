# GoFlow's targets; `make` alone lists them. Each does its own set-up.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
PAGE := goflow/server/static/index.html
SOURCES := goflow compat/runner compat/airflow_shim tests benchmarks

.PHONY: help setup run test unit ui check-ui check format cluster cluster-down fidelity parity parity-cluster parity-airflow sweep fuzz chaos many-lines bench screenshots docs clean

help: ## List the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1m%-14s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(STAMP) ## Make .venv with everything in it (harmless twice)

$(STAMP): pyproject.toml compat/runner/pyproject.toml compat/airflow_shim/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "GoFlow needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing GoFlow and its tools into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e compat/runner -e compat/airflow_shim -e . --group dev
	@touch $@

ui: $(PAGE) ## Build the web page into goflow/server/static, where the daemon serves it and the wheel takes it (Node.js 20.19+)

check-ui: ui/node_modules/.package-lock.json setup ## The page's types (against this checkout's OpenAPI), style and unit tests
	@cd ui && npm run --silent check && npm test --silent

ui/node_modules/.package-lock.json: ui/package-lock.json
	@cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): ui/node_modules/.package-lock.json $(shell find ui/src ui/public ui/scripts -type f 2>/dev/null) ui/index.html ui/vite.config.ts
	@cd ui && npm run --silent build

.PHONY: page-if-node
NODE_WILL_DO := node -e 'const [major, minor] = process.versions.node.split("."); process.exit(major > 20 || (major == 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
page-if-node: # the page where Node.js can build it; without, GoFlow starts all the same, and says what is missing
	@if $(NODE_WILL_DO); then \
	  test -e $(PAGE) || echo "Building the web page, the first time this takes a minute or two ..."; \
	  $(MAKE) --no-print-directory --silent ui || echo "The web page could not be built, see above. GoFlow starts $$(test -e $(PAGE) && echo 'with the one that is there' || echo 'without it')."; \
	elif ! test -e $(PAGE); then \
	  echo "The web page is left out: it takes Node.js 20.19 or newer to build, and here is $$(node -v 2>/dev/null || echo none). Install it and say: make ui. REST and the commands do without."; \
	fi

run: setup page-if-node ## Start GoFlow here on the example DAGs, run them all once, and say where to look
	@$(BIN)/goflow standalone --dags dags --run-all

test: setup ui ## All tests: unit, conformance on both databases, integration, chart, and the real test cluster
	@$(BIN)/python -m tests

unit: setup ## The unit tests alone (under a minute)
	@$(BIN)/python -m pytest tests/unit -q -n 2

check: setup ## Style, types, floors of the house
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup ## Bring the code into the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

cluster: setup ## Bring up the real test cluster and leave it running (make cluster-down ends it)
	@$(BIN)/python -m tests.cluster.harness up

cluster-down: setup ## Take the test cluster down
	@$(BIN)/python -m tests.cluster.harness down

fidelity: setup ## Hold the reader against real Airflow on DAG files from PyPI, and write docs/fidelity.md
	@$(BIN)/python -m tests.oracle fidelity

parity: setup ## Run Airflow's example DAGs in Airflow and in GoFlow, and write docs/parity.md
	@$(BIN)/python -m tests.parity

parity-cluster: setup ## Run a sample of them as Jobs in the test cluster (four minutes), and write that part of docs/parity.md
	@$(BIN)/python -m tests.parity --backend kubernetes

parity-airflow: setup ## Run that sample in the test cluster in an image with Airflow (ten minutes), and write that part of docs/parity.md
	@$(BIN)/python -m tests.parity --backend kubernetes --runtime airflow

sweep: setup ## Read every file of Python's library and of the installed packages as if it were a DAG file
	@$(BIN)/python -m tests.fuzz.sweep

SECONDS ?= 3600
fuzz: setup ## Hold the reader against Python with programs made by chance, and have it read changed real files (make fuzz SECONDS=600)
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS)

KILLS ?= 1000
MINUTES ?= 90
chaos: setup ## Kill the daemon 1,000 times while the test cluster misbehaves (an hour and more; make chaos KILLS=100 MINUTES=10)
	@$(BIN)/python -m tests.chaos --kills $(KILLS) --minutes $(MINUTES)

many-lines: setup ## 200,000 lines of logs while a real Elasticsearch, then an OpenSearch, and the daemon are killed (minutes each)
	@$(BIN)/python -m pytest -q -s -o timeout=0 tests/integration/logs/test_servers.py -k two_hundred

bench: setup ## Measure GoFlow and Airflow side by side
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.by_hand

screenshots: setup ui ## Have every view of the page, light, dark and on a phone, in docs/screenshots (a few minutes)
	@GOFLOW_SCREENS=docs/screenshots $(BIN)/python -m pytest tests/e2e/test_views.py -q

docs: setup ## Write what is made from code and schemas: docs/settings.md, cli.md, diagnostics.md, the chart's values.yaml and README.md
	@$(BIN)/python docs/generate.py
	@$(BIN)/python -m tests.integration.rest.operations

clean: ## Remove what was made here (not the caches of the test cluster)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
