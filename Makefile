# Every target sets up what it needs in .venv. pip's own variables (PIP_INDEX_URL, PIP_FIND_LINKS, …) are honoured.
#   make train ARGS="classic --epochs 3"     flags for the command
#   make train PYTHON=python3.12             another Python than the one found

# python3 if it is new enough, else the newest that is
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python3.10; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && { echo $$p; break; }; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: help train serve test bench clean venv
.NOTPARALLEL:

help: ## list the targets
	@echo 'make TARGET [ARGS="…"] [PYTHON=python3.x]'
	@sed -n 's/^\([a-z]*\):.*## /  \1	/p' Makefile

train: .venv/.has-train ## find or download MNIST, train, judge, write the report
	$(BIN)/digits train $(ARGS)

serve: .venv/.has-web ## open the page to draw, photograph and understand
	$(BIN)/digits serve --open $(ARGS)

test: .venv/.has-dev ## find or download MNIST, run every check: ruff, mypy, pytest
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/digits data
	$(BIN)/python -m pytest -n 2 --dist loadfile $(ARGS)

bench: .venv/.has-bench ## measure side by side against other libraries and the textbook loop, write benchmarks/results
	$(BIN)/python -m benchmarks $(ARGS)

clean: ## remove .venv, caches and builds; runs and data stay
	rm -rf .venv build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# An installation is for one place: a moved or copied checkout installs anew.
ifneq ($(shell cat .venv/.place 2>/dev/null),$(CURDIR))
.PHONY: .venv/.has-train .venv/.has-web .venv/.has-dev .venv/.has-bench
endif

.venv/.has-train .venv/.has-web .venv/.has-dev .venv/.has-bench: pyproject.toml constraints.txt | venv
	$(PIP) install -c constraints.txt -e '.[$(subst .venv/.has-,,$@)]'
	@echo '$(CURDIR)' > .venv/.place
	@touch $@

venv:
	@if [ -z "$(PYTHON)" ]; then \
		echo 'digits needs Python 3.10 or newer, and found none: install one from https://www.python.org/downloads/,' >&2; \
		echo 'or name one: make train PYTHON=/path/to/python3' >&2; exit 1; fi
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
			echo 'digits needs Python 3.10 or newer, and $(PYTHON) is not: name another with PYTHON=…' >&2; exit 1; }; \
		$(PYTHON) -c 'import ensurepip' 2>/dev/null || { \
			echo '$(PYTHON) cannot make a virtual environment: on Debian and Ubuntu, apt install python3-venv' >&2; exit 1; }; \
		echo '$(PYTHON) -m venv .venv'; $(PYTHON) -m venv --clear .venv; }
