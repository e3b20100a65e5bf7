# The one list of commands. `make` alone prints it.

SHELL := /bin/bash
ARGS ?=
SEED ?=
SEEDS ?=
FROM ?=
MUTATION ?=
STORE ?=
export SEED SEEDS FROM MUTATION STORE
T ?=
NAME ?=

.DEFAULT_GOAL := help
.PHONY: help night build test test-quick test-one lint format demo bench rehearse mutations api fuzz docs ci connector clean

help: ## print this list
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)$$/  make \1|\2/' \
		| awk -F'|' '{ printf "%-20s %s\n", $$1, $$2 }'

build: ## debug build of everything, with the check of imports
	@scripts/build

test: ## every test; on a fresh Debian it first installs the packages it needs
	@scripts/test all $(ARGS)

test-quick: ## the tests that need no server and no other program
	@scripts/test quick $(ARGS)

test-one: ## the tests whose name matches T: make test-one T=WooCommerce
	@scripts/test one "$(T)" $(ARGS)

lint: ## swift format lint, strict
	@scripts/lint

format: ## put the sources into form
	@scripts/lint --fix

demo: ## a stand-in shop, a fresh book and the hub, told step by step; ARGS=--once runs unattended
	@scripts/demo $(ARGS)

bench: ## the benchmarks, on a release build
	@scripts/bench $(ARGS)

rehearse: ## the simulator: a seed drawn now; SEED=n repeats and tells one; SEEDS=n runs many on all cores; MUTATION=name plants a defect; STORE=postgres keeps all on a server
	@scripts/rehearse $(ARGS)

mutations: ## every defect that can be planted in the hub is found by the simulator, on its recorded seed
	@scripts/mutations $(ARGS)

api: ## a hub that runs is held against its own OpenAPI document: thousands of requests, good and bad (needs `make build`)
	@scripts/check-api $(ARGS)

fuzz: ## libFuzzer on the parsers that take what strangers send; ARGS=SECONDS for each
	@scripts/fuzz $(ARGS)

docs: ## check the documents: links, shell examples, tables
	@scripts/test one "HouseRulesTests.Document" $(ARGS)

ci: ## all that .ci/run runs, in the same order: lint, test, no warnings, the API, fuzzed parsers, a new connector, 300 rehearsals, others of dealt-out stock and on PostgreSQL, mutations, demo --once
	@scripts/ci

night: ## the long suites: a million simulated sales (SALES=n), kills (KILLS=n), an upgrade under load, rehearsals (REHEARSALS=n)
	@scripts/night $(ARGS)

connector: ## start a connector: make connector NAME=Koombiyo
	@scripts/connector "$(NAME)"

clean: ## remove what was built
	@rm -rf .build .demo
