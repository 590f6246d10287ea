# make run    install, run the workflow over the default studies, say where the reports lie
#             (make run STUDIES=my_study,other: those studies only)
# make test   install, then format, lint, types, import floors, workflow lint and the tests (under 15 minutes on two cores)
# make docs   the documentation as a site, which opens from disk
# make test-long   the tests that take minutes each: killed processes, Slurm, two whole runs
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell command -v $(p) 2>/dev/null)))
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
CORES ?= all
TESTS ?= tests

.PHONY: run test test-long check dag docs clean

run: .venv/ready
	@snakemake --profile workflow/profiles/default --cores $(CORES) $(if $(STUDIES),--config studies='[$(STUDIES)]')
	@echo "Reports: $(CURDIR)/reports/index.html"

test: .venv/ready-to-test check
	pytest -n 2 -m "not long" $(TESTS)

test-long: .venv/ready-to-test
	pytest -m long $(TESTS)

check: .venv/ready-to-test
	ruff format --check .
	ruff check .
	pyright
	lint-imports
	snakefmt --check Snakefile workflow
	snakemake --lint

dag: .venv/ready
	snakemake --rulegraph | dot -Tsvg > docs/rulegraph.svg

docs: .venv/ready-to-document
	@properdocs build --config-file mkdocs.yml --quiet
	@echo "Documentation: $(CURDIR)/site/index.html"

clean:
	rm -rf results logs benchmarks site .snakemake reports/index.html $(wildcard reports/*/)

# torch goes first and at its pinned version: later packages then find it there and bring no other build.
.venv/ready: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip
	$(BIN)/pip install --quiet $(shell grep '^torch==' constraints.txt)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	@touch $@

# lxt goes without what it requires (transformers, bitsandbytes, open_clip): the tests use its own equations only.
.venv/ready-to-test: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[test,docs]'
	$(BIN)/pip install --quiet --constraint constraints.txt --no-deps lxt
	@touch $@

.venv/ready-to-document: .venv/ready
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[docs]'
	@touch $@
