# Everything that is done here by one word. `make` alone lists the words.

VENV := .venv
BIN := $(VENV)/bin
SOURCES := src tests bench examples grafana
SHELL_SCRIPTS = $(shell find .ci examples src tests bench -type f \( -name '*.sh' -o -path '.ci/*' \))
WORKERS := 2

# as `source .venv/bin/activate` would, and with the state here, so that a demo leaves no trace
ACTIVATED = PATH="$(CURDIR)/$(BIN):$$PATH" CHAOS_OTEL_STATE_DIR="$(CURDIR)/build/demo"

# what the caller has set for other Pythons must not reach ours
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED VIRTUAL_ENV

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test bench format docs dashboards clean packages

help:  ## list the words
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(VENV)/installed  ## run a real deployment script and show the report of it
	@echo '$$ chaos-otel run -- examples/shell/deploy.sh'
	@$(ACTIVATED) chaos-otel run -- examples/shell/deploy.sh
	@echo '$$ chaos-otel report show'
	@$(ACTIVATED) chaos-otel report show

test: packages $(VENV)/ready-to-test  ## set up what is needed, then every check and every test
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	.ci/shellcheck $(SHELL_SCRIPTS)
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup

bench: $(VENV)/ready-to-test  ## measure, and print the table of limits
	$(BIN)/python -m compileall -q src
	$(BIN)/python -m bench

format: $(VENV)/ready-to-test  ## lay the code out and mend what can be mended
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/ruff check --fix $(SOURCES)

docs: $(VENV)/ready-to-test  ## write docs/commands.md from the commands
	$(BIN)/python tests/command_reference.py > docs/commands.md

dashboards: $(VENV)/ready-to-test  ## write grafana/dashboards/ from grafana/source/
	$(BIN)/python -m grafana.source

clean:  ## remove all that these words made
	rm -rf $(VENV) build dist chaos_report.json .mypy_cache .pytest_cache .ruff_cache
	rm -rf .import_linter_cache .hypothesis
	find src tests bench grafana -name __pycache__ -prune -exec rm -rf {} +

packages:
	@.ci/debian-packages

$(VENV)/bin/python:
	"$$(.ci/find-python)" -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable .
	touch $@

$(VENV)/ready-to-test: pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	touch $@ $(VENV)/installed
