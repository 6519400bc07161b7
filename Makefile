# The two commands that matter are `make run` and `make test`: each does all the set-up it needs.
PY := .venv/bin/python

.PHONY: help run test check golden bench clean

help:
	@echo "make run     set up, then turn a sample tomogram into a segmentation, a still and a video (a window, if there is a screen)"
	@echo "make test    set up, then run the tests"
	@echo "make check   ruff, mypy, import contracts"
	@echo "make golden  draw the golden pictures of the tests anew"
	@echo "make bench   time the renderer and the network"

run: .venv/ready
	@tools/system.sh run
	$(PY) -m volviz demo

# Twice: everything but the window with Qt and vispy blocked (a boundary that can be deleted is real), then the window
# on a display of its own.
test: .venv/ready
	@tools/system.sh test
	env -u DISPLAY -u WAYLAND_DISPLAY $(PY) -m pytest -p no:pytest-qt --no-window
	xvfb-run -a -s "-screen 0 1600x1000x24" $(PY) -m pytest tests/gui

check: .venv/ready
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

golden: .venv/ready
	$(PY) -m pytest tests/render/test_golden.py --golden -p no:pytest-qt --no-window

bench: .venv/ready
	$(PY) benchmarks/frames.py
	$(PY) benchmarks/inference.py --size 256 --f-maps 4

# Anything that can change what is installed makes it new; otherwise this costs nothing.
.venv/ready: pyproject.toml constraints.txt tools/system.sh
	@tools/system.sh run
	@echo "Setting up .venv: about 2 GB of wheels, some minutes the first time"
	test -x $(PY) || $$(tools/python.sh) -m venv .venv
	$(PY) -m pip install --quiet --upgrade "pip>=25.1"
	$(PY) -m pip install --quiet --constraint constraints.txt --editable . --group dev
	@touch $@

clean:
	rm -rf .venv volviz-demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
