PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A machine that forbids compiled files would have every worker and every engine compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: install install-dev run test types check bench campaign edge clean lock

$(VENV)/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "expected Python 3.11 or newer, got $$($(PYTHON) --version 2>&1); say which one with: make PYTHON=python3.12 run"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch $@

$(VENV)/.installed-bench: requirements-bench.lock $(VENV)/.installed-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bench.lock
	@touch $@

install: $(VENV)/.installed

install-dev: $(VENV)/.installed-dev

run: install
	@$(BIN)/cockpit demo

test: install-dev
	$(BIN)/python -m tests.suite

types: install-dev
	$(BIN)/mypy

# Types are looked at beside the tests: half of the tests' time is waiting.
check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory --jobs 2 types test

bench: $(VENV)/.installed-bench
	$(BIN)/python -m benchmarks

campaign: install-dev
	$(BIN)/python -m tests.campaign
	$(BIN)/python -m tests.scenarios
	$(BIN)/python -m tests.fuzz
	$(BIN)/python -m tests.feeds.recording_size
	$(BIN)/python -m tests.feeds.upstox.load
	$(BIN)/python -m tests.feeds.upstox.disconnects
	$(BIN)/python -m tests.account.deaths
	$(BIN)/python -m pytest -q -n 2 -m campaign

edge: install-dev
	$(BIN)/python -m benchmarks.edge

lock: install-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check pip-tools
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe --strip-extras --output-file requirements.lock pyproject.toml --extra build
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe --strip-extras --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	@$(BIN)/pip-compile --quiet --generate-hashes --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe --strip-extras --extra dev --extra bench --constraint requirements-dev.lock --output-file requirements-bench.lock pyproject.toml

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache snapshot_report.html
