# Everything a contributor needs. Each target does the set-up that it needs; `make demo` and `make test` are all of it.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= 2
# Tests that share a system go to one worker; tests/conftest.py says which, and in which order.
LIVE = $(BIN)/coverage run -m pytest tests -m sandbox -n $(WORKERS) --dist loadscope --no-loadscope-reorder -rs
# Whatever else runs goes first. Where the kernel shares the processor by session, nice alone counts within one only.
GENTLY := setsid --wait sh -c '{ echo 19 >/proc/self/autogroup; } 2>/dev/null; exec nice -n 19 "$$@"' gently
# Hundreds of processes are started, each of which would compile all of it anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test unit live lint twins cluster bench lock docs clean help

help: ## what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV) || \
	  { echo "venv is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

demo: $(READY) ## bring up the sandbox, run the checks and the customer journey on it, draw the report
	$(BIN)/apgms-ops sandbox up
	@# The report is drawn whatever the checks come to, if they came to something; the exit code is theirs.
	@code=0; echo "$(BIN)/pytest checks/ smoke/ --env sandbox"; $(BIN)/pytest checks/ smoke/ --env sandbox || code=$$?; \
	  case $$code in 0|1|10) echo; echo "$(BIN)/apgms-ops report"; $(BIN)/apgms-ops report || true; \
	    echo; echo "$(BIN)/apgms-ops evidence push --env sandbox --yes"; \
	    $(BIN)/apgms-ops evidence push --env sandbox --yes || true;; esac; \
	  echo; \
	  echo "The sandbox goes on running. Break it, look again, heal it, take it down:"; \
	  echo "  $(BIN)/apgms-ops sandbox faults"; \
	  echo "  $(BIN)/apgms-ops sandbox break kafka-lag-at-limit && $(BIN)/pytest checks/ --env sandbox"; \
	  echo "  $(BIN)/apgms-ops sandbox heal"; \
	  echo "  $(BIN)/apgms-ops sandbox down"; \
	  exit $$code

test: $(READY) ## all tests, and what they cover together
	$(BIN)/coverage erase
	$(MAKE) unit
	$(MAKE) live
	$(BIN)/coverage combine --quiet
	@# What is missing is mostly code of processes that the proofs kill: the traffic, the driver's reader.
	$(BIN)/coverage report --fail-under=80

unit: $(READY) ## tests that need no running system, in parallel
	$(BIN)/coverage run -m pytest tests -n $(WORKERS) -m "not sandbox"

live: $(READY) ## tests on real systems: contracts, the sandbox, every fault; two groups of tests at a time
	@# The real Kubernetes is built behind the first groups, which mostly wait; the tests that need it come last, and wait.
	@# -rs: what is skipped is said, with its reason. A twin that cannot be had is not to be overlooked.
	@# What fails is tried once more, on systems started anew: what fails twice is broken. How often that was needed shows.
	@$(GENTLY) $(MAKE) --no-print-directory cluster & cluster=$$!; trap 'kill $$cluster 2>/dev/null; wait' EXIT; \
	  $(LIVE) --durations=20 || { code=$$?; [ $$code -eq 1 ] || exit $$code; \
	  echo "TRIED ONCE MORE, on systems started anew:"; $(LIVE) --last-failed --last-failed-no-failures none; }

lint: $(READY) ## style, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

twins: $(READY) cluster ## the contract tests, on the real system and on its stand-in
	$(BIN)/pytest tests/contract -rs

cluster: $(READY) ## build the real Kubernetes that its stand-in is compared with; once, ten minutes on two cores
	@# Without it the tests that need it are skipped, and say why.
	-@$(BIN)/python -m apgms_ops.sandbox.kubernetes.twin

bench: $(READY) ## measure: ratios side by side in one run
	$(BIN)/python -m benchmarks

lock: $(READY) ## renew requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --extra sandbox --universal --python-version 3.11 \
	  --no-emit-index-url --no-emit-find-links --no-header --upgrade --quiet --output-file requirements.lock

docs: $(READY) ## renew docs/runbook.md from the runbook's data and the checks
	$(BIN)/apgms-ops docs runbook

clean: ## take the sandbox down, remove what was generated
	-@test -x $(BIN)/apgms-ops && $(BIN)/apgms-ops sandbox down
	rm -rf $(VENV) reports/runs reports/chain reports/html reports/oscal reports/index.html dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage*
