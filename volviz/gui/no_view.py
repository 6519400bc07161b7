"""What stands in the place of the 3D view when it cannot be drawn: why, and the ways on."""

from __future__ import annotations

import os
import sys
import traceback
from typing import TYPE_CHECKING

from PySide6.QtCore import QProcess, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout

from volviz.core.failures import sentence
from volviz.gui.closing import nothing_lost
from volviz.gui.graphics import START, WAY_ON, graphics
from volviz.render.gl import SOFTWARE

if TYPE_CHECKING:
    from volviz.gui.window import Window

UNKNOWN = "The 3D view failed, through a mistake in volviz or in the graphics driver."


class NoView(QFrame):
    """A sentence, and buttons: try again, start again with software drawing, copy the details."""

    def __init__(self, window: Window) -> None:
        super().__init__()
        self._window, self._details = window, ""
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.again = QPushButton("Try again")
        self.again.setToolTip("Bring everything to the graphics memory anew and draw it")
        self.again.clicked.connect(self._try_again)
        self.software = QPushButton("Start again with software drawing")
        self.software.setToolTip("Close this window and open the same in one that draws without the graphics card: slower, but it draws")
        self.software.clicked.connect(self._start_again)
        self.software.setVisible(not os.environ.get(SOFTWARE))
        self.copy = QPushButton("Copy details")
        self.copy.setToolTip("Copy what happened, versions and the graphics driver, for a report")
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.details))
        buttons = QVBoxLayout()  # beside one another they would keep the window from small screens
        for button in (self.again, self.software, self.copy):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(14)
        layout.addStretch(1)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        layout.addStretch(1)

    @property
    def details(self) -> str:
        """What to put into a report."""
        from volviz.gui.dialogs import versions

        return "\n".join([self.text.text(), self._details, *versions(self._window.viewport.gl_strings())])

    def say_what_lacks(self) -> None:
        """Say that this display cannot show the 3D view at all."""
        self.text.setText(graphics().problem.replace(START, f"<nobr><b>{START}</b></nobr>"))
        self.again.hide()

    def say(self, error: BaseException) -> None:
        """Say why the picture could not be drawn."""
        self._details = "".join(traceback.format_exception(error))
        said = sentence(error)
        self.text.setText(said if said is not None else f"{UNKNOWN} {WAY_ON}")
        self.again.show()

    def _try_again(self) -> None:
        self._window.stage.setCurrentIndex(0)
        self._window.viewport.renew()

    def _start_again(self) -> None:
        if nothing_lost(self._window, "start again", self._replace):
            self._replace()

    def _replace(self) -> None:
        state = self._window.document.state
        path = state.path or (state.volume.source if state.volume is not None else None)
        words = ["-m", "volviz", "open", "--software", *([str(path)] if path is not None else [])]
        QProcess.startDetached(sys.executable, words)
        self._window.close_at_once()
