"""The documents, read offline: those of the checkout, or those that the wheel carries."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QUrl
from PySide6.QtGui import QImage, QTextCursor, QTextDocument
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QListWidget, QListWidgetItem, QSplitter, QTextBrowser, QVBoxLayout, QWidget

from volviz.assets import asset

FIRST = ("README.md", "docs/window.md")
MARGIN = 48  # pixels beside pictures


def pages() -> dict[str, Path]:
    """Return the documents that are installed, by title: first what a newcomer reads first."""
    found = {name: asset(name) for name in FIRST if _there(name)}
    if _there("docs"):
        found |= {f"docs/{path.name}": path for path in sorted(asset("docs").glob("*.md")) if f"docs/{path.name}" not in found}
    return {_title(path): path for path in found.values()}


def _there(name: str) -> bool:
    try:
        asset(name)
    except FileNotFoundError:
        return False
    return True


def _title(path: Path) -> str:
    found = re.search(r"^# (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    title = found[1] if found else path.stem.replace("-", " ").capitalize()
    return "Introduction" if path.name == "README.md" else title.replace("`", "")


class Page(QTextBrowser):
    """A document; pictures are no wider than it, links to other documents open here, others in the web browser."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOpenExternalLinks(True)
        self.document().setDocumentMargin(16)

    def sizeHint(self) -> QSize:
        return QSize(720, 560)

    def loadResource(self, kind: int, name: QUrl | str) -> object:
        if QTextDocument.ResourceType(kind) == QTextDocument.ResourceType.ImageResource:
            path = self.source().resolved(QUrl(name)).toLocalFile()
            picture = QImage(path)
            room = max(200, self.viewport().width() - MARGIN)
            if picture.width() > room:
                picture = picture.scaledToWidth(room, Qt.TransformationMode.SmoothTransformation)
            return picture
        return super().loadResource(kind, name)


class Manual(QDialog):
    """A list of the documents, and the one that is read."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("volviz documentation")
        self.resize(980, 680)
        self.list = QListWidget()
        self.list.setSpacing(2)
        self.page = Page()
        self.page.sourceChanged.connect(lambda _url: self._wrap())
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.list)
        split.addWidget(self.page)
        split.setSizes([240, 740])
        split.setStretchFactor(1, 1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(split, 1)
        layout.addWidget(buttons)
        for title, path in pages().items():
            item = QListWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, str(path))
            self.list.addItem(item)
        self.list.currentItemChanged.connect(self._read)
        if self.list.count():
            self.list.setCurrentRow(0)
        else:
            self.page.setPlainText("The documents are not installed beside volviz; they are in the folder docs/ of its source.")

    def _wrap(self) -> None:
        """Let long lines of code go on below, as all others do: a page is read without scrolling sideways."""
        block = self.page.document().begin()
        while block.isValid():
            form = block.blockFormat()
            if form.nonBreakableLines():
                form.setNonBreakableLines(False)
                QTextCursor(block).setBlockFormat(form)
            block = block.next()

    def _read(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            url = QUrl.fromLocalFile(item.data(Qt.ItemDataRole.UserRole))
            self.page.setSource(url, QTextDocument.ResourceType.MarkdownResource)
