# What a person types. The tools behind each target are set up in pyproject.toml; the packages in constraints.txt.

PYTHON ?= $(shell for one in python3.11 python3.12 python3; do \
	$$one -c 'import sys; sys.exit(sys.version_info[:2] not in ((3, 11), (3, 12)))' 2>/dev/null && echo $$one && break; \
	done)
BIN := .venv/bin
READY := .venv/installed
APT := sudo apt-get install --yes git make python3 python3-venv

.DEFAULT_GOAL := help
.PHONY: help install demo dev test soak lint types bench families critical readme docs examples picture constraints clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

install: $(READY) ## the pinned packages in .venv; every other target does it when it is needed

# pip would compile every module on one processor; left to the first import, it is 15 s of the first command.
$(READY): constraints.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "margin-debt needs Python 3.11 or 3.12, which was not found: on Debian 12 run '$(APT)', elsewhere name one with 'make PYTHON=/path/to/python3.11'" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment here: run '$(APT)'" >&2; exit 1; }
	@echo "Installing the pinned packages into .venv, once"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes --requirement constraints.txt
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -qq -j 0 .venv/lib pipeline || true # a few packages carry templates that are no Python
	@touch $@

demo: $(READY) ## the whole job on the embedded exchange: 400 made days to a report
	@$(BIN)/margin-debt demo

dev: $(READY) ## Dagster's web interface on 127.0.0.1, with its storage in the home folder
	@$(BIN)/python -m pipeline.dev

test: $(READY) ## the tests; more flags with PYTEST='-k okx'
	@$(BIN)/python -m pytest --quiet --numprocesses=logical --maxprocesses=4 --dist=loadscope --no-loadscope-reorder $(PYTEST)

soak: $(READY) ## the long counts that `make test` leaves out, into RELIABILITY.md; one part with SOAK='-k kills'
	@rm -rf test-artefacts/soak
	@export MARGIN_DEBT_SOAK_RESULTS=test-artefacts/soak; failed=0; \
	$(BIN)/python -m pytest -m 'soak or not soak' tests/soak tests/e2e/test_faults.py $(SOAK) || failed=$$?; \
	$(BIN)/python -m pytest -m soak --ignore=tests/soak $(SOAK) || [ $$? = 5 ] || failed=1; \
	$(BIN)/python tests/soak/reliability.py test-artefacts/soak && exit $$failed

lint: $(READY) ## ruff: rules and format
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(READY) ## strict mypy
	@$(BIN)/mypy

bench: $(READY) ## how fast pulls, builds and methods are, each beside its rivals; what came out is in bench/RESULTS.md
	@for one in bench/*.py; do echo "$$one"; $(BIN)/python $$one || exit 1; done

families: $(READY) ## 20 unseen seeds of each made family, scored as in tests/evaluation/RESULTS.md
	@$(BIN)/python -m tests.evaluation.families

critical: $(READY) ## simulate the critical values that come with the product
	@$(BIN)/python -m pipeline.critical_cache

readme: $(READY) ## write the README's table of venues anew from their declarations
	@$(BIN)/python tests/architecture/readme_table.py

docs: $(READY) ## the site, in build/site: opens without a server and without a network
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/site/index.html"

examples: $(READY) ## run every code block of the documents and write the answers that changed
	@$(BIN)/python tests/docs/rewrite.py

picture: $(READY) ## draw the README's example anew from the home of `make demo`
	@$(BIN)/python docs/_site/picture.py .margin-debt/demo/serving/margin_debt.duckdb

# Versions move only here, on purpose: uv reads the present file and keeps what still fits.
# pip before 23.3 takes "gql[requests]" as unpinned unless the extra is written too, hence --no-strip-extras.
constraints: $(READY) ## write constraints.txt and constraints-extras.txt anew from pyproject.toml (needs uv)
	@echo 'setuptools>=77' | uv pip compile pyproject.toml - --extra test --extra docs $(COMPILE) --output-file constraints.txt
	@echo 'setuptools>=77' | uv pip compile pyproject.toml - --extra alerts --extra pdf --extra production $(COMPILE) --constraint constraints.txt --output-file constraints-extras.txt
COMPILE := --quiet --generate-hashes --no-emit-index-url --no-header --no-annotate --no-strip-extras --universal --python-version 3.11 --only-binary :all:

clean: ## the environment and what tools left; data in .margin-debt stays
	@rm -rf .venv *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis test-artefacts
	@find pipeline tests -name __pycache__ -prune -exec rm -rf {} +
