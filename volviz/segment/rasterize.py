"""What a person marked, as classes of voxels.

Strokes and lassos are painted in the order in which they were made; an erasing stroke takes back what was painted before it.
Boxes and points are objects of their own, which nothing erases: boxes lie under what was painted, points over it. A box
fills its rectangle on every section, unless a mask or lassos of its object say where in it the object is. A dense labelling
lies under everything. Tags mark no voxel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import Annotation, Box, Dense, Lasso, Stroke, SurfacePoints, labels_of
from volviz.core.grid import Floats, Grid, Region, bricks
from volviz.core.segmentation import VIRION_LABELS, Label

UNLABELLED = 255
"""The class number of a voxel that nobody said anything of."""

MOST_CLASSES = 127  # with more, numbers would not fit a signed byte
BRICK = (64, 256, 256)
PIECE = 6.0  # voxels: a long step of a stroke is painted in pieces, or the box around it would be mostly empty
SLACK = 1e-6  # of a voxel: what lies on the edge of a brush or box by rights shall not fall out by rounding

Classes = npt.NDArray[np.uint8]


def classes_of(annotations: Iterable[Annotation], known: Sequence[Label] = VIRION_LABELS) -> tuple[Label, ...]:
    """Return the classes that numbers stand for, by number: those that are known, then others in the order they appear.

    The first known ones are those of label files: 0 background, 1 membrane, 2 spikes, 3 lumen.

    Raises:
        ValueError: there are more than 127.
    """
    labels = {label.name: label for label in known}
    for annotation in annotations:
        if isinstance(annotation, Dense):
            labels |= {label.name: label for label in annotation.segmentation.labels if label.name not in labels}
        else:
            labels |= {name: Label(name) for name in labels_of(annotation) if name not in labels}
    if len(labels) > MOST_CLASSES:
        raise ValueError(f"{len(labels)} classes do not fit a label file")
    return tuple(labels.values())


def rasterize(annotations: Sequence[Annotation], grid: Grid, labels: Sequence[Label], region: Region | None = None) -> Classes:
    """Return the class number of every voxel of a region of a grid, (z, y, x) uint8, `UNLABELLED` where nothing was said.

    What marks nothing in the region costs next to nothing, so that it can follow every stroke in a small region.
    ``labels`` are the classes by number, as `classes_of` returns them; what names another class marks nothing.
    """
    region = region or Region.whole(grid.shape)
    canvas = _Canvas(grid, region)
    numbers = {label.name: i for i, label in enumerate(labels)}
    out = canvas.blank()
    for annotation in annotations:
        if isinstance(annotation, Dense):
            _put(out, canvas.dense(annotation, numbers))
    masked = {(a.object_id, a.label) for a in annotations if isinstance(a, Lasso) and a.object_id is not None}
    for annotation in annotations:
        if isinstance(annotation, Box) and annotation.label in numbers:
            canvas.box(out, annotation, numbers[annotation.label], whole=(annotation.object_id, annotation.label) not in masked)
    painted = canvas.blank() if any(isinstance(a, Stroke | Lasso) for a in annotations) else None
    if painted is not None:
        for annotation in annotations:
            if isinstance(annotation, Stroke) and (annotation.erases or annotation.label in numbers):
                canvas.stroke(painted, annotation, UNLABELLED if annotation.erases else numbers[annotation.label])
            elif isinstance(annotation, Lasso) and annotation.label in numbers:
                canvas.lasso(painted, annotation, numbers[annotation.label])
        _put(out, painted)
    for annotation in annotations:
        if isinstance(annotation, SurfacePoints) and annotation.label in numbers:
            canvas.points(out, annotation, numbers[annotation.label])
    return out


def agreed(people: Sequence[Sequence[Annotation]], grid: Grid, labels: Sequence[Label], region: Region | None = None) -> Classes:
    """Return what several people say together, each painted by itself as `rasterize` does.

    Where two of them name different classes, neither is believed: nothing is said there. What one person alone marked counts.
    """
    out, disputed = rasterize(people[0], grid, labels, region), None
    for said in people[1:]:
        more = rasterize(said, grid, labels, region)
        differs = (out != UNLABELLED) & (more != UNLABELLED) & (out != more)
        disputed = differs if disputed is None else disputed | differs
        np.copyto(out, more, where=out == UNLABELLED)
    if disputed is not None:
        out[disputed] = UNLABELLED
    return out


def rasterized(annotations: Sequence[Annotation], grid: Grid, labels: Sequence[Label]) -> Iterator[tuple[Region, Classes]]:
    """Yield bricks that cover a grid, each with its class numbers: what `rasterize` returns, in bounded memory."""
    for region in bricks(grid.shape, BRICK):
        yield region, rasterize(annotations, grid, labels, region)


def _put(below: Classes, above: Classes) -> None:
    """Paint one layer over another, but where it says nothing."""
    np.copyto(below, above, where=above != UNLABELLED)


@dataclass(frozen=True, slots=True, eq=False)
class _Canvas:
    """A region of a grid to paint on. What is painted are arrays of its shape."""

    grid: Grid
    region: Region

    def blank(self) -> Classes:
        return np.full(self.region.shape, UNLABELLED, np.uint8)

    def places(self, axis: int, part: slice) -> Floats:
        """Return the coordinates (A) of the voxels of a part of the region along an axis of the array."""
        index = np.arange(part.start, part.stop) + self.region.start[axis]
        return np.asarray(self.grid.origin[axis] + index * self.grid.voxel_size[axis])

    def within(self, low_zyx: npt.ArrayLike, high_zyx: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the first voxels and those after the last, in the region, whose centres lie between corners (..., 3) in angstrom."""
        first, last = ((np.asarray(c) - self.grid.origin) / self.grid.voxel_size - self.region.start for c in (low_zyx, high_zyx))
        start = np.clip(np.ceil(first - SLACK), 0, self.region.shape).astype(np.int64)
        stop = np.clip(np.floor(last + SLACK) + 1, 0, self.region.shape).astype(np.int64)
        return start, stop

    def stroke(self, out: Classes, stroke: Stroke, number: int) -> None:
        path = np.asarray(stroke.path_xyz, dtype=np.float64).reshape(-1, 3)[:, ::-1]
        if not len(path):
            return
        begins, steps = _steps(path, PIECE * max(self.grid.voxel_size) + 2 * stroke.radius)
        ends = begins + steps
        starts, stops = self.within(np.minimum(begins, ends) - stroke.radius, np.maximum(begins, ends) + stroke.radius)
        reach = (stroke.radius + SLACK * min(self.grid.voxel_size)) ** 2
        for i in np.flatnonzero((starts < stops).all(axis=1)):
            box = tuple(slice(int(a), int(b)) for a, b in zip(starts[i], stops[i], strict=True))
            z, y, x = (self.places(axis, part) - begins[i, axis] for axis, part in enumerate(box))
            z, y = z[:, None, None], y[:, None]
            dz, dy, dx = steps[i]
            length = float(steps[i] @ steps[i])
            along = np.clip((z * dz + y * dy + x * dx) / length, 0, 1) if length else np.zeros(())
            near = (z - along * dz) ** 2 + (y - along * dy) ** 2 + (x - along * dx) ** 2 <= reach
            out[box][near] = number

    def lasso(self, out: Classes, lasso: Lasso, number: int) -> None:
        outline = np.asarray(lasso.outline_xyz, dtype=np.float64).reshape(-1, 3)[:, ::-1]
        if not len(outline):
            return
        normal = "zyx".index(lasso.normal)
        thick = np.zeros(3)
        thick[normal] = lasso.thickness / 2
        start, stop = self.within(outline.min(axis=0) - thick, outline.max(axis=0) + thick)
        if (start >= stop).any():
            return
        box = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        rows, columns = (axis for axis in range(3) if axis != normal)
        inside = _inside(outline[:, [rows, columns]], self.places(rows, box[rows]), self.places(columns, box[columns]))
        out[box][np.broadcast_to(np.expand_dims(inside, normal), out[box].shape)] = number

    def box(self, out: Classes, box: Box, number: int, *, whole: bool) -> None:
        low, high = box.corners_xyz
        start, stop = self.within(low[::-1], high[::-1])
        if box.mask is not None:
            self.mask(out, box, number)
        elif whole and (start < stop).all():
            part = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
            if not box.sections:
                out[part] = number
                return
            places = [self.places(axis, one) for axis, one in enumerate(part)]
            inside = np.ones(out[part].shape, dtype=bool)
            for name in box.adjusted:
                axis = "zyx".index(name)
                # The two other axes of the array, in the order of x, y, z, as sections have them.
                for side, other in enumerate(sorted({0, 1, 2} - {axis}, reverse=True)):
                    slack = SLACK * self.grid.voxel_size[other]
                    ends = [np.expand_dims(end[:, side], 1) for end in box.spans(name, places[axis])]
                    within = (places[other] >= ends[0] - slack) & (places[other] <= ends[1] + slack)
                    inside &= np.expand_dims(within if axis < other else within.T, 3 - axis - other)
            out[part][inside] = number

    def mask(self, out: Classes, box: Box, number: int) -> None:
        """Paint the voxels whose centres lie in a voxel of the box's mask."""
        assert box.mask is not None
        low, high = (corner[::-1] for corner in box.mask.grid.bounds_xyz)
        start, stop = self.within(low, high)
        if (start < stop).all():
            part = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
            inside = box.mask.inside[np.ix_(*(self._nearest(box.mask.grid, axis, p) for axis, p in enumerate(part)))]
            out[part][inside] = number

    def points(self, out: Classes, points: SurfacePoints, number: int) -> None:
        if points.points_xyz:
            index = np.rint(self.grid.to_index(points.points_xyz)).astype(np.int64) - self.region.start
            index = index[((index >= 0) & (index < self.region.shape)).all(axis=1)]
            out[tuple(index.T)] = number

    def dense(self, dense: Dense, numbers: dict[str, int]) -> Classes:
        """Return the most probable classes of a labelling, of its nearest voxels; nothing where it says nothing, or ends."""
        given, out = dense.segmentation, self.blank()
        low, high = (corner[::-1] for corner in given.grid.bounds_xyz)
        start, stop = self.within(low, high)
        if (start >= stop).any():
            return out
        part = tuple(slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
        z, y, x = (self._nearest(given.grid, axis, p) for axis, p in enumerate(part))
        classes: Any = np.asarray(given.data[:, z[0] : z[-1] + 1, y[0] : y[-1] + 1, x[0] : x[-1] + 1])
        classes = classes[np.ix_(range(len(classes)), z - z[0], y - y[0], x - x[0])]
        nothing = (given.most + 1) // 2 if given.kind == "score" else 0
        lookup = np.array([numbers.get(label.name, UNLABELLED) for label in given.labels], np.uint8)
        out[part] = np.where(classes.max(axis=0) > nothing, lookup[classes.argmax(axis=0)], UNLABELLED)
        return out

    def _nearest(self, other: Grid, axis: int, part: slice) -> npt.NDArray[np.int64]:
        """Return the voxels of another grid that are nearest to those of a part of the region, along one axis."""
        index = (self.places(axis, part) - other.origin[axis]) / other.voxel_size[axis]
        return np.clip(np.rint(index), 0, other.shape[axis] - 1).astype(np.int64)


def _steps(path: Floats, longest: float) -> tuple[Floats, Floats]:
    """Return where the steps of a path begin and what they are, (n, 3) both, none longer than asked; one of no length for a dot."""
    if len(path) == 1:
        return path, np.zeros((1, 3))
    steps = np.diff(path, axis=0)
    counts = np.maximum(1, np.ceil(np.linalg.norm(steps, axis=1) / longest)).astype(np.int64)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    pieces = np.repeat(steps / counts[:, None], counts, axis=0)
    return np.repeat(path[:-1], counts, axis=0) + within[:, None] * pieces, pieces


def _inside(outline: Floats, rows: Floats, columns: Floats) -> npt.NDArray[np.bool_]:
    """Tell by the even-odd rule which places of a lattice (row, column) lie inside a closed outline (n, 2)."""
    begins, ends = outline, np.roll(outline, -1, axis=0)
    low, high = np.minimum(begins[:, 0], ends[:, 0]), np.maximum(begins[:, 0], ends[:, 0])
    first, last = np.searchsorted(rows, low), np.searchsorted(rows, high)
    counts = last - first  # of rows that an edge crosses
    edge = np.repeat(np.arange(len(outline)), counts)
    row = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + first[edge]
    share = (rows[row] - begins[edge, 0]) / (ends[edge, 0] - begins[edge, 0])
    crossing = begins[edge, 1] + share * (ends[edge, 1] - begins[edge, 1])
    column = np.searchsorted(columns, crossing)
    width = len(columns) + 1
    crossed = np.bincount(row * width + column, minlength=len(rows) * width).reshape(len(rows), width)
    return np.asarray(np.cumsum(crossed, axis=1)[:, :-1] % 2 == 1)
