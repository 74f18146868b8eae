# make demo    set up, and show the main job
# make test    set up, and run the tests
# make check   lint, types, layers, and the tests
# make services    install the servers that the tests talk to (Debian): PostgreSQL, MariaDB, Redis
#
# Another Python: make test PYTHON=python3.13 VENV=.venv313

PYTHON ?= python3
VENV ?= .venv

BIN := $(VENV)/bin
PROJECTS := core plugins/migration plugins/user plugins/role $(patsubst %/pyproject.toml,%,$(wildcard example_modules/*/pyproject.toml))
PYPROJECTS := pyproject.toml $(addsuffix /pyproject.toml,$(PROJECTS))
INSTALLED := $(VENV)/.installed

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := test
.PHONY: demo test check lint types layers services format clean

# A pyproject that changed is the only reason to install again.
$(INSTALLED): $(PYPROJECTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "perdure needs Python 3.11 or newer, and $(PYTHON) is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --group dev $(patsubst %,-e ./%,$(PROJECTS:core=core[postgresql,mariadb]))
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/python example_modules/demo.py

test: $(INSTALLED)
	$(BIN)/python -m pytest --cov --cov-report=term

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

layers: $(INSTALLED)
	$(BIN)/lint-imports

# The floor is for a run with every server there; without them a part of the code is not reached.
check: lint types layers test
	$(BIN)/coverage report --fail-under=96 --format=total

# Only what is missing; the tests start what does not run.
services:
	@missing=; \
	ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || missing="$$missing postgresql"; \
	ls /usr/sbin/mariadbd >/dev/null 2>&1 || missing="$$missing mariadb-server"; \
	command -v redis-server >/dev/null 2>&1 || missing="$$missing redis-server"; \
	test -z "$$missing" || { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing; }

format: $(INSTALLED)
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

clean:
	rm -rf $(VENV) .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
