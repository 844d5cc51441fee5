# One word a job; `make help` lists them. Everything that is made lies in build/ and a second run is quick.
#   build/worker   the environment that the network computes in, as the plugin's Install button makes it
#   build/qgis     an environment that sees the system's QGIS: QGIS tests, linters
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

SCENE ?=
ENDMEMBERS ?= 4
OUT ?= docs/screenshot.png
QGIS_PYTHON ?= /usr/bin/python3
PROFILE ?= default
SEEDS ?=
TABLES ?=
QUICK ?=
INPUTS ?=
AGAIN ?=
MEGAPIXELS ?=
RUNS ?=
SUITES ?=
REHEARSE ?=
GPU_PYTHON ?= build/worker/bin/python

WORKER := build/worker/auvae-environment.json
QGIS := build/qgis/complete
ENVIRONMENTS := $(QGIS) $(WORKER)
AUVAE := build/worker/bin/auvae
PYTHON := build/qgis/bin/python
# Tests of the core that wait until the plugin's are done: both halves of `make test` take as long then.
LAST := tests/test_worker.py
DEMO_SCENE := build/demo/scene/demo.img
PLUGIN := build/plugin/auvae_unmixing

.PHONY: help setup demo desktop screenshot test matrix qt6 lint format translations help-pages package deploy bench \
	bench-desktop bench-large bench-gpu bench-card test-gpu bench-cluster faults fuzz endurance messages architecture clean

help: ## list the jobs
	@sed -n 's/^\([a-z-]*\):.*## /  \1\t/p' Makefile | expand -t 16

setup: $(ENVIRONMENTS) ## make both environments; installs QGIS with apt where it is missing
	@echo "Both environments are ready: build/worker, build/qgis"

$(QGIS): tools/requirements-qgis.txt tools/setup_qgis.sh
	@tools/setup_qgis.sh "$(QGIS_PYTHON)"
	@echo "Making build/qgis, the environment that sees QGIS"
	@if [ -L build/qgis ]; then echo "build/qgis was a link: what it points to is left as it is"; rm build/qgis; fi
	@"$(QGIS_PYTHON)" -m venv --clear --system-site-packages build/qgis
	@build/qgis/bin/python -m pip install --quiet --no-input -r tools/requirements-qgis.txt
	@touch $@

$(WORKER): model/requirements.txt tools/requirements-worker.txt
	@echo "Making build/worker, the environment with torch: some minutes, once"
	@python3 -m auvae_qgis.environment build/worker --development
	@touch $@

$(PLUGIN): # the checkout under the name QGIS loads it by: its parts import each other relatively
	@mkdir -p $(@D)
	@ln -sfn ../.. $@

demo: $(ENVIRONMENTS) $(if $(SCENE),,$(DEMO_SCENE)) ## unmix and score a simulated scene; yours: SCENE=path ENDMEMBERS=4
	@$(PYTHON) tools/demo.py "$(or $(SCENE),$(DEMO_SCENE))" $(ENDMEMBERS) build/demo

$(DEMO_SCENE): | $(WORKER)
	@mkdir -p $(@D)
	@$(AUVAE) simulate $@

desktop: $(ENVIRONMENTS) $(DEMO_SCENE) translations ## open QGIS with the plugin and the demo's scene
	@tools/desktop.sh "$(or $(SCENE),$(DEMO_SCENE))"

screenshot: $(ENVIRONMENTS) $(if $(SCENE),,$(DEMO_SCENE)) ## picture of QGIS with a result, to OUT=docs/screenshot.png
	@$(PYTHON) tools/screenshot.py "$(or $(SCENE),$(DEMO_SCENE))" $(ENDMEMBERS) "$(OUT)"

test: $(ENVIRONMENTS) translations ## core tests, and beside them the plugin's in real QGIS
	@export OMP_NUM_THREADS=1; \
	build/worker/bin/python -m pytest tests --ignore=tests/qgis $(LAST:%=--ignore=%) >build/test-core.log 2>&1 & core=$$!; \
	QT_QPA_PLATFORM=offscreen $(PYTHON) -m pytest tests/qgis; qgis=$$?; \
	build/worker/bin/python -m pytest $(LAST); last=$$?; \
	wait $$core; core=$$?; cat build/test-core.log; exit $$((core | qgis | last))

matrix: $(ENVIRONMENTS) $(if $(SCENE),,$(DEMO_SCENE)) translations ## tests and picture in QGIS 3.22, 3.40 and 3.44; SUITES="here trixie"
	@tools/matrix.sh "$(or $(SCENE),$(DEMO_SCENE))" $(ENDMEMBERS) $(SUITES)

qt6: $(QGIS) ## import all of the plugin with PyQt6 in the place of PyQt5
	@tools/qt6_check.sh

lint: $(ENVIRONMENTS) $(PLUGIN) ## ruff, formatting, types of core, plugin and tools
	@build/qgis/bin/ruff check .
	@build/qgis/bin/ruff format --check .
	@build/qgis/bin/mypy --cache-dir build/mypy/worker --python-executable build/worker/bin/python model/auvae
	@MYPYPATH=build/plugin build/qgis/bin/mypy --cache-dir build/mypy/qgis -p auvae_unmixing.auvae_qgis
	@build/qgis/bin/mypy --cache-dir build/mypy/tools tools

format: $(QGIS) ## let ruff format the code
	@build/qgis/bin/ruff format .
	@build/qgis/bin/ruff check --fix .

translations: $(QGIS) ## list what is not translated, build what is
	@$(PYTHON) tools/translations.py

help-pages: $(ENVIRONMENTS) translations ## the pages of the Help button, from the algorithms themselves
	@QT_QPA_PLATFORM=offscreen $(PYTHON) tools/help_pages.py

package: $(ENVIRONMENTS) translations ## the zip for the plugin repository, tried in a fresh profile
	@$(PYTHON) tools/package.py build/auvae_unmixing.zip
	@$(PYTHON) tools/gate.py build/auvae_unmixing.zip

deploy: translations ## link this checkout into your QGIS profile; PROFILE=name for another than default
	@tools/deploy.sh "$(PROFILE)"

bench: $(WORKER) ## accuracy, noise, speed ... to bench/RESULTS.md; SEEDS=3 TABLES=accuracy,noise AGAIN=1
	@PYTHONPATH=model build/worker/bin/python -m bench $(if $(SEEDS),--seeds $(SEEDS)) $(if $(TABLES),--tables $(TABLES)) \
		$(if $(AGAIN),--again)

bench-large: $(WORKER) ## unmix 10,000 x 10,000 x 198 to the end and print time, memory and disk; MEGAPIXELS=4
	@PYTHONPATH=model build/worker/bin/python -m bench.large $(if $(MEGAPIXELS),--megapixels $(MEGAPIXELS))

bench-desktop: $(ENVIRONMENTS) $(if $(SCENE),,$(DEMO_SCENE)) translations ## seconds from Run to the map, and how long the window stands still
	@$(PYTHON) tools/bench_desktop.py $(if $(SCENE),"$(SCENE)")

bench-gpu: $(WORKER) ## training and mapping from memory, and how busy the GPU is
	@build/worker/bin/python bench/gpu.py

bench-card: ## all that is to be seen on a graphics card, to bench/CARD.md; GPU_PYTHON=python3; REHEARSE=1 on the processor
	@"$(GPU_PYTHON)" bench/card.py $(if $(REHEARSE),--rehearse)

test-gpu: ## the tests of what a graphics card does; GPU_PYTHON=python3 with torch, numpy and pytest
	@PYTHONPATH=model "$(GPU_PYTHON)" -m pytest -m card tests --ignore=tests/qgis

faults: $(ENVIRONMENTS) ## let faults happen to real runs and print what came of each; QUICK=1: the few of CI
	@$(PYTHON) -m faults $(if $(QUICK),--quick)

fuzz: $(ENVIRONMENTS) $(PLUGIN) ## damaged and hostile files for every reader; INPUTS=10000 for each
	@$(PYTHON) -m fuzz $(if $(INPUTS),--inputs $(INPUTS))

endurance: $(ENVIRONMENTS) ## run after run in one QGIS with 500 layers, and the longest training; RUNS=100
	@$(PYTHON) -m faults.endurance $(if $(RUNS),--runs $(RUNS))

messages: ## rewrite the lists of docs/messages.md from the messages in the code
	@python3 tools/messages.py

architecture: ## redraw docs/architecture.svg from the imports
	@python3 tools/architecture.py

bench-cluster: $(WORKER) ## 1 and 2 Dask workers against a loop, and a simulation of 200, to docs/scaling.md
	@PYTHONPATH=model build/worker/bin/python -m bench.cluster

clean: ## remove everything that was made
	@rm -rf build .mypy_cache .ruff_cache .pytest_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
