# Everything lives in the checkout: `.venv` (what is installed) and `.likeness` (local state). `make` shows the targets.

VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
LOCKS := infra/requirements
PACKAGES := likeness api worker courier evaluator core infra bench tests

# The first Python that is new enough; the lock files are made for 3.11. `make PYTHON=/path/to/python` overrules.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# Tests that start and kill a stack of their own run one after the other in one process, all others in two more: both
# kinds wait as much as they work, and three keep two cores busy. Those without a stack (`make quick`) hardly wait.
SIDE_BY_SIDE := --dist loadgroup --no-loadscope-reorder
# The pages are tried in the system's Chromium, where there is one; what drives it is then installed as well.
CHROMIUM := $(or $(LIKENESS_TEST_CHROMIUM),$(shell for p in chromium chromium-browser google-chrome google-chrome-stable; do \
	command -v $$p && break; done))
BROWSER := $(if $(CHROMIUM),$(VENV)/.browser)
# Each process of ours, and each of the tests, would compile all modules anew: `make quick` takes 6 s of CPU more.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo up test quick coverage alerts chaos check fmt lint types fuzz bench docs audit lock clean sbom containers-test hosts-test
.DEFAULT_GOAL := help

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

install: $(INSTALLED) ## Make .venv and install what the lock file names, checked by hash
demo: install ## Start everything, verify two pairs of photographs, show the decisions, stop
	@$(BIN)/likeness demo
up: install ## Start everything and keep it up; Ctrl-C stops all of it
	@$(BIN)/likeness up
test: install $(BROWSER) ## Run the tests, e.g. make test ARGS='tests/keys -x'
	$(if $(CHROMIUM),,@echo "No Chromium: tests/browser is left out. Install it (Debian, Ubuntu: apt install chromium)," \
		"or name it in LIKENESS_TEST_CHROMIUM")
	$(BIN)/python -m pytest -n 3 $(SIDE_BY_SIDE) $(ARGS)
quick: install ## Run the tests that start no server and no process of ours: a minute and a half
	$(BIN)/python -m pytest -n 2 $(SIDE_BY_SIDE) -m "not promise and not stack" $(ARGS)
coverage: install $(BROWSER) ## Run the tests, and show the lines that no test reaches
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 $(SIDE_BY_SIDE) $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report
alerts: install ## Fire each alert on a stack under load, by a fault made for it (needs prometheus): make alerts ARGS=LikenessWorkerDeaf
	$(BIN)/python -m tests.alerts $(ARGS)
chaos: install ## Kill all under JOBS jobs (10000), ail Redis, and count what was lost: make chaos JOBS=500 SEED=7
	$(BIN)/python -m tests.chaos --jobs $(or $(JOBS),10000) $(if $(SEED),--seed $(SEED)) $(if $(LIVENESS),--liveness)
containers-test: install ## Build the images, run the compose file, kill and replace containers, count what was lost
	$(BIN)/python -m tests.containers $(ARGS)
hosts-test: install ## Jobs on six hosts (network namespaces, as root) whose links are cut and slowed: make hosts-test JOBS=500
	$(BIN)/python -m tests.hosts $(if $(JOBS),--jobs $(JOBS)) $(if $(SEED),--seed $(SEED))
check: install ## What CI runs: format, lint, typos, types, import rules, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports
	@$(MAKE) --no-print-directory test
fmt: install ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
lint: install ## Look for mistakes and typos, and hold the import rules
	$(BIN)/ruff check .
	$(BIN)/codespell
	$(BIN)/lint-imports
types: install ## Check the types
	$(BIN)/mypy
fuzz: install ## Decode hostile images for some minutes, e.g. make fuzz COUNT=100000 SEED=7
	$(BIN)/python -m tests.hostile.fuzz --count $(or $(COUNT),20000) --seed $(or $(SEED),0) $(if $(LIVENESS),--liveness)
bench: install ## Measure against the engine alone and peers, some 20 minutes: make bench [FULL=1] [LFW=folder]
	$(BIN)/python -m bench $(if $(FULL),--full) $(if $(LFW),--lfw $(LFW))
docs: ## Write the site of docs/ to build/site/index.html, in an environment of its own; it loads nothing from elsewhere
	@test -x build/docs-venv/bin/mkdocs || { $(PYTHON) -m venv build/docs-venv && \
		build/docs-venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r $(LOCKS)/docs.txt; }
	build/docs-venv/bin/python -m infra.docs.site
	PYTHONPATH=. NO_MKDOCS_2_WARNING=1 build/docs-venv/bin/mkdocs build --quiet --strict
	@echo "build/site/index.html; to search it: $(PYTHON) -m http.server --directory build/site"
audit: install ## Ask PyPI for known vulnerabilities of all that is pinned; fails where it cannot ask
	for of in local api worker-cpu worker-gpu worker-openvino worker-triton courier; do \
		$(BIN)/pip-audit --strict --disable-pip --require-hashes -r $(LOCKS)/$$of.txt || exit 1; done
sbom: ## Write what is in each image as CycloneDX to dist/ (needs cyclonedx-py: pip install cyclonedx-bom)
	@command -v cyclonedx-py >/dev/null || { echo "make sbom needs cyclonedx-py: pip install cyclonedx-bom" >&2; exit 1; }
	mkdir -p dist
	for of in api courier worker-cpu worker-gpu worker-openvino worker-triton; do \
		cyclonedx-py requirements --output-reproducible -o dist/$$of.cdx.json $(LOCKS)/$$of.txt || exit 1; done
clean: ## Remove .venv and caches; .likeness (packs, jobs, secrets) stays
	rm -rf $(VENV) build dist *.egg-info .coverage* .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find $(PACKAGES) -name __pycache__ -prune -exec rm -rf {} +

$(INSTALLED): pyproject.toml infra/command/pyproject.toml $(LOCKS)/local.txt
	@test -n "$(PYTHON)" || { echo "Likeness needs Python 3.11 or newer and found none. Install it" \
		"(Debian, Ubuntu: apt install python3 python3-venv), or name it: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) cannot make a virtual environment." \
		"On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "Installing into $(VENV); the first time takes a minute or two ..."
	@$(PIP) -r $(LOCKS)/local.txt
	@PYTHONWARNINGS=ignore $(PIP) -e . ./infra/command
	@touch $@

$(VENV)/.browser: $(INSTALLED) $(LOCKS)/browser.txt
	@$(PIP) -r $(LOCKS)/browser.txt
	@touch $@

# The lock files name every package and its hashes, and no registry. `make lock` keeps pins that still fit;
# `make lock UPGRADE=--upgrade` takes the newest.
LOCK = uv pip compile -q $(UPGRADE) --generate-hashes --python-version 3.11 \
	--no-annotate --no-header
lock: ## Pin the dependencies anew (needs uv: pip install uv)
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	$(LOCK) --group api --group engine --group cpu --group evaluator --group triton --group local --group traces --group dev \
		--override $(LOCKS)/overrides.txt --override $(LOCKS)/overrides-triton.txt -o $(LOCKS)/local.txt
	$(LOCK) --group api -o $(LOCKS)/api.txt
	$(LOCK) --group engine --group cpu --group evaluator --override $(LOCKS)/overrides.txt -o $(LOCKS)/worker-cpu.txt
	$(LOCK) --group engine --group gpu --group evaluator --override $(LOCKS)/overrides-gpu.txt -o $(LOCKS)/worker-gpu.txt
	$(LOCK) --group traces --constraint $(LOCKS)/local.txt -o $(LOCKS)/traces.txt
	$(LOCK) --group build -o $(LOCKS)/build.txt
	$(LOCK) --group engine --group cpu --group evaluator --group openvino --override $(LOCKS)/overrides.txt \
		--override $(LOCKS)/overrides-openvino.txt --constraint $(LOCKS)/worker-cpu.txt -o $(LOCKS)/worker-openvino.txt
	$(LOCK) --group engine --group cpu --group evaluator --group triton --override $(LOCKS)/overrides.txt \
		--override $(LOCKS)/overrides-triton.txt --constraint $(LOCKS)/worker-cpu.txt -o $(LOCKS)/worker-triton.txt
	$(LOCK) --group browser --constraint $(LOCKS)/local.txt -o $(LOCKS)/browser.txt
	$(LOCK) --group courier --constraint $(LOCKS)/local.txt -o $(LOCKS)/courier.txt
	$(LOCK) --group docs -o $(LOCKS)/docs.txt
