"""Several volumes were opened, or one that looks like a class: which of them is the tomogram, which are classes, how are they read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from volviz.core.alone import density_of
from volviz.core.errors import VolvizError
from volviz.core.reading import Reading
from volviz.core.report import Report
from volviz.gui.widgets.color import ColorButton

if TYPE_CHECKING:
    from volviz.core.segmentation import Segmentation
    from volviz.core.volume import Volume
    from volviz.gui.document import State
    from volviz.tasks.combine import Found

ROLES = {"tomogram": "Tomogram", "class": "Class", "nothing": "Leave out"}
SCALES = ("0..1", "0..255", "score>0", "mask>0.5")
OTHER = "They belong to the tomogram that is open, and another one is chosen here"
ROWS = 10  # shown without scrolling


@dataclass(frozen=True, slots=True)
class Several:
    """What was found and has to be asked about."""

    found: tuple[Found, ...]
    adding: bool = False  # to the classes that are there


@dataclass(frozen=True, slots=True)
class Picked:
    """The answer: the tomogram, or None for the one that is open, the classes, and those there already that they are added to."""

    tomogram: Found | None
    classes: tuple[Found, ...]
    beside: Segmentation | None = None

    def opened(self, current: Volume | None) -> tuple[Volume, Segmentation | None]:
        """Open what was picked.

        Raises:
            VolvizError: it does not belong together.
        """
        from volviz.tasks.combine import added, combined, volume_of

        volume = current if self.tomogram is None else volume_of(self.tomogram)
        if self.beside is not None and volume is not None:
            return volume, added(self.beside, self.classes, volume)
        segmentation = combined(self.classes, volume) if self.classes else None
        if volume is None and segmentation is not None:
            volume = density_of(segmentation)
        assert volume is not None
        return volume, segmentation


def several(paths: Sequence[Path], current: State, report: Report, *, adding: bool = False) -> Several | None:
    """Look whether a person has to be asked what these files are: in a job's thread. They are if the files are ``adding`` classes.

    Raises:
        VolvizError: a file cannot be opened.
    """
    from volviz.core.volume import Volume
    from volviz.io import open as open_path
    from volviz.tasks.combine import expand, survey
    from volviz.tasks.session import is_session

    if any(is_session(path) for path in paths):
        return None
    files = expand(paths)
    if adding:
        found = tuple(replace(one, role="class") if one.role == "tomogram" else one for one in survey(files, report))
        return Several(found, adding=current.segmentation is not None)
    volumes = [value for value in map(open_path, files) if isinstance(value, Volume)]
    count = sum(int(volume.header.get("count", 1)) for volume in volumes)
    if count == 0 or (count == 1 and (current.volume is None or len(files) > 1)):
        return None
    found = tuple(survey(files, report))
    if count == 1 and found[0].role == "tomogram":
        return None
    return Several(found)


class ChoosingDialog(QDialog):
    """One row for each volume. ``proceed`` gets a `Picked`; closed otherwise, nothing happens."""

    def __init__(self, asked: Several, current: State, proceed: Callable[[Picked], object], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._proceed, self._current = proceed, current.volume
        self._there = current.segmentation
        self.keep = QCheckBox("Keep the classes that are there")
        self.keep.setVisible(self._there is not None and self._there.kind == "probability")
        self.keep.setChecked(asked.adding)
        self.keep.toggled.connect(lambda _: self._check())
        self.setWindowTitle("Combine as classes" if any(one.role == "class" for one in asked.found) else "Which volume?")
        intro = QLabel(
            "Each class gets a name, a colour, and what its numbers mean. What the classes leave is background; where they claim more "
            "than there is, they share it."
        )
        intro.setWordWrap(True)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(0, 1)
        for column, title in enumerate(("Volume", "Use as", "", "Name", "Numbers mean")):
            head = QLabel(title)
            head.setObjectName("hint")
            grid.addWidget(head, 0, column)
        self.rows = [_Row(one, grid, i + 1, self._check) for i, one in enumerate(asked.found)]
        grid.setRowStretch(len(self.rows) + 1, 1)
        inner = QWidget()
        inner.setLayout(grid)
        scrolled = QScrollArea()
        scrolled.setWidgetResizable(True)
        scrolled.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scrolled.setWidget(inner)
        scrolled.setMinimumWidth(inner.sizeHint().width() + 24)
        scrolled.setMinimumHeight(min(len(self.rows) + 1, ROWS) * (self.rows[0].role.sizeHint().height() + 6) + 16)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.setObjectName("problem")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.accept_button = buttons.addButton("Add" if asked.adding else "Open", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self._go)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(intro)
        layout.addWidget(scrolled, 1)
        layout.addWidget(self.keep)
        layout.addWidget(self.problem)
        layout.addWidget(buttons)
        self._check()

    @property
    def picked(self) -> Picked:
        """What the rows say.

        Raises:
            VolvizError: a scale cannot be understood, or there is more than one tomogram or none.
        """
        tomograms = [row.found for row in self.rows if row.role.currentData() == "tomogram"]
        classes = tuple(row.answer() for row in self.rows if row.role.currentData() == "class")
        if len(tomograms) > 1:
            raise VolvizError("Only one volume at a time can be the tomogram; leave the others out.")
        if not tomograms and not classes:
            raise VolvizError("Everything is left out; use at least one of them.")
        names = [one.name.lower() for one in classes]
        if len({*names, "background"}) <= len(names) or not all(names):
            raise VolvizError("Every class needs a name of its own, and none may be called background: that is what they leave.")
        beside = self._there if self.keep.isChecked() and not tomograms else None
        if beside is not None and (twice := {label.name.lower() for label in beside.labels} & set(names)):
            raise VolvizError(f"There is a class called {min(twice)} already; give the new one another name, or do not keep those there.")
        return Picked(tomograms[0] if tomograms else None, classes, beside)

    def _check(self) -> None:
        other = any(row.role.currentData() == "tomogram" for row in self.rows)
        self.keep.setEnabled(not other)
        self.keep.setToolTip(OTHER if other else "Add these classes to those of the tomogram that is open; off: they take their place")
        try:
            said = self._on(self.picked)
        except VolvizError as error:
            said = str(error)
            self.accept_button.setEnabled(False)
        else:
            self.accept_button.setEnabled(True)
        self.problem.setText(said)

    def _on(self, picked: Picked) -> str:
        if not picked.classes:
            return ""
        if picked.tomogram is None and self._current is None:
            return "None is the tomogram: the classes are shown alone. To have both, cancel, and open the tomogram with them."
        grid = self._current.grid if picked.tomogram is None and self._current is not None else None
        grid = picked.tomogram.grid if picked.tomogram is not None else grid
        other = [one.where for one in picked.classes if grid is not None and one.grid.shape != grid.shape]
        return f"Of another size than the tomogram, so resampled onto its voxels: {', '.join(other)}." if other else ""

    def _go(self) -> None:
        picked = self.picked
        self.accept()
        self._proceed(picked)


class _Row:
    def __init__(self, found: Found, grid: QGridLayout, at: int, changed: Callable[[], None]) -> None:
        self.found = found
        where = QLabel(found.where if len(found.where) <= 44 else f"{found.where[:20]}…{found.where[-22:]}")
        where.setToolTip(f"{found.path}\n{found.why}")
        self.role = QComboBox()
        for role, text in ROLES.items():
            self.role.addItem(text, role)
        if found.reading.kind == "label":
            self.role.removeItem(0)
        self.role.setCurrentIndex(self.role.findData(found.role))
        self.role.setToolTip("The tomogram, of which there is one, a class, or neither")
        self.color = ColorButton()
        self.color.set_color(found.color)
        self.color.setToolTip(f"Colour of {found.name}")
        self.name = QLineEdit(found.name)
        self.name.setMinimumWidth(130)
        self.name.setToolTip("What the class is called")
        self.scale = QComboBox()
        self.scale.setEditable(True)
        self.scale.addItems(list(dict.fromkeys((str(found.reading), *SCALES))))
        self.scale.setMinimumWidth(110)
        self.scale.setToolTip(
            f"{found.why[:1].upper()}{found.why[1:]}.\n"
            "0..1 and 0..255: from never to certainly. score>0: a network's outputs, undecided at 0.\n"
            "mask>0.5: certain above, never below. "
            "label=3: where the number is 3. Any other numbers can be typed."
        )
        grid.addWidget(where, at, 0)
        named: dict[str, QWidget] = {"use": self.role, "colour": self.color, "name": self.name, "scale": self.scale}
        for column, (text, widget) in enumerate(named.items(), start=1):
            widget.setAccessibleName(f"{text} of {found.where}")
            grid.addWidget(widget, at, column)
        self._show_use()
        self.role.currentIndexChanged.connect(self._show_use)
        for signal in (self.role.currentIndexChanged, self.name.textChanged, self.scale.currentTextChanged):
            signal.connect(lambda *_: changed())

    def _show_use(self) -> None:
        for widget in (self.color, self.name, self.scale):
            widget.setEnabled(self.role.currentData() == "class")

    def answer(self) -> Found:
        color = self.color.color()
        shade = (color.redF(), color.greenF(), color.blueF())
        return replace(self.found, name=self.name.text().strip(), color=shade, reading=Reading.parse(self.scale.currentText()))
