# Everything runs in a virtual environment and a build folder inside the checkout, and changes no files of the user.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test proof coverage lint check conventions format sandbox bench live-check table sessions picture wheel index release-check clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

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

proof: $(READY) ## run the slow proofs: the wheel on Python 3.10 to 3.13, azdev on broken conventions, runs at full size
	@$(BIN)/python -m pytest -n 0 -m proof -s

coverage: $(READY) ## run the tests and list the lines of the extension that they do not reach; fails under 95 %
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest tests
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

lint: check conventions ## run every linter

check: $(READY) ## run ruff and mypy and check the generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tools.render --check

conventions: $(READY) ## check the conventions of Azure CLI extensions with azdev
	@$(BIN)/python -m tools.conventions

format: $(READY) ## format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

sandbox: $(READY) ## open a shell that is logged in to the embedded Azure Resource Manager (FAULTS=readme: as in the README)
	@$(BIN)/python -m tools.sandbox$(if $(FAULTS), --faults $(FAULTS))

bench: $(READY) ## measure every way to operate on 3 to 1,000 instances (an hour; a quarter with BENCH="--quick")
	@$(BIN)/python -m tools.bench $(BENCH)

live-check: $(READY) ## compare the table with real Azure: RG=... VMSS=... (docs/live-check.md)
	@$(BIN)/python -m tools.live check -g "$(RG)" -n "$(VMSS)"$(if $(filter 1,$(OPERATE)), --operate)$(if $(INSTANCE), --instance "$(INSTANCE)")

table: $(READY) ## write the generated documents: docs/equivalence.md, docs/commands.md, parts of others
	@$(BIN)/python -m tools.render

sessions: $(READY) ## run the sessions in the README and docs/ and write their output into them
	@$(BIN)/python -m tools.sessions

picture: $(READY) ## make the picture in the README (needs Chromium)
	@$(BIN)/python -m tools.picture

wheel: $(READY) ## build the wheel into dist/
	@$(BIN)/python -m tools.wheel

index: $(READY) ## write dist/index.json, from which az extension add --name installs: URL=https://...
	@$(BIN)/python -m tools.index "$(URL)"

release-check: $(READY) ## build the wheel, check it as the extension index does, and print its entry
	@$(BIN)/python -m tools.release

clean: ## remove build results and the virtual environment
	rm -rf .venv build dist *.egg-info
