"""Stills of values in memory; stills and videos of files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt

from volviz.core.alone import is_alone
from volviz.core.animation import Keyframe, Keyframes
from volviz.core.arranged import arrange, kept_of
from volviz.core.atomic import check_absent, check_folder
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError, check_choice
from volviz.core.estimate import first_camera
from volviz.core.project import Project, Source
from volviz.core.report import Report, part, silent
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Bits, Label, Segmentation
from volviz.core.sizing import agreed, laid
from volviz.core.stages import Panel
from volviz.core.volume import Volume, check_volume
from volviz.io import open as open_path
from volviz.io.combined import CombinedClasses
from volviz.tasks.clean import clean
from volviz.tasks.marked import Marks, annotated, sketched, with_marks
from volviz.tasks.segment import segment
from volviz.tasks.session import is_session, open_session, tomogram_of

if TYPE_CHECKING:
    from volviz.core.motions import Motion
    from volviz.io.video import VideoQuality
    from volviz.render.picture import Artist
    from volviz.segment.protocol import Device

Quality = Literal["cached", "exact"]


def still(
    scene: Scene,
    volume: Volume,
    segmentation: Segmentation | None = None,
    size: tuple[int, int] = (3840, 2160),
    camera: Camera | None = None,
    quality: Quality = "cached",
    transparent: bool = False,
    report: Report = silent,
    bits: Bits | None = None,
    marks: Marks = (),
) -> npt.NDArray[np.uint8]:
    """Draw a picture of any size, without a window: (height, width, 4) uint8, sRGB, straight alpha, top row first.

    Without a camera the whole volume is seen at an angle. Quality "exact" lights every sample by itself. The classes are
    cleaned first as the scene says.
    ``bits`` (8 or 16) is how fine the textures are, by default as fine as the classes.
    ``marks``, such as `volviz.read_annotations` returns, are drawn over it as lines, faint where the object is before them.

    Raises:
        TypeError: ``volume`` is no volume.
        VolvizError: there is no OpenGL 4.3 here, or the volume does not fit the graphics memory.
    """
    from volviz.render.still import still as draw

    check_volume(volume)
    if min(size) < 1 or any(n != int(n) for n in size):
        raise VolvizError(f"A picture has a whole number of pixels along each side, and at least one, not {size[0]} x {size[1]}.")
    check_choice("The quality of a picture", quality, get_args(Quality))
    check_choice("How many bits the classes are drawn with", bits, (None, 8, 16))
    if segmentation is not None:
        volume, segmentation = agreed(volume, segmentation)
    shown = _cleaned(segmentation, scene, report)
    sketch = sketched(marks, scene, segmentation)
    return draw(
        scene,
        volume,
        shown,
        size=size,
        camera=camera and camera.checked(),
        quality=quality,
        transparent=transparent,
        bits=bits,
        sketch=sketch,
        report=report,
    )


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """Everything there is to draw, and what should be said about it.

    ``project`` is what a picture of it keeps, so that it can be opened again: the names of files, annotations and the like.
    """

    volume: Volume
    segmentation: Segmentation | None
    scene: Scene
    camera: Camera | None = None
    notes: tuple[str, ...] = ()
    animation: Keyframes = ()
    project: Project | None = None


def open_view(
    path: Path,
    *,
    segmentation: Path | Sequence[Path] | None = None,
    names: Sequence[str] | None = None,
    scales: Sequence[str] | None = None,
    model: str | Path = "unet",
    device: Device = "auto",
    voxel_size: float | None = None,
    dense_is_dark: bool | None = None,
    find: Sequence[Path] = (),
    check: Callable[[View], None] = lambda view: None,
    bits: Bits = 8,
    classes: bool = True,
    marks: Path | bool = False,
    report: Report = silent,
) -> View:
    """Open a tomogram, a session or a picture, with a segmentation from files or, failing that, from a model run now.

    Without ``classes`` there is none of either. ``names`` and ``scales`` are those of classes from other programs, as
    `volviz.tasks.combine` takes them. Files of a session that have moved are looked for in the folders of ``find``.
    ``marks`` is a file of annotations, in place of the session's, or says that there must be some.
    ``check`` is called when the inputs are open and before the long work, to refuse what cannot be drawn or written: with the view as
    far as it is known by then, whose look, if there is none yet, is a plain one of the classes that there will be.

    Raises:
        VolvizError: something cannot be opened, or the two do not belong together.
    """
    scene: Scene | None = None
    camera: Camera | None = None
    animation: Keyframes = ()
    found: Segmentation | None = None
    notes: tuple[str, ...] = ()
    if is_session(path):
        session = open_session(path, find=find, voxel_size=voxel_size, classes=classes and segmentation is None)
        project = session.project
        volume, found, notes = session.volume, session.segmentation, session.notes
        scene, camera, animation = session.project.scene, session.project.camera, session.project.animation
    else:
        opened = open_path(path, voxel_size=voxel_size)
        if isinstance(opened, Segmentation):  # which says what it was made from
            source = tomogram_of(opened)
            volume, found = laid(source, opened)
            project = Project(segmentation=Source(str(path), shape=found.grid.shape))
            notes = tuple(note for note in volume.notes if is_alone(volume) or note not in source.notes)
        else:
            volume, project = opened, Project()
        if not is_alone(volume):
            at = volume.source or path
            size = None if voxel_size is None else Source(str(at), voxel_size, volume.grid.shape)
            project = replace(project, volume=size or Source.of(at, volume))
    if segmentation is not None:
        understood = set(volume.notes)
        volume, found = open_classes(segmentation, volume, names, scales)
        notes += tuple(note for note in volume.notes if note not in understood)
        project = replace(project, volume=project.volume and project.volume.seen_as(volume.grid))
        files = [segmentation] if isinstance(segmentation, Path) else list(segmentation)
        if len(files) == 1 and not isinstance(found.data, CombinedClasses):  # a session names one file that says all by itself
            project = replace(project, segmentation=Source(str(files[0]), shape=found.grid.shape), classes=kept_of(found))
    if marks:
        project = with_marks(project, marks, volume)
    runs = classes and found is None and (scene is None or bool(scene.ramps))
    check(View(volume, found, scene or _plain(found, model if runs else None), camera, (), animation, project))
    if runs:
        _check_drawing()
        found = segment(volume, model, device, dense_is_dark=dense_is_dark, bits=bits, report=report)
        notes += tuple(str(note) for note in found.provenance.get("notes", ()))
    if scene is None:
        scene = Scene.of(volume, found, report)
    if dense_is_dark is not None:
        scene = replace(scene, raw=replace(scene.raw, invert=dense_is_dark))
    return View(volume, found, scene, camera, notes, animation, project)


def _check_drawing() -> None:
    """Refuse to work for minutes on what nothing here could draw.

    Raises:
        VolvizError: there is no OpenGL 4.3 here.
    """
    from volviz.render.gl.context import headless

    with headless():
        pass


def _plain(found: Segmentation | None, model: str | Path | None) -> Scene:
    """Return a look of the classes that are there, or that a model will find."""
    labels: Sequence[Label] = found.drawn if found is not None else ()
    if model is not None:
        from volviz.segment.models import card

        labels = card(model).labels[1:]
    return Scene(ramps={label.name: Ramp(color=label.color) for label in labels})


def open_classes(
    paths: Path | Sequence[Path], volume: Volume, names: Sequence[str] | None = None, scales: Sequence[str] | None = None
) -> tuple[Volume, Segmentation]:
    """Open a segmentation that lies on a volume, or combine classes of other programs onto it.

    Returns the volume too: one that does not know its voxel size learns it from its classes.

    Raises:
        VolvizError: they are none, or lie elsewhere.
    """
    from volviz.tasks.combine import combine, expand

    files = expand([paths] if isinstance(paths, Path) else paths)
    value = open_path(files[0])
    if len(files) > 1 or isinstance(value, Volume):
        return laid(volume, combine(files, names, scales, onto=volume))
    if scales is not None:
        raise VolvizError(f"{files[0]} says itself what its numbers mean; leave out their scales.")
    if names is not None:
        value = arrange(value, [(old or new, new) for new, _, old in (name.partition("=") for name in names)])
    return laid(volume, replace(value, name=value.name or files[0].name))


def is_video(out: Path) -> bool:
    """Say whether a path means a video (by suffix; without one, a folder of frames) rather than a still.

    Raises:
        VolvizError: it means neither.
    """
    from volviz.io.image import FORMATS
    from volviz.io.video import CODECS, numbered

    if numbered(out):
        return True
    suffix = out.suffix.lower()
    if suffix and suffix not in FORMATS and suffix not in CODECS:
        raise VolvizError(
            f"{out} should end in .png, .jpg or .tif for a still, in .mp4 or .webm for a video, or in _%04d.png for its pictures."
        )
    return suffix not in FORMATS


def settled(out: Path, *, overwrite: bool) -> None:
    """Refuse a picture that cannot be written, before the work and not after it.

    Raises:
        VolvizError: the suffix is of no known kind, the name is taken, or the folder cannot be written to.
    """
    if is_video(out):
        from volviz.io.video import check_video_absent

        check_video_absent(out, overwrite=overwrite)
    else:
        check_absent(out, overwrite=overwrite)
    check_folder(out.parent)


def possible(
    out: Path,
    frames: Motion | Sequence[Keyframe] | None = None,
    *,
    size: tuple[int, int] = (1920, 1080),
    fps: float = 30,
    transparent: bool = False,
    quality: Quality = "cached",
    panels: Sequence[Panel] = (),
) -> None:
    """Refuse a picture of which things are asked that do not go together, before the work and not after it.

    Raises:
        VolvizError: they do not.
    """
    if is_video(out):
        if transparent or quality == "exact" or panels:
            raise VolvizError("A video is drawn opaque, in cached quality and of one look; leave out what asks for anything else.")
        from volviz.io.video import check_video

        check_video(out, size, fps)
    elif frames is not None:
        raise VolvizError(f"{out} is a still, which does not move; end the name in .mp4 for a video, or leave out what makes it move.")
    elif transparent and out.suffix.lower() in {".jpg", ".jpeg"}:
        raise VolvizError("A JPEG has no transparency; end the name in .png.")


def visible(view: View, frames: Motion | Sequence[Keyframe] | None = None, panels: Sequence[Panel] = ()) -> None:
    """Refuse a region of which nothing could be drawn, before the work and not after it.

    Raises:
        VolvizError: it lies outside the volume.
    """
    moments = [keyframe.scene for keyframe in frames] if isinstance(frames, Sequence) else []
    for scene in (view.scene, *moments, *(panel.scene for panel in panels)):
        view.volume.grid.within(scene.region)


def write_picture(
    view: View,
    out: Path,
    *,
    size: tuple[int, int] = (1920, 1080),
    quality: Quality = "cached",
    transparent: bool = False,
    frames: Motion | Sequence[Keyframe] | None = None,
    fps: float = 30,
    video_quality: VideoQuality = "high",
    overwrite: bool = False,
    panels: Sequence[Panel] = (),
    artist: Artist | None = None,
    report: Report = silent,
    bits: Bits | None = None,
    dpi: float | None = None,
    marks: Marks | bool = False,
) -> Path:
    """Draw a view into a still or, by the suffix, a video of ``frames``: a turntable unless told.

    ``panels`` are drawn side by side instead of the view's own look. ``dpi`` is written into a still: how large it is on paper.
    ``marks`` are those of `still`, or True for the annotations of the view's project. An ``artist`` draws it where the data are on a GPU
    already, as in a window; else they are brought to one.

    Raises:
        VolvizError: the file cannot be written, or what was asked for does not go together.
    """
    settled(out, overwrite=overwrite)
    possible(out, frames, size=size, fps=fps, transparent=transparent, quality=quality, panels=panels)
    visible(view, frames, panels)
    said: Marks = annotated(view.project) if marks is True else marks or ()
    if is_video(out):
        from volviz.core.motions import Turntable
        from volviz.tasks.video import animate

        return animate(
            view.scene,
            view.volume,
            view.segmentation,
            frames if frames is not None else Turntable(),
            out,
            size,
            fps,
            view.camera,
            video_quality,
            overwrite=overwrite,
            artist=artist,
            report=report,
            bits=bits,
            marks=said,
        )
    from volviz.io.image import save_image

    # Settled here, so that the picture can say from where it was seen.
    shown = view.segmentation if artist is not None or panels else _cleaned(view.segmentation, view.scene, report)
    given = view.camera
    camera = given or first_camera(view.volume, shown, size[0] / size[1], view.scene.region)
    view = replace(view, camera=camera)
    if panels:
        from volviz.tasks.comparison import compare

        # Without a camera of its own each panel, which has another shape than the whole, is filled.
        picture = compare(panels, view.volume, view.segmentation, size, given, quality, transparent, artist, report, bits, said)
    elif artist is None:
        picture = still(view.scene, view.volume, shown, size, camera, quality, transparent, report, bits, said)
    else:
        from volviz.render.still import SAMPLES

        sketch = sketched(said, view.scene, shown)
        picture = artist(view.scene, camera, size, samples=SAMPLES, quality=quality, transparent=transparent, sketch=sketch, report=report)
    save_image(out, picture, overwrite=overwrite, metadata=metadata(view), dpi=dpi)
    return out


def _cleaned(segmentation: Segmentation | None, scene: Scene, report: Report) -> Segmentation | None:
    """Return the classes as a scene shows them."""
    return segmentation and clean(segmentation, scene, part(report, 0.0, 0.0))


def metadata(view: View) -> dict[str, str]:
    """Return what a picture says about itself: the program, and the session that shows the same view again."""
    from importlib.metadata import version

    from volviz.io.embedded import KEY, session_text

    said = {"Software": f"volviz {version('volviz')}"}
    if view.project is not None:
        said[KEY] = session_text(replace(view.project, scene=view.scene, camera=view.camera))
    return said
