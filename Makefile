# Every target does all of its own set-up, on a fresh machine too; a second call starts at once.
#   make demo PYTHON=python3.12    another interpreter
PYTHON ?= python3
VENV ?= .venv
EXTRAS := offline,demo,tensorboard,lightning,sweep,lora,serve,mlflow,wandb,export,openvino,docs,dev
BIN := $(VENV)/bin
STAMP := $(VENV)/.textune-installed
# Two workers with one thread each: processes that share two cores wait for each other less than threads do.
WORKERS ?= 2
# What is imported is compiled once, whatever the shell says: dozens of tests start a process.
TESTS := OMP_NUM_THREADS=1 PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-rest test-all check format proofs bench recipes docs clean
.DELETE_ON_ERROR:

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*##  *\(.*\)/  make \1	\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 20

setup: $(STAMP)  ## Make the virtual environment and install everything

demo: $(STAMP)  ## Fine-tune the bundled encoder on real text, offline
	$(BIN)/textune demo

test: $(STAMP)  ## Run the tests, with the crosses of their cases thinned out
	$(TESTS)

test-rest: $(STAMP)  ## Run the tests that make test leaves out, for they take long
	$(TESTS) -m exhaustive

test-all: $(STAMP)  ## Run all tests, each case of each cross
	TEXTUNE_CASES=all $(TESTS) -m ""

check: $(STAMP)  ## What a contributor runs: format, lint, types, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(MAKE) test

format: $(STAMP)  ## Format the code and repair what the linter can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

proofs: $(STAMP)  ## Kills, damage, full disks, hostile files: all trials (takes an hour on 2 cores)
	$(BIN)/python -m proofs
	$(BIN)/python -m proofs.restarts

bench: $(STAMP)  ## Speed and quality beside transformers' Trainer (takes an hour on 2 cores)
	$(BIN)/python -m bench.cola

recipes: $(STAMP)  ## The five published recipes beside the Trainer (half an hour on 2 cores)
	$(BIN)/python -m bench.recipes

docs: $(STAMP)  ## Build the documentation into build/site, without a network
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --quiet

clean:  ## Remove caches, build products and the demo; the virtual environment stays
	rm -rf build dist demo .mypy_cache .ruff_cache .pytest_cache .hypothesis src/*.egg-info
	find src tests bench proofs -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f $(STAMP)

# The stamp is touched last, so an installation that was broken off is made again.
# Packages are compiled by all cores, for pip takes one of them for a minute; some hold templates that are no Python.
$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { \
	  echo "textune needs Python 3.11 or newer, and '$(PYTHON)' was not found:" \
	       "install it, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "textune needs Python 3.11 or newer, and '$(PYTHON)' is $$($(PYTHON) -V 2>&1):" \
	       "name a newer one: make PYTHON=python3.12" >&2; exit 1; }
	@$(BIN)/python -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || $(PYTHON) -m venv --clear $(VENV) \
	  || { echo "no virtual environment could be made; on Debian: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --no-compile -c constraints.txt -e '.[$(EXTRAS)]'
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@
