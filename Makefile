# The words of this project, one a target. `make demo` and `make test` work in a fresh clone.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.set-up

.PHONY: setup demo test check audit bench docs soak package-test deb clean lock

setup: $(STAMP)

$(STAMP): requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup
	$(BIN)/locker-sim demo $(ARGS)

# Two at a time, a file to a worker: most tests wait for a wire, a browser or a disk. JOBS=0 runs them in one process.
JOBS ?= 2

# The AsyncAPI parser that back offices read docs/contract with; without npm its test is skipped by name, in CI it fails.
PARSER := tests/contract/node_modules/.set-up

$(PARSER): tests/contract/package-lock.json
	@if command -v npm >/dev/null; then \
	  npm ci --prefix tests/contract --ignore-scripts --no-audit --no-fund --silent && touch $@; \
	else echo "npm is not installed: the AsyncAPI document is not read by its parser"; fi

test: setup $(PARSER)
	$(BIN)/pytest -m "not soak and not package" --ignore=tests/bench -n $(JOBS) --dist loadfile $(ARGS)

# Not scanned for secrets: hashes of packages, examples signed with keys that were thrown away, ledgers of pretend people.
SCANNED := . ':!requirements/*.lock' ':!*/package-lock.json' ':!docs/contract/asyncapi.json' \
           ':!docs/contract/examples/*.jw?' ':!tests/store/fixtures'

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive edge_agent drivers cloud_bridge
	git ls-files -z -- $(SCANNED) | xargs -0 -n 200 -P 2 $(BIN)/detect-secrets-hook
	mkdir -p out
	PYTHONWARNINGS=ignore $(BIN)/cyclonedx-py requirements requirements/run.lock --pyproject pyproject.toml --output-file out/sbom.cdx.json

# Known weaknesses of what we ship; where no advisory service answers, it says "not audited", which is no pass.
audit: setup
	$(BIN)/python -m tests.security.audit

bench: setup
	$(BIN)/python -m tests.bench $(ARGS)

docs: setup
	$(BIN)/python docs/generate.py
	$(BIN)/sphinx-build -q -W -b html docs out/docs
	$(BIN)/sphinx-build -q -W -b man docs out/man

soak: setup
	mkdir -p out
	$(BIN)/pytest -m soak --junitxml=out/soak-report.xml $(ARGS)

package-test: setup
	mkdir -p out
	$(BIN)/pytest -m package --junitxml=out/package-report.xml $(ARGS)

# One package, for this machine; ARGS='--arch arm64 --dist trixie' for another, SIGN=release.key signs it.
deb: setup
	$(BIN)/python systemd/package/build.py $(if $(SIGN),--sign $(SIGN)) $(ARGS)

# After a change of requirements/*.in: needs uv on the path.
lock:
	uv pip compile --python-version 3.11 --generate-hashes --no-header requirements/run.in -o requirements/run.lock
	uv pip compile --python-version 3.11 --generate-hashes --no-header requirements/dev.in -o requirements/dev.lock

clean:
	rm -rf $(VENV) out build *.egg-info
