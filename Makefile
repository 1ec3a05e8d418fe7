# The two that a newcomer needs: `make demo` and `make test`.  Both make what they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test app check clean
.DELETE_ON_ERROR:

demo: $(VENV)/.train-installed
	$(BIN)/registry run-benchmark moco_v2
	@echo
	$(BIN)/registry leaderboard shapes_knn
	@echo
	$(BIN)/registry claims moco_v2
	@echo
	@echo "Your result: $$(ls -t ontology/results/shapes_knn/moco_v2-s0-*.ttl | head -n 1)"
	@echo "Next:  source $(BIN)/activate"
	@echo "       registry show moco_v2"
	@echo "       registry run-benchmark moco_v2 --seed 3"
	@echo "       registry ask"

test: $(VENV)/.test-installed
	$(BIN)/python -m pytest

app: $(VENV)/.app-installed
	$(BIN)/registry app

check: $(VENV)/.test-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/registry check

# A stamp a set of packages: nothing is installed twice, and a changed pyproject.toml installs again.
$(VENV)/.%-installed: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build dist .registry .pytest_cache .mypy_cache .ruff_cache
