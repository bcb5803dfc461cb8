# Every target installs what it needs in .venv. pip's own variables (PIP_INDEX_URL, PIP_FIND_LINKS, …) are honoured.
#   make train ARGS="classic --epochs 3"     flags for the command
#   make train PYTHON=python3.12             another Python than the one found

# python3 if it is new enough, otherwise the newest that is
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { echo $$p; break; }; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
NPM := PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/npm

.PHONY: help train serve lint check test docs bench share audit clean venv
.NOTPARALLEL:

help: ## list the targets
	@echo 'make TARGET [ARGS="…"] [PYTHON=python3.x]'
	@sed -n 's/^\([a-z]*\):.*## /  \1	/p' Makefile

train: .venv/.has-train ## train on MNIST (downloaded if missing), evaluate, write the report
	$(BIN)/digits train $(ARGS)

serve: .venv/.has-web ## open the page: draw or photograph digits, see how the network decides
	$(BIN)/digits serve --open $(ARGS)

lint: .venv/.has-dev node_modules/.package-lock.json ## lint and type-check Python and JavaScript
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then $(BIN)/python -m mypy; fi # needs recent numpy
	$(NPM) run --silent check

check: lint ## lint, then run the fast tests: under a minute
	$(BIN)/digits data
	$(BIN)/python -m pytest -n 2 -m 'not slow and not browser' -q $(ARGS)

test: lint ## lint, then run every test: what CI runs
	$(BIN)/digits data
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

docs: .venv/.has-docs ## build the documentation in site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict $(ARGS)

bench: .venv/.has-bench ## compare speed and accuracy with other libraries, write benchmarks/results
	$(BIN)/python -m benchmarks $(ARGS)

# Gradio and marimo pin libraries that ours disagree with, so they get a folder of their own.
share: .venv/.has-train ## run the Gradio page of examples/space and the marimo notebook once
	$(PIP) install -q --target .venv/share gradio marimo
	PYTHONPATH=.venv/share $(BIN)/python -m benchmarks.share $(ARGS)

audit: venv ## look for known vulnerabilities in constraints.txt; needs a connection to PyPI
	$(PIP) install -q -c constraints.txt pip-audit
	$(BIN)/python -m pip_audit --strict --no-deps --disable-pip -r constraints.txt $(ARGS) || { \
		echo 'a package above has a known vulnerability, or PyPI could not be asked about it: then nothing was checked' >&2; \
		exit 1; }

clean: ## remove .venv, caches and builds; keep runs and data
	rm -rf .venv node_modules build dist site .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks examples -name __pycache__ -prune -exec rm -rf {} +

# An installation belongs to one folder: a moved or copied checkout is installed again. pip would compile on one core, and
# the tests of all libraries too. A file that cannot be compiled is a template or for another Python.
INSTALLED := $(addprefix .venv/.has-,train web dev docs bench)
ifneq ($(shell cat .venv/.place 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif

$(INSTALLED): pyproject.toml constraints.txt | venv
	$(PIP) install --no-compile -c constraints.txt -e '.[$(subst .venv/.has-,,$@)]'
	$(BIN)/python -m compileall -qq -j 0 -x /tests/ .venv/lib src || true
	@echo '$(CURDIR)' > .venv/.place
	@touch $@

node_modules/.package-lock.json: package.json package-lock.json | .venv/.has-dev
	$(NPM) ci --silent

venv:
	@if [ -z "$(PYTHON)" ]; then \
		echo 'digits needs Python 3.10 or newer and found none: install it from https://www.python.org/downloads/,' >&2; \
		echo 'or name one: make train PYTHON=/path/to/python3' >&2; exit 1; fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
			echo 'digits needs Python 3.10 or newer, but $(PYTHON) is older: name another with PYTHON=…' >&2; exit 1; }; \
		$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
			echo '$(PYTHON) cannot create a virtual environment: on Debian and Ubuntu, apt install python3-venv' >&2; exit 1; }; \
		echo '$(PYTHON) -m venv .venv'; $(PYTHON) -m venv --clear .venv; }
