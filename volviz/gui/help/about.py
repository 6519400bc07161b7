"""Versions, graphics driver and CUDA, to copy into a report of a problem."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from volviz.gui.dialogs import TextDialog, versions
from volviz.gui.latest import Latest

INTRO = "<b>volviz</b>: soft segmentation and volume rendering of virions in cryo-electron tomograms."
ASKING = "CUDA: asking…"
PATIENCE_SECONDS = 60.0
QUESTION = """
import torch
if torch.cuda.is_available():
    names = ", ".join(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))
    print(f"on: {names} (CUDA {torch.version.cuda})")
elif torch.version.cuda:
    print(f"off: no device that torch can use answers (it is built for CUDA {torch.version.cuda})")
else:
    print("off: the installed torch computes on the CPU only")
"""


def cuda() -> str:
    """Return whether networks can run on a graphics card, in a line.

    torch is asked in a process of its own: to load it takes seconds, in which this one would stutter.
    """
    try:
        command = [sys.executable, "-c", QUESTION]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return "CUDA unknown: torch did not answer"
    answer = done.stdout.strip().splitlines()
    return f"CUDA {answer[-1]}" if done.returncode == 0 and answer else "CUDA off: torch cannot be loaded"


class About(TextDialog):
    """Shows what is known at once, and CUDA as soon as it is known."""

    def __init__(self, gl: Sequence[str], parent: QWidget | None = None) -> None:
        self._lines = [line for line in versions(gl) if not line.startswith("CUDA")]
        super().__init__("About volviz", INTRO, [*self._lines, ASKING], parent)
        self._latest = Latest(self)
        self.finished.connect(lambda _: self._latest.forget())
        self._latest.ask(cuda, self._tell)

    def _tell(self, line: str) -> None:
        self.text.setPlainText("\n".join([*self._lines, line]))
