# The two commands that matter are `make run` and `make test`; `make` alone lists them all.
# They need Python 3.11 or later with venv, make and a package index; run again they need no network.

PYTHON ?= python3
PORT ?= 8000
# One part of the benchmarks: `make bench ONLY=gate`.
ONLY ?=
# A shorter form of what takes long: `make bench-mail MAILS=5000 RUNS=postgresql-2,naive`,
# `make faults MAILS=2000 KILLS=6`.
MAILS ?= 100000
RUNS ?=
KILLS ?= 60

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt
# What is installed, as files: newer than what they were installed from, or it is installed again.
INSTALLED := $(VENV)/installed
INSTALLED_FOR_TESTS := $(VENV)/installed-for-tests

CATALOGUES := $(wildcard webinars/translations/*/LC_MESSAGES/messages.po)
COMPILED := $(CATALOGUES:.po=.mo)
WORDS := build/messages.pot
GATHER_WORDS := mkdir -p build && $(BIN)/pybabel --quiet extract --mapping-file pyproject.toml \
	--keywords lazy_gettext --keywords lazy_ngettext:1,2 \
	--no-location --sort-output --output-file $(WORDS) .
UPDATE_CATALOGUES := $(BIN)/pybabel --quiet update --input-file $(WORDS) \
	--output-dir webinars/translations --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test check bench bench-mail faults install translations catalogues docs pictures pins clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: install ## Serve pages, worker and timer on http://127.0.0.1:8000 (PORT=… changes it)
	@$(BIN)/webinars db upgrade
	@exec $(BIN)/webinars serve --with-examples --port $(PORT)

demo: install ## Load the example events again, with fresh dates
	@$(BIN)/webinars db upgrade
	@$(BIN)/webinars demo

test: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Run the whole test suite
	@$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal

check: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Check format, style, types, layers and translations
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo
	@$(GATHER_WORDS)
	@$(UPDATE_CATALOGUES) --check || { echo 'The catalogues lack words: make catalogues, then translate.'; exit 1; }

bench: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Measure, with a yardstick beside each figure (ONLY=gate: one part)
	@$(BIN)/python -m tests.benchmarks $(ONLY)

bench-mail: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Measure 100,000 mails beside smtp-source (MAILS=5000: fewer)
	@MAILS=$(MAILS) RUNS=$(RUNS) $(BIN)/python -m tests.benchmarks mail

faults: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Kill workers, timers and brokers under 100,000 mails (MAILS=, KILLS=)
	@$(BIN)/python -m tests.faults --mails $(MAILS) --kills $(KILLS)

install: $(INSTALLED) $(COMPILED) ## Create .venv and install what the service needs

translations: $(COMPILED) ## Compile the catalogues of French, Arabic and English

catalogues: $(INSTALLED_FOR_TESTS) ## Gather the words of the pages into the catalogues, to translate
	@$(GATHER_WORDS)
	@$(UPDATE_CATALOGUES)

docs: $(INSTALLED) ## Write docs/settings.md from the settings
	@$(BIN)/webinars config --manual > docs/settings.md

pictures: $(INSTALLED_FOR_TESTS) $(COMPILED) ## Take the pictures of the README anew, with Chromium
	@$(BIN)/python -m tests.browser.pictures docs/pictures

pins: ## Install the newest of everything in a venv of its own and write constraints.txt
	@rm -rf $(VENV)-pins
	@$(PYTHON) -m venv $(VENV)-pins
	@$(VENV)-pins/bin/python -m pip install --quiet --upgrade setuptools
	@$(VENV)-pins/bin/python -m pip install --quiet --no-build-isolation --editable '.[test]'
	@{ echo '# Everything that is installed, pinned: `make pins` writes it.'; \
	   $(VENV)-pins/bin/python -m pip freeze --all --exclude pip --exclude-editable; } > constraints.txt
	@rm -rf $(VENV)-pins

clean: ## Remove what was installed and built; the data folder var/ stays
	rm -rf $(VENV) $(VENV)-pins build dist bench-results *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	rm -f $(COMPILED)
	find config.py webinars workers tests -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=python3.12 …")'
	@$(PYTHON) -m venv $(VENV)

# The build tool is in the venv and pinned like the rest: no network once everything is there.
$(INSTALLED): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing (once; it takes a minute) …'
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(INSTALLED_FOR_TESTS): pyproject.toml constraints.txt | $(BIN)/python
	@echo 'Installing, with what the tests need (once; it takes a minute) …'
	@$(PIP) setuptools
	@$(PIP) --no-build-isolation --editable '.[test]'
	@touch $(INSTALLED) $@

%.mo: %.po | $(INSTALLED)
	@$(BIN)/pybabel --quiet compile --input-file $< --output-file $@
