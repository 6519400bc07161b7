"""What is cut away is gone: from the ray, from the light and from every way of drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, bare_scene, brightness, front, of_classes, plain, virion
from tests.render.test_closed_forms import SIZE, alpha, rays
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Plane
from volviz.core.grid import Grid, Region
from volviz.core.scene import Light, Occlusion, Shadow
from volviz.render.renderer import Renderer


def optical_lengths(camera: Camera, grid: Grid, clips: Clips) -> np.ndarray:
    """Length in nm that is left of every pixel's ray: counted by points, each tested by itself."""
    low, high = grid.bounds_xyz
    parts = np.array([clips.x, clips.y, clips.z])
    reach = 3 * float(np.linalg.norm(high - low)) + camera.distance
    along = (np.arange(6000) + 0.5) / 6000 * reach
    out = np.zeros(SIZE[::-1])
    for row, column, start, direction in rays(camera):
        points = start + along[:, None] * direction
        share = (points - low) / (high - low)
        left = ((share >= parts[:, 0]) & (share <= parts[:, 1])).all(axis=1)
        for plane in clips.planes:
            if plane.on:
                left &= (points - plane.point_xyz) @ plane.normal_xyz <= 0
        out[row, column] = left.sum() * reach / 6000 / 10
    return out


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("orthographic", [False, True])
def test_what_is_left_of_a_constant_medium_lets_through_what_beer_and_lambert_say(
    renderer: Renderer, orthographic: bool, inside: bool
) -> None:
    volume, classes = of_classes(np.ones((20, 24, 28), np.float32), voxel_size=(20.0, 10.0, 7.0))
    renderer.load(volume, classes)
    x, y, z = volume.grid.center_xyz
    cuts = (Plane((x + 20, y, z), (1.0, 0.3, -0.4)), Plane((x, y - 40, z), (0.2, -3.0, 1.0)), Plane((x, y, z), (0.0, 0.0, 1.0), on=False))
    clips = Clips(x=(0.1, 1.0), z=(0.0, 0.83), planes=cuts)
    camera = replace(Camera.framing(volume.grid), distance=30.0) if inside else Camera.framing(volume.grid)
    if orthographic:
        camera = replace(camera, orthographic_height=camera.height)
        camera = camera if inside else replace(camera, distance=2000.0)
    expected = 1 - np.exp(-0.05 * optical_lengths(camera, volume.grid, clips))
    if orthographic and inside:  # parallel rays come from behind the eye
        back = replace(camera, distance=2000.0)
        expected = 1 - np.exp(-0.05 * optical_lengths(back, volume.grid, clips))
    got = alpha(renderer, plain(classes, clips=clips), camera, samples=1)
    assert expected.max() > 0.4
    assert (expected == 0).any() or inside
    assert np.abs(got - expected).max() <= 2 / 255
    uncut = alpha(renderer, plain(classes, clips=replace(clips, on=False)), camera, samples=1)
    assert np.abs(uncut - got).max() > 0.2


@pytest.mark.parametrize("quality", ["cached", "exact"])
def test_a_clip_box_shows_what_cropped_data_show(renderer: Renderer, quality: str) -> None:
    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    camera = Camera.framing(volume.grid).zoomed(1.3)
    region = Region((4, 0, 12), (40, 30, 36))
    renderer.load(volume, classes)
    clips = Clips(x=(12 / 40, 36 / 40), y=(0.0, 30 / 40), z=(4 / 40, 1.0))
    cut = renderer.image(replace(scene, clips=clips), camera, (96, 96), quality=quality).astype(int)
    whole = renderer.image(scene, camera, (96, 96), quality=quality).astype(int)
    # The raw density is scaled by the mean and deviation of the whole, so it is left out of the comparison.
    plain_raw = replace(scene, raw=replace(scene.raw, multiply=False))
    cut = renderer.image(replace(plain_raw, clips=clips), camera, (96, 96), quality=quality).astype(int)
    grid = volume.grid.crop(region)
    cropped = replace(classes, grid=grid, data=np.asarray(classes.data)[(slice(None), *region.slices)])
    renderer.load(replace(volume, grid=grid, data=np.asarray(volume.data)[region.slices]), cropped)
    crop = renderer.image(plain_raw, camera, (96, 96), quality=quality).astype(int)
    assert np.abs(cut - whole).mean() > 5
    assert np.abs(cut - crop)[..., :3].mean() < 0.7
    assert np.percentile(np.abs(cut - crop)[..., :3].max(axis=-1), 99) < 20


@pytest.mark.parametrize("quality", ["cached", "exact"])
def test_a_cut_face_is_lit_as_a_surface_is(renderer: Renderer, quality: str) -> None:
    z, _, _ = axes(48)
    block, half = np.clip(20.5 - np.abs(z), 0, 1), np.clip(20.5 - np.abs(z), 0, 1) * (z < 0)
    light = Light((0.3, 0.2, 1.0), intensity=1.0)
    lit: dict[str, float] = {}
    for name, data, clips in [("cut", block, Clips(z=(0.0, 0.5))), ("surface", half, Clips())]:
        volume, classes = of_classes(data)
        renderer.load(volume, classes)
        scene = plain(classes, 2.0, light=light, occlusion=Occlusion(radius=8.0), shadow=Shadow(), clips=clips)
        seen = brightness(renderer.image(scene, front(volume.grid), (96, 96), quality=quality, samples=2))
        lit[name] = float(seen[32:64, 32:64].mean())
    assert lit["surface"] > 100
    assert abs(lit["cut"] - lit["surface"]) < 5
    oblique_volume, oblique = of_classes(np.ones((48, 48, 48), np.float32))
    renderer.load(oblique_volume, oblique)
    cut = Clips(planes=(Plane(tuple(oblique_volume.grid.center_xyz), (0.5, 0.3, 1.0)),))
    scene = plain(oblique, 2.0, light=Light((0.5, 0.3, 1.0), intensity=1.0), occlusion=Occlusion(radius=8.0), shadow=Shadow(), clips=cut)
    face = brightness(renderer.image(scene, front(oblique_volume.grid), (96, 96), quality=quality, samples=4))[36:60, 36:60]
    assert abs(face.mean() - lit["surface"]) < 8
    assert face.std() < 4  # no stairs of voxels


@pytest.mark.parametrize("quality", ["cached", "exact"])
def test_what_is_cut_away_casts_no_shadow(renderer: Renderer, quality: str) -> None:
    z, y, x = axes(48)
    ball, floor = np.clip(6 - np.sqrt(x**2 + y**2 + (z - 8) ** 2), 0, 1), np.clip(-10 - z, 0, 1)
    seen = []
    for data in (np.maximum(ball, floor), floor):
        volume, classes = of_classes(data)
        renderer.load(volume, classes)
        light = Light((-1.0, 0.0, 1.2), intensity=1.0)
        scene = plain(classes, 2.0, light=light, shadow=Shadow(), occlusion=Occlusion(), clips=Clips(z=(0.0, 0.5)))
        seen.append(brightness(renderer.image(scene, front(volume.grid), (96, 96), quality=quality, samples=1)))
        uncut = brightness(renderer.image(replace(scene, clips=Clips()), front(volume.grid), (96, 96), quality=quality, samples=1))
        seen.append(uncut)
    assert np.abs(seen[1] - seen[3]).max() > 40
    assert np.abs(seen[0] - seen[2]).max() <= (1 if quality == "cached" else 3)


@pytest.mark.parametrize("orthographic", [False, True])
def test_an_oblique_cut_lies_where_the_camera_says(renderer: Renderer, orthographic: bool) -> None:
    volume, classes = of_classes(np.ones((40, 40, 40), np.float32))
    renderer.load(volume, classes)
    camera = front(volume.grid, orthographic=orthographic)
    normal = np.array([0.8, 0.6, 0.0])  # seen from its edge
    point = volume.grid.center_xyz + 60 * normal
    scene = plain(classes, 50.0, clips=Clips(planes=(Plane(tuple(point), tuple(normal)),)))
    seen = renderer.image(scene, camera, (128, 128), transparent=True, samples=1)[..., 3] / 255
    top = volume.grid.bounds_xyz[1][2]
    # In perspective the edge of the cut on the front face of the box hides the one on the back.
    found = []
    for offset in (-60.0, -20.0, 20.0, 60.0):
        for across, opaque in ((-5.0, True), (5.0, False)):
            at = point + offset * np.array([-0.6, 0.8, 0.0]) + across * normal
            right, up, _ = camera.project([at[0], at[1], top])
            found.append((seen[round(63.5 - up * 128), round(right * 128 + 63.5)] > 0.5) == opaque)
    assert all(found), found


@pytest.mark.parametrize("orthographic", [False, True])
def test_every_way_of_drawing_cuts_alike(gl: None, orthographic: bool) -> None:
    volume, classes = virion(40)
    camera = Camera.framing(volume.grid, aspect=4 / 3)
    camera = replace(camera, orthographic_height=camera.height) if orthographic else camera
    clips = Clips(x=(0.25, 1.0), planes=(Plane(tuple(volume.grid.center_xyz), (0.3, -0.2, 1.0)),))
    scene = replace(bare_scene(volume, classes), clips=clips)
    pictures = []
    for rest in ({}, {"skip": False}, {"entry": "compute"}):
        renderer = Renderer(**rest)
        renderer.load(volume, classes)
        pictures.append(renderer.image(scene, camera, (120, 90), samples=2).astype(int))
        renderer.release()
    assert pictures[0][..., :3].max() > 150
    assert (pictures[0] == pictures[1]).all()
    assert np.abs(pictures[0] - pictures[2]).max() <= 1


def test_moving_a_cut_lights_the_new_face_and_moves_no_volume(renderer: Renderer, moved: list[tuple[int, ...]]) -> None:
    volume, classes = virion(40)
    scene, camera = bare_scene(volume, classes), Camera.framing(volume.grid)
    renderer.load(volume, classes)
    renderer.image(scene, camera, SIZE, samples=1)
    assert volume.grid.shape in moved
    moved.clear()
    clips = Clips(z=(0.0, 0.5))
    after = renderer.image(replace(scene, clips=clips), camera, SIZE, samples=1).astype(int)
    assert volume.grid.shape not in moved  # distances between bricks may be
    fresh = Renderer()
    fresh.load(volume, classes)
    assert (fresh.image(replace(scene, clips=clips), camera, SIZE, samples=1) == after).all()
    fresh.release()
