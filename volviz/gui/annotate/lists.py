"""The lists of the annotation panel: classes with their colours, and marks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QSignalBlocker, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QCheckBox,
    QColorDialog,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from volviz.core.annotations import Box, Lasso, Mark, Stroke, SurfacePoints, Tag, extent_of
from volviz.core.grid import Triple
from volviz.core.segmentation import Label
from volviz.gui.annotate.annotating import Annotating
from volviz.gui.annotate.labels import counts_of

ROWS = 4  # of classes that are seen at once
SCALES = (1, 2)  # pixels of the screen to a point
Index = QModelIndex | QPersistentModelIndex


def described(mark: Mark) -> str:
    """Say in a line what a mark is and where."""
    where = ""
    extent = extent_of(mark)
    if extent is not None:
        x, y, z = ((a + b) / 20 for a, b in zip(*extent, strict=True))
        where = f"  ·  {x:.0f}, {y:.0f}, {z:.0f} nm"
    if isinstance(mark, Stroke):
        return f"{'Erased' if mark.erases else f'Stroke, {mark.label}'}{where}"
    if isinstance(mark, Lasso):
        return f"Lasso, {mark.label}{'' if mark.object_id is None else f' {mark.object_id}'}{where}"
    if isinstance(mark, SurfacePoints):
        number = len(mark.points_xyz)
        return f"{number} point{'s' * (number != 1)}, {mark.label} {mark.object_id}{where}"
    if isinstance(mark, Box):
        return f"Box, {mark.label} {mark.object_id}{where}"
    return f"Tag, {', '.join(sorted(mark.present))}{where or '  ·  whole volume'}"


def swatch(color: Triple) -> QIcon:
    """Return a little square of a colour."""
    found = QIcon()
    for scale in SCALES:
        picture = QPixmap(QSize(14, 14) * scale)
        picture.setDevicePixelRatio(scale)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(0, 0, 0, 90))
        painter.setBrush(QColor.fromRgbF(*color))
        painter.drawRoundedRect(1, 1, 12, 12, 3, 3)
        painter.end()
        found.addPixmap(picture)
        found.addPixmap(picture, QIcon.Mode.Selected)  # or Qt would tint it
    return found


class MarkList(QAbstractListModel):
    """The marks, read from the document where they are: a long list costs nothing while it grows."""

    def __init__(self, annotating: Annotating, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._annotating = annotating
        self._marks: tuple[Mark, ...] = ()
        self._icons: dict[Triple, QIcon] = {}
        self._colors: dict[str, Triple] = {}

    def look(self) -> None:
        """Show the marks there are now."""
        colors = {label.name: label.color for label in self._annotating.labels}
        marks = self._annotating.marks
        if marks is self._marks and colors == self._colors:
            return
        if marks[: len(self._marks)] == self._marks and colors == self._colors:
            self.beginInsertRows(QModelIndex(), len(self._marks), len(marks) - 1)
            self._marks = marks
            self.endInsertRows()
            return
        self.beginResetModel()
        self._marks, self._colors = marks, colors
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - as Qt has it
        return 0 if parent.isValid() else len(self._marks)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not 0 <= index.row() < len(self._marks):
            return None
        mark = self._marks[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return described(mark)
        if role == Qt.ItemDataRole.DecorationRole:
            name = min(mark.present, default="") if isinstance(mark, Tag) else mark.label
            color = self._colors.get(name, (0.35, 0.35, 0.35))
            return self._icons.setdefault(color, swatch(color)) if color not in self._icons else self._icons[color]
        return None


class LabelList(QWidget):
    """The classes: the current one is annotated; a double click renames it."""

    def __init__(self, annotating: Annotating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotating = annotating
        self._shown: tuple[tuple[Label, ...], dict[str, int]] = ((), {})
        self.tree = QTreeWidget()
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.header().setStretchLastSection(False)
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setEditTriggers(QTreeWidget.EditTrigger.DoubleClicked | QTreeWidget.EditTrigger.EditKeyPressed)
        self.tree.setToolTip("The class to annotate, and how many annotations name it; double click to rename it")
        self.tree.setAccessibleName("Classes to annotate")
        self.tree.currentItemChanged.connect(self._chosen)
        self.tree.itemChanged.connect(self._renamed)
        self.add = self._button("Add", "Add a class (M)", annotating.add_label)
        self.color = self._button("Colour…", "Choose the colour of this class", self._ask_color)
        self.remove = self._button("Remove", "Remove this class; it must have no annotations", self._remove)
        buttons = QHBoxLayout()
        for button in (self.add, self.color, self.remove):
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.tree)
        layout.addLayout(buttons)

    def look(self) -> None:
        """Show the classes there are now, and which of them is annotated."""
        labels = self._annotating.labels
        counts = counts_of(self._annotating.marks)
        with QSignalBlocker(self.tree):
            if (labels, counts) != self._shown or self.tree.topLevelItemCount() != len(labels):
                self._fill(labels, counts)
            for label, item in zip(labels, self._items(), strict=True):
                item.setText(0, label.name)  # a name that was refused is still in the box
                if label.name == self._annotating.label:
                    self.tree.setCurrentItem(item)
        self.remove.setEnabled(len(labels) > 1 and not counts.get(self._annotating.label))

    def _fill(self, labels: tuple[Label, ...], counts: dict[str, int]) -> None:
        if [label.name for label in labels] != [label.name for label in self._shown[0]]:
            self.tree.clear()
            for label in labels:
                new = QTreeWidgetItem([label.name, ""])
                new.setFlags(new.flags() | Qt.ItemFlag.ItemIsEditable)
                new.setTextAlignment(1, Qt.AlignmentFlag.AlignRight)
                self.tree.addTopLevelItem(new)
        for label, item in zip(labels, self._items(), strict=True):
            item.setIcon(0, swatch(label.color))
            item.setText(1, str(counts.get(label.name, "")))
        self._shown = labels, counts
        row = self.tree.sizeHintForRow(0)
        self.tree.setFixedHeight(row * max(2, min(len(labels), ROWS)) + 2 * self.tree.frameWidth() + 2)

    def _items(self) -> list[QTreeWidgetItem]:
        items = [self.tree.topLevelItem(i) for i in range(self.tree.topLevelItemCount())]
        return [item for item in items if item is not None]

    def _button(self, text: str, tip: str, do: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAutoRaise(True)
        button.clicked.connect(lambda _on: do())
        return button

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self._annotating.choose(item.text(0))

    def _renamed(self, item: QTreeWidgetItem, column: int) -> None:
        row = self.tree.indexOfTopLevelItem(item)
        if column == 0 and 0 <= row < len(self._shown[0]):
            self._annotating.rename(self._shown[0][row].name, item.text(0))

    def _ask_color(self) -> None:
        name = self._annotating.label
        dialog = QColorDialog(QColor.fromRgbF(*self._annotating.color_of(name)), self)
        dialog.setWindowTitle(f"Colour of {name}")
        dialog.colorSelected.connect(
            lambda chosen: self._annotating.recolor(name, (round(chosen.redF(), 4), round(chosen.greenF(), 4), round(chosen.blueF(), 4)))
        )
        dialog.open()

    def _remove(self) -> None:
        self._annotating.remove_label(self._annotating.label)


class PresentDialog(QDialog):
    """Asks which classes are present somewhere in a volume or a region."""

    def __init__(self, labels: Iterable[Label], present: frozenset[str], where: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Present in this {where}")
        self.boxes = {label.name: QCheckBox(label.name) for label in labels}
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"Which classes are present somewhere in this {where}?"))
        for label, box in zip(labels, self.boxes.values(), strict=True):
            box.setIcon(swatch(label.color))
            box.setChecked(label.name in present)
            layout.addWidget(box)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)

    @property
    def present(self) -> frozenset[str]:
        """The classes that are ticked."""
        return frozenset(name for name, box in self.boxes.items() if box.isChecked())
