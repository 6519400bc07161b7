"""Everything about a session that is worth keeping: the contents of a ``.volviz`` file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from volviz.core.animation import Keyframe
from volviz.core.annotations import Mark
from volviz.core.arranged import Kept
from volviz.core.camera import Camera
from volviz.core.grid import Grid, Shape, Triple
from volviz.core.scene import Scene
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume

VERSION = 3  # raised when a field is added, so that an older volviz asks to be updated instead of losing it


@dataclass(frozen=True, slots=True)
class Source:
    """A file the session needs: its path, and the voxel size (A) a person gave in place of the file's.

    ``shape`` (z, y, x) is how the file is told from another of the same name; ``stated`` is the voxel size (A) that it
    states, None where it knows none. ``index`` is the number of the volume in a file of several. ``unsized`` is set where a
    person was asked for the voxel size of a file that knows none, and did not know it either.
    """

    path: str
    voxel_size: float | None = None
    shape: Shape | None = None
    stated: Triple | None = None
    index: int | None = None
    unsized: bool = False

    @classmethod
    def of(cls, path: Path | str, value: Volume | Segmentation) -> Source:
        """Return what is to be remembered of a file that has just been opened, before anything about it is changed."""
        grid = value.grid
        index = value.header.get("index") if value.header.get("count", 1) > 1 else None
        return cls(str(path), None, grid.shape, grid.voxel_size if grid.voxel_size_known else None, index)

    def seen_as(self, grid: Grid) -> Source:
        """Return it with the voxel size of a grid, if that is not what the file states."""
        given = grid.voxel_size_known and grid.voxel_size != self.stated
        return replace(self, voxel_size=grid.voxel_size[0] if given and len(set(grid.voxel_size)) == 1 else None)


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place worth coming back to."""

    name: str
    camera: Camera


@dataclass(frozen=True, slots=True)
class Project:
    """A session. ``volviz.io`` opens and saves it, and finds its sources again.

    ``classes`` say which classes of the segmentation's file are kept, in which order and under which names; all, as they are, if
    there are none. ``annotation_labels`` are the classes to annotate and their colours; none where they are those of the segmentation.
    A field that has the name of a field of the window's `State` is saved from it and put back into it; None there is what
    the window finds out by itself. Nothing else is needed to keep something.
    ``contrast`` are the grey values shown black and white on the slices, ``overlay`` the opacity of the classes
    there, ``slab`` the thickness (nm) that a slice is the mean of.
    """

    volume: Source | None = None
    segmentation: Source | None = None
    scene: Scene = field(default_factory=Scene)
    camera: Camera | None = None
    crosshair_xyz: Triple | None = None
    contrast: tuple[float, float] | None = None
    overlay: float | None = None
    slab: float | None = None
    classes: tuple[Kept, ...] = ()
    annotations: tuple[Mark, ...] = ()
    annotation_labels: tuple[Label, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    animation: tuple[Keyframe, ...] = ()
    version: int = VERSION

    @property
    def cameras(self) -> tuple[Camera, ...]:
        """All that it looks with: the view, the bookmarks and the keyframes."""
        view = (self.camera,) if self.camera else ()
        return (*view, *(kept.camera for kept in self.bookmarks), *(moment.camera for moment in self.animation))
