"""A person's own annotated tomograms as examples to learn from. Files stay on disk until a piece of them is needed."""

from __future__ import annotations

from pathlib import Path

from volviz.core.annotations import Annotation, Dense, Example
from volviz.core.errors import VolvizError
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.project import SUFFIX
from volviz.segment.rasterize import classes_of, rasterize
from volviz.tasks.annotations import read_annotations
from volviz.tasks.clean import clean
from volviz.tasks.labels import HardLabels
from volviz.tasks.session import open_session


def read_example(tomogram: Path, labels: Path, needs: tuple[type[Annotation], ...] = (Dense,)) -> Example:
    """Open a tomogram and what was said of it: a segmentation, a volume of class numbers, annotations, or a session.

    A session in place of both is its tomogram with what it says of it: its segmentation, as clean as it is shown, and its annotations.
    Where a method ``needs`` dense labels and only marks are there, these are painted on the tomogram's voxels; what nobody
    marked is of no class, and nothing is learnt from it.

    Raises:
        VolvizError: a file is something else, the two do not lie on the same grid, or nothing was said.
    """
    if tomogram.suffix.lower() == SUFFIX:
        return _of_session(tomogram, needs)
    volume = open_path(tomogram)
    if not isinstance(volume, Volume):
        raise VolvizError(f"{tomogram} is not a tomogram; write TOMO.mrc:LABELS.mrc.")
    said = read_annotations(labels, volume).annotations
    if not said:
        raise VolvizError(f"{labels} holds no annotations; mark something first.")
    for one in said:
        # Numbers without a name are more often objects, or a mistake, than classes that somebody wants to learn.
        if isinstance(one, Dense) and any(label.name == f"class {i}" for i, label in enumerate(one.segmentation.labels)):
            raise VolvizError(
                f"{labels} holds numbers that are no class; use 0 background, 1 membrane, 2 spikes, 3 lumen, 255 unknown, "
                "or a label volume that names its classes."
            )
    return Example(volume, _given(said, volume, needs))


def _given(said: tuple[Annotation, ...], volume: Volume, needs: tuple[type[Annotation], ...]) -> tuple[Annotation, ...]:
    """Return what a method learns from: dense labels if it needs them, else the marks alone, if there are any.

    A session may hold both; what was found from the marks must not teach that it was right.
    """
    marks = tuple(one for one in said if not isinstance(one, Dense))
    if Dense in needs:
        return said if len(marks) < len(said) else (Dense(painted(said, volume)),)
    return marks or said


def _of_session(path: Path, needs: tuple[type[Annotation], ...]) -> Example:
    session = open_session(path)
    dense = [] if session.segmentation is None else [Dense(clean(session.segmentation, session.project.scene))]
    said = (*dense, *session.project.annotations)
    if not said:
        raise VolvizError(f"{path.name} holds neither a segmentation nor annotations, so there is nothing to learn from; add some first.")
    return Example(session.volume, _given(said, session.volume, needs))


def painted(marks: tuple[Annotation, ...], volume: Volume) -> Segmentation:
    """Return marks as a segmentation on a volume's voxels, of no class where nothing was marked. It takes a byte a voxel."""
    classes = classes_of(marks)
    numbers = Volume(volume.grid, rasterize(marks, volume.grid, classes), name=volume.name)
    return Segmentation(volume.grid, HardLabels(numbers, len(classes)), classes, name=volume.name)
