# Every command sets up what it needs. Python 3.11 or newer and make are enough.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/ready
export ISTHMUS_HOME ?= $(CURDIR)/.isthmus

.DEFAULT_GOAL := help

CLIENTS := $(ISTHMUS_HOME)/clients
PACKAGES := tests/conformance/packages

.PHONY: help demo test check bench docs clients ready clean

help: ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

demo: $(READY) ## play the main job against an org on this machine, and leave the pages up (ONCE=1 ends)
	@exec $(BIN)/isthmus demo $(if $(ONCE),--once) $(if $(SIZE),--size $(SIZE)) $(if $(PORT),--port $(PORT))

# Processes are started in the thousands, so none may have to compile its modules anew.
test: $(READY) ## run all tests, a worker for each core (TEST=path runs some)
	@unset PYTHONDONTWRITEBYTECODE; \
		exec $(BIN)/python -m pytest --numprocesses auto --dist loadfile $(TEST)

check: $(READY) ## lint, formatting, types, direction of imports, sizes
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tests/sizes.py

bench: $(READY) ## measure (ONLY=name runs one, SIZE=100000 at a size)
	@exec $(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(SIZE),--size $(SIZE))

docs: $(READY) ## write the generated pages anew
	$(BIN)/python docs/generate.py

clients: $(CLIENTS)/node.ready $(CLIENTS)/tap.ready ## install the clients that localorg is tried with (needs npm)

ready: $(READY)

clean: ## remove what the other commands made, the demo's data too
	rm -rf $(VENV) .isthmus .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Isthmus needs Python 3.11 or newer; name one with: make PYTHON=python3.12 …" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

# At fixed versions, without running any package's own install script.
$(CLIENTS)/node.ready: $(PACKAGES)/package.json $(PACKAGES)/package-lock.json $(PACKAGES)/.npmrc
	@mkdir -p $(CLIENTS)
	cp $^ $(CLIENTS)
	cd $(CLIENTS) && npm ci --silent
	@touch $@

# The build tools come first, as tap-salesforce is built from its source.
$(CLIENTS)/tap.ready: $(PACKAGES)/tap-salesforce-build.txt $(PACKAGES)/tap-salesforce.txt
	@mkdir -p $(CLIENTS)
	$(PYTHON) -m venv --clear $(CLIENTS)/tap
	$(CLIENTS)/tap/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement $(PACKAGES)/tap-salesforce-build.txt
	$(CLIENTS)/tap/bin/pip install --quiet --disable-pip-version-check --require-hashes \
		--no-build-isolation --requirement $(PACKAGES)/tap-salesforce.txt
	@touch $@
