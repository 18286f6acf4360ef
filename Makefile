# One command each; everything a change must pass is `make test`. Needs python3.11, make and git.
.DELETE_ON_ERROR:
.PHONY: help demo test check soak bench docs setup clean

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Compiled modules are kept, whatever the caller's shell says: the demo starts some thirty processes.
export PYTHONDONTWRITEBYTECODE :=
PYTEST_JOBS ?= 2

help:  ## Say what there is.
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

setup: $(READY)  ## Make the environment from uv.lock.

$(READY): pyproject.toml uv.lock
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --inexact
	touch $@

demo: $(READY)  ## The five-minute proof on the bundled clinic; needs no account.
	rm -rf demo-out
	$(BIN)/wherry demo --directory demo-out
	@cat demo-out/demo.json

check: $(READY)  ## Format, lint, types, imports, dead code, dependencies, shape.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/vulture
	$(BIN)/deptry src
	$(BIN)/pytest -q tests/shape

test: check  ## Everything a change must pass.
	$(BIN)/pytest -q -n $(PYTEST_JOBS) --dist loadgroup --ignore tests/shape -m "not soak"

soak: $(READY)  ## Minutes of kills and faults.
	$(BIN)/pytest -q -m soak --timeout 3600

bench: $(READY)  ## Speed, memory and calls.
	$(BIN)/python benchmarks/run.py

docs: $(READY)  ## The documentation as a site, warnings as errors.
	UV_PROJECT_ENVIRONMENT=$(VENV) $(BIN)/uv sync --frozen --inexact --group docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:  ## Remove what the tools wrote; the environment stays.
	rm -rf site dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
