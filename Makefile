# make run    train the flagship's row of the stream and build reports/index.html
# make test   the whole test suite, notebooks included
# make lab    open the notebooks in JupyterLab
# make notebooks    check those notebooks that changed, two at once
# Each makes .venv and installs into it first, once; PYTHON=/path/to/python3 chooses the interpreter.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && exit; done; \
  echo python3)
VENV := .venv
READY := $(VENV)/.installed

export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: run test lab notebooks clean

run: $(READY)
	$(VENV)/bin/sashimi run params/flagship/more/98_stream.yaml

test: $(READY)
	$(VENV)/bin/ruff check sashimi tests scripts notebooks
	$(VENV)/bin/mypy
	OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive $(VENV)/bin/python -m pytest tests notebooks \
	  -n 2 --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout=300

lab: $(READY)
	$(VENV)/bin/jupyter lab notebooks/00_the_way.ipynb

notebooks: $(READY)
	$(VENV)/bin/python -m sashimi.every notebooks/*.ipynb

clean:
	rm -rf $(VENV) build *.egg-info

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed, found: $$($(PYTHON) --version 2>&1)." >&2; \
	  echo "Install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; exit 2; }
	@$(PYTHON) -m venv $(VENV) || { \
	  echo "Could not make $(VENV). On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }
	@echo "Installing into $(VENV): about 2 GB, a few minutes the first time."
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check \
	  --constraint constraints.txt --editable '.[test]'
	@touch $@
