# `make run` and `make test` install what they need. ARGS="…" passes arguments on, e.g. make run ARGS="--listen 0.0.0.0:80"
.DEFAULT_GOAL := help
.PHONY: help run test bench build fmt lint dev-db sqlx vendor setup clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: ## Install what is missing, build, and start Millrace with the demo world
	@scripts/run $(ARGS)

test: ## Run every check: Rust, lints, Wasm budget, browser
	@scripts/setup test
	@scripts/test $(ARGS)

bench: ## Measure the release build against its speed targets
	@scripts/bench $(ARGS)

build: ## Release build of server and browser files
	@scripts/setup
	@scripts/build

fmt: ## Format the Rust code
	@scripts/with-env cargo fmt --all

lint: ## Format check, Wasm dependency check, clippy
	@scripts/test format wasm-graph clippy clippy-wasm

dev-db: ## Start a migrated scratch Postgres, until Ctrl-C
	@scripts/dev-db

sqlx: ## Rewrite .sqlx after a change of SQL or migrations
	@scripts/sqlx

vendor: ## Rewrite public/vendor from npm
	@scripts/vendor

setup: ## Install everything that run and test need
	@scripts/setup test

clean: ## Delete build output (keeps the demo data in .millrace)
	@scripts/with-env cargo clean
	@rm -rf end2end/node_modules end2end/test-results end2end/playwright-report
