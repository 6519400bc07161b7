"""What the Help menu does. Each part is imported when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from volviz.gui.window import Window


def show_palette(window: Window) -> None:
    """Let a person find anything by its name."""
    from volviz.gui.help.commands import commands
    from volviz.gui.help.palette import Palette

    palette = Palette(commands(window), window)
    palette.finished.connect(palette.deleteLater)
    palette.show()
    palette.line.setFocus()


def show_keys(window: Window) -> None:
    """List keys and gestures."""
    from volviz.gui.help.keys import KeysDialog

    KeysDialog(window).open()


def show_manual(window: Window) -> None:
    """Show the documents, beside the window: one reads and tries."""
    from volviz.gui.help.manual import Manual

    manual = Manual(window)
    manual.finished.connect(manual.deleteLater)
    manual.show()


def show_about(window: Window) -> None:
    """Show versions, the graphics driver and CUDA."""
    from volviz.gui.help.about import About

    About(window.viewport.gl_strings(), window).open()


def start_tour(window: Window) -> None:
    """Show a newcomer around."""
    from volviz.gui.help.tour import Tour

    Tour.start(window)


def offer_tour(window: Window) -> None:
    """Show a newcomer around, the first time that there is something to see."""
    from volviz.gui.help.tour import Tour

    Tour.offer(window)
