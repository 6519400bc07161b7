"""A length in a corner of a slice."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from volviz.core.grid import Grid
from volviz.core.guides import scale_bar_across
from volviz.gui.widgets.badge import MARGIN

LETTERS, THICK, GAP = 13, 4, 4  # pixels at the usual size of the guides: the height of the font, the bar, what is between them
RIM = 1.5  # pixels of dark around what is light: one of the two is seen on any density
INK, DARK = QColor(240, 240, 240), QColor(10, 10, 12, 220)


class ScaleBar(QWidget):
    """A bar of a round length in nm in the lower right corner of a widget; there is none where the voxel size is not known."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._around = parent
        self.text = ""
        self.length = 0.0  # of the bar, in pixels
        self._scale = 1.0
        self.hide()

    def measure(self, grid: Grid | None, pixel: float, scale: float) -> None:
        """Fit the bar to what is seen: a pixel is ``pixel`` A wide; letters and lines are ``scale`` times as large as usual.

        It hides without a grid, or where it would not fit beside the word in the other corner.
        """
        around = self._around
        if grid is None or not grid.voxel_size_known or not (math.isfinite(pixel) and pixel > 0) or not around.width():
            self.hide()
            return
        length, self.text = scale_bar_across(around.width() * pixel, grid)
        self.length, self._scale = length / pixel, scale
        metrics = QFontMetricsF(self._font)
        width = math.ceil(max(self.length, metrics.horizontalAdvance(self.text)) + 2 * RIM)
        height = math.ceil(metrics.ascent() + (GAP + THICK) * scale + 2 * RIM)
        self.setGeometry(around.width() - MARGIN - width, around.height() - MARGIN - height, width, height)
        self.setAccessibleName(f"Scale bar of {self.text}")
        self.setVisible(width + 2 * MARGIN <= around.width() and 2 * (height + MARGIN) <= around.height())
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        middle, thick = self.width() / 2, THICK * self._scale
        low = self.height() - RIM - thick
        drawn = QPainterPath()
        drawn.setFillRule(Qt.FillRule.WindingFill)
        drawn.addRect(QRectF(middle - self.length / 2, low, self.length, thick))
        word = QFontMetricsF(self._font).horizontalAdvance(self.text)
        drawn.addText(QPointF(middle - word / 2, low - GAP * self._scale), self._font, self.text)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.strokePath(drawn, QPen(DARK, 2 * RIM, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        painter.fillPath(drawn, INK)
        painter.end()

    @property
    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPixelSize(max(7, round(LETTERS * self._scale)))
        return font
