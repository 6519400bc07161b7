"""Ways of drawing beside the usual one: projections, surfaces, the density alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import axes, bare_scene, brightness, front, of_classes, plain, same_without_skipping, virion
from volviz.core.camera import Camera
from volviz.core.density import lowpassed, lowpassed_contrast
from volviz.core.grid import Grid
from volviz.core.scene import Ramp, Scene
from volviz.core.volume import Volume
from volviz.render.passes import march
from volviz.render.renderer import Renderer

MODES = ("raw", "maximum", "average", "surface")


def pixels_of_voxels(grid: Grid) -> tuple[Camera, tuple[int, int]]:
    """A view down z in which every pixel is a voxel."""
    camera = front(grid)
    _, height, width = grid.shape
    return replace(camera, orthographic_height=height * grid.voxel_size[1]), (width, height)


def smooth(shape: tuple[int, int, int], seed: int = 5) -> np.ndarray:
    from scipy.ndimage import gaussian_filter

    noise = gaussian_filter(np.random.default_rng(seed).normal(size=shape), 1.5)
    return np.clip(noise / noise.std(), -2.5, 2.5).astype(np.float32)


@pytest.mark.parametrize("mode", ["maximum", "average"])
@pytest.mark.parametrize("voxel_size", [10.0, (20.0, 10.0, 10.0)])
@pytest.mark.parametrize("bits", [8, 16])
def test_a_projection_is_what_numpy_says(gl: None, mode: str, voxel_size, bits) -> None:
    shape = (20, 24, 28)
    grid = Grid(shape, (voxel_size,) * 3 if isinstance(voxel_size, float) else voxel_size)
    volume = Volume(grid, smooth(shape))
    scene = bare_scene(volume)
    scene = replace(scene, mode=mode, contrast=(-1.0, 3.0) if mode == "maximum" else (-0.8, 0.8))
    density = lowpassed_contrast(volume, scene.raw.lowpass, scene.raw.invert).apply(lowpassed(volume, scene.raw.lowpass))
    wanted = density.max(axis=0) if mode == "maximum" else density.mean(axis=0)
    black, white = scene.contrast
    wanted = np.clip((wanted - black) / (white - black), 0, 1)[::-1]
    renderer = Renderer(bits=bits)
    renderer.load(volume)
    picture = renderer.image(scene, *pixels_of_voxels(grid), samples=1)
    renderer.release()
    assert np.ptp(wanted) > 0.5
    assert (picture[..., 3] == 255).all()
    assert (picture[..., 0] == picture[..., 2]).all()
    # Bytes of density are steps of 0.047 deviations.
    tolerance = 1.01 / 255 if bits == 16 else 0.047 / (white - black)
    assert np.abs(picture[..., 0] / 255 - wanted).max() <= tolerance


def test_a_maximum_takes_the_colour_of_the_class_it_lies_in(renderer: Renderer) -> None:
    volume, classes = virion(40)
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), mode="maximum")
    picture = renderer.image(scene, front(volume.grid), (80, 80)).astype(int)
    assert np.abs(picture[6:10, 6:10, 0] - picture[6:10, 6:10, 2]).max() == 0  # nothing there: grey
    reddest = picture[..., 0] - picture[..., 1]
    assert reddest.max() > 80
    hidden = scene
    for name in scene.ramps:
        hidden = hidden.with_ramp(name, visible=False)
    grey = renderer.image(hidden, front(volume.grid), (80, 80)).astype(int)
    assert (grey[6:-6, 6:-6, 0] == grey[6:-6, 6:-6, 2]).all()


def test_a_maximum_shows_the_density_of_the_class_where_it_is_coloured(renderer: Renderer) -> None:
    # The class is grey stuff, with something far denser behind it that is of no class.
    shape = (32, 32, 32)
    data, inside = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    data[18:26], inside[18:26, :, :16] = 1.0, 1.0
    data[6:12] = 3.0
    volume, classes = of_classes(inside)
    volume = replace(volume, data=data)
    scene = plain(classes).with_ramp("class 1", color=(1.0, 1.0, 0.0))
    scene = replace(scene, mode="maximum", raw=replace(scene.raw, lowpass=0.0))
    contrast = lowpassed_contrast(volume, 0.0, dense_is_dark=False)
    black, (own, most) = float(contrast.apply(np.float32([0]))[0]), (float(contrast.apply(np.float32([v]))[0]) for v in (1, 3))
    scene = replace(scene, contrast=(black, most))
    renderer.load(volume, classes)
    picture = renderer.image(scene, *pixels_of_voxels(volume.grid), samples=1)[8:24].astype(int)
    assert np.abs(picture[:, 20:28, :3] - 255).max() <= 4
    grey = 255 * (own - black) / (most - black)
    assert 70 < grey < 110
    assert np.abs(picture[:, 4:12, :3] - np.array([grey, grey, 0])).max() <= 4


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.75])
@pytest.mark.parametrize("orthographic", [False, True])
def test_a_surface_lies_where_the_middle_of_the_ramp_is_crossed(renderer: Renderer, threshold: float, orthographic: bool) -> None:
    n = 48
    z, y, x = axes(n)
    ball = np.clip((20 - np.sqrt(x**2 + y**2 + z**2)) / 12 + 0.5, 0, 1)
    volume, classes = of_classes(ball)
    renderer.load(volume, classes)
    scene = replace(plain(classes), mode="surface").with_ramp("class 1", low=threshold - 0.1, high=threshold + 0.1)
    camera = front(volume.grid, orthographic=orthographic)
    size = (192, 192)
    seen = renderer.image(scene, camera, size, transparent=True, samples=16)
    radius = (20 - 12 * (threshold - 0.5)) * 10
    # The silhouette of a ball; in perspective it is seen along tangents.
    if not orthographic:
        radius /= (1 - (radius / camera.distance) ** 2) ** 0.5
    wanted = np.pi * (radius / camera.height * size[1]) ** 2
    assert abs((seen[..., 3] / 255).sum() / wanted - 1) < 0.02
    assert (seen[90:102, 90:102, :3] == np.array([204, 153, 102])).all()


def test_a_surface_is_found_between_the_samples(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cut of an oblique view through a step between two classes is as sharp with coarse steps."""
    z, _, _ = axes(40)
    near = np.clip(0.5 + z / 4, 0, 1)
    volume, classes = of_classes(near)
    renderer.load(volume, classes)
    scene = replace(plain(classes), mode="surface", raw=replace(plain(classes).raw, multiply=False))
    camera = Camera.framing(volume.grid)
    pictures = []
    for step in (0.25, 0.5, 1.0, 2.0):
        monkeypatch.setattr(march, "STEP", step)
        pictures.append(renderer.image(scene, camera, (96, 96), transparent=True, samples=1)[..., 3].astype(int))
    assert pictures[0].max() == 255
    for picture in pictures:
        assert np.abs(picture - pictures[0]).mean() < 0.5


def test_a_surface_has_the_colour_of_where_it_lies_whatever_the_step(renderer: Renderer, monkeypatch: pytest.MonkeyPatch) -> None:
    # A second class, never solid itself, gives way to the first: how much of it is left tells at which depth the surface was found.
    z, _, _ = axes(40)
    first = np.clip(0.5 - z / 8, 0, 1)
    volume, classes = of_classes(first, 0.4 * (1 - first))
    red, blue = (1.0, 0.0, 0.0), (0.0, 0.0, 1.0)
    scene = replace(plain(classes), mode="surface").with_ramp("class 1", color=red).with_ramp("class 2", color=blue)
    renderer.load(volume, classes)
    shares = np.array([0.5, 0.0, 0.2]) / 0.7
    wanted = 255 * (1.055 * np.maximum(shares, 1e-9) ** (1 / 2.4) - 0.055).clip(0)
    for step in (0.5, 2.0):
        monkeypatch.setattr(march, "STEP", step)
        seen = renderer.image(scene, front(volume.grid), (64, 64), samples=1)[12:52, 12:52, :3]
        assert np.abs(seen - wanted).max() < 3


@pytest.mark.parametrize("mode", MODES)
def test_the_step_does_not_change_a_mode(renderer: Renderer, monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    z, _, _ = axes(48)
    slab = np.clip((12.0 - np.abs(z)) / 6 + 0.5, 0, 1)
    volume, classes = of_classes(slab)
    volume = replace(volume, data=4 * slab)
    scene = replace(plain(classes), mode=mode, density=Ramp(-0.8, 1.2, opacity=0.05), contrast=(-1.0, 1.5))
    renderer.load(volume, classes)
    pictures = []
    for step in (0.25, 0.5, 1.0, 2.0):
        monkeypatch.setattr(march, "STEP", step)
        pictures.append(renderer.image(scene, front(volume.grid), (48, 48), transparent=True)[12:36, 12:36].astype(int))
    assert pictures[0][..., 3].max() > 100
    for picture in pictures:
        assert np.abs(picture - pictures[0])[..., 3].max() <= 1
        assert np.abs(picture - pictures[0]).max() <= (1 if mode != "raw" else 2)  # straight colours of thin alpha round more


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("inside", [False, True])
def test_modes_are_the_same_without_skipping_and_in_both_shaders(gl: None, mode: str, inside: bool) -> None:
    volume, classes = virion(32)
    same_without_skipping(volume, classes, replace(bare_scene(volume, classes), mode=mode), inside=inside)


def test_raw_is_what_the_volume_alone_looks_like(gl: None) -> None:
    volume, classes = virion(32)
    scene = replace(bare_scene(volume, classes), mode="raw")
    pictures = []
    for segmentation in (classes, None):
        renderer = Renderer(bits=16)
        renderer.load(volume, segmentation)
        pictures.append(renderer.image(scene, front(volume.grid), (64, 64)).astype(int))
        renderer.release()
    assert brightness(pictures[0]).max() > 100
    assert np.abs(pictures[0] - pictures[1]).max() <= 1


def test_a_projection_shows_values_and_does_not_glow(renderer: Renderer) -> None:
    volume, classes = virion(32)
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), mode="maximum")
    pictures = [renderer.image(replace(scene, bloom=replace(scene.bloom, on=on)), front(volume.grid), (48, 48)) for on in (True, False)]
    assert (pictures[0] == pictures[1]).all()


def test_a_surface_in_a_transparent_still_covers_all_or_nothing(renderer: Renderer) -> None:
    volume, classes = virion(32)
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), mode="surface")
    scene = replace(scene, bloom=replace(scene.bloom, on=False))
    alpha = renderer.image(scene, front(volume.grid), (64, 64), transparent=True, samples=1)[..., 3]
    assert set(np.unique(alpha)) == {0, 255}


def test_exact_and_cached_surfaces_agree(renderer: Renderer) -> None:
    volume, classes = virion(32)
    renderer.load(volume, classes)
    scene = replace(bare_scene(volume, classes), mode="surface")
    pictures = [brightness(renderer.image(scene, front(volume.grid), (48, 48), quality=q, samples=4)) for q in ("cached", "exact")]
    assert np.abs(pictures[0] - pictures[1]).mean() < 3


def test_haze_is_the_density_between_the_classes(renderer: Renderer) -> None:
    volume, segmentation = virion()
    scene = bare_scene(volume, segmentation)
    hidden = replace(scene, ramps={name: replace(ramp, visible=False) for name, ramp in scene.ramps.items()})
    camera = front(volume.grid)

    def drawn(look: Scene) -> np.ndarray:
        renderer.load(volume, segmentation)
        return renderer.image(look, camera, (96, 96), samples=1).astype(int)

    hazy = replace(scene.raw, haze=True)
    alone = drawn(replace(hidden, raw=hazy))
    assert np.array_equal(alone, drawn(replace(hidden, mode="raw")))
    both, classes = drawn(replace(scene, raw=hazy)), drawn(replace(scene, raw=replace(scene.raw, multiply=False)))
    assert np.abs(both - alone).max() > 60
    assert np.abs(both - classes).max() > 20


def test_short_rays_fade_to_the_grey_of_nothing(renderer: Renderer) -> None:
    # A cube seen onto an edge: the chords shrink to nothing at its sides. The density has one value in each half along y.
    side, voxel = 30, 10.0
    data = np.ones((side,) * 3, np.float32)
    data[:, side // 2 :] = -1
    grid = Grid((side,) * 3, (voxel,) * 3)
    volume = Volume(grid, data)
    scene = replace(Scene(mode="average", contrast=(-1.5, 1.5)), raw=replace(bare_scene(volume).raw, lowpass=0.0, invert=False))
    camera, size = pixels_of_voxels(grid)
    camera, size = camera.turned((0.0, 1.0, 0.0), 45.0), (2 * size[0], size[1])
    renderer.load(volume)
    picture = renderer.image(scene, camera, size, samples=1)[..., 0] / 255.0
    offset = np.abs(np.arange(size[0]) + 0.5 - size[0] / 2) * voxel
    chord = 2 * (side * voxel / np.sqrt(2) - offset)
    wanted = np.minimum(chord / (10 * voxel), 1.0) / 3.0
    seen = chord > 0
    assert (wanted[seen] < 0.32).sum() >= 8  # some are short
    for row, sign in ((side // 4, -1), (3 * side // 4, 1)):  # the top row of a picture is the largest y
        assert np.abs(picture[row, seen] - (0.5 + sign * wanted[seen])).max() < 0.009


def test_a_slab_cut_out_on_purpose_is_seen_in_full(renderer: Renderer) -> None:
    shape = (20, 24, 28)
    volume = Volume(Grid(shape, (10.0,) * 3), smooth(shape))
    scene = replace(bare_scene(volume), mode="average", contrast=(-2.0, 2.0)).set("clips.z", "0.5,0.7")
    density = lowpassed_contrast(volume, scene.raw.lowpass, scene.raw.invert).apply(lowpassed(volume, scene.raw.lowpass))
    # The middle of the slab is a voxel's centre, and its ends lie on faces: interpolated values there are means of two voxels.
    inner, ends = density[10:14], 0.5 * (density[9:13] + density[11:15])
    wanted = (0.75 * inner + 0.25 * ends).mean(axis=0)[::-1]
    renderer.load(volume)
    picture = renderer.image(scene, *pixels_of_voxels(volume.grid), samples=1)[..., 0] / 255.0
    assert np.abs(picture - np.clip((wanted + 2) / 4, 0, 1)).max() < 0.03
    assert np.ptp(picture) > 0.6


@pytest.mark.parametrize("strength", [0.0, 4.0])
def test_an_average_spans_the_range_of_the_data(renderer: Renderer, strength: float) -> None:
    # A column of matter through the ice is much; noise that is evened out is little. Neither is drowned nor cut.
    shape = (40, 48, 56)
    data = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    data[:, 16:36, 20:40] += strength
    volume = Volume(Grid(shape, (10.0,) * 3), data)
    scene = replace(bare_scene(volume), mode="average")
    black, white = scene.projected
    assert (white - black > 2) == (strength > 0)
    assert scene.projected == scene.averaged
    renderer.load(volume)
    picture = renderer.image(scene, *pixels_of_voxels(volume.grid), samples=1)[..., 0]
    assert ((picture > 0) & (picture < 255)).mean() > 0.95
    low, high = np.percentile(picture, [2, 99])
    assert low < 90
    assert high > 165
