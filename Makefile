# One door. `make` lists the verbs; `make check` is exactly what CI runs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(shell command -v python3.11 python3 2>/dev/null))
BIN := .venv/bin
SDK_OLDEST := 1.55.0
SDK_JS := 3.1.0
STAMP := .venv/.installed-for-this-checkout

.PHONY: help setup fmt fmt-check lint types docs docs-check test outside check full bench demo clean

help: ## this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | \
		while IFS=$$'\t' read -r verb about; do printf '  make %-8s %s\n' "$$verb" "$$about"; done

setup: $(STAMP) ## virtual environment with pinned versions (every verb below does it when needed)

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" && "$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "make: needs Python 3.11 or newer (found: $(PYTHON)); or say make PYTHON=/path/to/python3.11"; exit 1; }
	@test -x $(BIN)/python || "$(PYTHON)" -m venv .venv || { rm -rf .venv; \
		echo "make: this Python cannot make virtual environments; on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

fmt: $(STAMP) ## format the code
	$(BIN)/ruff format
	$(BIN)/ruff check --fix --quiet

fmt-check: $(STAMP)
	$(BIN)/ruff format --check --quiet || { echo "make: run 'make fmt'"; exit 1; }

lint: $(STAMP) ## ruff, all rules
	$(BIN)/ruff check

types: $(STAMP) ## mypy, strict, tests too
	$(BIN)/mypy

docs: $(STAMP) ## refresh the generated tables in the documents
	$(BIN)/python -m proxy.config README.md

docs-check: $(STAMP)
	$(BIN)/python -m proxy.config README.md --check

test: $(STAMP) ## all tests, offline, under five minutes
	$(BIN)/python -m pytest -q -n 2 --dist loadscope

outside: $(STAMP) .venvs/python-$(SDK_OLDEST)/.installed .venvs/js-$(SDK_JS)/.installed ## tests with other people's programs (other SDKs; needs Node.js)
	SDK_OLDEST_PYTHON="$(CURDIR)/.venvs/python-$(SDK_OLDEST)/bin/python" SDK_JS_FOLDER="$(CURDIR)/.venvs/js-$(SDK_JS)" \
		$(BIN)/python -m pytest -q tests/outside

.venvs/python-%/.installed:
	"$(PYTHON)" -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check google-genai==$*
	@touch $@

.venvs/js-%/.installed:
	@command -v npm >/dev/null || { echo "make: 'outside' needs Node.js 20 or newer with npm; on Debian: apt-get install nodejs npm"; exit 1; }
	@mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --prefix $(@D) @google/genai@$*
	@touch $@

check: export CRASH_ROUNDS ?= 40
check: fmt-check lint types docs-check test outside ## everything CI runs, in the order that fails fastest

full: ## check, with the long crash run (200 kills instead of 40)
	CRASH_ROUNDS=200 $(MAKE) check

bench: $(STAMP) ## measure, beside a direct connection and nginx
	$(BIN)/python -m tests.bench

demo: $(STAMP) ## an agent conversation through emulator and proxy, offline
	$(BIN)/interactions-proxy demo

clean: ## remove what make made
	rm -rf .venv .venvs .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find proxy tests -name __pycache__ -type d -prune -exec rm -rf {} +
