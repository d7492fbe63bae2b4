# Every task of this repository; `make` alone lists them. Each one does its own set-up, from a fresh clone on.
.DEFAULT_GOAL := help
BIN := .venv/bin
PYTEST := $(BIN)/python -m pytest
# The words and rules that decide about money and access: every branch of them must be tested.
RULES := billing_core/errors/*,billing_core/money.py,billing_core/currencies.py,billing_core/periods.py,billing_core/usage.py,billing_core/usage_identity.py,billing_core/pricing.py,billing_core/pricing_batch.py,billing_core/price_book/*,billing_core/sign_in.py,billing_core/recognition.py,billing_core/bookings.py,billing_core/stripe_facts.py,billing_core/standing.py,billing_core/revenue.py,billing_core/reversals.py,billing_core/fees_and_cash.py,billing_core/mrr.py,billing_core/shared_costs.py,billing_core/margin.py,billing_core/stripe_mapping.py,billing_core/stripe_reader.py,billing_core/stripe_json.py

.PHONY: help setup run test check fix bench chaos lock price-book browser format-check lint types contracts

help: ## list these targets
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/make \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

setup: .venv/ready ## make .venv with the locked packages and this project, once
	@:

.venv/ready: requirements.lock pyproject.toml tools/setup.sh
	@tools/setup.sh
	@touch $@

run: setup ## start database, worker and pages, and print the address
	@$(BIN)/marginbook up

browser: setup
	@tools/browser.sh

test: setup browser ## run every test, and count them per mark
	@$(PYTEST) -n 2 --dist loadfile

check: format-check lint types contracts browser ## everything a change must pass; the same line is CI
	@rm -f .coverage .coverage.*
	@$(PYTEST) -n 2 --dist loadfile --cov --cov-report=term-missing:skip-covered
	@rules=$$($(BIN)/coverage report --include='$(RULES)' --fail-under=100) || { echo "$$rules"; exit 1; }

format-check: setup
	@$(BIN)/ruff format --check --quiet . || { echo "These files are not formatted: run make fix."; exit 1; }

lint: setup
	@$(BIN)/ruff check --quiet .

types: setup
	@$(BIN)/mypy --no-error-summary

contracts: setup
	@$(BIN)/lint-imports --no-logo

fix: setup ## format the code, mend what ruff can mend, write docs/reference anew
	@$(BIN)/ruff check --quiet --fix . ; $(BIN)/ruff format --quiet .
	@$(BIN)/python -m tools.reference

bench: setup ## measure; one JSON object (ONLY=key,key and SCALE=0.1 for a quick look)
	@$(BIN)/python -m bench

chaos: setup ## the long kill tests (ROUNDS=100 of each)
	@FAULT_ROUNDS=$(or $(ROUNDS),100) $(PYTEST) -m fault

price-book: setup ## compile the price book anew from genai-prices and the corrections
	@$(BIN)/python -m billing_core.price_book.compile

lock: setup ## write requirements.lock anew from pyproject.toml (UPGRADE=1 for the newest versions)
	@$(BIN)/uv pip compile pyproject.toml --extra dev --output-file requirements.lock --quiet --universal --python-version 3.11 \
		--generate-hashes --no-header --no-annotate $(if $(UPGRADE),--upgrade)
