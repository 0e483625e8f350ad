# Pipit's shortcuts; each sets up what it needs by itself. See `make help`.

APP    := app
VENV   := $(APP)/.venv/bin
PYTEST_ARGS ?=
export PATH := $(CURDIR)/$(VENV):$(PATH)

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test lint bench demo lock docs clean setup-run web

help: ## Lists these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Sets up everything for running, testing and measuring
	@$(APP)/tools/setup.sh test

setup-run:
	@$(APP)/tools/setup.sh run

web: setup-run
	@$(VENV)/python $(APP)/web/build.py

run: web ## Starts Pipit on http://127.0.0.1:8080, with its data in ./data
	@exec $(VENV)/pipit serve

demo: export PIPIT_DATA_DIR = data-demo
demo: web ## Starts Pipit on ./data-demo, filled once with believable people and chats
	@test -d data-demo || $(VENV)/pipit demo
	@exec $(VENV)/pipit serve

test: setup web lint ## Runs all checks and tests; PYTEST_ARGS='-k login' picks some
	@cd $(APP) && exec .venv/bin/pytest $(PYTEST_ARGS)

lint: setup ## Checks style, types and the layers' imports
	@echo "lint: ruff, mypy, import-linter"
	@cd $(APP) && ruff check --quiet . && ruff format --check --quiet .
	@cd $(APP) && mypy
	@cd $(APP) && lint-imports

bench: setup web ## Measures the service, an hour, and writes docs/performance.md
	@cd $(APP) && .venv/bin/python -m bench
	@cd $(APP) && exec .venv/bin/python -m bench.online --out ../docs/performance.md

docs: setup ## Writes docs/settings.md anew from the code
	@$(VENV)/python $(APP)/tools/settings_reference.py

lock: setup ## Pins the Python packages anew; LOCK_ARGS=--upgrade takes newer ones
	@$(APP)/tools/lock.sh $(LOCK_ARGS)

clean: ## Removes what was built and installed here; keeps ./data
	rm -rf $(VENV:/bin=) $(APP)/web/dist $(APP)/build
	find $(APP) -name node_modules -prune -exec rm -rf {} +
	find $(APP) \( -name __pycache__ -o -name '*.egg-info' -o -name '.*_cache' \) \
		-prune -exec rm -rf {} +
