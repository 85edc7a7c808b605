# The dozen commands. Everything runs from .venv, which `make setup` makes from the pinned requirements.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements
# A file is one process's: what its tests share is made once.
PYTEST := $(BIN)/pytest -q -n 2 --dist loadfile --no-loadscope-reorder

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: setup
setup: $(STAMP) ## .venv from the pinned requirements, this project in it

# The first Python that really starts, is new enough and can make a virtual environment: version managers put
# names on the path that do not start. The mark is set last: what was cut off is done again.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(BIN)/python -c '' 2>/dev/null || { \
		for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
			"$$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			echo "建立运行环境 · making $(VENV) with $$("$$name" --version)"; \
			rm -rf $(VENV) && "$$name" -m venv $(VENV) && exit; \
		done; \
		echo "需要带 venv 的 Python 3.11 或更高版本 · Python 3.11 or later with venv is needed" >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: demo
demo: setup ## a city's three years, played and then served on this machine
	@$(BIN)/specialty-eval demo

.PHONY: dev
dev: setup ## the server, restarted when the source changes
	@$(BIN)/specialty-eval serve --reload

# The schema, the log and its snapshots, locks and races, the set-based moves: what a server could do otherwise. The
# whole suite runs on 15 too (`pytest -n 2 --postgres=15`), in more than the five minutes that there are for both.
ON_15 := tests/store tests/actions/test_seals.py tests/actions/test_races.py tests/actions/test_deliberation_races.py \
	tests/actions/test_evidence.py tests/actions/test_recusal.py --ignore tests/store/test_embedded.py

.PHONY: test
test: setup ## everything on the embedded PostgreSQL, and where there is one, on 15 what depends on the server
	@$(PYTEST)
	@$(PYTEST) --postgres=15 $(ON_15)

.PHONY: test-fast
test-fast: setup ## the engine alone: no database
	@$(BIN)/pytest -q tests/engine

.PHONY: probe
probe: setup ## schemathesis against everything, as each of thirteen callers (two minutes each)
	@PYTHONPATH=tests $(BIN)/python tests/probing.py

.PHONY: check
check: setup ## what CI runs: format, types, import contracts, Dockerfile, migrations, schemas, docs, tests
	@$(BIN)/ruff format --check
	@$(BIN)/ruff check
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/hadolint Dockerfile
	@$(BIN)/pytest -q tests/store/test_migrations.py
	@$(BIN)/python -m specialty_eval.contract schemas --check
	@$(BIN)/python -m specialty_eval.contract docs --check
	@$(BIN)/python -m specialty_eval.contract changes
	@$(MAKE) --no-print-directory test

.PHONY: fmt
fmt: setup ## format, and mend what can be mended without thinking
	@$(BIN)/ruff format
	@$(BIN)/ruff check --fix

.PHONY: schemas
schemas: setup ## write api_schemas/ anew from the code
	@$(BIN)/python -m specialty_eval.contract schemas

.PHONY: docs
docs: setup ## write the generated pages of docs/ anew from the code
	@$(BIN)/python -m specialty_eval.contract docs

.PHONY: bench
bench: setup ## every figure in the documents, with its peers and limits
	@PYTHON=$(CURDIR)/$(BIN)/python bench/run.sh

.PHONY: migrate
migrate: setup ## bring the database of DATABASE_URL, or the embedded one, to this version's schema
	@$(BIN)/alembic upgrade head

# Compared with a scratch database, so that nobody's own has to be at the newest revision.
.PHONY: migration
migration: setup ## a new revision from the tables: make migration name="add ballots"
	@test -n "$(name)" || { echo 'make migration name="add ballots"' >&2; exit 1; }
	@rm -rf var/scratch
	@SPECIALTY_EVAL_DATA=var/scratch DATABASE_URL= $(BIN)/alembic upgrade head
	@SPECIALTY_EVAL_DATA=var/scratch DATABASE_URL= $(BIN)/alembic revision --autogenerate -m "$(name)"
	@$(BIN)/ruff format --quiet migrations/versions

UV_COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

.PHONY: lock
lock: setup ## pin the newest versions anew, with the hashes of every platform's files
	@$(UV_COMPILE) --upgrade --group dev --output-file requirements/dev.txt pyproject.toml
	@$(UV_COMPILE) --constraints requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml
