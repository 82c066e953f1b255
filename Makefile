# Everything runs in a virtual environment and a build folder inside the checkout; nothing of the user's is touched.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test proof lint format sandbox bench live-check table wheel clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install the pinned Azure CLI and the tools into .venv

$(READY): requirements-dev.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.10 or newer is needed: make PYTHON=python3.12 ...") if sys.version_info < (3, 10) else None'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

demo: $(READY) ## run the main job on the embedded Azure Resource Manager
	@$(BIN)/python -m tools.demo

test: $(READY) ## run the tests
	@$(BIN)/python -m pytest

proof: $(READY) ## run the slow proofs: the wheel on Python 3.10 to 3.13
	@$(BIN)/python -m pytest -n 0 -m proof -s

lint: $(READY) ## run the linters and check the generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tools.render --check

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sandbox: $(READY) ## open a shell that is logged in to the embedded Azure Resource Manager
	@$(BIN)/python -m tools.sandbox

bench: $(READY) ## time every way to operate on 100, 300 and 1,000 instances (an hour; minutes with BENCH="--without az-vm xargs")
	@$(BIN)/python -m tools.bench $(BENCH)

live-check: $(READY) ## compare the table with real Azure: RG=... VMSS=... (docs/live-check.md)
	@$(BIN)/python -m tools.live check -g "$(RG)" -n "$(VMSS)"$(if $(filter 1,$(OPERATE)), --operate)$(if $(INSTANCE), --instance "$(INSTANCE)")

table: $(READY) ## write what is generated from the table: docs/equivalence.md and a part of the README
	@$(BIN)/python -m tools.render

wheel: $(READY) ## build the wheel into dist/
	@$(BIN)/python setup.py --quiet bdist_wheel

clean: ## remove what was built, and the virtual environment
	rm -rf .venv build dist *.egg-info
