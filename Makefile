# make run: set everything up and run the main job on real data.  make test: set everything up and test it.
.DEFAULT_GOAL := help
VENV := .venv
READY := $(VENV)/.ready
SUITABLE := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(SUITABLE)' >/dev/null 2>&1 && echo $$p && break; done)

.PHONY: help run notebooks setup test test-quick test-spark coverage format lint ui lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: setup ## set everything up, then train on CDNOW, a real log
	$(VENV)/bin/patronage train experiment=cdnow

setup: $(READY) ## a virtual environment in .venv, from the lock

# The lock holds every package with its hashes; it names no index, so whichever pip is set up to use will do.
$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "no Python 3.11 to 3.13 found; install one or give PYTHON=/path/to/python"; exit 1; }
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(VENV)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(READY)

test: setup ## set everything up, then test everything but Spark
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(PYTEST)

test-quick: setup ## the tests that take a moment, after every change
	$(VENV)/bin/python -m pytest --numprocesses 2 --dist loadfile -m "not slow and not spark" $(PYTEST)

notebooks: run ## run the notebooks on the run of `make run`, and keep what they show
	$(VENV)/bin/python notebooks/keep_outputs.py

coverage: setup ## make test, and which lines it does not reach; fails below the floor in pyproject.toml
	$(MAKE) test PYTEST="--cov --cov-report=term:skip-covered --cov-report=html:build/coverage"

# The same tests on a real Spark: pyspark, of which nobody else has a use, and Java.
test-spark: $(VENV)/.spark ## the tests on a real Spark; needs Java
	$(VENV)/bin/python -m pytest -m spark

$(VENV)/.spark: $(READY) requirements-spark.lock
	command -v java >/dev/null || { echo "no Java found; install one of 17 or later, such as openjdk-17-jre-headless"; exit 1; }
	$(VENV)/bin/python -m pip install --quiet --require-hashes --requirement requirements-spark.lock
	touch $@

format: setup ## sort imports, format
	$(VENV)/bin/ruff check --fix --quiet .
	$(VENV)/bin/ruff format .

lint: setup ## ruff and mypy, as CI runs them
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

ui: setup ## MLflow's pages on http://127.0.0.1:5000
	MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false $(VENV)/bin/mlflow server --workers 1 \
		--backend-store-uri sqlite:///$(CURDIR)/mlruns/mlflow.db

lock: ## write requirements.lock anew, after a change of dependencies; commit the result
	test -x .lock/bin/uv || { $(PYTHON) -m venv .lock && .lock/bin/pip install --quiet uv; }
	.lock/bin/uv pip compile pyproject.toml --universal --python-version 3.11 --extra complete-journey --extra dev \
		--generate-hashes --no-emit-index-url --no-header --no-annotate --quiet --output-file requirements.lock
	echo "pyspark[connect]>=3.5,<5" | .lock/bin/uv pip compile - --constraint requirements.lock --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --no-annotate --quiet --output-file requirements-spark.lock

clean: ## remove the virtual environment; data and runs stay
	rm -rf $(VENV) .lock dist
