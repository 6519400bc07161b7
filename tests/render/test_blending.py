"""How classes that share a sample combine, all of them as one, signed scores, and fading by uncertainty."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.render.conftest import bare_scene, front, of_classes, plain, same_without_skipping, virion
from volviz.core.scene import Ramp, Scene, Uncertainty
from volviz.core.segmentation import Label, Segmentation
from volviz.render.passes import march
from volviz.render.renderer import Renderer
from volviz.render.uniforms import linear

SHAPE = (16, 16, 16)
RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


def flat(*values: float, names: tuple[str, ...] = ()):
    """Classes that have the same probabilities everywhere."""
    return of_classes(*(np.full(SHAPE, v, np.float32) for v in values), names=names)


def srgb(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def middle(renderer: Renderer, scene: Scene, volume, classes, **rest: object) -> np.ndarray:
    renderer.load(volume, classes)
    picture = renderer.image(scene, front(volume.grid), (32, 32), **rest)[14:18, 14:18].astype(float) / 255
    assert np.ptp(picture, axis=(0, 1)).max() < 2.1 / 255
    return picture.mean(axis=(0, 1))


def paper(scene: Scene, opacity: float) -> Scene:
    scene = replace(scene, blending="paper")
    for name, color in zip(scene.ramps, (RED, GREEN, BLUE), strict=False):
        scene = scene.with_ramp(name, color=color, opacity=opacity)
    return scene


@pytest.mark.parametrize("names", [("membrane", "spikes", "lumen"), ("lumen", "membrane", "spikes"), ("a", "b", "c")])
def test_the_paper_puts_one_class_behind_the_other(renderer: Renderer, names) -> None:
    p, opacity = np.array([102, 51, 77]) / 255, 0.38
    volume, classes = flat(*p, names=names)
    got = middle(renderer, paper(plain(classes), opacity), volume, classes, transparent=True)
    through = 1.0
    light = np.zeros(3)
    order = [n for n in ("spikes", "membrane", "lumen") if n in names] or list(names)
    for name in order:
        i = names.index(name)
        alpha = 1 - (1 - p[i]) ** (opacity * 1.06)
        light[i] = through * alpha
        through *= 1 - alpha
    length = SHAPE[0] * 1.0  # nm
    assert abs(got[3] - (1 - np.prod((1 - p) ** (opacity * length)))) <= 1.01 / 255
    assert np.abs(got[:3] - srgb(light / (1 - through))).max() <= 2.01 / 255


def test_the_default_blending_is_not_the_papers(renderer: Renderer) -> None:
    volume, classes = flat(0.9, 0.9, names=("membrane", "spikes"))
    scene = paper(plain(classes), 2.0)
    ordered = middle(renderer, scene, volume, classes)
    mixed = middle(renderer, replace(scene, blending="mixed"), volume, classes)
    assert ordered[1] > ordered[0] + 0.3  # spikes in front
    assert abs(mixed[0] - mixed[1]) < 0.01


def test_the_raw_density_multiplies_the_papers_opacity(renderer: Renderer) -> None:
    volume, classes = flat(0.5)
    volume = replace(volume, data=np.linspace(-1, 1, 4096, dtype=np.float32).reshape(SHAPE)[::1])
    scene = paper(plain(classes), 0.2)
    alone = middle(renderer, scene, volume, classes, transparent=True)
    # A raw ramp so wide that it is a constant: r_raw = 0.5.
    wide = replace(scene, raw=replace(scene.raw, multiply=True, low=-1000.0, high=1000.0))
    halved = middle(renderer, wide, volume, classes, transparent=True)
    p = 128 / 255
    assert abs(alone[3] - (1 - (1 - p) ** (0.2 * 16))) <= 1.01 / 255
    assert abs(halved[3] - (1 - (1 - p / 2) ** (0.2 * 16))) <= 2.01 / 255


@pytest.mark.parametrize("orthographic", [False, True])
@pytest.mark.parametrize("voxel_size", [10.0, (20.0, 10.0, 7.0)])
@pytest.mark.parametrize("change", [{"blending": "paper"}, {"together": Ramp(0.0, 1.0, opacity=0.1)}, {"uncertainty": Uncertainty(0.7)}])
def test_the_step_changes_no_blending(renderer: Renderer, monkeypatch: pytest.MonkeyPatch, change, voxel_size, orthographic: bool) -> None:
    z = np.arange(32, dtype=np.float32)[:, None, None] - 15.5
    slab = np.broadcast_to(np.clip((9.0 - np.abs(z)) / 5 + 0.5, 0, 1), (32, 32, 32))
    volume, classes = of_classes(0.3 * slab, 0.25 * slab, 0.2 * slab, voxel_size=voxel_size, names=("membrane", "spikes", "lumen"))
    renderer.load(volume, classes)
    scene = replace(paper(plain(classes), 0.1), **({"blending": "mixed"} | change))
    camera = front(volume.grid, orthographic=orthographic)
    pictures = []
    for step in (0.25, 0.5, 1.0, 2.0):
        monkeypatch.setattr(march, "STEP", step)
        pictures.append(renderer.image(scene, camera, (32, 32))[12:20, 12:20].astype(int))
    assert pictures[0].max() > 40
    for picture in pictures:
        assert np.abs(picture - pictures[0]).max() <= 1


def test_together_is_one_less_the_background(renderer: Renderer) -> None:
    volume, classes = flat(0.2, 0.3, 0.1)
    ramp = Ramp(0.4, 0.9, color=(0.2, 0.9, 0.4), opacity=0.15)
    got = middle(renderer, replace(plain(classes), together=ramp), volume, classes, transparent=True)
    foreground = sum(np.rint(255 * v) for v in (0.2, 0.3, 0.1)) / 255
    assert abs(got[3] - (1 - np.exp(-0.15 * (foreground - 0.4) / 0.5 * 16))) <= 1.01 / 255
    assert np.abs(got[:3] - ramp.color).max() <= 1.01 / 255
    hidden = middle(renderer, replace(plain(classes), together=replace(ramp, visible=False)), volume, classes, transparent=True)
    assert hidden[3] == 0


@pytest.mark.parametrize("count", [1, 4, 12])
def test_together_and_paper_take_any_number_of_classes(renderer: Renderer, count: int) -> None:
    volume, classes = flat(*[0.6 / count] * count)
    stored = np.rint(255 * 0.6 / count) / 255
    together = replace(plain(classes), together=Ramp(0.0, 1.0, opacity=0.1))
    got = middle(renderer, together, volume, classes, transparent=True)
    assert abs(got[3] - (1 - np.exp(-0.1 * count * stored * 16))) <= 2.01 / 255
    got = middle(renderer, replace(plain(classes, 0.1), blending="paper"), volume, classes, transparent=True)
    assert abs(got[3] - (1 - (1 - stored) ** (count * 0.1 * 16))) <= 2.01 / 255


def scores(values: np.ndarray, dtype=np.uint8):
    """A score volume of one kind, and a density of nothing."""
    volume, classes = of_classes(np.zeros_like(values))
    half = 128 if dtype is np.uint8 else 32768
    data = np.rint(half + (half - 1) * values).astype(dtype)[None]
    return volume, Segmentation(classes.grid, data, (Label("heat", RED),), "score")


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("sign", [-1, 1])
def test_scores_are_seen_by_their_sign(renderer: Renderer, sign: int, dtype) -> None:
    volume, heat = scores(np.full(SHAPE, sign * 0.6, np.float32), dtype)
    stored = abs(float(heat.values(heat.data).mean()))
    scene = plain(heat).with_ramp("heat", low=0.2, high=1.0, opacity=0.1)
    alpha = 1 - np.exp(-0.1 * (stored - 0.2) / 0.8 * 16)
    positive = middle(renderer, scene, volume, heat, transparent=True)
    assert abs(positive[3] - (alpha if sign > 0 else 0)) <= 1.01 / 255
    both = middle(renderer, scene.with_ramp("heat", negative=BLUE), volume, heat, transparent=True)
    assert abs(both[3] - alpha) <= 1.01 / 255
    assert np.abs(both[:3] - (RED if sign > 0 else BLUE)).max() <= 1.01 / 255


def test_uniform_classes_are_grey_and_sure_ones_keep_their_colour(renderer: Renderer) -> None:
    for measure in ("entropy", "margin"):
        for values, fades in (((1 / 3, 1 / 3), 1.0), ((0.0, 1.0), 0.0)):
            volume, classes = flat(*values)
            scene = plain(classes, 1.0).with_ramp("class 1", color=RED).with_ramp("class 2", color=(0.9, 0.6, 0.1))
            sure = middle(renderer, scene, volume, classes)[:3]
            got = middle(renderer, replace(scene, uncertainty=Uncertainty(1.0, measure)), volume, classes)[:3]
            light = linear(tuple(sure))
            grey = srgb(np.full(3, light @ [0.2126, 0.7152, 0.0722]))
            assert np.abs(got - (grey if fades else sure)).max() <= 2.01 / 255
            half = middle(renderer, replace(scene, uncertainty=Uncertainty(0.5, measure)), volume, classes)[:3]
            assert np.abs(half - (srgb((light + linear(tuple(grey))) / 2) if fades else sure)).max() <= 2.01 / 255


def test_entropy_and_margin_are_those_of_numpy(renderer: Renderer) -> None:
    values = (0.5, 0.2, 0.1)
    volume, classes = flat(*values)
    p = np.rint(255 * np.array(values)) / 255
    p = np.array([1 - p.sum(), *p])
    entropy = -(p * np.log(p)).sum() / np.log(4)
    first, second = np.sort(p)[::-1][:2]
    scene = plain(classes, 1.0)
    for name in scene.ramps:
        scene = scene.with_ramp(name, color=BLUE)
    for measure, amount in (("entropy", entropy), ("margin", 1 - (first - second))):
        got = middle(renderer, replace(scene, uncertainty=Uncertainty(1.0, measure)), volume, classes)[:3]
        light = (1 - amount) * np.array(BLUE) + amount * 0.0722
        assert np.abs(got - srgb(light)).max() <= 2.01 / 255


def test_uncertainty_is_of_the_classes_also_where_they_are_drawn_as_one(renderer: Renderer) -> None:
    volume, classes = flat(0.5, 0.5)
    scene = replace(plain(classes), together=Ramp(0.0, 1.0, RED, 1.0), uncertainty=Uncertainty(1.0, "margin"))
    got = middle(renderer, scene, volume, classes)
    assert np.ptp(got[:3]) < 0.02


CHANGES = [
    {"blending": "paper"},
    {"together": Ramp(0.5, 1.0)},
    {"uncertainty": Uncertainty(0.8)},
    {"blending": "paper", "uncertainty": Uncertainty(0.8, "margin"), "mode": "surface"},
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("inside", [False, True])
def test_nothing_is_lost_by_skipping_and_both_shaders_agree(gl: None, change, inside: bool) -> None:
    volume, classes = virion(32)
    same_without_skipping(volume, classes, replace(bare_scene(volume, classes), **change), inside=inside)


@pytest.mark.parametrize("negative", [None, BLUE])
def test_nothing_of_scores_is_lost_by_skipping(gl: None, negative) -> None:
    z, y, x = (np.arange(40, dtype=np.float32) - 19.5)[:, None, None], *np.meshgrid(*[np.arange(40) - 19.5] * 2)
    blobs = np.clip(np.sin(z / 5) * np.sin(y / 5) * np.sin(x / 5), -1, 1) * (np.sqrt(x**2 + y**2 + z**2) < 14)
    volume, heat = scores(blobs.astype(np.float32))
    same_without_skipping(volume, heat, plain(heat, 0.5).with_ramp("heat", low=0.3, negative=negative), inside=False)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bricks_of_nothing_but_negative_scores_are_not_empty(gl: None, dtype) -> None:
    """The lowest scores are stored as zeros, which is what nothing at all looks like."""
    z, y, x = np.meshgrid(*[np.arange(48, dtype=np.float32) - 23.5] * 3, indexing="ij")
    core = -np.clip(20 - np.sqrt(x**2 + y**2 + z**2), 0, 1)
    core[:, :, 24:] = 0  # cut open, so that the ray enters where all is negative
    volume, heat = scores(core, dtype)
    scene = replace(plain(heat, 0.05).with_ramp("heat", low=0.3, negative=(0.9, 0.9, 1.0)), blending="mixed")
    same_without_skipping(volume, heat, scene, inside=True)
    same_without_skipping(volume, heat, scene, inside=False)


def test_a_change_of_blending_is_seen_at_once(renderer: Renderer) -> None:
    """Occupancy and light follow what is drawn as one, and come back."""
    volume, classes = virion(32)
    renderer.load(volume, classes)
    scene = bare_scene(volume, classes)
    hidden = scene.with_ramp("membrane", visible=False).with_ramp("spikes", visible=False)
    together = replace(hidden, together=Ramp(0.5, 1.0, GREEN))
    pictures = [renderer.image(s, front(volume.grid), (48, 48), samples=1) for s in (hidden, together, hidden, scene, hidden)]
    assert (pictures[0] == pictures[2]).all()
    assert (pictures[0] == pictures[4]).all()
    assert pictures[1][..., 1].max() > pictures[1][..., 0].max() + 50
    fresh = Renderer()
    fresh.load(volume, classes)
    assert (fresh.image(together, front(volume.grid), (48, 48), samples=1) == pictures[1]).all()
    fresh.release()
