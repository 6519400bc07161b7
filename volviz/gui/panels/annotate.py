"""Annotating: tools, classes and their colours, and the list of what has been annotated."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QItemSelectionModel, QSize, Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QListView,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from volviz.core.annotations import Tag
from volviz.gui.annotate.annotating import Annotating
from volviz.gui.annotate.lists import LabelList, MarkList, PresentDialog
from volviz.gui.annotate.tools import PAINTING, TIPS, TITLES, TOOL_KEYS, TOOLS, Tool
from volviz.gui.icons import put
from volviz.gui.widgets.empty import WhenEmpty
from volviz.gui.widgets.number import Number

HINTS = {
    None: "Choose a tool and draw on any of the three slices.",
    "scribble": "Drag to paint. X goes over to the background and back.",
    "erase": "Drag over strokes and lassos. Boxes, points and tags are deleted from the list below.",
    "box": "Drag from corner to corner: the box is as deep as it is wide. Drag its handles on any slice; its middle moves it.",
    "points": "Click on the surface, here and on other slices. Drag a point to move it, Ctrl+click to remove it.",
    "lasso": "Drag around the area; it closes itself.",
    "tag": "Drag a rectangle in which the class is present somewhere.",
}
DEPTH_TIPS = {
    "lasso": "How thick the slab is that an outline fills, in nanometres; one voxel to begin with",
    "tag": "How deep the region of a tag is, across the slice, in nanometres",
}


class _Marks(QListView):
    """A list that takes what room there is and asks for no more: a panel is to scroll only where it must."""

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self.minimumHeight())


class AnnotatePanel(QWidget):
    """Controls of an `Annotating`."""

    def __init__(self, annotating: Annotating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._annotating = annotating
        self.tools = {tool: self._tool(tool) for tool in TOOLS}
        self._hint = QLabel()
        self._hint.setObjectName("hint")
        self._hint.setWordWrap(True)
        self.radius = Number(0.1, 50, unit="nm", decimals=1)
        self.radius.setToolTip("Radius of the brush, in nanometres: it paints a ball, so neighbouring slices too ([ and ])")
        self.radius.value_changed.connect(lambda value: annotating.set(radius=10 * value))
        self.slab = Number(0.1, 500, unit="nm", decimals=1)
        self.slab.value_changed.connect(lambda value: annotating.set_depth(annotating.tool or "tag", 10 * value))
        self.section = QCheckBox("Adjust this section only")
        self.section.setToolTip(
            "Handles change the box's rectangle on the slice one draws on alone; between adjusted slices of a direction it changes "
            "evenly, and where several directions were adjusted the object is where all of them leave it"
        )
        self.section.toggled.connect(lambda on: annotating.set(section_only=on))
        self._object = QLabel()
        self.next = QPushButton("Next object")
        self.next.setToolTip("Points and boxes belong to another object from now on (N)")
        self.next.clicked.connect(annotating.next_object)
        self.labels = LabelList(annotating)
        self.tag_volume = QPushButton("Whole volume…")
        self.tag_volume.setToolTip("Say which classes are present anywhere in this volume")
        self.tag_volume.clicked.connect(self._ask_volume)
        self.tag_region = QPushButton("Selected region…")
        self.tag_region.setToolTip("Say which classes are present in the region of the tag that is selected in the list")
        self.tag_region.clicked.connect(self._ask_region)
        self.marks = _Marks()
        self.marks.setUniformItemSizes(True)
        self.marks.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.marks.setMinimumHeight(110)
        self.marks.setToolTip("What has been annotated, the newest last; click to go there, Delete removes it")
        self.marks.setAccessibleName("Annotations")
        self.model = MarkList(annotating, self)
        self.marks.setModel(self.model)
        WhenEmpty(self.marks, "Nothing is annotated yet. What you draw on the slices is listed here.")
        self.marks.selectionModel().currentChanged.connect(lambda now, _before: self._chosen(now.row()))
        self.marks.clicked.connect(lambda index: annotating.select(index.row(), jump=True))
        self._count = QLabel()
        self.delete = QPushButton("Delete")
        self.delete.setToolTip("Delete the selected annotation (Del)")
        self.delete.clicked.connect(lambda _on: annotating.delete())
        self.clear = QPushButton("Clear all")
        self.clear.setToolTip("Delete all annotations; undo brings them back")
        self.clear.clicked.connect(annotating.clear)
        self.visible = QCheckBox("On the slices")
        self.visible.setToolTip("Show annotations on the slices (V)")
        self.visible.toggled.connect(lambda on: annotating.set(visible=on))
        self.visible_in_3d = QCheckBox("In 3D")
        self.visible_in_3d.setToolTip(
            "Show annotations in the 3D view, faint where the object hides them. Stills and videos show them if their dialogs are told to"
        )
        self.visible_in_3d.toggled.connect(lambda on: annotating.set(visible_in_3d=on))
        self._build()
        annotating.changed.connect(self._look)
        self._look()

    def _build(self) -> None:
        self._tags = QWidget()
        tags = QHBoxLayout(self._tags)
        tags.setContentsMargins(0, 0, 0, 0)
        tags.addWidget(self.tag_volume)
        tags.addWidget(self.tag_region)
        tools = QGridLayout()
        tools.setSpacing(4)
        for i, button in enumerate(self.tools.values()):
            tools.addWidget(button, i // 3, i % 3)
        self._settings = QFormLayout()
        self._settings.addRow("Radius", self.radius)
        self._settings.addRow("Depth", self.slab)
        self._settings.addRow(self._object, self.next)
        foot = QHBoxLayout()
        foot.addWidget(self._count, 1)
        foot.addWidget(self.delete)
        foot.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setSpacing(6)
        layout.addLayout(tools)
        layout.addWidget(self._hint)
        layout.addLayout(self._settings)
        layout.addWidget(self.section)
        layout.addWidget(self._tags)
        layout.addWidget(self.labels)
        layout.addWidget(self.marks, 1)
        layout.addLayout(foot)
        seen = QHBoxLayout()
        seen.addWidget(QLabel("Show"))
        seen.addWidget(self.visible)
        seen.addWidget(self.visible_in_3d)
        seen.addStretch(1)
        layout.addLayout(seen)

    def _tool(self, tool: Tool) -> QToolButton:
        button = QToolButton()
        button.setObjectName("tool")
        button.setText(TITLES[tool])
        put(button, tool, self.palette())
        button.setIconSize(QSize(20, 20))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setCheckable(True)
        button.setToolTip(f"{TIPS[tool]} ({TOOL_KEYS[tool]})")
        button.setSizePolicy(self.sizePolicy().Policy.Expanding, self.sizePolicy().Policy.Fixed)
        button.clicked.connect(lambda _on, tool=tool: self._annotating.toggle(tool))
        return button

    def _look(self) -> None:
        tools = self._annotating
        there = tools.document.state.volume is not None
        for name, button in self.tools.items():
            button.setChecked(tools.tool == name)
            button.setEnabled(there)
        masked = tools.selected_box if tools.tool == "lasso" else None
        masks = "" if masked is None else f" It is part of the mask of {masked.label} {masked.object_id}, whose box is selected."
        self._hint.setText(HINTS[tools.tool] + masks if there else "Open a tomogram to annotate it.")
        self.radius.set_value(tools.radius / 10)
        self._settings.setRowVisible(self.radius, tools.tool in PAINTING)
        self._settings.setRowVisible(self.slab, tools.tool in DEPTH_TIPS)
        if tools.tool in DEPTH_TIPS:
            self.slab.set_value(tools.depths[tools.tool] / 10)
            self.slab.setToolTip(DEPTH_TIPS[tools.tool])
        self._object.setText(f"Object {tools.object_id}")
        self._settings.setRowVisible(self.next, tools.tool in {"box", "points"})
        self.section.setVisible(tools.tool == "box")
        self.visible_in_3d.setEnabled(tools.visible)
        for box, on in (
            (self.section, tools.section_only),
            (self.visible, tools.visible),
            (self.visible_in_3d, tools.visible_in_3d),
        ):
            box.blockSignals(True)
            box.setChecked(on)
            box.blockSignals(False)
        self._tags.setVisible(tools.tool == "tag")
        self.tag_region.setEnabled(self._region is not None)
        self.labels.look()
        self.labels.setEnabled(there)
        self.model.look()
        self._select()
        number = len(tools.marks)
        self._count.setText("" if not number else f"{number} annotation{'s' * (number > 1)}")
        self.delete.setEnabled(tools.selected is not None)
        self.clear.setEnabled(bool(number))

    def _select(self) -> None:
        row = self._annotating.selected
        if row != (self.marks.currentIndex().row() if self.marks.currentIndex().isValid() else None):
            index = self.model.index(-1 if row is None else row, 0)
            self.marks.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _chosen(self, row: int) -> None:
        if row >= 0:
            self._annotating.select(row)

    @property
    def _region(self) -> Tag | None:
        """The tag of a region that is selected."""
        row = self._annotating.selected
        mark = None if row is None or row >= len(self._annotating.marks) else self._annotating.marks[row]
        return mark if isinstance(mark, Tag) and mark.corners_xyz is not None else None

    def _ask_volume(self) -> None:
        said = (mark.present for mark in self._annotating.marks if isinstance(mark, Tag) and mark.corners_xyz is None)
        self._ask("volume", next(said, frozenset()), self._annotating.tag_volume)

    def _ask_region(self) -> None:
        if self._region is not None:
            self._ask("region", self._region.present, self._annotating.tag_selected)

    def _ask(self, where: str, said: frozenset[str], do: Callable[[frozenset[str]], None]) -> None:
        dialog = PresentDialog(self._annotating.labels, said, where, self)
        dialog.accepted.connect(lambda: do(dialog.present))
        dialog.open()
