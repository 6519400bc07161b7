"""The window on screens of more than one pixel to a point, where what is drawn and what hands point at are counted differently."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.gui, pytest.mark.display]


@pytest.mark.parametrize("ratio", ["1.5", "2"])
def test_hands_and_pictures_meet_on_a_fine_screen(ratio: str) -> None:
    what = Path(__file__).with_name("fine_screen.py")  # Qt takes the ratio once, when the application starts
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(what)]
    done = subprocess.run(command, env={**os.environ, "QT_SCALE_FACTOR": ratio}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
