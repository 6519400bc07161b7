"""Torch is loaded in another thread, and this one goes on."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = [
    pytest.mark.gui,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere torch loads its libraries itself"),
]

# A thread loads torch; this one looks at the clock as often as it can, and remembers when it could not.
CODE = """
import ctypes, gc, json, sys, threading, time
from pathlib import Path
from volviz.gui import loading_torch

loading_torch.prepare()
finder = sys.meta_path[0]
loading_torch.prepare()
assert sys.meta_path.count(finder) == 1
load, took, searches = loading_torch._load, [], []

def timed(folder):
    began = time.perf_counter()
    load(folder)
    took.extend([began, time.perf_counter()])

loading_torch._load = timed
gc.callbacks.append(lambda phase, about: searches.append(about["generation"]) if phase == "start" else None)
threads = [threading.Thread(target=lambda: __import__("torch")) for _ in range(2)]
last, gaps, full = time.perf_counter(), [], None
for thread in threads:
    thread.start()
while any(thread.is_alive() for thread in threads):
    time.sleep(0.001)
    now = time.perf_counter()
    gaps.append((now - last, last, now))
    last = now
import torch
stood = max([gap for gap, began, ended in gaps if ended > took[0] and began < took[1]])
said = float(torch.ones(3).sum()), Path(torch.__spec__.origin).name, type(torch.__spec__.loader.get_data(torch.__file__)).__name__
print(json.dumps([took[1] - took[0], stood, searches.count(2), gc.isenabled(), finder in sys.meta_path, *said]))
"""


def test_the_window_goes_on_while_torch_comes_into_memory() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300, check=True)
    took, stood, searches, collects, waiting, *said = json.loads(done.stdout)
    assert took > 0.05  # it is there that time goes, not in the import
    assert stood < 0.7 * took
    assert searches == 0  # of everything: each would stop all threads
    assert collects
    assert not waiting
    assert said == [3.0, "__init__.py", "bytes"]


def test_without_torch_the_import_says_so_itself() -> None:
    without = "sys.path[:] = [p for p in sys.path if 'site-packages' not in p]"
    code = f"import sys; from volviz.gui import loading_torch; loading_torch.prepare(); {without}; import torch"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert done.stderr.splitlines()[-1] == "ModuleNotFoundError: No module named 'torch'"
