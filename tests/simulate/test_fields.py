"""Every field of a recipe changes what it says, and nothing else that matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.report import silent
from volviz.simulate import Spec
from volviz.simulate.specimen import prepare

PLAIN = Spec(
    shape=(48, 64, 64),
    voxel_size=16.0,
    virions=1,
    vesicles=0,
    radius=(250.0, 250.0),
    elongation=0.0,
    bumps=0.0,
    spikes=(0, 0),
    free_spikes=0,
    core="empty",
    lumen_density=0.0,
    debris=0.0,
    ice_texture=0.0,
    membrane_grain=0.0,
    membrane_protein=0.0,
    membrane_contrast=(1.0, 1.0),
)
VESICLE = replace(PLAIN, virions=0, vesicles=1, vesicle_radius=(250.0, 250.0), vesicle_filling=0.0)


def drawn(spec):
    """Return the density, the hard labels and the distance (A) to the surface of the one round body in the middle of the field."""
    grid = Grid(spec.shape, (spec.voxel_size,) * 3)
    canvas, _ = prepare(spec, grid, grid, {}, rng=np.random.default_rng(5), report=silent)
    hard = canvas.labels(Region.whole(grid.shape)).argmax(axis=0)
    body = np.argwhere((hard == 1) | (hard == 3))
    middle = (body.min(axis=0) + body.max(axis=0)) / 2
    away = (np.stack(np.indices(grid.shape), -1) - middle) * spec.voxel_size
    return canvas.density, hard, np.linalg.norm(away, axis=-1) - 250


def added(spec, **changed):
    """Return what a change adds to the density, and the distance; the labels stay the same."""
    before, hard, distance = drawn(spec)
    after, same, _ = drawn(replace(spec, **changed))
    np.testing.assert_array_equal(hard, same)
    return after - before, distance


def test_a_matrix_is_a_layer_under_the_membrane():
    more, distance = added(PLAIN, matrix=0.8, matrix_depth=(70.0, 70.0))
    profile = [more[np.abs(distance - d) < 8].mean() for d in (-140, -105, -70, -35, 0, 40)]
    assert int(np.argmax(profile)) == 2
    assert profile[2] > 0.4
    assert abs(profile[-1]) < 0.05
    assert abs(profile[0]) < 0.05


def test_patches_weaken_whole_stretches_of_a_membrane():
    density, _, distance = drawn(replace(PLAIN, membrane_patches=0.8))
    even, _, _ = drawn(PLAIN)
    on = np.abs(distance) < 30
    share = density[on] / even[on]
    assert share.std() > 0.3
    assert np.abs(density[~(np.abs(distance) < 90)]).max() < 0.05


def test_contents_lie_inside_vesicles_alone():
    more, distance = added(VESICLE, vesicle_contents=2000.0)
    assert (more[distance < -40] > 0.1).mean() > 0.1
    assert np.abs(more[distance > 0]).max() < 1e-6


def test_virions_hold_no_vesicle_contents():
    more, _ = added(PLAIN, vesicle_contents=2000.0)
    assert np.abs(more).max() < 1e-6


def test_peripheral_proteins_lie_on_both_faces():
    more, distance = added(VESICLE, peripheral=80.0)
    for side in (distance, -distance):
        assert more[(side > 20) & (side < 60)].mean() > 4 * abs(more[(side > 120) & (side < 200)].mean())


def test_nearby_proteins_hover_over_vesicles():
    more, distance = added(VESICLE, nearby=60.0)
    assert more[(distance > 100) & (distance < 300)].mean() > 0.02
    assert np.abs(more[distance < 30]).max() < 1e-6


def test_adsorbed_proteins_lie_on_the_surfaces_of_the_film():
    spec = replace(PLAIN, virions=0, ice_thickness=480.0)
    more, _, _ = drawn_ice(replace(spec, adsorbed=60.0))
    profile = more.sum(axis=(1, 2))
    # The film is 30 voxels thick and in the middle of 48.
    assert profile[[9, 38]].min() > 5 * max(profile[24], 1e-6)


def drawn_ice(spec):
    grid = Grid(spec.shape, (spec.voxel_size,) * 3)
    canvas, _ = prepare(spec, grid, grid, {}, rng=np.random.default_rng(5), report=silent)
    return canvas.density, canvas, grid


def test_negative_filling_makes_a_lumen_lighter_than_what_is_around():
    density, hard, _ = drawn(replace(PLAIN, lumen_density=-0.2))
    assert density[hard == 3].mean() < -0.1


@pytest.mark.parametrize("field", ["debris", "vesicle_contents", "peripheral", "nearby", "adsorbed"])
def test_fewer_than_no_proteins_are_refused(field):
    with pytest.raises(VolvizError, match="fewer than none"):
        Spec(**{field: -1.0})


def test_crowded_nucleoproteins_are_no_denser_than_one():
    few, _, _ = drawn(replace(PLAIN, core="rnp", rnp=(1, 1), core_contrast=1.0))
    many, _, distance = drawn(replace(PLAIN, core="filament", rnp=(60, 60), core_contrast=1.0))
    assert many[distance < -60].mean() > 4 * few[distance < -60].mean()
    assert many[distance < -60].max() < 1.31


def test_a_strung_genome_of_no_nucleoproteins_is_an_empty_one():
    empty, _, _ = drawn(replace(PLAIN, core="empty"))
    strung, _, _ = drawn(replace(PLAIN, core="filament", rnp=(0, 0)))
    assert np.array_equal(strung, empty)
