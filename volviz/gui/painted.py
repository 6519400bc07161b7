"""Slices where vispy has no OpenGL to draw with: its pictures and lines, painted by Qt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPen, QResizeEvent, QTransform
from PySide6.QtWidgets import QWidget
from vispy import scene

from volviz.gui.graphics import graphics

Color = tuple[float, float, float, float]


def slice_canvas(ground: Color, parent: QWidget) -> tuple[scene.SceneCanvas, QWidget]:
    """Return a canvas of vispy, and the widget that shows it and hears of the mouse."""
    if graphics().slices:
        canvas = scene.SceneCanvas(keys=None, bgcolor=ground, parent=parent)
        return canvas, canvas.native
    painted = Painted(ground, parent)
    return painted.canvas, painted


class _Silent(scene.SceneCanvas):
    """Holds a scene and never draws it."""

    def __init__(self, shown: QWidget, **rest: Any) -> None:
        super().__init__(**rest)
        self.unfreeze()
        self._shown = shown
        self.freeze()

    def on_draw(self, event: object) -> None:
        """Nothing: who shows it paints it."""

    def swap_buffers(self, event: object = None) -> None:
        """Nothing either."""

    def update(self, node: object = None) -> None:
        """Have it painted anew."""
        if hasattr(self, "_shown"):
            self._shown.update()


class Shown(NamedTuple):
    """A picture and what it was made of: held, so that nothing else can be taken for it."""

    data: npt.NDArray[Any]
    clim: object
    cmap: object
    image: QImage


Images = dict[Any, Shown]  # by their nodes


class Painted(QWidget):
    """Paints the images and lines of a canvas in their order, where its cameras put them."""

    def __init__(self, ground: Color, parent: QWidget) -> None:
        super().__init__(parent)
        self._ground = QColor.fromRgbF(*ground)
        self._images: Images = {}
        self.canvas = _Silent(self, keys=None, bgcolor=ground, show=False)
        self.setMinimumSize(60, 60)

    def resizeEvent(self, event: QResizeEvent) -> None:
        size = (self.width(), self.height())
        self.canvas.native.resize(*size)  # which is never shown: it is asked how large it is
        self.canvas.events.resize(size=size, physical_size=size)
        super().resizeEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        self.canvas.events.draw(region=None)  # what others do before drawing
        painter = QPainter(self)
        try:
            self._paint(painter)
        finally:
            painter.end()

    def _paint(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), self._ground)
        kept: Images = {}
        for node in sorted(_visible(self.canvas.scene), key=lambda node: node.order):
            if isinstance(node, scene.visuals.Image):
                self._paint_image(painter, node, kept)
            elif isinstance(node, scene.visuals.Line):
                self._paint_line(painter, node)
        self._images = kept

    def _paint_image(self, painter: QPainter, node: Any, kept: Images) -> None:
        data, clim, cmap = node._data, node.clim, node.cmap
        if data is None:
            return
        before = self._images.get(node)
        same = before is not None and before.data is data and before.clim == clim and before.cmap is cmap
        shown = kept[node] = before if before is not None and same else Shown(data, clim, cmap, picture_of(data, clim, cmap))
        (x0, y0), (x1, y1) = _mapped(node, self.canvas.scene, np.array([[0, 0], [data.shape[1], data.shape[0]]], np.float64)).tolist()
        painter.save()
        across, along = (x1 - x0) / data.shape[1], (y1 - y0) / data.shape[0]
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, abs(across) < 1)  # shown smaller than it is
        painter.setTransform(QTransform(across, 0, 0, along, x0, y0), combine=True)
        painter.drawImage(0, 0, shown.image)
        painter.restore()

    def _paint_line(self, painter: QPainter, node: Any) -> None:
        if node.pos is None or len(node.pos) < 2:
            return
        points = [QPointF(x, y) for x, y in _mapped(node, self.canvas.scene, np.asarray(node.pos, np.float64)[:, :2]).tolist()]
        color = np.atleast_2d(np.asarray(node.color, np.float64))[0]
        painter.setPen(QPen(QColor.fromRgbF(*(float(v) for v in color)), float(node.width)))
        if node.connect == "segments":
            for first, second in zip(points[::2], points[1::2], strict=False):
                painter.drawLine(first, second)
        else:
            painter.drawPolyline(points)


def picture_of(data: npt.NDArray[Any], clim: object, cmap: Any) -> QImage:
    """Return what an image of vispy looks like: greys between two values, or colours as they are."""
    if data.ndim == 3:
        colors = data if data.dtype == np.uint8 else np.rint(np.clip(data, 0, 1) * 255).astype(np.uint8)
    else:
        low, high = clim if isinstance(clim, tuple) else (float(np.nanmin(data)), float(np.nanmax(data)))
        table = np.rint(np.asarray(cmap.map(np.linspace(0, 1, 256)[:, None])) * 255).astype(np.uint8)
        level = np.clip((data.astype(np.float32) - low) * (255 / ((high - low) or 1)), 0, 255)
        colors = table[np.nan_to_num(level).astype(np.uint8)]
    colors = np.ascontiguousarray(colors)
    height, width, channels = colors.shape
    kind = QImage.Format.Format_RGBA8888 if channels == 4 else QImage.Format.Format_RGB888
    return QImage(colors.tobytes(), width, height, width * channels, kind).copy()


def _visible(node: Any) -> Iterator[Any]:
    for child in node.children:
        if child.visible:
            yield child
            yield from _visible(child)


def _mapped(node: Any, root: Any, points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    mapped = np.asarray(node.node_transform(root).map(points))
    return mapped[:, :2] / mapped[:, 3:4] if mapped.shape[1] == 4 else mapped[:, :2]
