"""Pictures that take longer than one can wait: drawn in pieces, sample by sample, band by band."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from OpenGL import GL

from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.report import Report, silent
from volviz.core.scene import Scene
from volviz.render.gl.target import Target
from volviz.render.loaded import Loaded
from volviz.render.pace import Pieces
from volviz.render.passes import march as marching
from volviz.render.passes.bloom import Glow
from volviz.render.passes.guides import laid_over
from volviz.render.passes.march import Quality
from volviz.render.passes.resolve import resolve
from volviz.render.sketch import HEIGHT, Sketch
from volviz.render.uniforms import view_values

Pixels = npt.NDArray[np.uint8]
Size = tuple[int, int]  # (width, height)

TILE = 512  # pixels along the edge of what is held on the GPU at a time: whatever the picture, that is 5 MB
PIECE_SECONDS = 0.05  # of work between two chances to do something else; drivers end work of two seconds
PARKED = 256 * 2**20  # bytes of tiles that wait in memory for their bloom; more of them wait on the disk


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be drawn: a ``scene`` from a ``camera`` in ``size`` (width, height), the mean of ``samples`` frames.

    ``sketch`` is laid over the picture: in a window it is the renderer's, which may change without drawing anew.
    """

    scene: Scene
    camera: Camera
    size: Size
    samples: int
    quality: Quality = "cached"
    transparent: bool = False
    sketch: Sketch | None = None


class Artist(Protocol):
    """Draws pictures of data that are agreed upon, wherever that may happen."""

    def __call__(
        self,
        scene: Scene,
        camera: Camera,
        size: Size,
        *,
        samples: int,
        quality: Quality = "cached",
        transparent: bool = False,
        sketch: Sketch | None = None,
        report: Report = silent,
    ) -> Pixels:
        """Return a picture as (height, width, 4) uint8, top row first, alpha straight, with a sketch over it."""
        ...


def drawing(gpu: Loaded, order: Order, *, tile: int = TILE, seconds: float = PIECE_SECONDS) -> Generator[float, None, Pixels]:
    """Draw a picture in pieces of about ``seconds``; yields how much of it is done, returns (height, width, 4) uint8.

    Other things may be drawn in between. The GPU holds one tile of the picture and the small base of its bloom; the host
    holds the picture, and, for bloom, which needs all of it before any of it is final, tiles of 8 bytes a pixel, which
    go to a temporary file if they are many. Closing it gives everything back: the context must be current then.
    """
    size, scene = order.size, order.scene
    pieces = Pieces(seconds)
    with gpu.state():
        glow = Glow(size, gpu.shaders)
        glow.clear()
        edge = max(glow.factor, tile // glow.factor * glow.factor)
        tiles = list(_tiles(size, edge))
        target = Target((min(edge, size[0]), min(edge, size[1])))
        pixels = Target(target.size, GL.GL_RGBA8)
    parked = _Parked(target.size) if scene.bloom.on and len(tiles) > 1 else None
    out = np.empty((size[1], size[0], 4), np.uint8)
    rows = order.samples * sum(extent[1] for _, extent in tiles)
    done = 0
    try:
        for place in tiles:
            for height in bands(gpu, order, target, *place, pieces):
                done += height
                yield 0.98 * done / rows
            with gpu.state():
                if scene.bloom.on:
                    glow.gather(target, *place, scene.bloom, 2.0**scene.exposure)
                if parked is not None:
                    parked.keep(target.read(place[1]))
                else:
                    if scene.bloom.on:
                        glow.spread(scene.bloom)
                    _finish(gpu, order, target, glow, pixels, place, out)
        if parked is not None:
            with gpu.state():
                glow.spread(scene.bloom)
            for i, place in enumerate(tiles):
                with gpu.state():
                    target.texture.write(parked.back(place[1]))
                    _finish(gpu, order, target, glow, pixels, place, out)
                yield 0.98 + 0.02 * (i + 1) / len(tiles)
        return out
    finally:
        if parked is not None:
            parked.close()
        for part in (target, pixels, glow):
            part.delete()


def bands(gpu: Loaded, order: Order, target: Target, offset: Size, extent: Size, pieces: Pieces) -> Iterator[int]:
    """Average all samples of a tile in a target, band by band; yields the rows of each when it is finished, or 0."""
    for frame in range(order.samples):
        row = 0
        while row < extent[1]:
            if not lit(gpu, order):
                yield 0
                continue
            began = time.perf_counter()
            height = min(pieces.rows(extent[0]), extent[1] - row)
            band(gpu, order, target, offset, (0, row), (extent[0], height), frame)
            pieces.took(time.perf_counter() - began, extent[0] * height)
            row += height
            yield height


def lit(gpu: Loaded, order: Order) -> bool:
    """Get ready to draw an order, as far as may be done at a time, and tell whether its light is whole."""
    with gpu.state():
        gpu.prepare(order.scene, order.camera, moving=False, whole=False)
        if gpu.light.pending:
            GL.glFinish()
    return not gpu.light.pending


def band(gpu: Loaded, order: Order, target: Target, offset: Size, corner: Size, size: Size, frame: int) -> None:
    """Mix one sample of a part of a tile into what its target holds, and wait until it is there; `lit` comes before it.

    ``offset`` is the tile's place in the picture, ``corner`` and ``size`` are the part's in the tile.
    """
    with gpu.state():
        gpu.bind()
        view = view_values(order.camera, gpu.grid, order.size, step=marching.STEP, termination=marching.TERMINATION)
        gpu.view.write(view | jitter(frame, order.samples) | {"offset": offset})
        variant = gpu.variant(order.scene, order.quality)
        gpu.march(gpu.shaders, target, size, corner=corner, variant=variant, share=1 / (frame + 1))
        GL.glFinish()


def _finish(gpu: Loaded, order: Order, target: Target, glow: Glow, pixels: Target, place: tuple[Size, Size], out: Pixels) -> None:
    offset, (width, height) = place
    pixels.bind()
    resolve(
        gpu.shaders, target, glow, order.scene, size=(width, height), offset=offset, height=order.size[1], transparent=order.transparent
    )
    top = out.shape[0] - offset[1] - height
    out[top : top + height, offset[0] : offset[0] + width] = _overlaid(gpu, order, target, pixels, place)[::-1]


def _overlaid(gpu: Loaded, order: Order, target: Target, pixels: Target, place: tuple[Size, Size]) -> Pixels:
    """Return a finished tile with guides and sketch over it, bottom row first.

    Straight alpha, as a transparent tile has it, cannot be blended by the GPU's fixed function: they get a layer of their own.
    """
    scene, (offset, size) = order.scene, place
    if not scene.guides.shown and order.sketch is None:
        return pixels.read(size)
    above = Target(size, GL.GL_RGBA8) if order.transparent else pixels
    if above is not pixels:
        above.clear()
    above.bind()
    gpu.guides.draw(scene, order.camera, gpu.textures.outline, order.size, target, size=size, offset=offset)
    gpu.lay(order.sketch, order.camera, order.size, place=place, scale=order.size[1] / HEIGHT)
    if above is pixels:
        return pixels.read(size)
    layer = above.read()
    above.delete()
    return laid_over(layer, pixels.read(size))


class _Parked:
    """Tiles of linear light, first in first out, in memory or, beyond `PARKED`, in a file that the system removes."""

    def __init__(self, largest: Size) -> None:
        self._file = tempfile.SpooledTemporaryFile(max_size=PARKED)  # noqa: SIM115 - closed by `close`
        self._reading = False

    def keep(self, light: npt.NDArray[np.float32]) -> None:
        try:
            self._file.write(light.astype(np.float16).tobytes())
        except OSError as error:
            raise VolvizError(
                f"There is no room in {tempfile.gettempdir()} for a picture of this size ({error.strerror}); free some space, set "
                "TMPDIR to another folder, or switch the bloom off."
            ) from error

    def back(self, size: Size) -> npt.NDArray[np.float32]:
        if not self._reading:
            self._file.seek(0)
            self._reading = True
        width, height = size
        values = np.frombuffer(self._file.read(8 * width * height), np.float16)
        return values.reshape(height, width, 4).astype(np.float32)

    def close(self) -> None:
        self._file.close()


def jitter(frame: int, samples: int) -> dict[str, Any]:
    """Return a frame's shifts: sampling phases spread evenly, rays spread over the pixel (R2 sequence; Roberts 2018).

    They come in an order in which any first few of them are spread well too (van der Corput).
    """
    at = sorted(range(samples), key=_mirrored)[frame]
    spread = np.arange(1, samples + 1)[:, None] * np.array([0.75487767, 0.56984029]) % 1
    return {"phase": at / samples, "subpixel": spread[at] - spread.mean(axis=0), "frame": at}


def _mirrored(number: int) -> float:
    """Return the binary digits of a number mirrored at the point."""
    value, digit = 0.0, 0.5
    while number:
        value += digit * (number & 1)
        number, digit = number >> 1, digit / 2
    return value


def _tiles(size: Size, edge: int) -> Iterator[tuple[Size, Size]]:
    """Yield (lower left pixel, size) of tiles that cover a picture."""
    for bottom in range(0, size[1], edge):
        for left in range(0, size[0], edge):
            yield (left, bottom), (min(edge, size[0] - left), min(edge, size[1] - bottom))
