# GoFlow's targets; `make` alone lists them. Each does its own set-up.

SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.setup-done
SOURCES := goflow compat/runner compat/airflow_shim tests benchmarks

.PHONY: help setup run test unit check format cluster cluster-down fidelity parity parity-cluster parity-airflow sweep fuzz chaos bench docs clean

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

run: setup ## Start GoFlow here on the example DAGs, run them all once, and say where to look
	@$(BIN)/goflow standalone --dags dags --run-all

test: setup ## All tests: unit, conformance on both databases, integration, chart, and the real test cluster
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

bench: setup ## Measure GoFlow and Airflow side by side
	@$(BIN)/python -m benchmarks
	@$(BIN)/python -m benchmarks.by_hand

docs: setup ## Write docs/settings.md and docs/cli.md from the code
	@$(BIN)/python docs/generate.py

clean: ## Remove what was made here (not the caches of the test cluster)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
