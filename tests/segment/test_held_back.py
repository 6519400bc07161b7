from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from volviz.core.annotations import ERASED, Box, Dense, Example, Lasso, Mark, Stroke, Tag
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume
from volviz.segment.held_back import divide, without
from volviz.segment.nn.crops import Crops, Source, Trust
from volviz.segment.nn.judges import Judges, Taught
from volviz.segment.nn.validate import covering
from volviz.segment.overlaid import judging, taught
from volviz.segment.rasterize import UNLABELLED, agreed

GRID = Grid((12, 20, 24), (10.0, 10.0, 10.0), (50.0, 0.0, -30.0))


def line(z: int, y: int, label: str, x: tuple[int, int] = (4, 20)) -> Stroke:
    return Stroke(tuple(tuple(GRID.to_world((z, y, at)).tolist()) for at in x), 9.0, label)  # type: ignore[misc]


def forest(share: float | None = None) -> Dense:
    """Everything half background, a third membrane, the rest lumen; from a forest, if a share was held back from it."""
    p = np.zeros((4, *GRID.shape), np.float32)
    p[0], p[1], p[3] = 0.5, 0.3, 0.2
    said = {} if share is None else {"method": "scribble-forest", "held_back": share}
    return Dense(Segmentation.of_probabilities(GRID, p, VIRION_LABELS, provenance=said))


def example(*marks: Mark, others: tuple[tuple[Mark, ...], ...] = (), dense: Dense | None = None) -> Example:
    volume = Volume(GRID, np.random.default_rng(0).normal(size=GRID.shape).astype(np.float32), name="a")
    return Example(volume, (*([dense] if dense else []), *marks), others)


def test_every_so_manieth_mark_of_each_class_is_held_back_and_stays_so() -> None:
    marks: list[Mark] = [line(z, 5, label) for z in range(10) for label in ("membrane", "background")]
    first = divide([marks[:10]], 0.2)
    assert first.judging == (tuple(marks[8:10]),)
    assert first.teaching == (tuple(marks[:8]),)
    more = divide([marks, marks[:4]], 0.2)
    assert more.judging == ((*marks[8:10], *marks[18:]), ())
    assert more.counts == {"membrane": 2, "background": 2}
    assert divide([marks], 0.0).judging == ((),)
    with pytest.raises(VolvizError, match=r"0 to 0\.5, not 0\.7"):
        divide([marks], 0.7)


def test_what_belongs_together_is_not_divided() -> None:
    tag, eraser = Tag(frozenset({"lumen"})), Stroke(((0.0, 0.0, 0.0),), 5.0, ERASED)
    corners = ((0.0, 0.0, 0.0), (90.0, 90.0, 90.0))
    outline = Lasso(((0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (0.0, 9.0, 0.0)), "z", 10.0, "lumen", object_id=1)
    box, free = Box(corners, "lumen", 1), replace(outline, object_id=None)
    found = divide([[tag, outline, eraser, box, free, box, free]], 0.5)
    assert found.judging == ((eraser, free),)
    assert found.teaching[0].count(box) == 2
    boxed = example(box, dense=forest())
    assert taught(boxed, 0.5) is boxed  # a box is not full of what it is around
    assert all(eraser in marks[0] for marks in (found.judging, found.teaching))
    assert {tag, outline} <= set(found.teaching[0])


def test_marks_overrule_what_a_forest_said_and_those_held_back_are_unknown() -> None:
    marks = [line(2, 4, "membrane"), line(2, 12, "membrane"), line(6, 4, "glue")]
    given = example(*marks, dense=forest())
    (dense,) = taught(given, 0.5).annotations
    assert isinstance(dense, Dense)
    found = dense.segmentation
    assert [label.name for label in found.labels] == ["background", "membrane", "spikes", "lumen", "glue"]
    data = np.asarray(found.data)
    assert data[:, 2, 4, 10].tolist() == [0, 255, 0, 0, 0]
    assert data[:, 6, 4, 10].tolist() == [0, 0, 0, 0, 255]
    assert data[:, 2, 12, 10].tolist() == [0] * 5
    assert data[:, 0, 0, 0].tolist() == [128, 76, 0, 51, 0]
    # What a network reads are pieces, and every second voxel.
    assert np.array_equal(found.data[1:3, 1:5:2, ::2, 3:22:3], data[1:3, 1:5:2, ::2, 3:22:3])
    there = judging(given, 0.5)
    assert there is not None
    (judge,) = there.annotations
    assert isinstance(judge, Dense)
    known = np.asarray(judge.segmentation.data).sum(axis=0) > 0
    assert known[2, 12, 10]
    assert not known[[2, 6], 4].any()
    assert judging(example(marks[0], dense=forest()), 0.5) is None
    assert without(given, 0.5).annotations[1:] == (marks[0], marks[2])


def test_where_two_people_disagree_nothing_is_said_and_nobody_erases_the_others_marks() -> None:
    mine = (line(2, 4, "membrane"), line(6, 4, "membrane"))
    hers = (line(2, 4, "lumen", (12, 20)), Stroke(line(6, 4, "x").path_xyz, 20.0, ERASED), line(8, 4, "lumen"))
    found = agreed([mine, hers], GRID, VIRION_LABELS)
    assert found[2, 4, 6] == 1
    assert (found[2, 4, 13:20] == UNLABELLED).all()
    assert found[[6, 8], 4, 10].tolist() == [1, 3]
    (dense,) = taught(example(*mine, others=(hers,), dense=forest())).annotations
    assert isinstance(dense, Dense)
    assert np.asarray(dense.segmentation.data)[:, 2, 4, 15].tolist() == [0, 0, 0, 0]


def test_judges_are_held_back_marks_in_boxes_around_them_and_say_when_they_flatter() -> None:
    marks = [line(2, 4, "membrane"), line(2, 12, "membrane"), line(8, 4, "background"), line(8, 12, "background")]
    given = [example(dense=forest()), example(*marks, dense=forest(0.0))]
    judges = Judges.of(given, 0.5)
    assert judges is not None
    assert judges.numbers == (1,)
    assert "1 of membrane, 1 of background" in judges.told
    assert "flatter" in judges.told
    honest = Judges.of([example(*marks, dense=forest(0.5))], 0.5)
    assert honest is not None
    assert "flatter" not in honest.told
    assert Judges.of([example(marks[0], *marks[2:], dense=forest())], 0.5) is None  # of the background alone nobody can be judged
    crops = judges.crops(Crops(Taught(given, 0.5), 8, 10.0, None, signs=[1, -1]))  # type: ignore[arg-type]
    source = crops.source(0)
    boxes = covering(source, 8, 4)
    counted = 0
    for box in boxes:
        _, target = source.crop(box.start, box.shape)
        own = tuple(slice(a, n - b) for a, b, n in zip(box.judged, box.later, box.shape, strict=True))
        counted += int((target.sum(dim=0)[own] > 0).sum())
    assert counted == (np.asarray(source.labels.data).sum(axis=0) > 0).sum() > 30


def test_labels_are_believed_as_far_as_is_asked() -> None:
    target = torch.tensor([[128.0, 60.0, 0.0, 10.0], [64.0, 195.0, 0.0, 245.0]]).reshape(2, 4, 1, 1)
    assert torch.allclose(Trust()(target)[:, 1, 0, 0], torch.tensor([60 / 255, 195 / 255]))
    assert Trust(hard=True)(target)[:, :, 0, 0].tolist() == [[1, 0, 0, 0], [0, 1, 0, 1]]
    assert (Trust(sure=0.8)(target).sum(dim=0)[:, 0, 0] > 0).tolist() == [False, False, False, True]
    source = Source.of(example(dense=forest()), 10.0, 1, trust=Trust(hard=True))
    assert source.crop((0, 0, 0), (4, 4, 4))[1][0].min() == 1
