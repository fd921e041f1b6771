# The commands for visitors and contributors. `make help` lists the targets.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LIGHT := .venv-light
RUN := runs/demo

.DEFAULT_GOAL := help
.PHONY: help install demo test coverage faults fuzz mutants test-light cluster-test format lint types check benchmarks pictures clean

help:  ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

install: .venv/installed  ## create .venv with the tool and all development dependencies

# Show a command as one would type it, then run it.
define run
@printf '\n$$ %s\n' $(1)
@PATH="$(CURDIR)/$(BIN):$$PATH" sh -c $(1)
endef

demo: .venv/installed  ## train on the bundled emotion corpus, evaluate, and predict a few lines
	@rm -rf $(RUN)
	$(call run,"lstmcli train --config configs/emotion.yaml --run-dir $(RUN)")
	$(call run,"lstmcli evaluate $(RUN) data/emotion/test.csv")
	$(call run,"echo 'we missed the train again and nobody even said sorry' | lstmcli predict $(RUN)")
	$(call run,"lstmcli predict $(RUN) data/emotion/test.csv | tail -n 5")
	@printf '\nThe model, its scores and a report are in $(RUN). Open $(RUN)/report.html in a browser.\n'

# Two processes, each with whole files of tests, which share trained models. In the order of their names, slow ones with
# few tests come early.
test: .venv/installed  ## run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

coverage: .venv/installed  ## run the tests, and list the lines and branches that they never reach
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=term

faults: .venv/installed  ## attack the tool with kills, damage, full disks, hostile and malformed files, in about half an hour
	$(BIN)/python -m tests.faults

fuzz: .venv/installed  ## fuzz the readers of input files, guided by coverage, for ten minutes (needs pip install atheris)
	$(BIN)/python -m tests.faults.fuzz -max_total_time=600

# Draws of tests are fixed, so that two runs catch the same; threads would outlive the process that forks.
mutants: .venv/installed  ## mutate metrics, splits and readers; do the tests notice? In an hour (needs pip install mutmut)
	rm -rf mutants
	CI=1 OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/mutmut run
	$(BIN)/python -m tests.mutation_scores

# What docs/installation.md tells users to type, from a wheel; build/ may hold modules that have moved since.
test-light: .venv/installed  ## test prediction with only numpy, safetensors and typer installed (needs the network)
	rm -rf $(LIGHT) build
	$(PYTHON) -m venv $(LIGHT)
	$(LIGHT)/bin/python -m pip wheel --quiet --no-deps --wheel-dir $(LIGHT)/dist .
	$(LIGHT)/bin/python -m pip install --quiet --constraint constraints.txt --requirement requirements-light.txt
	$(LIGHT)/bin/python -m pip install --quiet --no-deps $(LIGHT)/dist/lstmcli-*.whl
	LIGHT_PYTHON=$(LIGHT)/bin/python $(BIN)/python -m pytest tests/light_installation.py

# Each pair of hosts is two network namespaces, so this needs root and iproute2; without them, its tests are skipped.
cluster-test: .venv/installed  ## test several hosts, and cables between them that are cut (Linux, as root)
	$(BIN)/python -m pytest tests/cluster

benchmarks: .venv/installed  ## measure speed and memory, in about half an hour (benchmarks/README.md)
	$(BIN)/python -m benchmarks

pictures: .venv/installed  ## run the commands of docs/understanding.md and draw its pictures, in a few minutes
	$(BIN)/python -m experiments.pictures

format: .venv/installed  ## reformat the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lint: .venv/installed  ## check format and lint rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: .venv/installed  ## check types (mypy, strict)
	$(BIN)/mypy

check: lint types test  ## run all checks: format, lint, types, tests

clean:  ## remove everything that the other targets created
	rm -rf .venv $(LIGHT) build dist mutants lstmcli.egg-info runs .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
