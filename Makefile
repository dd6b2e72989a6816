# Every target makes .venv itself when it is missing or the locks changed.
SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin
# Byte code is kept, whatever the shell says: six processes that each compile every module again start in half a minute.
unexport PYTHONDONTWRITEBYTECODE
SOURCES := specrec apps demo bench tests manage.py $(wildcard scripts/*.py)

.PHONY: help venv compiled peers spark demo test test-browser testbed testbed-fetch check lint types architecture format bench lock clean

help: ## say what there is
	@grep -hE '^[a-z%-]+:.*## ' Makefile | sed -E 's/:[^#]*## /\t/' | expand -t 18

venv: ## make .venv what the lock says (PYTHON=… names the interpreter)
	@scripts/venv

peers: venv ## add what bench.quality compares with (implicit, cornac)
	@EXTRA=peers scripts/venv

spark: venv ## add PySpark, for counting on a cluster and its tests (needs Java 17)
	@EXTRA=spark scripts/venv

compiled: venv ## compile the engine's inner loops, once for these sources (half a minute)
	@$(BIN)/python -m apps.recommend.ml.warming

demo: compiled ## run the optical shop on this machine (SPECREC_PORT, SPECREC_DATA_DIR)
	@exec $(BIN)/python -m demo.run

test: compiled ## run the tests on the real parts (ARGS=… goes to pytest)
	@$(BIN)/pytest $(ARGS)

test-browser: compiled ## run the tests in Chromium (CHROMIUM=… names it)
	@scripts/chromium >/dev/null
	@CHROMIUM="$$(scripts/chromium)" $(BIN)/pytest tests/browser $(ARGS)

testbed: venv ## run a real Apache Kafka on this machine until Ctrl-C (needs Java 17 and Maven)
	@exec $(BIN)/python -m specrec.testbed

testbed-fetch: venv ## only fetch what it runs, into .cache (the tests then use it)
	@$(BIN)/python -m specrec.testbed fetch

check: lint types architecture ## format, lint, contracts, types, budgets: all that can be said without running it

lint: venv ## format, lint and import contracts: the quick part of check
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Not formatted: run make format"; $(BIN)/ruff format --check $(SOURCES); exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/lint-imports --no-logo || exit 1
	@echo "lint: fine"

types: venv
	@$(BIN)/mypy $(SOURCES)

architecture: venv
	@$(BIN)/pytest tests/architecture -q --no-header

format: venv ## format the code and repair what ruff can
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix --show-fixes $(SOURCES)

bench: ## say which measuring programs there are (make bench-NAME runs one)
	@for file in bench/*.py; do name=$$(basename $$file .py); grep -q '__main__' $$file && echo "make bench-$${name//_/-}"; done; true

bench-%: compiled
	@$(BIN)/python -m bench.$(subst -,_,$*) $(ARGS)

lock: venv ## write requirements/*.lock anew from pyproject.toml
	@uv=$$(ls .cache/uv-*/bin/uv | tail -1); common="--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet"; \
	  $$uv pip compile pyproject.toml $$common -o requirements/runtime.lock; \
	  $$uv pip compile pyproject.toml --extra dev $$common -o requirements/dev.lock; \
	  for extra in peers spark; do $$uv pip compile pyproject.toml --extra dev --extra $$extra $$common -o requirements/$$extra.lock; done; \
	  echo "locked: now run make venv"

clean: ## remove .venv, caches and artefacts (the data in .specrec stays)
	@rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache artefacts
	@find specrec apps demo bench tests -name __pycache__ -type d -prune -exec rm -rf {} +
