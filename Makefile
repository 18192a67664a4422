# Hannun. The two commands that matter: `make run` and `make test`.
SHELL := /bin/sh
PY := .venv/bin/python
DATA ?= ./data
ARGS ?=

.PHONY: lock help setup dev run demo test test-long bench check format clean

help:            ## this list
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  +##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/  make \1	/' | expand -t 20

setup:           ## .venv with pinned dependencies, the built UI, compiled kernels
	@deploy/setup.sh

dev:             ## setup, and what tests and checks need
	@HANNUN_DEV=1 deploy/setup.sh
	@deploy/test_clients.sh

run: setup       ## start Hannun over ./data (ARGS="--listen …" for flags)
	@exec .venv/bin/hannun serve --data-dir $(DATA) $(ARGS)

demo: setup      ## a small shop sends its metrics, with some failures, into a throw-away server
	@$(PY) examples/shop/run.py $(ARGS)

test: dev        ## what every change must pass (< 10 min)
	@$(MAKE) --no-print-directory check
	@$(PY) ui/hatch_build.py --npm test --silent
	@$(PY) -m pytest tests -n 3 --dist loadfile -rfEs

test-long: dev   ## kills, fuzz and soak; run before a feature is called done
	@$(PY) -m pytest tests -m long -n 2 --dist loadfile -rfEs

bench: dev       ## speed and memory beside the peers, as ratios (bench/README.md)
	@$(PY) bench/run.py $(ARGS)

check: dev       ## format, lint, types, import rules
	@.venv/bin/ruff format --check --quiet src tests bench examples ui/hatch_build.py
	@.venv/bin/ruff check --quiet src tests bench examples ui/hatch_build.py
	@.venv/bin/mypy
	@$(PY) -m pytest -q tests/test_import_rules.py
	@$(PY) ui/hatch_build.py --npm run check --silent

format: dev      ## put the code into the project's form
	@.venv/bin/ruff format src tests bench examples ui/hatch_build.py
	@.venv/bin/ruff check --fix src tests bench examples ui/hatch_build.py

clean:           ## remove what was built; ./data stays
	rm -rf .venv .uv .virtualenv ui/node_modules src/hannun/web/static

lock: dev        ## pin dependencies again, with hashes and without the name of any index
	@.venv/bin/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.lock pyproject.toml deploy/requirements.in
	@.venv/bin/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --extra dev -c requirements.lock -o requirements-dev.lock pyproject.toml deploy/requirements.in
