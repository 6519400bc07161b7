"""Shapes, densities and labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.simulate.bodies import Body, random_body, random_rotation, region_around, rotation_onto, unit_vectors
from volviz.simulate.canvas import Canvas, texture
from volviz.simulate.particles import Blob, globule, of_blobs
from volviz.simulate.spec import Spec
from volviz.simulate.specimen import place
from volviz.simulate.spikes import spike, spike_of_structure
from volviz.simulate.structures import structure
from volviz.simulate.virion import Bilayer, Spikes, draw_envelope, draw_spikes, stand

LEAFLETS = Bilayer(spacing=40.0, width=7.0, contrast=1.0, grain=0.0, protein=0.0)


def sphere(center_xyz, radius):
    none = np.zeros((0, 3))
    return Body(np.asarray(center_xyz, float), np.full(3, float(radius)), np.eye(3), none, np.zeros(0), np.zeros(0))


def drawn(radius=300.0, voxel=10.0, spikes=None, seed=0):
    rng = np.random.default_rng(seed)
    grid = Grid((100, 100, 100), (voxel,) * 3)
    canvas = Canvas.blank(grid, 1e9, 14.0, rng)
    body = sphere(grid.center_xyz, radius)
    draw_envelope(canvas, body, LEAFLETS, 0.1, None, rng=rng)
    if spikes is not None:
        points, normals = stand(body, 12, 75.0, 0.0, rng)
        draw_spikes(canvas, Spikes(points, normals, spikes, np.zeros(12), 1.0), rng)
    distance = np.linalg.norm(grid.to_world(np.stack(np.indices(grid.shape), -1)) - grid.center_xyz, axis=-1) - radius
    return canvas, canvas.labels(Region.whole(grid.shape)), distance


def test_labels_of_a_sphere_follow_the_convention():
    _, labels, distance = drawn()
    background, membrane, spikes, lumen = labels
    hard = labels.argmax(axis=0)
    assert (hard[np.abs(distance) < 33] == 1).all()
    assert (hard[distance < -35] == 3).all()
    assert (hard[distance > 35] == 0).all()
    assert not spikes.any()
    shell = 4 / 3 * np.pi * (334**3 - 266**3)
    assert membrane.sum() * 1e3 == pytest.approx(shell, rel=0.01)
    assert lumen.sum() * 1e3 == pytest.approx(4 / 3 * np.pi * 266**3, rel=0.01)
    np.testing.assert_allclose(labels.sum(axis=0), 1, atol=1e-6)
    # Partial volume: a voxel on a face of the shell is half.
    edge = np.abs(distance - 34) < 0.5
    assert np.abs(membrane[edge].mean() - 0.5) < 0.05
    assert background[edge].max() < 0.6


def test_bilayer_has_two_leaflets_and_a_filled_inside():
    canvas, _, distance = drawn()

    def at(d):
        return canvas.density[np.abs(distance - d) < 1.5].mean()

    assert at(20) > 3 * at(0)
    assert at(-20) > 3 * at(0)
    assert at(-100) == pytest.approx(0.1, abs=0.03)
    assert at(100) == pytest.approx(0, abs=1e-3)


def test_spikes_stand_outside_the_membrane():
    rng = np.random.default_rng(1)
    shape = spike("closed", 225.0, 1.0, 10.0, rng)
    canvas, labels, distance = drawn(spikes=(shape,))
    hard = labels.argmax(axis=0)
    assert (hard == 2).sum() > 12 * 200
    assert distance[hard == 2].min() > 30
    assert 200 < distance[hard == 2].max() < 260
    # The convention: density above 22 % of the spike's own maximum, here 1. (Spikes do not touch.)
    outside = distance > 45
    assert canvas.density[outside & (hard == 2)].min() > 0.1
    assert canvas.density[outside & (hard == 0)].max() < 0.35
    agree = (canvas.density > 0.22)[outside] == (hard == 2)[outside]
    assert agree.mean() > 0.9995


@pytest.mark.parametrize("kind", ["closed", "open", "club", "rod"])
def test_spikes_have_their_length_and_stand_on_the_origin(kind):
    shape = spike(kind, 225.0, 1.0, 10.0, np.random.default_rng(2))
    assert shape.density.max() == 1
    solid = (np.argwhere(shape.density > 0.22) - shape.anchor) * shape.voxel_size
    assert -45 < solid[:, 0].min() < 20
    assert 195 < solid[:, 0].max() < 275
    head = np.ptp(solid[solid[:, 0] > 110][:, 2])
    assert (head >= 65) == (kind != "rod")


def test_spike_of_an_atomic_model(tmp_path):
    # A threefold cone whose narrow end is at high x of the file.
    rng = np.random.default_rng(3)
    along = rng.uniform(0, 160, 3000)
    turn = rng.integers(0, 3, 3000) * 2 * np.pi / 3 + rng.normal(0, 0.3, 3000)
    radius = 60 * (1 - along / 200)
    atoms = np.stack([along, radius * np.cos(turn), radius * np.sin(turn)], axis=1)
    path = tmp_path / "cone.pdb"
    path.write_text("".join(f"ATOM  {i:5d}  CA  ALA A{i % 999:4d}    {x:8.3f}{y:8.3f}{z:8.3f}\n" for i, (x, y, z) in enumerate(atoms)))
    shape = spike_of_structure(structure(str(path), {}).upright(), 230.0, 8.0, rng)
    height = np.arange(shape.density.shape[0]) - shape.anchor[0]
    widths = [(layer > 0.1).sum() for layer in shape.density]
    assert height[np.argmax(widths)] * shape.voxel_size > 180
    assert widths[int(shape.anchor[0] + 30 / shape.voxel_size)] > 0
    assert shape.density.max() == pytest.approx(1)


def test_a_bad_model_is_refused_in_a_sentence(tmp_path):
    (tmp_path / "no.pdb").write_text("hello")
    for path in (tmp_path / "no.pdb", tmp_path / "missing.pdb"):
        with pytest.raises(VolvizError, match="PDB"):
            structure(str(path), {})


def test_distance_is_exact_for_a_sphere_and_close_for_a_bumpy_body():
    grid = Grid((40, 44, 48), (9.0, 9.0, 9.0), (5.0, -7.0, 3.0))
    body = sphere(grid.center_xyz, 120)
    exact = np.linalg.norm(grid.to_world(np.stack(np.indices(grid.shape), -1)) - grid.center_xyz, axis=-1) - 120
    near = np.abs(exact) < 60
    np.testing.assert_allclose(body.distance(grid)[near], exact[near], atol=1.0)

    rng = np.random.default_rng(4)
    bumpy = random_body(grid.center_xyz, 130.0, 0.2, 0.05, rng)
    points, normals = bumpy.surface(unit_vectors(60, rng))
    distance = bumpy.distance(grid)
    for offset in (-20.0, 0.0, 20.0):
        index = np.rint(grid.to_index(points + offset * normals)).astype(int)
        rounding = ((grid.to_world(index) - points) * normals).sum(axis=1)
        assert np.abs(distance[tuple(index.T)] - rounding).mean() < 2.0


def test_touching_bodies_touch_and_do_not_overlap():
    spec = Spec(shape=(200, 200, 200), voxel_size=20.0, virions=6, vesicles=0, touching=1.0, clearance=(10.0, 50.0), elongation=0.3)
    grid = Grid(spec.shape, (20.0,) * 3)
    bodies = [body for body, _ in place(spec, grid, grid, np.random.default_rng(0))]
    assert len(bodies) == 6
    for i, body in enumerate(bodies):
        gaps = []
        for other in bodies[:i] + bodies[i + 1 :]:
            line = other.center_xyz - body.center_xyz
            towards = line[None] / np.linalg.norm(line)
            gaps.append(np.linalg.norm(line) - body.radius_towards(towards)[0] - other.radius_towards(-towards)[0])
            end = body.center_xyz + towards[0] * body.radius_towards(towards)[0]
            here = body.distance(Grid((3, 3, 3), (1.0, 1.0, 1.0), tuple(end[::-1] - 1)))[1, 1, 1]
            assert here == pytest.approx(0, abs=0.5)
        assert 10 < min(gaps) < 52


@given(st.integers(0, 2**31))
@settings(deadline=None, max_examples=30)
def test_rotations_are_proper(seed):
    rng = np.random.default_rng(seed)
    direction = unit_vectors(1, rng)[0]
    for r in (random_rotation(rng), rotation_onto(direction, rng.uniform(0, 6))):
        np.testing.assert_allclose(r @ r.T, np.eye(3), atol=1e-12)
        assert np.linalg.det(r) == pytest.approx(1)
    np.testing.assert_allclose(r @ (0, 0, 1), direction, atol=1e-12)


def test_particles_are_turned_not_mirrored():
    # Three unlike arms along x, y and z: a chiral particle.
    arms = [Blob((60, 0, 0), 12, 1.0), Blob((0, 60, 0), 12, 0.7), Blob((0, 0, 60), 12, 0.4)]
    particle = of_blobs(arms, 5.0, 3.0)
    grid = Grid((40, 42, 44), (8.0, 8.0, 8.0), (1.0, 2.0, 3.0))
    for seed in range(4):
        rotation = random_rotation(np.random.default_rng(seed))
        region, density = particle.render(grid, grid.center_xyz, rotation)
        for arm in arms:
            index = grid.crop(region).to_index(grid.center_xyz + rotation @ arm.center_xyz)
            assert density[tuple(np.rint(index).astype(int))] == pytest.approx(arm.weight, rel=0.15)


def test_a_particle_outside_is_nothing_and_one_at_the_border_is_cut():
    particle = globule(80.0, 10.0, np.random.default_rng(0))
    grid = Grid((20, 20, 20), (10.0, 10.0, 10.0))
    assert particle.render(grid, np.array([-500.0, 90, 90]), np.eye(3)) is None
    region, density = particle.render(grid, np.array([0.0, 90, 90]), np.eye(3))
    assert density.shape == region.shape
    assert density[:, :, 0].max() > 0.3
    assert region_around(grid, np.array([0.0, 0, 1e5]), 10.0) is None


def test_texture_has_unit_variance_and_its_correlation():
    grain = texture((40, 40, 40), 2.0, np.random.default_rng(0))
    assert grain.std() == pytest.approx(1, abs=1e-3)
    assert (grain * np.roll(grain, 2, axis=2)).mean() == pytest.approx(np.exp(-0.25), abs=0.05)


def filament(bend=0.0, radius=150.0, aspect=3.0):
    none = np.zeros((0, 3))
    axes = np.array([radius, radius, aspect * radius])
    return Body(np.full(3, 500.0), axes, np.eye(3), none, np.zeros(0), np.zeros(0), blunt=True, bend=bend)


@pytest.mark.parametrize("bend", [0.0, 0.6])
def test_a_filament_is_as_wide_all_along_and_its_bend_moves_its_ends(bend):
    body = filament(bend)
    grid = Grid((100, 100, 100), (10.0, 10.0, 10.0))
    inside = body.distance(grid) < 0
    widths = np.sqrt(inside.sum(axis=(1, 2)) * 4 / np.pi) * 10
    assert widths[50] == pytest.approx(300, abs=15)
    assert widths[30] == pytest.approx(300, abs=25)  # an ellipsoid would have 250 here
    assert 1.95 * 450 < (widths > 0).sum() * 10 < 2.05 * 450
    near_the_end = np.argwhere(inside[12])[:, 1].mean()
    assert (near_the_end - 50) * 10 == pytest.approx(bend * 150 * (380 / 450) ** 2, abs=12)
    # Points, normals and the level agree with the distance.
    points, normals = body.scatter(100, np.random.default_rng(0))
    assert np.abs(body.level(points)).max() < 1e-3
    assert (body.level(points + 20 * normals) > 0).all()
    assert (body.level(points - 20 * normals) < 0).all()
    assert np.linalg.norm(points - body.center_xyz, axis=1).max() <= body.reach


def test_points_are_spread_evenly_over_a_surface():
    points, _ = filament().scatter(4000, np.random.default_rng(0))
    along = np.abs(points[:, 2] - 500)
    # The middle third of the length is a plain cylinder, a third of it long in each direction.
    assert (along < 100).mean() == pytest.approx((along < 200).mean() / 2, rel=0.1)


def test_filaments_and_virions_do_not_reach_into_one_another():
    spec = Spec(
        shape=(60, 150, 150),
        voxel_size=20.0,
        virions=8,
        vesicles=2,
        filamentous=0.7,
        radius=(300.0, 350.0),
        clearance=(20.0, 60.0),
        cut=1.0,
    )
    grid = Grid(spec.shape, (20.0,) * 3)
    bodies = [body for body, _ in place(spec, grid, grid, np.random.default_rng(0))]
    assert len(bodies) > 5
    assert any(body.blunt for body in bodies)
    inside = sum((body.distance(grid) < -10).astype(int) for body in bodies)
    assert inside.max() == 1
