"""Videos of values in memory: named motions and keyframes, one path for the window, the command line and Python."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from volviz.core.animation import Keyframe, Keyframes, completed, views
from volviz.core.camera import Camera
from volviz.core.estimate import drawn_points, first_camera
from volviz.core.motions import Motion, Turntable
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.core.segmentation import Bits, Segmentation
from volviz.core.sizing import agreed
from volviz.core.volume import Volume
from volviz.tasks.clean import clean
from volviz.tasks.marked import Marks, sketched

if TYPE_CHECKING:
    from volviz.io.video import VideoQuality
    from volviz.render.picture import Artist
    from volviz.render.sketch import Sketch

TRIES = 24  # moments at which a motion is looked at, so that nothing leaves the picture
Views = list[tuple[Scene, Camera]]


def animate(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None,
    frames: Motion | Sequence[Keyframe],
    path: str | Path,
    size: tuple[int, int] = (1920, 1080),
    fps: float = 30,
    camera: Camera | None = None,
    quality: VideoQuality = "high",
    overwrite: bool = False,
    artist: Artist | None = None,
    report: Report = silent,
    bits: Bits | None = None,
    marks: Marks = (),
) -> Path:
    """Write a video of a motion that begins with a scene and a camera, or of keyframes, which bring their own. Return its path.

    ``path`` ends in .mp4 or .webm; without a suffix it is a folder of pictures, and ``name_%04d.png`` are pictures with numbers.
    Without a camera a motion is seen from where all of it stays in the picture. The classes are cleaned as each scene says.
    An ``artist`` draws the pictures where the data are on a GPU already, as in a window, cleaned and stored as ``scene`` has them.
    ``marks`` are those of `still`.

    Raises:
        VolvizError: the file cannot be written, or there is no OpenGL 4.3 here.
        Cancelled: by ``report``; nothing is left behind.
    """
    from volviz.io.video import Video

    path = Path(path)
    if segmentation is not None:
        volume, segmentation = agreed(volume, segmentation)
    keyframes = keyframes_of(frames, scene, volume, segmentation, camera, size[0] / size[1])
    sketch = sketched(marks, scene, segmentation)
    pictures = _pictures(views(keyframes, fps, volume.grid.bounds_xyz), volume, segmentation, size, artist, bits, sketch, report)
    with closing(pictures), Video(path, size, fps, overwrite=overwrite, quality=quality) as video:
        for picture in pictures:
            video.write(picture)
    return path


def spin(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None,
    path: str | Path,
    size: tuple[int, int] = (1920, 1080),
    seconds: float = 10.0,
    fps: float = 30,
    camera: Camera | None = None,
    degrees: float = 360.0,
    overwrite: bool = False,
    report: Report = silent,
    bits: Bits | None = None,
    quality: VideoQuality = "high",
    marks: Marks = (),
) -> Path:
    """Write a video of a turn at even speed about the picture's vertical; whole turns loop without a seam. Return its path.

    It is `animate` with a `Turntable`.

    Raises:
        VolvizError: the file cannot be written, or there is no OpenGL 4.3 here.
    """
    turn = Turntable(degrees, seconds)
    return animate(
        scene,
        volume,
        segmentation,
        turn,
        path,
        size,
        fps,
        camera,
        quality,
        overwrite=overwrite,
        report=report,
        bits=bits,
        marks=marks,
    )


def keyframes_of(
    frames: Motion | Sequence[Keyframe],
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None,
    camera: Camera | None = None,
    aspect: float = 16 / 9,
) -> Keyframes:
    """Return the keyframes of a motion that begins with this view; keyframes are themselves, with the classes there are by now.

    Without a camera the whole motion stays in a picture of this width over height.
    """
    if isinstance(frames, Sequence):
        return completed(frames, scene)
    if camera is not None:
        return frames.keyframes(scene, camera, volume.grid.bounds_xyz)
    points = drawn_points(volume, segmentation, scene.region)
    first = first_camera(volume, segmentation, aspect, scene.region)
    x, y, z = (float(v) for v in (points.min(axis=0) + points.max(axis=0)) / 2)
    around = replace(first, target_xyz=(x, y, z))
    seen = views(frames.keyframes(scene, around), TRIES / frames.seconds)
    farthest = max(view.seeing(points, aspect=aspect, margin=1.1, centred=False).distance for _, view in seen)
    return frames.keyframes(scene, replace(around, distance=farthest), volume.grid.bounds_xyz)


def shares_data(scene: Scene, keyframes: Sequence[Keyframe]) -> bool:
    """Say whether what lies in the graphics memory for a scene serves for every moment of an animation."""
    return all(_data_of(keyframe.scene) == _data_of(scene) for keyframe in keyframes)


def _data_of(scene: Scene) -> object:
    return scene.stored, scene.cleans


def _pictures(
    shown: Views,
    volume: Volume,
    segmentation: Segmentation | None,
    size: tuple[int, int],
    artist: Artist | None,
    bits: Bits | None,
    sketch: Sketch | None,
    report: Report,
) -> Generator[npt.NDArray[np.uint8], None, None]:
    """Yield all pictures, bringing data to the GPU anew where classes are cleaned otherwise from there on."""
    from volviz.render.frames import frames

    def told(fraction: float, text: str = "", **metrics: float) -> None:
        picture = f"picture {min(len(shown), 1 + int(fraction * len(shown)))} of {len(shown)}"
        report(fraction, text if text.startswith("reading") else picture)

    done = 0
    for _, alike in groupby(shown, key=lambda view: None if artist is not None else view[0].cleans):
        group = list(alike)
        share = part(told, done / len(shown), (done + len(group)) / len(shown))
        classes = segmentation
        if artist is None and segmentation is not None:
            classes = clean(segmentation, group[0][0], part(report, done / len(shown), done / len(shown)))
        with closing(frames(group, volume, classes, size=size, artist=artist, bits=bits, sketch=sketch, report=share)) as pictures:
            yield from pictures
        done += len(group)
