"""Joins the animation and the bookmarks to the window: their panels, their menu entries."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget, QWidget

from volviz.gui.animating import Animating
from volviz.gui.bookmarks import Bookmarks, fill_menu

if TYPE_CHECKING:
    from volviz.gui.window import Window


class Directing(QObject):
    """What is there of it in one window. The panel of the animation is hidden until someone asks for it."""

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self.animating = Animating(window.document, self)
        self.bookmarks = Bookmarks(window.document, window.flight, self)
        self.dock: QDockWidget = window.docks["Animation"]
        self.dock.visibilityChanged.connect(self._mark)
        fill_menu(window, window.menus["View/Bookmarks"], self.bookmarks)

    def animation_panel(self) -> QWidget:
        """Make the panel of the animation."""
        from volviz.gui.panels.animation import AnimationPanel

        panel = AnimationPanel(self._window.document, self.animating)
        panel.export_asked.connect(lambda: save_video(self._window))
        return panel

    def bookmarks_section(self) -> QWidget:
        """Make the list of bookmarks."""
        from volviz.gui.panels.bookmarks import BookmarksSection

        return BookmarksSection(self._window.document, self.bookmarks)

    def _mark(self) -> None:
        from volviz.gui import actions  # which has rows of what is done here

        actions.refresh(self._window)


def toggle_animation(window: Window) -> None:
    """Show or hide the panel of the animation."""
    dock = window.directing.dock
    if dock.isHidden() and window.lacks("animation_panel"):
        window.animation_panel.show()
    dock.setVisible(dock.isHidden())


def add_keyframe(window: Window) -> None:
    """Keep the present view as a keyframe, and show where it is."""
    if window.directing.dock.isHidden():
        toggle_animation(window)
    window.directing.animating.add()


def add_bookmark(window: Window) -> None:
    """Keep the present view in the list."""
    window.directing.bookmarks.add()
    window.say(f"Kept as {window.document.state.bookmarks[-1].name}; it is in View, Bookmarks")


def save_video(window: Window) -> None:
    """Ask what of, how large and where, and save a video."""
    from volviz.gui import videos

    videos.save_video(window)
