"""Colours and spacing on top of Qt's Fusion style, dark or light as the system is."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

ACCENT = QColor(76, 141, 214)

_DARK = {
    QPalette.ColorRole.Window: QColor(37, 39, 43),
    QPalette.ColorRole.WindowText: QColor(222, 224, 228),
    QPalette.ColorRole.Base: QColor(26, 28, 31),
    QPalette.ColorRole.AlternateBase: QColor(33, 35, 39),
    QPalette.ColorRole.Text: QColor(222, 224, 228),
    QPalette.ColorRole.Button: QColor(50, 53, 59),
    QPalette.ColorRole.ButtonText: QColor(222, 224, 228),
    QPalette.ColorRole.ToolTipBase: QColor(52, 55, 61),
    QPalette.ColorRole.ToolTipText: QColor(230, 232, 236),
    QPalette.ColorRole.PlaceholderText: QColor(140, 144, 152),
    QPalette.ColorRole.Light: QColor(66, 70, 77),
    QPalette.ColorRole.Midlight: QColor(58, 61, 68),
    QPalette.ColorRole.Dark: QColor(24, 25, 28),
    QPalette.ColorRole.Shadow: QColor(12, 13, 15),
    QPalette.ColorRole.Mid: QColor(86, 90, 98),
    QPalette.ColorRole.Highlight: ACCENT,
    QPalette.ColorRole.HighlightedText: QColor(255, 255, 255),
}
_FAINT = QColor(112, 116, 124)

_SHEET = """
QMainWindow::separator { width: 4px; height: 4px; }
QToolBar { spacing: 4px; padding: 3px 6px; border: none; }
QToolBar QToolButton { padding: 3px 6px; margin: 0; }
QDockWidget::title { padding: 5px 8px; }
QStatusBar::item { border: none; }
QSplitter::handle { background: palette(window); }
QLabel#badge { background: #b7791f; color: white; border-radius: 3px; padding: 1px 6px; }
QLabel#meter { background: #2b2f36; color: #d5d9e0; border-radius: 3px; padding: 2px 6px; }
QLabel#notes, QLabel#hint { color: palette(placeholder-text); }
QLabel#title { font-size: 22px; }
QFrame#strip { background: palette(alternate-base); border-bottom: 2px solid transparent; }
QFrame#strip[active="true"] { border-bottom: 2px solid palette(highlight); }
QLabel#strip-name { font-weight: bold; }
QScrollArea { border: none; }
QPushButton { padding: 4px 12px; }
QToolTip { padding: 4px; }
"""


def dress(app: QApplication) -> None:
    """Give the application its look. Where the system says neither dark nor light, dark: pictures lie on a dark ground."""
    app.setStyle("Fusion")
    if app.styleHints().colorScheme() != Qt.ColorScheme.Light:
        palette = QPalette()
        for role, color in _DARK.items():
            palette.setColor(role, color)
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
            palette.setColor(QPalette.ColorGroup.Disabled, role, _FAINT)
        app.setPalette(palette)
    app.setStyleSheet(_SHEET)
