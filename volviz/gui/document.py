"""The one mutable thing of the window: which values it shows now, and the way back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from volviz.core.arranged import ArrangedClasses
from volviz.core.camera import Camera
from volviz.core.grid import Grid, Region, Triple
from volviz.core.scene import Scene
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.gui.cutting import following, meeting
from volviz.gui.machine import budget, gigabytes
from volviz.measure.cleaned import akin

if TYPE_CHECKING:
    from volviz.core.animation import Keyframe
    from volviz.core.annotations import Mark
    from volviz.core.project import Bookmark, Project
    from volviz.gui.overview import Overview

UNDO_BYTES = budget(4_000_000_000)  # of results in memory that only undo or redo still needs
GONE = object()  # in the place of a result that was let go of
LOOK_OF_RESULT = {"scene", "estimated"}  # what goes with a result, and makes no sense without it


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """All that the views look at.

    ``estimated`` is the look that was estimated from the data: where the ramps' thresholds are marked, and what a reset
    brings back.
    ``contrast`` are the grey values shown black and white in the slices, in units of the file. ``slab`` is how
    thick a slice is that they are the mean of (nm; 0 for one voxel). ``overlay`` is the
    opacity of the classes on the slices, 0..1. ``live`` is a segmentation that is still being computed: its data fill
    up brick by brick. ``cleaned`` is the segmentation cleaned as the scene says, or as it said a moment ago: `LiveCleaning`
    follows it. With ``doubt`` the slices show where the classes are uncertain instead of the classes.
    ``annotations`` are what a person has said, in the order of saying; ``annotation_labels`` are the classes to annotate, none
    where they are those of the segmentation. ``animation`` are the keyframes of a video by time, ``bookmarks`` views to come back
    to. ``overview`` are means of a volume some of whose slices take long to read.
    ``project`` is what the session file holds beyond what is shown here; ``path`` is that file.
    """

    volume: Volume | None = None
    segmentation: Segmentation | None = None
    scene: Scene = field(default_factory=Scene)
    estimated: Scene = field(default_factory=Scene)
    camera: Camera = field(default_factory=Camera)
    crosshair_xyz: Triple = (0.0, 0.0, 0.0)
    contrast: tuple[float, float] = (0.0, 1.0)
    overlay: float = 0.5
    slab: float = 0.0
    live: Segmentation | None = None
    cleaned: Segmentation | None = None
    doubt: bool = False
    annotations: tuple[Mark, ...] = ()
    annotation_labels: tuple[Label, ...] = ()
    animation: tuple[Keyframe, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    overview: Overview | None = None
    project: Project | None = None
    path: Path | None = None

    @property
    def classes(self) -> Segmentation | None:
        """The segmentation to show: the one being computed, else the one there is, cleaned if it is."""
        return self.live or self.cleaned or self.segmentation

    @property
    def grid(self) -> Grid | None:
        """The grid whose box is drawn: that of the classes where there are any."""
        value = self.classes or self.volume
        return None if value is None else value.grid


class Document(QObject):
    """Holds the present `State` and the undo stack.

    ``show`` is for what a person does not expect undo to bring back (where one looks from, where the crosshair is);
    ``change`` is for what one does (looks, annotations, segmentations). Steps are kept without bound; of large results, as
    many of the newest as fit into `UNDO_BYTES`.
    """

    changed = Signal(object, object)  # old State, new State
    brick_arrived = Signal(object)  # the Region of ``state.classes`` that has just been filled, or cleaned anew
    forgotten = Signal(str)  # a sentence on what can be undone no more

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = State()
        self.undo_stack = QUndoStack(self)
        self.marks_file: Path | None = None  # that the annotations were last written to or read from
        self._gesture = 0

    def open(self, state: State) -> None:
        """Show other data. What was undoable is no more: it belonged to the data before."""
        self.undo_stack.clear()
        self.undo_stack.setClean()  # an empty stack does not clear itself of what was recovered and not saved
        if state.grid is not None:
            state = replace(state, crosshair_xyz=meeting(state.scene, state.grid, state.crosshair_xyz))
        self._replace(state)

    def show(self, **fields: Any) -> None:
        """Replace fields of the state without an undo step."""
        self._replace(replace(self.state, **fields))

    def change(self, text: str, *, merge: str = "", **fields: Any) -> None:
        """Replace fields of the state as one undo step.

        Consecutive changes with the same ``merge`` become one step until `settle`: the drag of a slider.
        """
        before = {name: getattr(self.state, name) for name in fields}
        if all(_same(before[name], value) for name, value in fields.items()):
            return
        self.undo_stack.push(_Replace(self, text, before, fields, f"{merge}/{self._gesture}" if merge else ""))
        if _arrays((*before.values(), *fields.values())):  # nothing else takes memory worth counting
            self._keep_within(UNDO_BYTES)

    def derive(self, text: str, of: str, **fields: Any) -> None:
        """Replace fields by what was worked out from another field, ``of``, within the step that changed that one: it is undone with it.

        The first of the fields is what counts. Worked out again, it replaces what was worked out before, in the same step. If something
        else was put there since ``of`` was last changed, or that cannot be undone, this is a step of its own.
        """
        steps = [self.undo_stack.command(i) for i in range(self.undo_stack.count())]
        done, undone = steps[: self.undo_stack.index()], steps[self.undo_stack.index() :]
        step = _home(done, text, of, next(iter(fields)))
        if step is None:
            step = _Replace(self, text, {name: getattr(self.state, name) for name in fields}, fields, "")
            step.derived = text
            self.undo_stack.push(step)
        else:
            step.derived = text
            step.also({name: getattr(self.state, name) for name in fields}, fields)
            left = dict(fields)
            for later in undone:
                left = later.follow(left) if isinstance(later, _Replace) else left
            self.undo_stack.resetClean()  # what was saved is no longer all there is
            self.show(**fields)
        self._keep_within(UNDO_BYTES)

    def settle(self) -> None:
        """End a gesture: the next change is an undo step of its own."""
        self._gesture += 1

    def brick(self, region: Region) -> None:
        """Say that a region of ``state.classes`` has been filled, or cleaned anew."""
        self.brick_arrived.emit(region)

    @property
    def kept_bytes(self) -> int:
        """What results in memory take that only undo or redo still needs."""
        return sum(array.nbytes for array in self._kept().values())

    def _kept(self) -> dict[int, npt.NDArray[Any]]:
        """Return the arrays that only the steps hold, the newest first."""
        shown = {id(array) for array in _arrays((self.state.volume, self.state.segmentation))}
        kept: dict[int, npt.NDArray[Any]] = {}
        for index in range(self.undo_stack.count() - 1, -1, -1):
            step = self.undo_stack.command(index)
            if isinstance(step, _Replace):
                kept.update({id(array): array for array in _arrays(step.values()) if id(array) not in shown | set(kept)})
        return kept

    def _keep_within(self, budget: int) -> None:
        """Let go of the oldest results that take more memory than undo may have, and of nothing else."""
        gone = set()
        for number, array in self._kept().items():
            budget -= array.nbytes
            if budget < 0:
                gone.add(number)
        if gone:
            for index in range(self.undo_stack.count()):
                step = self.undo_stack.command(index)
                if isinstance(step, _Replace):
                    step.let_go(gone)
            self.forgotten.emit(
                f"An earlier segmentation was let go of: those that only undo needs may take {gigabytes(UNDO_BYTES)} of memory. All other "
                "changes can still be undone."
            )

    def _replace(self, state: State) -> None:
        if state.grid is not None:  # here, so that every listener sees the planes where the crosshair is
            scene = following(state.scene, state.grid, state.crosshair_xyz)
            state = state if scene is state.scene else replace(state, scene=scene)
        if state.cleaned is not None and not akin(state.cleaned, state.segmentation):
            state = replace(state, cleaned=None)
        old, self.state = self.state, state
        self.changed.emit(old, state)


class _Replace(QUndoCommand):
    """Fields before and after. Keeping old values is all there is to undo, because values never change."""

    def __init__(self, document: Document, text: str, before: dict[str, Any], after: dict[str, Any], merge: str) -> None:
        super().__init__(text)
        self._document, self._before, self._after, self._merge = document, before, after, merge
        self.derived = ""  # what was worked out within this step

    def sets(self, name: str) -> bool:
        return name in self._after

    def also(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        """Replace these fields too; what was before this step stays."""
        self._before = {**before, **self._before}
        self._after = {**self._after, **after}

    def follow(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Go back to these values, which changed while this step was undone; return those that it does not set."""
        self._before = {name: fields.get(name, value) for name, value in self._before.items()}
        return {name: value for name, value in fields.items() if name not in self._before}

    def values(self) -> tuple[object, ...]:
        return (*self._before.values(), *self._after.values())

    def let_go(self, arrays: set[int]) -> None:
        for values in (self._before, self._after):
            for name, value in values.items():
                if any(id(array) in arrays for array in _arrays((value,))):
                    values[name] = GONE

    def id(self) -> int:
        return 1 if self._merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Replace) or other._merge != self._merge:
            return False
        self._after = {**self._after, **other._after}
        self._before = {**other._before, **self._before}
        return True

    def redo(self) -> None:
        self._document.show(**_there(self._after))

    def undo(self) -> None:
        self._document.show(**_there(self._before))


def _home(done: list[QUndoCommand], text: str, of: str, counts: str) -> _Replace | None:
    """Return the step within which something is worked out from ``of``; see `Document.derive`."""
    found: _Replace | None = None
    for step in reversed(done):
        if not isinstance(step, _Replace):
            continue
        if step.derived == text:
            return step
        if step.sets(counts):
            break
        if found is None and step.sets(of):
            found = step
    return found


def _there(values: dict[str, Any]) -> dict[str, Any]:
    """Return what can be brought back. Where a result was let go of, the one that is shown stays, with its look."""
    if GONE not in values.values():
        return values
    return {name: value for name, value in values.items() if value is not GONE and name not in LOOK_OF_RESULT}


def _arrays(values: tuple[object, ...]) -> list[npt.NDArray[Any]]:
    """Return the arrays in memory of volumes and segmentations; what lies on disk costs nothing to keep."""
    data = [value.data for value in values if isinstance(value, Volume | Segmentation)]
    data = [array.source if isinstance(array, ArrangedClasses) else array for array in data]
    return [array for array in data if isinstance(array, np.ndarray) and not isinstance(array, np.memmap)]


def _same(a: object, b: object) -> bool:
    return a is b or (not isinstance(a, Volume | Segmentation) and a == b)


def same_result(a: Segmentation | None, b: Segmentation | None) -> bool:
    """Whether two segmentations hold the same data: one may have been saved since, and say where."""
    return a is b or (a is not None and b is not None and a.data is b.data)
