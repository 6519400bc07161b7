"""The annotation tools of a window: which is in the hand and how it is set, and what is done to the marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from volviz.core.annotations import ERASED, Box, Mark, SurfacePoints, Tag, extent_of, relabelled
from volviz.core.grid import Triple
from volviz.core.segmentation import Label
from volviz.gui.annotate.gestures import Draft, next_object_id
from volviz.gui.annotate.labels import labels_of_state, new_label
from volviz.gui.annotate.tools import PAINTING, Tool
from volviz.gui.document import Document, State

SMALLEST, LARGEST = 1.0, 5000.0  # radius of the brush, angstrom
GROWTH = 1.25  # of the brush, a press of the key
FOLLOWED = ("volume", "segmentation", "annotations", "annotation_labels")  # of the state, with the colours of its ramps
BRUSH_VOXELS = 3.0  # radius to begin with
SLAB_VOXELS = 40.0  # depth of a tagged region to begin with


class Annotating(QObject):
    """What the tools have in common. Marks are in the document, where every gesture is one step of undo.

    Who wants to follow the annotations connects to ``Document.changed`` and compares ``old.annotations is not
    new.annotations``: it comes once for every gesture, undo and redo. ``drafted`` comes while a hand still draws.
    """

    changed = Signal()  # a tool, its settings, what is selected or seen
    drafted = Signal()
    aborted = Signal()  # the gesture in hand, if there is one, is to be dropped
    said = Signal(str)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.document = document
        self.tool: Tool | None = None
        self.label = ""
        self._before = ""  # the label that was in the hand before this one
        self.radius = 30.0
        self.depths: dict[str, float] = {"lasso": 10.0, "tag": 400.0}
        self.object_id = 1
        self.section_only = False
        self.visible = True
        self.visible_in_3d = True
        self.selected: int | None = None
        self.draft: Draft | None = None
        self.asked: tuple[Triple, str] | None = None  # a place (A) where a person is asked something, and what
        document.changed.connect(self._look)
        self._look(State(), document.state)

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes to annotate."""
        return labels_of_state(self.document.state)

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks there are."""
        return self.document.state.annotations

    @property
    def shown(self) -> tuple[Mark, ...]:
        """The marks as they would be if the gesture in hand ended now."""
        return self.marks if self.draft is None else self.draft.among(self.marks)

    @property
    def drawn_in_3d(self) -> bool:
        """Whether the 3D view shows the marks."""
        return self.visible and self.visible_in_3d

    @property
    def selected_box(self) -> Box | None:
        """The box that is selected, whose mask lassos draw."""
        mark = None if self.selected is None or self.selected >= len(self.marks) else self.marks[self.selected]
        return mark if isinstance(mark, Box) else None

    def color_of(self, name: str) -> Triple:
        """Return the colour of a class."""
        return next((label.color for label in self.labels if label.name == name), (0.8, 0.8, 0.8))

    # What is in the hand

    def take(self, tool: Tool | None) -> None:
        """Take a tool, or lay down the one in the hand."""
        self.aborted.emit()
        self.tool = tool
        self.visible = self.visible or tool is not None  # nobody draws blindly
        self.changed.emit()

    def toggle(self, tool: Tool) -> None:
        """Take a tool, or lay it down if it is the one in the hand."""
        self.take(None if self.tool == tool else tool)

    def leave(self) -> None:
        """Drop the gesture in hand, else lay down the tool."""
        if self.draft is not None:
            self.aborted.emit()
        else:
            self.take(None)

    def hold(self, draft: Draft | None) -> None:
        """Show what a gesture would leave behind."""
        self.draft = draft
        self.drafted.emit()

    def ask(self, point_xyz: Triple | None, question: str = "") -> None:
        """Mark a place (A) on the slices with a question, or none any more."""
        asked = None if point_xyz is None else (point_xyz, question)
        if asked != self.asked:
            self.asked = asked
            self.changed.emit()

    def set(self, **settings: object) -> None:
        """Set what the tools do: ``radius`` (A), ``section_only``, ``visible``, ``visible_in_3d``, ``object_id``."""
        for name, value in settings.items():
            setattr(self, name, value)
        self.changed.emit()

    def set_depth(self, tool: str, depth: float) -> None:
        """Set how deep (A) the slab of a lasso or of a tagged region is."""
        self.depths[tool] = depth
        self.changed.emit()

    def grow(self, steps: int) -> None:
        """Make the brush larger, or smaller."""
        self.set(radius=min(LARGEST, max(SMALLEST, self.radius * GROWTH**steps)))
        if self.tool in PAINTING:
            self.said.emit(f"Brush: {self.radius / 10:.1f} nm radius")

    def choose(self, name: str) -> None:
        """Annotate this class from now on."""
        if name != self.label:
            self._before, self.label = self.label, name
            self.changed.emit()

    def swap(self) -> None:
        """Go over to the background, or back from it to the class before."""
        labels = [label.name for label in self.labels]
        background = labels[0]
        other = self._before if self._before in labels and self._before != background else labels[-1]
        self.choose(other if self.label == background else background)

    def free_box(self) -> int:
        """Return the number for another box: that of the object in the hand, or, if that has a box, of a new one."""
        if any(isinstance(mark, Box) and mark.object_id == self.object_id for mark in self.marks):
            self.set(object_id=next_object_id(self.marks))
        return self.object_id

    def next_object(self) -> None:
        """Let points, boxes and masks belong to another object from now on."""
        self.set(object_id=next_object_id(self.marks))
        self.said.emit(f"Object {self.object_id}")

    # What is done to the marks

    def finish(self, draft: Draft) -> None:
        """Keep what a gesture leaves behind."""
        self.draft = None
        self._change(draft.text, draft.among(self.marks))

    def delete(self, indices: Sequence[int] = ()) -> None:
        """Delete marks, by default the one that is selected."""
        gone = set(indices) or ({self.selected} if self.selected is not None else set())
        if not gone:
            self.said.emit("Select an annotation in the list first, then delete it.")
            return
        self.selected = None
        self._change("Delete annotation", tuple(mark for i, mark in enumerate(self.marks) if i not in gone))

    def delete_point(self, index: int, at: int) -> None:
        """Delete one point of an object, and with the last one the object."""
        mark = self.marks[index]
        if isinstance(mark, SurfacePoints):
            kept = (*mark.points_xyz[:at], *mark.points_xyz[at + 1 :])
            new = (replace(mark, points_xyz=kept),) if kept else ()
            self._change("Delete point", (*self.marks[:index], *new, *self.marks[index + 1 :]))

    def clear(self) -> None:
        """Delete all marks."""
        self.selected = None
        self._change("Clear annotations", ())

    def tag_volume(self, present: frozenset[str]) -> None:
        """Say which classes are present somewhere in the volume, instead of what was said about that before."""
        others = tuple(mark for mark in self.marks if not (isinstance(mark, Tag) and mark.corners_xyz is None))
        self._change("Tag the volume", (*others, Tag(present)) if present else others)

    def tag_selected(self, present: frozenset[str]) -> None:
        """Say which classes are present in the tagged region that is selected."""
        mark = None if self.selected is None else self.marks[self.selected]
        if isinstance(mark, Tag) and present:
            self._change("Tag a region", Draft(replace(mark, present=present), "", self.selected).among(self.marks))

    def select(self, index: int | None, *, jump: bool = False) -> None:
        """Point out a mark; ``jump`` brings the slices to its middle."""
        if index != self.selected:
            self.selected = index
            self.changed.emit()
        extent = None if index is None or not jump else extent_of(self.marks[index])
        if extent is not None:
            x, y, z = ((a + b) / 2 for a, b in zip(*extent, strict=True))
            self.document.show(crosshair_xyz=(x, y, z))

    # What is done to the labels

    def add_label(self) -> None:
        """Add a class and annotate it."""
        label = new_label(self.labels)
        self.document.change(f"Add {label.name}", annotation_labels=(*self.labels, label))
        self.choose(label.name)

    def rename(self, old: str, new: str) -> None:
        """Call a class otherwise, in all marks too."""
        new = new.strip()
        names = [label.name for label in self.labels]
        if not new or new in names or new == ERASED:
            if new != old:
                self.said.emit(f"There is a class called {new} already." if new else "A class needs a name.")
            self.changed.emit()
            return
        labels = tuple(replace(label, name=new) if label.name == old else label for label in self.labels)
        marks = tuple(relabelled(mark, old, new) for mark in self.marks)
        self.label = new if self.label == old else self.label
        self.document.change(f"Rename {old}", annotation_labels=labels, annotations=marks)

    def recolor(self, name: str, color: Triple) -> None:
        """Give a class another colour."""
        labels = tuple(replace(label, color=color) if label.name == name else label for label in self.labels)
        self.document.change(f"Colour of {name}", annotation_labels=labels)

    def remove_label(self, name: str) -> None:
        """Remove a class that no mark names."""
        self.document.change(f"Remove {name}", annotation_labels=tuple(label for label in self.labels if label.name != name))

    def _change(self, text: str, marks: tuple[Mark, ...]) -> None:
        self.document.change(text, annotations=marks)
        self.document.settle()

    def _look(self, old: State, new: State) -> None:
        if all(getattr(new, name) is getattr(old, name) for name in FOLLOWED) and new.scene.ramps is old.scene.ramps:
            return
        if new.volume is not old.volume:
            self._meet(new)
        if new.annotations is not old.annotations and self.draft is not None:
            self.aborted.emit()  # an undo while a hand draws: what the gesture began with is no more
        if new.annotations is not old.annotations and self.selected is not None:
            # The same mark, if it is still there; an adjusted one stays in its place.
            mark = old.annotations[self.selected] if self.selected < len(old.annotations) else None
            index = next((i for i, other in enumerate(new.annotations) if other is mark), None)
            kept = self.selected if index is None and len(new.annotations) == len(old.annotations) else index
            self.selected = kept
        names = [label.name for label in self.labels]
        if self.label not in names:
            self.label = names[min(1, len(names) - 1)]
        self.changed.emit()

    def _meet(self, new: State) -> None:
        self.aborted.emit()
        self.asked = None
        self.selected, self.draft, self.tool = None, None, None if new.volume is None else self.tool
        self.object_id = next_object_id(new.annotations)
        if new.volume is not None:
            size = new.volume.grid.mean_voxel_size
            self.radius = BRUSH_VOXELS * size
            self.depths = {"lasso": size, "tag": SLAB_VOXELS * size}
