# The two commands of a fresh clone are `make up` and `make test`. They need Python 3.11 or newer, make and git.
STACK ?= dev
ARGS ?=
BASE ?= main
.DEFAULT_GOAL := help

BOOTSTRAP_PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
PYTHON := .venv/bin/python
SANDBOX = $(PYTHON) -m sandbox

.PHONY: help up preview review down status critical-path env start stop reset test test-unit test-long test-engine check format bench docs environment

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | sed 's/\$$\$$/$$/' | expand -t 16

up: environment ## Bring STACK (default dev) up in its sandbox
	@$(SANDBOX) up --stack $(STACK) $(ARGS)

preview: environment ## Show what `make up` would change; ARGS=--diff for every property
	@$(SANDBOX) preview --stack $(STACK) $(ARGS)

review: environment ## Show what this tree changes where BASE (default main) is up
	@$(PYTHON) -m review --base '$(BASE)' $(ARGS)

down: environment ## Destroy STACK and its sandbox, and say what is left behind
	@$(SANDBOX) down --stack $(STACK) $(ARGS)

status: environment ## Show what runs, and who has checked what is up
	@$(SANDBOX) status --stack $(STACK)

critical-path: environment ## Estimate how long an up of STACK would take on AWS, and show its longest chain
	@$(SANDBOX) critical-path --stack $(STACK)

env: environment ## Print what pulumi, kubectl and aws need: eval "$$(make -s env)"
	@$(SANDBOX) env --stack $(STACK)

start: environment ## Start the sandbox without touching the stack
	@$(SANDBOX) start --stack $(STACK)

stop: environment ## Stop the sandbox's processes
	@$(SANDBOX) stop --stack $(STACK)

reset: environment ## Stop the sandbox and remove its files, whatever is in it
	@$(SANDBOX) reset --stack $(STACK)

test: test-unit test-long test-engine ## All tests, with all the set-up that they need

test-unit: environment ## The tests that need only what pip installs
	@$(PYTHON) -m pytest -m "not engine and not long" -n auto --dist loadfile $(ARGS)

test-long: environment ## 2,000 mutations of the stack files
	@$(PYTHON) -m pytest -m long -n auto tests/stacks $(ARGS)

test-engine: environment ## The tests on the genuine engine and control plane
	@$(SANDBOX) toolchain --stack dev
	@$(PYTHON) -m pytest -m engine -n 2 --dist loadfile $(ARGS)

check: environment ## Format, lint, types, unit tests and what they cover
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m pyright
	@$(PYTHON) -m pytest -m "not engine and not long" -n auto --dist loadfile --cov $(ARGS)

format: environment ## Put the code into its form
	@$(PYTHON) -m ruff check --fix --quiet . || true
	@$(PYTHON) -m ruff format .

bench: environment ## Measure, and write docs/benchmarks.md (an hour)
	@$(PYTHON) -m benchmarks $(ARGS)

docs: environment ## Write the generated parts of docs, and the picture and costs of the README
	@$(PYTHON) -m sandbox.documentation
	@$(PYTHON) -m stacks.documentation
	@$(PYTHON) -m policies.documentation
	@$(PYTHON) -m overview

environment:
	@test -n "$(BOOTSTRAP_PYTHON)" || { echo "error: Python 3.11 or newer is needed on PATH, and there is none:" \
		"install one, or name one by \`make BOOTSTRAP_PYTHON=...\`" >&2; exit 1; }
	@$(BOOTSTRAP_PYTHON) -m sandbox.toolchain.python_environment
