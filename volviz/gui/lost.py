"""Asks where the files of a session are that are not where they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFileDialog, QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

if TYPE_CHECKING:
    from volviz.io.sources import Lost, LostSources

ROLES = {"volume": "Tomogram", "segmentation": "Segmentation"}
Chosen = dict[str, Path | None]


class LostDialog(QDialog):
    """Lists what is missing. One file, or one folder, is enough: the others are looked for beside it.

    ``retry`` is called with the files pointed to, by role, and the folders to look in. Closed, nothing happens.
    """

    def __init__(self, error: LostSources, retry: Callable[[Chosen, list[Path]], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        from volviz.io.embedded import is_picture

        self._retry, self._project = retry, error.project
        self.setWindowTitle("Files have moved")
        self.setMinimumWidth(560)
        one = len(error.lost) == 1
        said = (
            "a file that is not where it was. Point to it, or to a folder in which to look for it."
            if one
            else "files that are not where they were. Point to one of them, or to a folder; the others are looked for beside it."
        )
        intro = QLabel(f"<b>{error.project.name}</b> needs {said}")
        intro.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(1, 1)
        self.find_buttons: dict[str, QPushButton] = {}
        for row, lost in enumerate(error.lost):
            what = QLabel(f"{ROLES[lost.role]}")
            what.setAlignment(Qt.AlignmentFlag.AlignTop)
            hint = f"It was in {Path(lost.source.path).parent}"
            if is_picture(error.project):
                hint = "Pictures keep names alone: it was looked for beside the picture and where files were opened last"
            why = QLabel(f"<b>{lost.name}</b> {lost.why}.<br><small>{hint}</small>")
            why.setWordWrap(True)
            why.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            button = self.find_buttons[lost.role] = QPushButton("Find…")
            button.setToolTip(f"Point to {lost.name} where it is now")
            button.clicked.connect(lambda _checked=False, lost=lost: self._ask_file(lost))
            grid.addWidget(what, row, 0)
            grid.addWidget(why, row, 1)
            grid.addWidget(button, row, 2, Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.folder = buttons.addButton("Look in a folder…", QDialogButtonBox.ButtonRole.ActionRole)
        self.folder.setToolTip(f"Look for {'it' if one else 'all of them'} in a folder and the folders below it")
        self.folder.clicked.connect(self._ask_folder)
        self.without = buttons.addButton("Open without the classes", QDialogButtonBox.ButtonRole.ActionRole)
        self.without.setToolTip("Open the tomogram and the view alone; segment again, or open a segmentation later")
        self.without.setVisible([lost.role for lost in error.lost] == ["segmentation"])
        self.without.clicked.connect(lambda: self._go({"segmentation": None}, []))
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(intro)
        layout.addLayout(grid)
        layout.addStretch(1)
        layout.addWidget(buttons)

    def _ask_file(self, lost: Lost) -> None:
        start = str(self._project.parent / lost.name)
        if lost.name.endswith(".zarr") or not Path(lost.name).suffix:  # a folder is what is looked for
            path = QFileDialog.getExistingDirectory(self, f"Where is {lost.name}?", str(self._project.parent))
        else:
            path, _ = QFileDialog.getOpenFileName(self, f"Where is {lost.name}?", start)
        if path:
            self._go({lost.role: Path(path)}, [])

    def _ask_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self, "Look in a folder", str(self._project.parent))
        if path:
            self._go({}, [Path(path)])

    def _go(self, chosen: Chosen, find: list[Path]) -> None:
        self.accept()
        self._retry(chosen, find)
