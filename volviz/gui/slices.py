"""The three linked slices."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from volviz.core.grid import Triple
from volviz.gui.document import Document
from volviz.gui.planes import PLANES
from volviz.gui.slice_view import SliceView


class Slices(QWidget):
    """XY above XZ above YZ: y and z point up, as IMOD shows them, and one crosshair goes through all."""

    hovered = Signal(str)

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views = [SliceView(plane, document, self) for plane in PLANES]
        self.splitter = splitter = QSplitter(Qt.Orientation.Vertical)
        for view in self.views:
            splitter.addWidget(view)
            view.hovered.connect(self.hovered)
        self.share_room()
        for i, stretch in enumerate((5, 2, 2)):
            splitter.setStretchFactor(i, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def share_room(self) -> None:
        """Give each slice its part of the room. A tomogram is a slab: XY is square, the other two are low."""
        self.splitter.setSizes([420, 190, 190])

    def fit(self) -> None:
        """Show the whole of each slice."""
        for view in self.views:
            view.fit()

    def reveal(self, point_xyz: Triple) -> None:
        """Bring a point (A) into what is seen of each slice."""
        for view in self.views:
            view.reveal(point_xyz)

    def close_threads(self) -> None:
        """End the reading threads."""
        for view in self.views:
            view.close_threads()
