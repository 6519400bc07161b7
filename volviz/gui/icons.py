"""The toolbar's icons: line drawings in the colour of the text."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtGui import QAction, QIcon, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QAbstractButton, QWidget

from volviz.assets import asset

SIZES = (20, 40)  # for screens of one and of two pixels to a point


def icon(name: str, palette: QPalette) -> QIcon:
    """Return ``resources/icons/NAME.svg`` in the palette's colours."""
    drawing = asset(f"resources/icons/{name}.svg").read_text(encoding="utf-8")
    found = QIcon()
    modes = ((QIcon.Mode.Normal, QPalette.ColorGroup.Active), (QIcon.Mode.Disabled, QPalette.ColorGroup.Disabled))
    for mode, group in modes:
        color = palette.color(group, QPalette.ColorRole.WindowText).name()
        renderer = QSvgRenderer(QByteArray(drawing.replace("currentColor", color).encode()))
        for size in SIZES:
            picture = QPixmap(QSize(size, size))
            picture.fill(Qt.GlobalColor.transparent)
            painter = QPainter(picture)
            renderer.render(painter)
            painter.end()
            found.addPixmap(picture, mode)
    return found


def put(target: QAction | QAbstractButton, name: str, palette: QPalette) -> None:
    """Give an action or a button its icon, and let `redraw` know of it."""
    target.setIcon(icon(name, palette))
    target.setProperty("drawing", name)


def redraw(window: QWidget) -> None:
    """Draw all icons that were `put` in a window in the colours it has now."""
    targets: list[QAction | QAbstractButton] = [*window.findChildren(QAction), *window.findChildren(QAbstractButton)]
    for target in targets:
        if name := target.property("drawing"):
            target.setIcon(icon(name, window.palette()))
