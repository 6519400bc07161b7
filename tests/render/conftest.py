"""A context, a picture in one line, and phantoms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from volviz.core.camera import Camera
from volviz.core.grid import Grid, Shape
from volviz.core.guides import Guides
from volviz.core.scene import Bloom, Light, Occlusion, Ramp, RawLook, Scene, Shadow
from volviz.core.segmentation import BACKGROUND, LUMEN, MEMBRANE, SPIKES, Label, Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import Headless
from volviz.render.gl.texture import Texture3D
from volviz.render.pace import Level
from volviz.render.renderer import Renderer

Array = npt.NDArray[np.float32]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="draw the golden pictures anew instead of comparing with them")


@pytest.fixture(scope="session")
def context() -> Iterator[Headless]:
    made = Headless()
    yield made
    made.close()


@pytest.fixture(autouse=True)
def no_error_in_any_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    """No context, whoever made it, is left with an error in its queue."""
    enter, leave = Headless.__enter__, Headless.__exit__

    def into(self: Headless) -> Headless:
        enter(self)
        assert errors() == [], "errors were there before"
        return self

    def out(self: Headless, kind: type[BaseException] | None, *rest: Any) -> None:
        found = errors()
        leave(self, kind, *rest)
        assert kind is not None or found == []

    monkeypatch.setattr(Headless, "__enter__", into)
    monkeypatch.setattr(Headless, "__exit__", out)


@pytest.fixture
def gl(context: Headless) -> Iterator[None]:
    """The context is current; a test gives back all that it made in it."""
    with context:
        first = next_name()
        yield
        left = names(first)
        for kind, ids in left.items():  # not the fault of the tests that follow
            _delete(kind, ids)
        assert not left, "left on the graphics device; release renderers and delete targets"


_GENERATED = {kind: f"{kind}s" for kind in ("Texture", "Buffer", "Framebuffer", "Renderbuffer", "VertexArray", "Sampler")}
_GENERATED["Query"] = "Queries"


def next_name() -> int:
    """Return a number that no name made from now on is below, of a driver that counts up, as Mesa does."""
    return min(_next(kind) for kind in (*_GENERATED, "Program"))


def names(first: int = 1) -> dict[str, set[int]]:
    """Return what lives in the current context from a number on, by kind."""
    from OpenGL import GL

    found = {}
    for kind in (*_GENERATED, "Program", "Shader"):
        ids = {i for i in range(first, max(_next(kind), 64)) if getattr(GL, f"glIs{kind}")(i)}
        if kind == "Program":  # the driver may hold the one drawn with last a little longer
            ids = {i for i in ids if not GL.glGetProgramiv(i, GL.GL_DELETE_STATUS)}
        if ids:
            found[kind] = ids
    return found


def _next(kind: str) -> int:
    from OpenGL import GL

    name = int(np.ravel(getattr(GL, f"glGen{_GENERATED[kind]}")(1) if kind in _GENERATED else GL.glCreateProgram())[0])
    _delete(kind if kind in _GENERATED else "Program", {name})
    return name


def _delete(kind: str, ids: set[int]) -> None:
    from OpenGL import GL

    for name in ids:
        if kind in _GENERATED:
            getattr(GL, f"glDelete{_GENERATED[kind]}")(1, [name])
        else:
            getattr(GL, f"glDelete{kind}")(name)


def errors() -> list[int]:
    """Return the errors in the queue of the current context, and empty it."""
    from OpenGL import GL

    found = []
    while (code := GL.glGetError()) != GL.GL_NO_ERROR:
        found.append(int(code))
    return found


@pytest.fixture
def renderer(gl: None) -> Iterator[Renderer]:
    made = Renderer(level=Level(0.5, 2.0))  # of moving pictures: none that depends on how busy the machine is
    yield made
    made.release()


def of_classes(
    *classes: Array, voxel_size: float | tuple[float, float, float] = 10.0, names: tuple[str, ...] = ()
) -> tuple[Volume, Segmentation]:
    """Wrap probabilities of drawn classes, (z, y, x) each, with a background and a raw density that is nothing but noise."""
    shape = classes[0].shape
    size = (voxel_size,) * 3 if isinstance(voxel_size, float) else voxel_size
    grid = Grid((shape[0], shape[1], shape[2]), size)
    labels = tuple(Label(names[i] if names else f"class {i + 1}", (0.8, 0.6, 0.4)) for i in range(len(classes)))
    background = 1 - np.clip(np.sum(classes, axis=0), 0, 1)
    raw = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    return Volume(grid, raw), Segmentation.of_probabilities(grid, np.stack([background, *classes]), (BACKGROUND, *labels))


def bare_scene(volume: Volume, segmentation: Segmentation | None = None) -> Scene:
    """Return the first look at data without its scale bar: what is measured in a picture must be the data."""
    return replace(Scene.of(volume, segmentation), guides=Guides())


def plain(segmentation: Segmentation, opacity: float = 0.05, **rest: object) -> Scene:
    """Return a look without any effect: every class has the ramp 0..1, its own colour and light at full strength."""
    ramps = {label.name: Ramp(0.0, 1.0, label.color, opacity) for label in segmentation.drawn}
    scene = Scene(
        ramps,
        raw=RawLook(multiply=False, invert=False),
        light=Light(intensity=1.0),
        occlusion=Occlusion(on=False),
        shadow=Shadow(on=False),
        bloom=Bloom(on=False),
        background=(0.0, 0.0, 0.0),
    )
    return replace(scene, **rest)


def front(grid: Grid, *, orthographic: bool = True, aspect: float = 1.0) -> Camera:
    """Return a camera that looks down -z with y up."""
    camera = Camera.framing(grid, view="front", aspect=aspect)
    return replace(camera, orthographic_height=camera.height).fitted(grid, aspect=aspect) if orthographic else camera


def axes(n: int) -> tuple[Array, Array, Array]:
    """Return z, y, x of voxel centres from the middle of a cube, in voxels."""
    at = np.arange(n, dtype=np.float32) - (n - 1) / 2
    z, y, x = np.meshgrid(at, at, at, indexing="ij")
    return z, y, x


def virion(n: int = 56) -> tuple[Volume, Segmentation]:
    """Return a bilayer with spikes around clumps of lumen, 10 A voxels, dense dark."""
    z, y, x = axes(n)
    r = np.sqrt(x**2 + (1.05 * y) ** 2 + (1.1 * z) ** 2)
    radius = 0.27 * n
    membrane = np.clip(2.6 - np.abs(r - radius), 0, 1)
    spikes = np.zeros_like(r)
    i = np.arange(26) + 0.5
    polar, turn = np.arccos(1 - 2 * i / 26), np.pi * (1 + 5**0.5) * i
    for d in np.stack([np.cos(turn) * np.sin(polar), np.sin(turn) * np.sin(polar), np.cos(polar)], axis=1):
        along = x * d[0] + y * d[1] + z * d[2]
        across = np.sqrt(np.maximum(0, x**2 + y**2 + z**2 - along**2))
        width = np.where(along > radius + 0.09 * n, 0.05 * n, 0.02 * n)
        inside = (along > radius + 1.5) & (along < radius + 0.16 * n)
        spikes = np.maximum(spikes, np.where(inside, np.clip(width - across + 0.5, 0, 1), 0))
    spikes = np.minimum(spikes, 1 - membrane)
    clumps = np.sin(0.45 * x) * np.sin(0.5 * y) * np.sin(0.4 * z)
    lumen = np.clip(3 * clumps, 0, 1) * np.clip(radius - 4 - r, 0, 1)
    classes = np.stack([1 - np.clip(membrane + spikes + lumen, 0, 1), membrane, spikes, lumen])
    grid = Grid(r.shape, (10.0, 10.0, 10.0))
    texture = 0.35 * np.sin(1.1 * x + 0.4 * y) * np.sin(0.9 * y - 0.5 * z) * np.cos(0.8 * z)
    raw = -(membrane + 1.2 * spikes + 0.6 * lumen) * (1 + texture) + 0.05 * np.random.default_rng(2).normal(size=r.shape)
    return Volume(grid, raw.astype(np.float32)), Segmentation.of_probabilities(grid, classes, (BACKGROUND, MEMBRANE, SPIKES, LUMEN))


def brightness(picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
    """Return the mean of red, green and blue, 0..255."""
    return picture[..., :3].astype(np.float64).mean(axis=-1)


def same_without_skipping(volume: Volume, classes: Segmentation, scene: Scene, *, inside: bool) -> None:
    """Hold a scene to one picture, whether empty space is skipped or not, and in both kinds of shader."""
    camera = Camera.framing(volume.grid)
    camera = replace(camera, distance=90.0) if inside else camera
    pictures = []
    for made in (Renderer(), Renderer(skip=False), Renderer(entry="compute")):
        made.load(volume, classes)
        pictures.append(made.image(scene, camera, (64, 48), samples=2).astype(int))
        made.release()
    assert pictures[0][..., :3].max() > 80
    assert (pictures[0] == pictures[1]).all()
    assert np.abs(pictures[0] - pictures[2]).max() <= 1


@pytest.fixture
def moved(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, ...]]:
    """The shapes (z, y, x) of the 3D textures that were written since the test began."""
    shapes: list[tuple[int, ...]] = []
    write = Texture3D.write

    def written(self: Texture3D, start: Shape, data: npt.NDArray[Any]) -> None:
        shapes.append(self.shape)
        write(self, start, data)

    monkeypatch.setattr(Texture3D, "write", written)
    return shapes
