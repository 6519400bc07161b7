"""Colours and spacing on top of Qt's Fusion style: dark or light as the system is, or as the person wants it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from volviz.assets import asset
from volviz.gui import settings

THEMES = ("system", "dark", "light")
STYLE = "Fusion"  # Qt's own, the same everywhere

Role = QPalette.ColorRole
_DARK = {
    Role.Window: QColor(37, 39, 43),
    Role.WindowText: QColor(222, 224, 228),
    Role.Base: QColor(26, 28, 31),
    Role.AlternateBase: QColor(33, 35, 39),
    Role.Text: QColor(222, 224, 228),
    Role.Button: QColor(50, 53, 59),
    Role.ButtonText: QColor(222, 224, 228),
    Role.BrightText: QColor(255, 255, 255),
    Role.ToolTipBase: QColor(52, 55, 61),
    Role.ToolTipText: QColor(230, 232, 236),
    Role.PlaceholderText: QColor(150, 154, 162),
    Role.Light: QColor(66, 70, 77),
    Role.Midlight: QColor(58, 61, 68),
    Role.Dark: QColor(24, 25, 28),
    Role.Shadow: QColor(12, 13, 15),
    Role.Mid: QColor(86, 90, 98),
    Role.Highlight: QColor(64, 128, 204),
    Role.HighlightedText: QColor(255, 255, 255),
    Role.Link: QColor(120, 176, 240),
    Role.LinkVisited: QColor(170, 150, 230),
    Role.Accent: QColor(76, 141, 214),
}
_LIGHT = {
    Role.Window: QColor(242, 243, 245),
    Role.WindowText: QColor(30, 32, 36),
    Role.Base: QColor(255, 255, 255),
    Role.AlternateBase: QColor(232, 234, 238),
    Role.Text: QColor(30, 32, 36),
    Role.Button: QColor(250, 250, 252),
    Role.ButtonText: QColor(30, 32, 36),
    Role.BrightText: QColor(255, 255, 255),
    Role.ToolTipBase: QColor(255, 255, 255),
    Role.ToolTipText: QColor(30, 32, 36),
    Role.PlaceholderText: QColor(98, 103, 112),
    Role.Light: QColor(255, 255, 255),
    Role.Midlight: QColor(228, 230, 234),
    Role.Dark: QColor(168, 172, 180),
    Role.Shadow: QColor(120, 124, 132),
    Role.Mid: QColor(178, 182, 190),
    Role.Highlight: QColor(38, 104, 184),
    Role.HighlightedText: QColor(255, 255, 255),
    Role.Link: QColor(24, 92, 176),
    Role.LinkVisited: QColor(96, 64, 168),
    Role.Accent: QColor(38, 104, 184),
}
_FAINT = {True: QColor(112, 116, 124), False: QColor(150, 154, 162)}  # dark, light: what cannot be used now
_PROBLEM = {True: "#e3ad52", False: "#8a5700"}  # dark, light: what a person should see to

_SHEET = """
QMainWindow::separator { width: 4px; height: 4px; }
QToolBar { spacing: 4px; padding: 3px 6px; border: none; }
QToolBar QToolButton { padding: 3px 0 3px 6px; margin: 0; }
QDockWidget::title { padding: 5px 8px; }
QStatusBar::item { border: none; }
QSplitter::handle { background: palette(window); }
QFrame#strip { background: palette(alternate-base); border: none; border-bottom: 2px solid transparent; }
QFrame#strip[active="true"] { border-bottom: 2px solid palette(highlight); }
QFrame#offer { background: palette(alternate-base); border: 1px solid #b7791f; border-radius: 6px; }
QFrame#asking { background: palette(alternate-base); border: none; border-bottom: 2px solid #b7791f; }
QLabel#strip-name { font-weight: bold; }
QLabel#badge { background: #b7791f; color: white; border-radius: 3px; padding: 1px 6px; }
QLabel#meter { background: #2b2f36; color: #d5d9e0; border-radius: 3px; padding: 2px 6px; }
QLabel#notes, QLabel#hint { color: palette(placeholder-text); }
QFrame#note { background: palette(tooltip-base); border: 1px solid palette(mid); border-radius: 6px; }
QFrame#note QLabel { color: palette(tooltip-text); }
QLabel#note-title { font-weight: bold; }
QLabel#title { font-size: 26px; }
QLabel#drop-title { font-size: 15px; }
QToolButton#tool:checked { background: palette(highlight); color: white; border: 1px solid palette(highlight); border-radius: 2px; }
QCheckBox#section { font-weight: bold; padding-top: 4px; }
QScrollArea { border: none; }
QDialog#palette { border: 1px solid palette(mid); }
QFrame#jobs { background: palette(window); border: 1px solid palette(mid); border-radius: 6px; }
QDialogButtonBox { dialogbuttonbox-buttons-have-icons: 0; }
QPushButton { padding: 4px 12px; }
QCheckBox::indicator { width: 12px; height: 12px; border: 1px solid palette(mid); border-radius: 3px; background: palette(base); }
QCheckBox::indicator:hover { border-color: palette(highlight); }
QCheckBox::indicator:focus { border-color: palette(highlight); }
QCheckBox::indicator:checked { border-color: palette(highlight); background: palette(highlight); image: url("CHECK"); }
QCheckBox::indicator:checked:disabled { border-color: palette(mid); background: palette(mid); }
QCheckBox::indicator:disabled { border-color: palette(midlight); }
QToolTip { padding: 4px; }
QToolButton[popupMode="2"] { padding-left: 10px; padding-right: 10px; }
QToolButton::menu-indicator { subcontrol-origin: padding; subcontrol-position: center right; right: 3px; }
QLabel#problem { color: PROBLEM; }
QScrollBar { background: transparent; border: none; }
QScrollBar:vertical { width: 12px; }
QScrollBar:horizontal { height: 12px; }
QScrollBar::handle { background: palette(mid); border-radius: 3px; margin: 3px; }
QScrollBar::handle:vertical { min-height: 30px; }
QScrollBar::handle:horizontal { min-width: 30px; }
QScrollBar::handle:hover, QScrollBar::handle:pressed { background: palette(placeholder-text); }
QScrollBar::handle:disabled { background: transparent; }
QScrollBar::add-line, QScrollBar::sub-line { width: 0; height: 0; }
QScrollBar::add-page, QScrollBar::sub-page { background: none; }
"""


def dress(app: QApplication) -> None:
    """Give the application, which was made in `STYLE`, its colours, and keep them as the system's when that turns dark or light."""
    app.styleHints().colorSchemeChanged.connect(lambda _: _paint(app))
    wear(app, chosen())


def chosen() -> str:
    """Return which of `THEMES` was chosen."""
    value = settings.settings().value("theme", THEMES[0])
    return value if value in THEMES else THEMES[0]


def choose(theme: str) -> None:
    """Wear one of `THEMES` from now on, also the next time."""
    settings.settings().setValue("theme", theme)
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    wear(app, theme)


def wear(app: QApplication, theme: str) -> None:
    """Wear one of `THEMES`."""
    app.setProperty("theme", theme)
    # The frames and dialogs that belong to the system follow.
    schemes = {"dark": Qt.ColorScheme.Dark, "light": Qt.ColorScheme.Light}
    app.styleHints().setColorScheme(schemes.get(theme, Qt.ColorScheme.Unknown))
    _paint(app)


def is_dark(app: QApplication) -> bool:
    """Whether it is dark now. Where the system says neither, dark: pictures lie on a dark ground."""
    theme = app.property("theme")
    return theme == "dark" if theme in {"dark", "light"} else app.styleHints().colorScheme() != Qt.ColorScheme.Light


def _paint(app: QApplication) -> None:
    dark = is_dark(app)
    palette = QPalette()
    for role, color in (_DARK if dark else _LIGHT).items():
        palette.setColor(role, color)
    for role in (Role.WindowText, Role.Text, Role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, _FAINT[dark])
    palette.setColor(QPalette.ColorGroup.Disabled, Role.Highlight, palette.color(Role.Mid))
    app.setPalette(palette)
    sheet = _SHEET.replace("CHECK", asset("resources/icons/check.svg").as_posix()).replace("PROBLEM", _PROBLEM[dark])
    app.setStyleSheet(sheet)  # anew: it looks colours of the palette up when it is set
