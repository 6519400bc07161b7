"""Volumes that no texture holds whole, or no memory."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Literal

import numpy as np
import pytest

from tests.render.conftest import axes, bare_scene, front, of_classes, plain, virion
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, bricks
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.render import memory
from volviz.render.gl.texture import fits
from volviz.render.memory import affordable, bytes_of, most_parts
from volviz.render.parts import BRICK, cut
from volviz.render.passes.march import Quality
from volviz.render.renderer import Renderer

SIZE = (120, 90)


def picture(renderer: Renderer, scene: Scene, grid: Grid, quality: Quality = "cached") -> np.ndarray:
    camera = Camera.framing(grid, aspect=4 / 3).zoomed(1.3)
    return renderer.image(scene, camera, SIZE, samples=1, quality=quality).astype(int)


def many_classes(n: int) -> tuple[Volume, Segmentation]:
    z, y, x = axes(n)
    return of_classes(
        *(np.clip(4 - np.abs(np.sqrt(x**2 + y**2 + z**2) - r), 0, 1) * (z > 0.1 * r * np.sign(y)) for r in (4, 8, 12, 16, 20))
    )


@pytest.mark.parametrize("shape", [(1, 1, 1), (96, 40, 56), (97, 40, 57), (10, 300, 20), (41, 64, 2100)])
@pytest.mark.parametrize("longest", [24, 40, 64, 2048])
def test_parts_cover_a_grid_once_and_hold_what_filtering_reads(shape: tuple[int, int, int], longest: int) -> None:
    parts = cut(shape, longest, lambda _: True, 10_000)
    assert parts is not None
    owned = np.zeros(shape, int)
    for part in parts:
        owned[part.owned.slices] += 1
        assert max(part.held.shape) <= longest
        assert part.held == part.owned.grown((1, 1, 1), shape)
        assert all(a % BRICK == 0 for a in part.owned.start)
    assert (owned == 1).all()
    assert len(list(parts)) == len(parts)
    assert all(a >= b for part in parts for a, b in zip(parts.largest, part.held.shape, strict=True))
    assert (len(parts) == 1) == (max(shape) <= longest)


def test_what_does_not_fit_in_bytes_is_cut_along_z_first() -> None:
    parts = cut((360, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**27, 20)
    assert parts is not None
    assert parts.counts == (5, 1, 1)
    assert cut((360, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**27, 4) is None
    thin = cut((8, 1440, 1024), 2048, lambda s: s[0] * s[1] * s[2] <= 2**22, 20)
    assert thin is not None
    assert thin.counts == (1, 2, 2)
    assert cut((8, 8, 8), 2048, lambda _: False, 20) is None


@pytest.mark.parametrize("limit", [34, 60])
@pytest.mark.parametrize("quality", ["cached", "exact"])
@pytest.mark.parametrize("skip", [True, False])
def test_a_cut_volume_has_no_seam(gl: None, limit: int, quality: Quality, skip: bool) -> None:
    volume, classes = virion(61)
    scene = bare_scene(volume, classes)
    whole, split = Renderer(skip=skip), Renderer(skip=skip, limit=limit)
    pictures = []
    for renderer in (whole, split):
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, volume.grid, quality))
    assert np.ptp(pictures[0]) > 100
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    assert split.notes == ()
    whole.release()
    split.release()


def test_more_groups_and_axes_of_different_length_are_cut_alike(gl: None) -> None:
    volume, classes = many_classes(48)
    part = (slice(3, 40), slice(0, 48), slice(5, 38))
    grid = Grid((37, 48, 33), (10.0, 7.0, 12.0), (5.0, 50.0, -40.0))
    volume = Volume(grid, volume.data[part])
    classes = Segmentation(grid, classes.data[(slice(None), *part)], classes.labels)
    scene = bare_scene(volume, classes)
    pictures = []
    for limit, entry in ((None, "fragment"), (34, "fragment"), (26, "compute")):
        renderer = Renderer(limit=limit, entry=entry)  # type: ignore[arg-type]
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, grid))
        renderer.release()
    assert np.ptp(pictures[0]) > 60
    for a, b in pairwise(pictures):
        assert np.abs(a - b).max() <= 1


def test_bricks_written_into_a_cut_volume_come_to_the_whole(gl: None) -> None:
    volume, classes = virion(48)
    scene = bare_scene(volume, classes)
    renderer, split = Renderer(), Renderer(limit=26)
    renderer.load(volume, classes)
    empty = np.zeros_like(classes.data)
    empty[0] = 255
    split.load(volume, replace(classes, data=empty))
    picture(split, scene, volume.grid)
    for region in bricks(volume.grid.shape, (19, 48, 23)):
        split.write(region, np.asarray(classes.data[(slice(None), *region.slices)]))
    assert np.abs(picture(renderer, scene, volume.grid) - picture(split, scene, volume.grid)).max() <= 1
    renderer.release()
    split.release()


def test_what_needs_more_units_than_there_are_is_binned(gl: None) -> None:
    grid = Grid((600, 8, 8), (10.0, 10.0, 10.0))
    most = most_parts(1)
    assert most >= 4
    plan = affordable(grid, 1, memory=2**30, limit=18)  # parts of 16
    assert len(plan.parts) <= most
    assert "binned" in plan.notes[0]
    assert affordable(grid, 1, memory=2**30, limit=600 // most + 20).notes == ()


def test_the_driver_is_asked_for_what_is_wanted(gl: None) -> None:
    from OpenGL import GL

    longest = int(GL.glGetIntegerv(GL.GL_MAX_3D_TEXTURE_SIZE))
    assert fits((8, 8, longest), GL.GL_RGBA8)
    assert not fits((8, 8, longest + 1), GL.GL_RGBA8)
    assert not fits((longest, longest, longest), GL.GL_RGBA16F)
    assert len(affordable(Grid((8, longest + 52, 16)), 1, memory=2**30).parts) == 2


def test_bytes_are_those_of_what_is_made(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.render.gl.texture import FORMATS, Texture3D

    made = []
    init = Texture3D.__init__

    def counting(self: Texture3D, shape: tuple[int, int, int], kind: int, **rest: object) -> None:
        init(self, shape, kind, **rest)  # type: ignore[arg-type]
        made.append(sum(max(1, np.prod([n >> level for n in shape])) for level in range(self.levels)) * FORMATS[kind][0])

    monkeypatch.setattr(Texture3D, "__init__", counting)
    volume, classes = virion(64)
    for limit in (None, 34):
        made.clear()
        renderer = Renderer(limit=limit)
        renderer.load(volume, classes)
        picture(renderer, bare_scene(volume, classes), volume.grid)
        counted = affordable(volume.grid, 1, limit=limit).bytes
        assert sum(made) <= counted <= 1.1 * sum(made)
        renderer.release()
    assert bytes_of((64, 64, 64), 2) - bytes_of((64, 64, 64), 1) >= 4 * 64**3


def test_binning_is_said_and_the_figures_with_it(gl: None, caplog: pytest.LogCaptureFixture) -> None:
    volume, classes = virion(48)
    small = Renderer(memory=bytes_of((32, 32, 32), 1))
    small.load(volume, classes)
    picture(small, bare_scene(volume, classes), volume.grid)
    assert "binned 2 times" in caplog.text
    assert "take 678 kB and 367 kB can be had" in small.notes[0]
    small.release()
    tiny = Renderer(memory=1000)
    tiny.load(volume, classes)
    with pytest.raises(VolvizError, match=r"takes \d+ kB.*can be had; draw a region"):
        picture(tiny, bare_scene(volume, classes), volume.grid)


def test_memory_that_runs_out_all_the_same_is_said(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from OpenGL import GL

    from volviz.render.gl.texture import Texture3D

    volume, classes = virion(48)
    made = Texture3D.__init__
    calls = []

    def full(self: Texture3D, *args: object, **rest: object) -> None:
        calls.append(self)
        if len(calls) > 1:
            raise GL.GLError(err=GL.GL_OUT_OF_MEMORY)
        made(self, *args, **rest)  # type: ignore[arg-type]

    monkeypatch.setattr(Texture3D, "__init__", full)
    renderer = Renderer(limit=34)
    renderer.load(volume, classes)
    with pytest.raises(VolvizError, match="graphics memory is full"):
        picture(renderer, bare_scene(volume, classes), volume.grid)
    monkeypatch.undo()
    assert np.ptp(picture(renderer, bare_scene(volume, classes), volume.grid)) > 50
    renderer.release()


def test_slabs_are_small_whatever_the_volume_and_come_to_all_of_it(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    from volviz.render import slabs

    volume, classes = virion(40)
    scene = bare_scene(volume, classes)
    whole = Renderer()
    whole.load(volume, classes)
    wanted = picture(whole, scene, volume.grid)
    monkeypatch.setattr(slabs, "SLAB", 5000)
    monkeypatch.setattr(slabs, "BRICKED", 5000)
    stepwise = Renderer()
    stepwise.load(volume, classes)
    loading = stepwise.loading(scene)
    assert loading is not None
    fractions = []
    for slab in loading.slabs():
        assert sum(group.nbytes for group in slab.groups) <= 5000
        assert not (fractions and fractions[-1] < 0.5 and not slab.groups)
        fractions.append(loading.put(slab))
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert stepwise.loading(scene) is None
    assert (picture(stepwise, scene, volume.grid) == wanted).all()
    half = replace(scene, raw=replace(scene.raw, lowpass=90.0))
    begun = stepwise.loading(half)
    assert begun is not None
    begun.put(next(iter(begun.slabs())))
    assert stepwise.loading(scene) is not None  # a loading that was left half done is not taken for whole
    assert (picture(stepwise, scene, volume.grid) == wanted).all()
    whole.release()
    stepwise.release()


def test_the_region_about_a_point_is_as_large_as_fits_and_inside(gl: None) -> None:
    volume, classes = virion(64)
    renderer = Renderer(memory=bytes_of((40, 40, 40), 1))
    renderer.load(volume, classes)
    x, y, z = volume.grid.to_world((60, 30, 0))
    region = renderer.region_around((x, y, z))
    assert region is not None
    assert all(0 <= a < b <= 64 for a, b in zip(region.start, region.stop, strict=True))
    assert region.start[2] == 0
    assert region.stop[0] == 64
    assert affordable(volume.grid.crop(region), 1, memory=bytes_of((40, 40, 40), 1)).binning == 1
    assert min(region.shape) >= 36
    roomy = Renderer(memory=2**30)
    roomy.load(volume, classes)
    assert roomy.region_around((x, y, z)) is None


def test_without_a_card_what_would_take_minutes_is_binned(gl: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "ON_CPU", 40**3)
    monkeypatch.setattr(memory, "in_software", lambda: True)
    volume, classes = virion(64)
    plan = affordable(volume.grid, 1, memory=2**30)
    assert (plan.binning, plan.grid.shape) == (2, (32, 32, 32))
    assert plan.notes[0].startswith("Drawn binned 2 times: 64 x 64 x 64 voxels would be slow to draw without a graphics card.")
    renderer = Renderer(memory=2**30)
    renderer.load(volume, classes)
    region = renderer.region_around(tuple(volume.grid.center_xyz))  # which is drawn in full resolution
    assert region is not None
    assert region.shape == (40, 40, 40)
    monkeypatch.setattr(memory, "in_software", lambda: False)
    assert affordable(volume.grid, 1, memory=2**30).notes == ()


def binned(shape: tuple[int, int, int], factor: int) -> Renderer:
    """Return a renderer whose memory holds a volume of this shape only when it is binned this many times."""
    small = tuple(-(-n // factor) for n in shape)
    return Renderer(memory=bytes_of((small[0], small[1], small[2]), 1))


def test_of_a_binned_volume_nearly_all_of_the_time_is_reading(gl: None) -> None:
    volume, _ = virion(64)
    renderer = binned(volume.grid.shape, 2)
    renderer.load(volume)
    loading = renderer.loading(bare_scene(volume))
    assert loading is not None
    told = [(bool(slab.groups), loading.put(slab)) for slab in loading.slabs()]
    assert renderer.binning == 2
    assert max(fraction for read, fraction in told if read) == pytest.approx(8 / 9)
    assert told[-1] == (False, 1.0)
    renderer.release()


@pytest.mark.parametrize("factor", [2, 3, 4, 5])
def test_binning_changes_neither_the_box_nor_what_comes_through_it(gl: None, factor: int) -> None:
    volume, classes = of_classes(np.full((47, 47, 47), 0.7, np.float32), voxel_size=(8.0, 10.0, 13.0))
    scene = plain(classes, opacity=0.03)
    full, small = Renderer(), binned(volume.grid.shape, factor)
    pictures = []
    for renderer in (full, small):
        renderer.load(volume, classes)
        pictures.append(renderer.image(scene, front(volume.grid, aspect=4 / 3), SIZE, samples=1, transparent=True).astype(int))
    assert small.binning == factor
    assert 60 < pictures[0][45, 60, 3] < 200
    assert np.abs(pictures[0] - pictures[1]).max() <= 1
    full.release()
    small.release()


@pytest.mark.parametrize("factor", [2, 3])
def test_binning_keeps_the_light(gl: None, factor: int) -> None:
    z, y, x = axes(72)
    ball = np.clip((24 - np.sqrt((x - 4) ** 2 + y**2 + (z + 3) ** 2)) / 12, 0, 1)
    bar = np.clip((8 - np.hypot(y + 6, z - 20)) / 6, 0, 1)
    volume, classes = of_classes(np.minimum(ball, 1 - bar), bar)
    scene = bare_scene(volume, classes)
    scene = replace(scene, raw=replace(scene.raw, multiply=False)).with_ramp("class 1", low=0.2, opacity=0.15)
    full, small = Renderer(), binned(volume.grid.shape, factor)
    pictures = []
    for renderer in (full, small):
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, volume.grid)[..., :3])
    assert small.binning == factor
    difference = np.abs(pictures[0] - pictures[1])
    lit = pictures[0].max(axis=2) > 40
    assert lit.mean() > 0.1
    assert difference[lit].mean() < 5
    assert abs(pictures[0][lit].mean() - pictures[1][lit].mean()) < 0.02 * pictures[0][lit].mean()
    full.release()
    small.release()


@pytest.mark.parametrize(
    "settings",
    [{"mode": "maximum"}, {"mode": "surface"}, {"mode": "raw"}, {"blending": "paper"}, {"clips.x": "0.2,0.8"}, {"slices.z": "0.45"}],
    ids=lambda s: "".join(s.values()),
)
@pytest.mark.parametrize("bits", [8, 16])
def test_every_way_of_drawing_takes_a_cut_volume(gl: None, settings: dict[str, str], bits: Literal[8, 16]) -> None:
    volume, classes = virion(45)
    scene = bare_scene(volume, classes)
    for path, text in settings.items():
        scene = scene.set(path, text)
    pictures = []
    for limit in (None, 28):
        renderer = Renderer(limit=limit, bits=bits)
        renderer.load(volume, classes)
        pictures.append(picture(renderer, scene, volume.grid))
        renderer.release()
    assert np.ptp(pictures[0]) > 60
    # A surface is found or missed by a hair where a ray grazes it.
    difference = np.abs(pictures[0] - pictures[1]).max(axis=2)
    assert (difference > 1).mean() <= (0.001 if "surface" in settings.values() else 0)
