# A checkout's commands. They need python3 (3.11 or later), make and git; everything else comes into .venv from the
# lock files. More words for a command: make demo ARGS="--orders 200 --faults storm --kill"

PYTHON ?= python3
ARGS ?=
BIN := .venv/bin
UV ?= uv

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install dev demo test simulate planted crash power torture fuzz bench lint format docs wheel lock clean distclean python

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

install: python ## .venv with the hub in it: .venv/bin/crossdock
	@$(PYTHON) deploy/bootstrap.py

dev: python ## the same, with what testing and changing it needs
	@$(PYTHON) deploy/bootstrap.py --dev

demo: install ## 60 orders through a sandbox full of faults, and a counted verdict
	@$(BIN)/crossdock demo $(ARGS)

test: dev ## every test
	@$(BIN)/python -m pytest -n auto --maxprocesses 8 --dist loadgroup $(ARGS)

simulate: dev ## the whole hub in virtual time, by seeds: SEED=7, or SEEDS=5000, or SECONDS=600 (START=1, JOBS=2)
	@$(BIN)/python -m tests.simulation $(if $(SEED),--seed $(SEED)) $(if $(SEEDS),--seeds $(SEEDS)) \
		$(if $(SECONDS),--seconds $(SECONDS)) $(if $(START),--start $(START)) $(if $(JOBS),--jobs $(JOBS)) $(ARGS)

planted: dev ## bugs planted into the hub, each of which the simulation must find: BUG=no-fence
	@$(BIN)/python -m tests.simulation.planted $(if $(BUG),--bug $(BUG)) $(ARGS)

crash: dev ## a real hub killed at every event and in every outcome: PAIRS=400 (SEED=0)
	@$(BIN)/python -m tests.crash $(if $(PAIRS),--pairs $(PAIRS)) $(if $(SEED),--seed $(SEED)) $(ARGS)

power: dev ## the hub's power cut at every kind of place: IMAGES=10000 (SEED=1)
	@$(BIN)/python -m tests.power $(if $(IMAGES),--images $(IMAGES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

torture: dev ## real hub processes killed, stopped, starved of disk and lied to: MINUTES=30 (RATE=3, SEED=1)
	@$(BIN)/python -m tests.torture $(if $(MINUTES),--minutes $(MINUTES)) $(if $(RATE),--rate $(RATE)) \
		$(if $(SEED),--seed $(SEED)) $(ARGS)

fuzz: dev ## whatever reads what others write, fuzzed by coverage: SECONDS=300 for each target (Linux, Python 3.11 to 3.13)
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-fuzz.lock
	@$(BIN)/python -m tests.hostile.fuzz $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)

bench: dev ## orders a second, beside what others make of the same work: ARGS="--systems crossdock --cases orders0"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-bench.lock
	@$(BIN)/python -m benchmarks $(ARGS)

lint: dev ## ruff (rules and format) and mypy --strict
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: dev ## what ruff can mend by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

docs: dev ## what the documentation takes from the code: the states' picture
	@$(BIN)/python -c "from pathlib import Path; from hub.model.drawing import redrawn; \
	page = Path('docs/architecture.md'); page.write_text(redrawn(page.read_text('utf-8')), 'utf-8')"

wheel: dev ## dist/crossdock-*.whl
	@$(BIN)/python -m hatchling build -t wheel

lock: ## new versions into the lock files; needs uv
	@$(UV) pip compile -q $(LOCKED) pyproject.toml --all-extras --group build --group dev -o requirements-dev.lock
	@$(UV) pip compile -q $(LOCKED) pyproject.toml -c requirements-dev.lock -o requirements.lock
	@$(UV) pip compile -q $(LOCKED) pyproject.toml --extra postgres -c requirements-dev.lock -o requirements-postgres.lock
	@$(UV) pip compile -q $(LOCKED) --group build -c requirements-dev.lock -o requirements-build.lock
	@printf '%s\n' $(BENCH) | $(UV) pip compile -q $(LOCKED) - -c requirements-dev.lock -o requirements-bench.lock
	@echo atheris | $(UV) pip compile -q $(LOCKED) - -o requirements-fuzz.lock
	@grep -h -c '==' requirements.lock requirements-postgres.lock requirements-dev.lock requirements-build.lock \
		requirements-fuzz.lock requirements-bench.lock

# What the order benchmark compares with, beside what the hub has: its versions are the hub's where both have it.
BENCH = aiohttp 'celery[redis]' 'dramatiq[redis]' dbos flask granian gunicorn redis requests rq
LOCKED = --universal --python-version 3.11 --generate-hashes --no-annotate --upgrade --custom-compile-command "make lock"

clean: ## remove builds and caches
	@rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

distclean: clean ## the same, and .venv
	@rm -rf .venv

python:
	@command -v $(PYTHON) >/dev/null || { echo "Crossdock needs Python 3.11 or later, and there is no '$(PYTHON)' here. Install it, or name one: make PYTHON=/path/to/python3" >&2; exit 1; }
