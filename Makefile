# NetRaven: `make help` lists what there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MANAGE := $(BIN)/python manage.py

# These targets are for development and for trying NetRaven out; docs/install.md is about running it for real.
export NETRAVEN_DEBUG ?= 1
export NETRAVEN_DATA_DIR ?= $(CURDIR)/var/demo

# Most tests wait for simulated devices: more at once than there are processors
JOBS ?= 6

.DEFAULT_GOAL := help

.PHONY: help
help:  ## Show this list
	@grep -hE '^[a-z-]+:.*  ## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*  ## (.*)/  make \1\t\2/' | expand -t 22

$(VENV)/.installed: requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "NetRaven needs Python 3.11 or later")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked dependencies into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

.PHONY: install
install: $(VENV)/.installed  ## Make the virtual environment with the locked dependencies

.PHONY: demo
demo: install  ## Back up a simulated network, change a device, back up again, show the diff
	@$(BIN)/python -m netraven.lab.demo

.PHONY: serve
serve: install  ## Open the console on http://127.0.0.1:8000 with the demo's data, its network and a worker
	@$(BIN)/python -m netraven.lab.serve

.PHONY: worker
worker: install  ## Run a worker only
	@$(MANAGE) run_workers

.PHONY: lab
lab: install  ## Run the simulated network only
	@$(BIN)/python -m netraven.lab --directory $(NETRAVEN_DATA_DIR)/lab --base-port 22100

.PHONY: test
test: install  ## Run the test suite, but for what takes minutes each
	@$(BIN)/python -m pytest -n $(JOBS) --maxschedchunk 4 -m "not endurance"

.PHONY: test-endurance
test-endurance: install  ## Run the tests that take minutes each: small benchmarks, fleets, hosts that die, schedules by the minute
	@$(BIN)/python -m pytest -n 2 --maxschedchunk 2 -m endurance

.PHONY: lint
lint: install  ## Check style, types, migrations and deployment settings
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy .
	@$(MANAGE) makemigrations --check --dry-run
	@NETRAVEN_DEBUG=0 NETRAVEN_DATA_DIR=$(CURDIR)/var/lint NETRAVEN_SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))')" \
		NETRAVEN_FIELD_KEYS="$$($(BIN)/python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
		$(MANAGE) check --deploy --fail-level WARNING

.PHONY: bench
bench: install  ## Measure NetRaven beside NAPALM alone and nornir; ARGS="--trouble" and ARGS="--scale 10000" too
	@$(BIN)/python -m netraven.lab.bench $(ARGS)

# Needs PostgreSQL: the database of DATABASE_URL, or nr_scale on this machine; its files are in SCALE_DIR
SCALE_DIR ?= $(CURDIR)/var/scale

.PHONY: bench-api
bench-api: install  ## Measure every answer of the REST API over 10,000 devices and 1,000,000 backups
	@$(BIN)/python -m netraven.lab.bench.responses --only api --data $(SCALE_DIR) $(ARGS)

.PHONY: bench-pages
bench-pages: install  ## The same for every page and the console
	@$(BIN)/python -m netraven.lab.bench.responses --only pages --data $(SCALE_DIR) $(ARGS)

.PHONY: lock
lock: install  ## Resolve the dependencies anew, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --upgrade pyproject.toml --extra s3 -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--custom-compile-command "make lock" --upgrade pyproject.toml --extra dev -o requirements-dev.txt
