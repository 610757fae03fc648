# SPDX-License-Identifier: GPL-2.0-only
#
# make run [MEM=2G]    set up what is missing, measure, print the table
# make check           linters, types and quick unit tests: a minute
# make test            all other tests: twenty minutes; WORKERS=2 is how many run at a time
# make test-kernels    tests that build whole kernels: half an hour, and minutes the next time
# make test-long       what these do, with more rounds and more kinds: hours
# make test-hosts      the first and the third of these on fresh Debians: root, half an hour
# make setup           what both share; .venv/bin/bench works after it
# make setup-tests     the same, and what only the tests need
# make man             man pages into build/man; bench man --install puts them where man looks
# make reference       reports/reference anew from the samples that it holds
# make clean           remove what was made in this directory; the cache stays

MEM ?=
WORKERS ?= 2
PYTHON ?= python3
VENV := .venv
BENCH := $(CURDIR)/$(VENV)/bin/bench

run: setup
	$(VENV)/bin/bench run $(MEM:%=--mem %)

# Workers start with a half of the tests each, and take over from one another at the end.
PYTEST := $(VENV)/bin/pytest --numprocesses $(WORKERS) --dist worksteal
QUICK := $(wildcard tests/test_*.py) tests/unit tests/ci -m 'not slow and not guest and not alone'

check: setup-tests
	$(PYTEST) $(QUICK)

test: setup-tests
	$(PYTEST) -m 'not kernels'

# One after another: each build takes all cores.
test-kernels: setup-tests
	$(VENV)/bin/pytest -m kernels --durations 0

test-long: setup-tests
	$(PYTEST) --long -m 'not kernels'
	$(VENV)/bin/pytest --long -m kernels

# Each in a root of its own, made with debootstrap.
HOSTS ?= trixie bookworm
test-hosts: setup
	@tests/hosts/run $(HOSTS)

reference: setup
	@$(MAKE) --no-print-directory reference-files

# By the samples of runs on each kernel: nothing is measured.
RUNS_6.12 := baselines vmm-start
RUNS_6.12-more := ways vm-devices hugepages devices scaling
RUNS_7.3 := baselines vmm-start reference
RUNS_profiles := reference baselines
OUT := $(CURDIR)/reports/reference
REFERENCE = cd reports/reference/$* && $(BENCH) report $(RUNS_$*)
reference-files: reference-6.12 reference-6.12-more reference-7.3 reference-profiles
reference-%:
	@mkdir -p $(OUT)/$*
	$(REFERENCE) --format page --out $(OUT)/$*/page.html
	$(REFERENCE) --format cover-letter --out $(OUT)/$*/cover-letter.txt
	$(REFERENCE) --out $(OUT)/$*/report.txt

man: setup
	$(BENCH) man build/man

setup:
	@PYTHON=$(PYTHON) sh bench/setup.sh
	@$(MAKE) --no-print-directory $(VENV)/.done

setup-tests:
	@PYTHON=$(PYTHON) sh bench/setup.sh tests
	@$(MAKE) --no-print-directory $(VENV)/.done-tests

$(VENV)/.done: pyproject.toml
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.done-tests: $(VENV)/.done
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

.PHONY: run man check test test-kernels test-long test-hosts reference reference-files setup setup-tests clean
