"""Starting: one sentence where there is no display, and nothing heavy before it is needed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.gui

PLAIN = {k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can be without a display")
@pytest.mark.parametrize("display", [{}, {"DISPLAY": ":97"}])
def test_without_a_display_it_says_so_in_one_sentence(display: dict[str, str]) -> None:
    code = "from volviz.cli import main; import sys; sys.exit(main(['open', 'some.mrc']))"
    done = subprocess.run([sys.executable, "-c", code], env=PLAIN | display, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "isplay" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_window_is_there_before_what_it_needs_later_is_loaded() -> None:
    late = ("mrcfile", "torch", "av", "skimage", "scipy", "zarr", "vispy", "OpenGL", "superqt")
    code = f"import volviz.gui.window, sys; print(*[m for m in {late} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == []
