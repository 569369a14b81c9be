# Everything Ownlist needs on a fresh machine: Python 3.11 or newer and make.
# `make` alone lists the commands.

VENV := .venv
PY := $(VENV)/bin/python
# The first of these that is new enough makes the virtual environment.
# PYTHON=/path/to/python names one instead.
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3 python
NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'
PIP := $(PY) -m pip --disable-pip-version-check
PYTEST_WORKERS ?= 2
SUMMARY := var/test-summary.txt
FIGURES := var/benchmarks.json
FAULTS := var/faults.json
WORKERS_OF_TESTS := --numprocesses $(PYTEST_WORKERS) --dist worksteal
PYTEST := $(PY) -m pytest $(WORKERS_OF_TESTS)
SUITE := OWNLIST_TEST_SUMMARY=$(SUMMARY) $(PY) -m tests.second_run $(WORKERS_OF_TESTS)

# What the tools may load instead of a developer's own environment.
TEST_ENV := TEST_DATABASE_URL=sqlite://:memory: DJANGO_SETTINGS_MODULE=tests.settings
RANDOM_KEY = $$($(PY) -c 'import secrets; print(secrets.token_urlsafe(48))')

# A run starts hundreds of processes. Each would compile the project again, and each
# worker every test, where the environment turns the cache of Python off.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help warn-root run demo dev check test bench faults screenshots lighthouse isolation sbom audit lock format clean venv install install-dev \
	peers browser proxies node-modules check-wheels check-style check-types check-imports check-django

help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: warn-root install ## Start Ownlist on http://127.0.0.1:8000 (HOST=… PORT=… WORKERS=…)
	@exec $(PY) -m config.launch run

demo: warn-root install ## The same, with a demo account whose password it prints
	@exec $(PY) -m config.launch demo

dev: warn-root install ## Start a server that reloads changed code and shows errors
	@exec $(PY) -m config.launch dev

# A mounted folder may belong to another user and still be meant for root, so it is no
# error. Other systems than Linux are not asked.
warn-root:
	@owner=$$(stat -c %u . 2>/dev/null || echo 0); \
	[ "$$(id -u)" != 0 ] || [ "$$owner" = 0 ] || { \
		echo "This folder belongs to another user, who can't use what root writes here. To run as that user:" >&2; \
		echo "  setpriv --reuid=$$owner --regid=$$(stat -c %g .) --clear-groups make $(MAKECMDGOALS)" >&2; }

CHECKS := check-style check-types check-imports check-django
# PostgreSQL is also tried after a failure on SQLite: one run shows everything.
test: ## Run every check, then the tests on SQLite and on PostgreSQL
	@$(MAKE) --no-print-directory --jobs browser proxies node-modules $(CHECKS)
	@mkdir -p var && rm -f $(SUMMARY)
	@failed=; \
	env -u TEST_DATABASE_URL $(SUITE) -m "not faults" --cov --cov-report= || failed="$$failed SQLite"; \
	$(PY) -m coverage report --skip-covered; \
	$(PY) -m coverage report --include='accounts/*,todos/*' --format=total --fail-under=95 || failed="$$failed coverage"; \
	$(PY) -m tests.postgres -- env $(SUITE) -m "database and not browser and not faults" || failed="$$failed PostgreSQL"; \
	cat $(SUMMARY); \
	[ -z "$$failed" ] || { echo "Failed:$$failed" >&2; exit 1; }

check: install-dev check-style check-types check-imports ## Run the quick checks and tests, in three minutes, on SQLite
	env -u TEST_DATABASE_URL $(PYTEST) -m "not slow and not faults"

# Each program runs, also after one that found something too slow.
bench: install-dev peers ## Measure speed, beside the alternatives (RECORD=1: also docs/performance.md)
	@rm -f $(FIGURES); failed=; \
	for program in \
		"benchmarks --database sqlite --json $(FIGURES)" \
		"benchmarks --database postgresql --json $(FIGURES)" \
		"benchmarks.steady --json $(FIGURES)" \
		"benchmarks.steady --users 2000 --rate 600 --seconds 30 --json $(FIGURES)" \
		"benchmarks.growth --database postgresql --json $(FIGURES)" \
		benchmarks.verification benchmarks.hostile; \
	do \
		$(PY) -m tests.$$program || failed="$$failed $$program;"; \
	done; \
	$(if $(RECORD),$(PY) -m tests.benchmarks.document $(FIGURES);) \
	[ -z "$$failed" ] || { echo "Too slow, or wrong:$$failed" >&2; exit 1; }

# Each test has the two processors for itself. They are recorded also if one failed.
faults: install-dev proxies ## Break real parts under load, in fifteen minutes (RECORD=1: also docs/operations.md)
	@rm -f $(FAULTS)
	@env -u TEST_DATABASE_URL OWNLIST_FAULTS=$(FAULTS) $(PY) -m pytest --quiet -m faults tests/faults; status=$$?; \
	$(if $(RECORD),$(PY) -m tests.faults.document $(FAULTS);) \
	exit $$status

screenshots: install-dev browser ## Draw every page in every state into var/screenshots (README=1: also docs/images)
	env -u TEST_DATABASE_URL README=$(README) $(PY) -m pytest --quiet --show-capture=no tests/browser/screenshots.py

lighthouse: NODE_FOLDERS := tests/lighthouse
lighthouse: install-dev browser node-modules ## Print the scores that Lighthouse gives to four pages
	$(PY) -m tests.lighthouse
	$(PY) -m tests.lighthouse --mobile

isolation: install-dev node-modules ## Ask every route as everybody, and write docs/isolation.md
	$(PY) -m tests.isolation

sbom: install-dev ## Write the bill of materials (CycloneDX) into var/sbom.cdx.json
	$(PY) -m tests.supply_chain.sbom var/sbom.cdx.json

# The program ends with 1 if something is known, and with 3 if something could not be
# checked. Either is an error here.
audit: install-dev ## Look for known vulnerabilities (ADVISORIES=… asks a saved database)
	$(PY) -m tests.supply_chain.audit $(if $(ADVISORIES),--advisories "$(ADVISORIES)")

lock: install-dev ## Pin the newest releases that pyproject.toml allows, with hashes
	$(LOCK) --output-file requirements.txt pyproject.toml
	$(LOCK) --extra dev --constraint requirements.txt \
		--output-file requirements-dev.txt pyproject.toml
	$(LOCK) --group peers --constraint requirements-dev.txt --output-file $(PEERS_LOCK)
	@$(MAKE) --no-print-directory check-wheels

# One lock for every Python and system: what only some of them need has a marker.
# Wheels alone, because building a package would fetch the newest build tools of the day.
LOCK := $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--only-binary :all: --emit-build-options --generate-hashes --no-strip-extras \
	--custom-compile-command 'make lock'

format: install-dev ## Format the code and repair what ruff can repair
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean: ## Remove what the tools made; keeps .env and the database
	rm -rf $(VENV) $(PEERS) var/static var/static.sha256 var/programs $(SUMMARY) $(FIGURES) $(FAULTS) .coverage .coverage.* htmlcov \
		.hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .schemathesis test-results
	find . -name __pycache__ -type d -not -path '*/node_modules/*' -prune -exec rm -rf {} +

# --- The steps of the commands above -----------------------------------------

# The virtual environment keeps copies of the locks that it was filled from. While they
# are equal there is nothing to do, and no network is needed. Otherwise it is created
# again, without anything from an earlier lock or an interrupted installation.
#
# A lock contains everything with its hashes, so nothing is resolved (--no-deps), and no
# release that appears later can change what is installed. `pip check` confirms it.
install: LOCKS := requirements.txt
install-dev: LOCKS := requirements.txt requirements-dev.txt
install install-dev:
	@$(PY) -c $(NEW_ENOUGH) 2>/dev/null && \
	cmp -s $(lastword $(LOCKS)) $(VENV)/$(lastword $(LOCKS)) || { \
	$(MAKE) --no-print-directory venv && \
	echo "Installing $(lastword $(LOCKS)); this takes a minute the first time" && \
	$(PIP) install --quiet --no-deps --require-hashes -r $(lastword $(LOCKS)) && \
	{ found=$$($(PIP) check) || { echo "$$found" >&2; exit 1; }; } && \
	cp $(LOCKS) $(VENV)/; }

# The services that `make bench` compares with have other packages, so they get an
# environment of their own, filled in the same way.
PEERS := var/peers-venv
PEERS_LOCK := tests/benchmarks/peers/requirements.txt
PEERS_PIP := $(PEERS)/bin/python -m pip --disable-pip-version-check
peers: install-dev
	@cmp -s $(PEERS_LOCK) $(PEERS)/requirements.txt || { \
	echo "Installing $(PEERS_LOCK) into $(PEERS)" && \
	rm -rf $(PEERS) && $(PY) -m venv $(PEERS) && \
	$(PEERS_PIP) install --quiet --no-deps --require-hashes -r $(PEERS_LOCK) && \
	{ found=$$($(PEERS_PIP) check) || { echo "$$found" >&2; exit 1; }; } && \
	cp $(PEERS_LOCK) $(PEERS)/requirements.txt; }

# The Python of the previous virtual environment is tried first: it may have been chosen.
venv:
	@before=$$($(PY) -c 'import sys; print(sys._base_executable)' 2>/dev/null); \
	for python in $(or $(PYTHON),$$before $(PYTHONS)); do \
		"$$python" -c $(NEW_ENOUGH) 2>/dev/null || continue; \
		"$$python" -c 'import ensurepip, venv' 2>/dev/null || { \
			without_venv=$$python; continue; }; \
		echo "Making $(VENV) with $$("$$python" --version)"; \
		rm -rf $(VENV) && exec "$$python" -m venv $(VENV); \
	done; \
	if [ -n "$$without_venv" ]; then \
		echo "$$without_venv lacks the venv module. On Debian or Ubuntu install it with:" >&2; \
		echo "  apt-get install python3-venv" >&2; \
	else \
		echo "Ownlist needs Python 3.11 or newer, and none of these is: $(or $(PYTHON),$(PYTHONS))" >&2; \
		echo "Install it, or name it: make run PYTHON=/path/to/python3.11" >&2; \
	fi; \
	exit 1

# Every package must have a wheel for each Python and system that Ownlist runs on.
check-wheels:
	@for python in 3.11 3.12 3.13 3.14; do \
		for system in $(SYSTEMS); do \
			echo "Looking for wheels for Python $$python on $$system"; \
			$(PY) -m uv pip compile --quiet --no-deps --python-version $$python \
				--python-platform $$system requirements-dev.txt >/dev/null || exit 1; \
		done; \
	done

SYSTEMS := x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu aarch64-apple-darwin

browser: install-dev
	@$(PY) -m tests.chromium

# The files of deploy/ are tested with the real nginx, Caddy and HAProxy, and faults with
# the real Redis.
proxies: install-dev
	@$(PY) -m tests.deploy.programs

# The real Better Auth server that the bridge is tested against, the compiler for the
# example of a client in TypeScript, and the accessibility rules for the pages.
NODE_FOLDERS := tests/better_auth_server tests/typescript tests/browser
node-modules:
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || { \
		echo "The tests of the pages and of the Better Auth bridge need Node.js 20 or newer (node, npm)." >&2; \
		exit 1; }; \
	for folder in $(NODE_FOLDERS); do \
		[ -f $$folder/package-lock.json ] || continue; \
		(cd $$folder && { cmp -s package-lock.json node_modules/.installed || { \
			echo "Installing $$folder"; \
			npm ci --no-audit --no-fund --no-update-notifier --loglevel=error && \
			cp package-lock.json node_modules/.installed; }; }) || exit 1; \
	done

check-style: install-dev
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .

check-types: install-dev
	$(PY) -m mypy

check-imports: install-dev
	$(VENV)/bin/lint-imports

# The second one sees Ownlist as it is deployed: https, PostgreSQL, real mail.
check-django: install-dev
	$(TEST_ENV) $(PY) manage.py makemigrations --check --dry-run
	@echo "manage.py check --deploy, with the settings of a deployment"
	@OWNLIST_ENV_FILE= DEBUG=false SECRET_KEY=$(RANDOM_KEY) JWT_SIGNING_KEY=$(RANDOM_KEY) FACTOR_ENCRYPTION_KEY=$(RANDOM_KEY) \
		BASE_URL=https://ownlist.example ALLOWED_HOSTS=ownlist.example \
		DATABASE_URL='postgres://ownlist@db.ownlist.example/ownlist?sslmode=verify-full' \
		EMAIL_URL=smtp+tls://mail.ownlist.example:587 \
		$(PY) manage.py check --deploy --fail-level WARNING
