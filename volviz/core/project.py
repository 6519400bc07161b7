"""Everything about a session that is worth keeping: the contents of a ``.volviz`` file."""

from __future__ import annotations

from dataclasses import dataclass, field

from volviz.core.annotations import Mark
from volviz.core.camera import Camera
from volviz.core.scene import Scene
from volviz.core.segmentation import Label

VERSION = 1


@dataclass(frozen=True, slots=True)
class Source:
    """A file the session needs: its path, and the voxel size (A) a person gave where the header knew none."""

    path: str
    voxel_size: float | None = None


@dataclass(frozen=True, slots=True)
class Bookmark:
    """A place worth coming back to."""

    name: str
    camera: Camera


@dataclass(frozen=True, slots=True)
class Keyframe:
    """The view at a moment of a video, in seconds from its start."""

    seconds: float
    camera: Camera
    scene: Scene


@dataclass(frozen=True, slots=True)
class Project:
    """A session. ``volviz.io`` opens and saves it, and finds its sources again.

    ``annotation_labels`` are the classes to annotate and their colours; none where they are those of the segmentation.
    """

    volume: Source | None = None
    segmentation: Source | None = None
    scene: Scene = field(default_factory=Scene)
    camera: Camera | None = None
    annotations: tuple[Mark, ...] = ()
    annotation_labels: tuple[Label, ...] = ()
    bookmarks: tuple[Bookmark, ...] = ()
    animation: tuple[Keyframe, ...] = ()
    version: int = VERSION
