# Fasti: two commands matter. `make demo` starts a business to try; `make test` checks everything CI checks.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Cargo is parallel by itself, and the steps of a run share its folder.
.NOTPARALLEL:
.PHONY: help demo run build test tools check lint audit docs unit conform bench soak docker-check clean

export PATH := $(CURDIR)/target/tools/bin:$(PATH)
# What CI builds is thrown away: incremental data would only cost time and space.
export CARGO_TERM_COLOR ?= auto

step = @printf '\n== %s  %s\n' "$$(date +%T)"

help: ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' | expand -t 16

demo: ## Build, and start a throw-away business with staff, services and bookings
	cargo build --quiet
	@exec cargo run --quiet -- demo $(ARGS)

run: ## Build, and serve with ./fasti.toml if there is one
	@exec cargo run --quiet -- serve $(ARGS)

build: ## Build the release binary: target/release/fasti
	cargo build --release --locked

test: tools check lint docs audit conform unit ## Everything CI runs; the test runner's summary comes last

tools: ## Install what the checks need, into target/tools
	@tests/tools/install.sh

check: ## Format and clippy
	$(step) "format and clippy"
	cargo fmt --check
	cargo clippy --locked --all-targets --quiet -- -D warnings

lint: tools ## Check the scripts and the Dockerfile
	$(step) "scripts and Dockerfile"
	shellcheck $$(git ls-files '*.sh' .ci/run)
	hadolint Dockerfile

docs: ## Build the documentation and run its examples
	$(step) "documentation"
	RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --quiet
	cargo test --locked --doc --quiet
	cargo run --locked --quiet --example free_time > /dev/null

audit: tools ## Check the dependencies: vulnerabilities, licences, sources
	$(step) "dependencies"
	tests/tools/audit.sh

unit: tools ## Unit, property and integration tests, on SQLite and PostgreSQL
	$(step) "tests on SQLite and PostgreSQL"
	tests/with-postgres.sh cargo nextest run --locked --no-fail-fast $(ARGS)

conform: ## Independent clients and validators against a running Fasti
	$(step) "independent clients and validators"
	cargo build --locked --quiet
	conformance/run.sh all

bench: ## Measure (release build)
	cargo bench --locked $(ARGS)

# How much of what the tests repeat; a run for one of them sets its own: make soak FASTI_TEST_KILLS=1000 ARGS=kill::
soak: export FASTI_TEST_SOAK := 1
soak: export FASTI_TEST_ROUNDS ?= 500
soak: export FASTI_TEST_KILLS ?= 300
soak: export FASTI_TEST_SYNC_OPERATIONS ?= 200000
soak: tools docker-check ## The long reliability runs (hours)
	tests/with-postgres.sh cargo nextest run --profile soak --release --locked --run-ignored all $(ARGS)

docker-check: tools ## Run the Dockerfile's build steps on this machine, without an engine (long)
	hadolint Dockerfile
	docker/build-steps.py

clean: ## Remove everything that was built or installed here
	cargo clean
	rm -rf conformance/.cache conformance/.work
