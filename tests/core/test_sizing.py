"""How large a voxel is, where a tomogram and its classes do not both know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from volviz.core.annotations import Box, Lasso, Section, Stroke, SurfacePoints, Tag
from volviz.core.boxes import Mask
from volviz.core.cuts import Clips, Plane
from volviz.core.density import lowpass_voxels
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.guides import Guides
from volviz.core.rescaled import Rescaled
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.sizing import SIZE_ONE, agreed, laid, sized_as
from volviz.core.volume import Volume

SHAPE = (4, 6, 8)
BARE = Grid(SHAPE, origin=(-2.0, 0.0, 3.0), voxel_size_known=False)
KNOWN = BARE.with_voxel_size(12.3)


def volume(grid: Grid) -> Volume:
    return Volume(grid, np.zeros(grid.shape, np.float32), "ts", notes=() if grid.voxel_size_known else (SIZE_ONE,))


def classes(grid: Grid) -> Segmentation:
    return Segmentation(grid, np.zeros((4, *grid.shape), np.uint8), name="ts")


def test_a_tomogram_learns_its_voxel_size_from_its_classes():
    found, segmentation = laid(volume(BARE), classes(KNOWN))
    assert found.grid == KNOWN == segmentation.grid
    assert found.notes == ("The file does not know its voxel size; 12.3 Å is what its classes say.",)


def test_classes_learn_it_from_the_tomogram_and_what_both_know_stays():
    found, segmentation = agreed(volume(KNOWN), classes(BARE))
    assert segmentation.grid == KNOWN
    assert found.notes == ()
    other = classes(BARE.with_voxel_size(10.0))
    assert agreed(volume(KNOWN), other)[1] is other
    found, segmentation = laid(volume(KNOWN), other)
    assert segmentation.grid == KNOWN
    assert found.notes == ("Its classes say 10 Å per voxel, the tomogram 12.3 Å, which is what is used.",)
    assert laid(volume(KNOWN), classes(KNOWN))[0].notes == ()
    assert not laid(volume(BARE), classes(BARE))[1].grid.voxel_size_known
    with pytest.raises(VolvizError, match="another binning"):
        laid(volume(KNOWN), classes(replace(KNOWN, shape=(4, 6, 9))))


def test_classes_of_another_binning_tell_it_too():
    fine = Grid((40, 61, 80), voxel_size_known=False)
    assert sized_as(fine, [BARE, Grid((20, 30, 40), (24.6,) * 3)]).voxel_size == pytest.approx((12.3,) * 3)
    assert sized_as(fine, [Grid((80, 122, 160), (6.0,) * 3)]).voxel_size == pytest.approx((12.0,) * 3)
    assert sized_as(fine, [Grid((20, 30, 80), (24.6,) * 3)]) is fine
    assert sized_as(KNOWN, [Grid(SHAPE, (1.5,) * 3)]) is KNOWN


def test_a_voxel_of_unknown_size_counts_as_a_nanometre_in_a_look():
    assert lowpass_voxels(BARE, 30.0) == lowpass_voxels(BARE.with_voxel_size(10.0), 30.0) == (3, 3, 3)
    assert KNOWN.nanometres == 0.1
    assert BARE.nanometres == 1.0


def test_what_is_said_in_angstrom_stays_on_its_voxels():
    to = Rescaled(BARE, KNOWN)
    mask = Mask.of(Grid((1, 2, 2), (1.0,) * 3, (-1.0, 1.0, 4.0)), np.array([[[True, False], [True, True]]]))
    marks = (
        Stroke(((3.0, 0.0, -2.0), (5.0, 1.0, -2.0)), 2.0, "membrane"),
        Lasso(((3.0, 0.0, 0.0), (6.0, 0.0, 0.0), (3.0, 4.0, 0.0)), "z", 1.0, "lumen"),
        SurfacePoints(((4.0, 2.0, 1.0),), 3, "spikes"),
        Tag(frozenset({"lumen"}), ((3.0, 0.0, -2.0), (4.0, 1.0, 0.0))),
        Tag(frozenset({"lumen"})),
        Box(((3.0, 0.0, -2.0), (6.0, 4.0, 0.0)), "membrane", 1, (Section(-1.0, (3.0, 0.0), (5.0, 3.0)),), mask),
    )
    there = tuple(map(to.mark, marks))
    assert there[0].radius == pytest.approx(24.6)
    for mark, moved in ((marks[0].path_xyz, there[0].path_xyz), (marks[2].points_xyz, there[2].points_xyz)):
        np.testing.assert_allclose(BARE.to_index(mark), KNOWN.to_index(moved))
    assert there[4] == marks[4]
    np.testing.assert_allclose(KNOWN.to_index(there[5].mask.grid.to_world((0, 1, 1))), BARE.to_index(mask.grid.to_world((0, 1, 1))))
    back = Rescaled(KNOWN, BARE)
    np.testing.assert_allclose(back.mark(there[5]).sections[0].high, (5.0, 3.0))
    side = to.mark(Box(((3.0, 0.0, -2.0), (6.0, 4.0, 0.0)), "membrane", 1, (Section(4.0, (1.0, -2.0), (2.0, 0.0), "x"),)))
    np.testing.assert_allclose(side.sections[0].low, to.point((4.0, 1.0, -2.0))[1:])
    assert side.sections[0].at == to.point((4.0, 1.0, -2.0))[0]
    np.testing.assert_allclose(back.mark(there[1]).outline_xyz, marks[1].outline_xyz, atol=1e-9)
    scene = Scene(clips=Clips(planes=(Plane((4.0, 2.0, 1.0), (0.0, 0.0, 1.0)),)))
    np.testing.assert_allclose(to.scene(scene).clips.planes[0].point_xyz, there[2].points_xyz[0])


def test_a_look_has_a_scale_bar_as_soon_as_lengths_are_known():
    scene = Scene()
    assert Rescaled(BARE, KNOWN).scene(scene).guides == Guides(scale_bar=True)
    assert Rescaled(KNOWN, KNOWN.with_voxel_size(5.0)).scene(scene) == scene  # it was left out on purpose
