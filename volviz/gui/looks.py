"""Looks for everything at once: those with a name, one's own, copied ones, those of Nano-Oetzi."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLineEdit, QMenu, QMessageBox, QWidget

from volviz.core.errors import VolvizError
from volviz.gui.dialogs import show_error
from volviz.gui.document import Document


class LooksMenu(QMenu):
    """Filled anew whenever it opens: a look that another window saved is there."""

    noted = Signal(str)  # what could not be taken over, or where something went

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__("Look", parent)
        self._document = document
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self.fill)
        self.fill()

    def fill(self) -> None:
        """List what there is."""
        from volviz.tasks.looks import looks, own_looks

        self.clear()
        own = own_looks()
        for name, look in looks().items():
            if name not in own:
                self._add(look.title, look.about, partial(self.choose, name))
        if own:
            self.addSeparator()
        for name in own:
            self._add(name, "A look of your own", partial(self.choose, name))
        self.addSeparator()
        self._add("Save this look…", "Keep the ramps, colours, light and background under a name, for --look too", self.ask_save)
        self._add("Open a look…", "A look from a file: volviz's own, or a preset or a session of Nano-Oetzi", self.ask_open)
        self._add("Open a folder of Nano-Oetzi…", "All presets (tf-*.json) and the session in a folder", self.ask_folder)
        self.addSeparator()
        self._add("Copy look", "Copy ramps, colours, light and background as text, for another window", self.copy_look)
        self._add("Paste look", "Take over the look that was copied", self.paste_look)
        if own:
            delete = self.addMenu("Delete")
            for name in own:
                delete.addAction(name).triggered.connect(lambda _checked=False, name=name: self.ask_delete(name))

    def choose(self, name: str) -> None:
        """Give everything the look of this name, or that in a file."""
        from volviz.tasks.looks import find_look

        try:
            look = find_look(name)
            scene = look.apply(self._document.state.scene)
        except VolvizError as error:
            show_error(self.window(), "Look", error)
            return
        self._document.settle()
        self._document.change(f"Look: {look.title}", scene=scene)
        if look.notes:
            self.noted.emit(" ".join(look.notes))

    def ask_save(self) -> None:
        """Ask for a name and keep the present look."""
        from volviz.tasks.looks import look_of, own_looks, save_look

        name, ok = QInputDialog.getText(self.window(), "Save this look", "Name of the look", QLineEdit.EchoMode.Normal, "My look")
        if not ok:
            return
        replacing = name.strip() in own_looks()
        question = f"There is a look called '{name.strip()}' already. Replace it?"
        if replacing and QMessageBox.question(self.window(), "Save this look", question) != QMessageBox.StandardButton.Yes:
            return
        try:
            path = save_look(look_of(self._document.state.scene), name, overwrite=replacing)
        except VolvizError as error:
            show_error(self.window(), "Look", error)
        else:
            self.noted.emit(f"Saved the look as {path}")

    def ask_open(self) -> None:
        """Ask for a file and take over its look."""
        path, _ = QFileDialog.getOpenFileName(self.window(), "Open a look", "", "Looks (*.json)")
        if path:
            self.choose(str(Path(path).absolute()))

    def ask_folder(self) -> None:
        """Ask for a folder of Nano-Oetzi and take over its look."""
        path = QFileDialog.getExistingDirectory(self.window(), "Open a folder of Nano-Oetzi")
        if path:
            self.choose(str(Path(path).absolute()))

    def copy_look(self) -> None:
        """Put the present look on the clipboard."""
        from volviz.tasks.looks import look_of

        QGuiApplication.clipboard().setText(json.dumps(look_of(self._document.state.scene, "Copied").to_json(), indent=1))

    def paste_look(self) -> None:
        """Take over the look on the clipboard."""
        from volviz.tasks.looks import look_from_text

        try:
            scene = look_from_text(QGuiApplication.clipboard().text()).apply(self._document.state.scene)
        except VolvizError as error:
            show_error(self.window(), "Look", error)
        else:
            self._document.settle()
            self._document.change("Paste a look", scene=scene)

    def ask_delete(self, name: str) -> None:
        """Delete a look of the person's own, if that is what they want."""
        from volviz.tasks.looks import delete_look

        answer = QMessageBox.question(self.window(), "Delete a look", f"Delete the look '{name}'? This cannot be undone.")
        if answer == QMessageBox.StandardButton.Yes:
            delete_look(name)

    def _add(self, title: str, tip: str, do: Callable[[], object]) -> QAction:
        action = self.addAction(title)
        action.setToolTip(tip)
        action.triggered.connect(lambda _checked=False: do())
        return action
