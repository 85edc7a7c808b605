# The dozen commands. Everything runs from .venv, which `make setup` makes from the pinned requirements.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.requirements

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 14

.PHONY: setup
setup: $(STAMP) ## .venv from the pinned requirements, this project in it

# The first Python that really starts, is new enough and can make a virtual environment: version managers put
# names on the path that do not start.
$(STAMP): requirements/dev.txt pyproject.toml
	@test -x $(BIN)/python || { \
		for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
			"$$name" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
			exec "$$name" -m venv $(VENV); \
		done; \
		echo "需要带 venv 的 Python 3.11 或更高版本 · Python 3.11 or later with venv is needed" >&2; exit 2; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.PHONY: lock
UV_COMPILE := $(BIN)/uv pip compile --no-config --quiet --universal --python-version 3.11 --fork-strategy fewest \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
lock: setup ## pin the newest versions anew, with the hashes of every platform's files
	$(UV_COMPILE) --upgrade --group dev --output-file requirements/dev.txt pyproject.toml
	$(UV_COMPILE) --constraints requirements/dev.txt --output-file requirements/runtime.txt pyproject.toml
