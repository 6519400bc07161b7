"""A person's own annotated tomograms as examples to learn from. Files stay on disk until a piece of them is needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from volviz.core.annotations import Annotation, Dense, Example
from volviz.core.errors import VolvizError
from volviz.core.grid import bricks
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.project import SUFFIX
from volviz.segment.rasterize import BRICK, UNLABELLED, agreed, classes_of, rasterize
from volviz.tasks.annotations import read_annotations
from volviz.tasks.clean import clean
from volviz.tasks.labels import HardLabels
from volviz.tasks.session import open_session


def read_example(tomogram: Path, *said: Path, needs: tuple[type[Annotation], ...] = (Dense,)) -> Example:
    """Open a tomogram and what was said of it: a segmentation, a volume of class numbers, annotations, or a session.

    Of several files each is another person's, but for one segmentation or volume of class numbers, which all of them may correct.
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
    people = [_read(path, volume) for path in said]
    dense = [one for person in people for one in person if isinstance(one, Dense)]
    if len(dense) > 1:
        raise VolvizError(f"There are {len(dense)} segmentations of {tomogram.name}; name the tomogram once with each, and both teach.")
    marks = [person for person in people if not isinstance(person[0], Dense)]
    first, *others = marks or [()]
    return _given(Example(volume, (*dense, *first), tuple(others)), needs)


def _read(path: Path, volume: Volume) -> tuple[Annotation, ...]:
    said = read_annotations(path, volume).annotations
    if not said:
        raise VolvizError(f"{path} holds no annotations; mark something first.")
    for one in said:
        # Numbers without a name are more often objects, or a mistake, than classes that somebody wants to learn.
        if isinstance(one, Dense) and any(label.name == f"class {i}" for i, label in enumerate(one.segmentation.labels)):
            raise VolvizError(
                f"{path} holds numbers that are no class; use 0 background, 1 membrane, 2 spikes, 3 lumen, 255 unknown, "
                "or a label volume that names its classes."
            )
    return said


def disputed(example: Example) -> tuple[int, int]:
    """Return on how many voxels people name different classes, and how many anybody marked."""
    differ = marked = 0
    labels = classes_of([one for person in example.marks for one in person])
    for region in bricks(example.volume.grid.shape, BRICK):
        each = np.stack([rasterize(person, example.volume.grid, labels, region) for person in example.marks])
        low = each.min(axis=0)
        marked += int((low != UNLABELLED).sum())
        differ += int(((each != UNLABELLED) & (each != low)).any(axis=0).sum())
    return differ, marked


def _given(example: Example, needs: tuple[type[Annotation], ...]) -> Example:
    """Return an example with what a method learns from: dense labels if it needs them, else the marks alone, if there are any.

    A session may hold both; what was found from the marks must not teach that it was right.
    """
    first = example.marks[0]
    there = any(isinstance(one, Dense) for one in example.annotations)
    if Dense in needs:
        return example if there else Example(example.volume, (Dense(painted(example)),))
    return replace(example, annotations=first) if first else example


def _of_session(path: Path, needs: tuple[type[Annotation], ...]) -> Example:
    session = open_session(path)
    dense = [] if session.segmentation is None else [Dense(clean(session.segmentation, session.project.scene))]
    said = (*dense, *session.project.annotations)
    if not said:
        raise VolvizError(f"{path.name} holds neither a segmentation nor annotations, so there is nothing to learn from; add some first.")
    return _given(Example(session.volume, said), needs)


def painted(example: Example) -> Segmentation:
    """Return marks as a segmentation on a volume's voxels, of no class where nothing was marked. It takes a byte a voxel."""
    volume = example.volume
    classes = classes_of([one for person in example.marks for one in person])
    numbers = Volume(volume.grid, agreed(example.marks, volume.grid, classes), name=volume.name)
    return Segmentation(volume.grid, HardLabels(numbers, len(classes)), classes, name=volume.name)
