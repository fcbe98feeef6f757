# 12345 hotline. `make demo` and `make test` set everything up by themselves on a fresh Debian machine with Python and pip.
SHELL := /bin/bash
.DEFAULT_GOAL := help
# Compiled once, not by each of the many processes that the hotline and its tests start, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=
STAMPS := build/stamps
HOTLINE := .venv/bin/hotline
PYTHON := $(shell tools/find-python 3.11 3.12)

.PHONY: help environments ready setup demo run test check bench lock clean

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(STAMPS)/app $(STAMPS)/rasa ## both Python environments, models, Rasa trained
	$(HOTLINE) setup

demo: $(STAMPS)/app $(STAMPS)/rasa ## set up, start the hotline, place real calls, write build/demo/report.json
	$(HOTLINE) setup
	$(HOTLINE) demo

run: $(STAMPS)/app $(STAMPS)/rasa ## set up and leave the hotline running
	$(HOTLINE) setup
	$(HOTLINE) up

environments: $(STAMPS)/test $(STAMPS)/rasa

ready: environments
	tools/system-packages
	$(HOTLINE) setup --no-prompts

test: ready ## set up and pass all tests
	.venv/bin/python -m pytest -n 2 --durations 25

check: $(STAMPS)/test ## linters, types, import contracts, configuration
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy app asr chat desk hotline ivr knowledge_base nlu router tts bench
	.venv/bin/lint-imports
	$(HOTLINE) check

bench: $(STAMPS)/test $(STAMPS)/rasa ## measure; needs the folder named by HOTLINE_BENCH_DATA for the real data
	$(HOTLINE) setup
	.venv/bin/python -m bench

lock: ## pin the requirements anew
	tools/lock

clean: ## remove what was built, but neither the environments nor the data folder (build/run)
	[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name run -exec rm -rf {} +

$(STAMPS)/uv:
	tools/install-uv $(PYTHON)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/app: $(STAMPS)/uv requirements/app.txt pyproject.toml
	@echo "== 安装程序环境（.venv） / installing the application's environment"
	test -x .venv/bin/python || build/uv/bin/uv venv -q -p $(PYTHON) .venv
	build/uv/bin/uv pip install -p .venv --require-hashes -r requirements/app.txt
	build/uv/bin/uv pip install -q -p .venv --no-deps -e .
	@touch $@

$(STAMPS)/test: $(STAMPS)/app requirements/test.txt
	@echo "== 安装测试环境 / installing what the tests need"
	build/uv/bin/uv pip install -p .venv --require-hashes -r requirements/test.txt
	@touch $@

$(STAMPS)/rasa: $(STAMPS)/uv requirements/rasa.txt
	@echo "== 安装 Rasa 环境（nlu/rasa/.venv，约 2 GB） / installing Rasa's environment, about 2 GB"
	tools/install-rasa
	@touch $@
