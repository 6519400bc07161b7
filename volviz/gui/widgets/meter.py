"""How long the last picture took while something moved, in a corner of the 3D view."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from volviz.gui.widgets.badge import MARGIN

if TYPE_CHECKING:
    from volviz.render.renderer import Renderer


class Meter(QLabel):
    """Says what a moving picture costs on the graphics device, how coarse it therefore is, and what draws it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("meter")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._view, self._on = parent, False
        self.hide()

    def switch(self, on: bool) -> None:
        """Show it, or no more."""
        self._on = on
        self.setVisible(on and bool(self.text()))

    def read(self, renderer: Renderer) -> None:
        """Take what the renderer knows of its last moving picture; its context must be current."""
        from OpenGL import GL

        if renderer.pace is None:
            return
        level, seconds = renderer.pace
        time = f"{1e3 * seconds:.0f} ms" if seconds else "… ms"  # a card tells a frame or two later
        driver = (GL.glGetString(GL.GL_RENDERER) or b"").decode(errors="replace").split(" (")[0]
        lines = (time, f"resolution × {level.scale:g}", f"step {level.step:g} voxels", f"{renderer.entry} shader", driver)
        self.setText("\n".join(lines))
        self.adjustSize()
        self.move(MARGIN, self._view.height() - self.height() - MARGIN)
        self.setVisible(self._on)
