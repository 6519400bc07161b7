"""A second ray marcher, in numpy, that shares no code with the shaders: what both qualities of the renderer must come to.

It follows the definitions (the comments of occlusion.glsl, shadow.glsl, volume.glsl and the docstring of `Camera`), not
their implementation: linear interpolation by matrices, extinction tabulated on a lattice of a quarter of a voxel, the
ball by a regular grid of points, the light's disc by rings, the cone by even steps. Nothing in it is random. Lengths are
in nanometres from the low corner of the box, points are (x, y, z), tables (z, y, x).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial.transform import Rotation

from volviz.assets import asset
from volviz.core.camera import Camera
from volviz.core.density import lowpassed, lowpassed_contrast
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume

Array = npt.NDArray[np.float32]

FINE = 4  # points of the lattice of extinction in a voxel, along each axis
ALONG = 4  # steps in a voxel along the rays of the camera
ACROSS = 3  # rays of a pixel, along each axis
LIT = 6  # points of a ray at which light is evaluated
RAW_LOW, RAW_HIGH = -4.0, 8.0  # standard deviations that a byte of the raw density stands for


def constant(file: str, name: str) -> float:
    """Return a constant of a definition: the number is the shader's, what is done with it is not."""
    found = re.search(rf"const float {name} = ([0-9.]+);", (asset("shaders") / "include" / file).read_text())
    assert found is not None, f"{file} defines no {name}"
    return float(found[1])


def linear_of(srgb: npt.ArrayLike) -> npt.NDArray[np.float64]:
    c = np.asarray(srgb, np.float64)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def srgb_of(linear: npt.ArrayLike) -> npt.NDArray[np.float64]:
    c = np.clip(linear, 0, 1)
    return np.where(c <= 0.0031308, 12.92 * c, 1.055 * c ** (1 / 2.4) - 0.055)


@dataclass(frozen=True)
class Medium:
    """Bytes as they are stored, (channel, z, y, x) with the raw density first, and what makes extinction of them."""

    bytes: npt.NDArray[np.uint8]
    voxel: Array  # nm, (x, y, z)
    ramps: tuple[tuple[float, float, float, Array], ...]  # of the classes: low, high, opacity, linear colour
    raw: tuple[float, float] | None  # ends of the ramp that multiplies, 0..1

    @property
    def extent(self) -> Array:
        return self.voxel * np.array(self.bytes.shape[:0:-1], np.float32)

    def material(self, points: Array) -> tuple[Array, Array]:
        """Return colour (n, 3) and extinction (n,) at points (n, 3) in the box."""
        at = np.clip(points / self.voxel - 0.5, 0, np.array(self.bytes.shape[:0:-1]) - 1)
        low = np.minimum(at.astype(int), np.array(self.bytes.shape[:0:-1]) - 2)
        x, y, z = low.T
        u, v, w = (at - low).T
        corners = self.bytes.astype(np.float32) / 255
        p = np.zeros((len(corners), len(points)), np.float32)
        for dz, dy, dx in np.ndindex(2, 2, 2):
            weight = (w if dz else 1 - w) * (v if dy else 1 - v) * (u if dx else 1 - u)
            p += weight * corners[:, z + dz, y + dy, x + dx]
        parts = self.weights(p)
        sigma = parts.sum(axis=0)
        color = np.einsum("cn,ck->nk", parts, np.stack([ramp[3] for ramp in self.ramps])) / np.maximum(sigma, 1e-9)[:, None]
        return color.astype(np.float32), sigma

    def weights(self, p: Array) -> Array:
        """Return the extinction of every class, from channels (channel, ...) in 0..1."""
        factor = 1.0 if self.raw is None else np.clip((p[0] - self.raw[0]) / (self.raw[1] - self.raw[0]), 0, 1)
        return np.stack([o * np.clip((p[i] - low) / (high - low), 0, 1) * factor for i, (low, high, o, _) in enumerate(self.ramps, 1)])

    def table(self) -> Array:
        """Return the extinction in the middle of every cell of the lattice, (z, y, x)."""
        p = self.bytes.astype(np.float32) / 255
        for axis in (1, 2, 3):
            n = p.shape[axis]
            at = np.clip((np.arange(FINE * n) + 0.5) / FINE - 0.5, 0, n - 1)
            matrix = np.maximum(0, 1 - np.abs(at[:, None] - np.arange(n))).astype(np.float32)  # linear interpolation is a hat
            p = np.moveaxis(np.tensordot(matrix, p, axes=(1, axis)), 0, axis)
        return np.asarray(self.weights(p).sum(axis=0), np.float32)


class Lamp:
    """What is left of ambient light and of the light at a point."""

    def __init__(self, medium: Medium, scene: Scene, towards: Array) -> None:
        self.cell = medium.voxel / FINE
        self.towards = towards
        self.occlusion, self.shadow = scene.occlusion, scene.shadow
        self.radius = scene.occlusion.radius
        table = medium.table()
        # A margin of nothing as wide as anything here can reach, so that no look-up has to ask whether it is in the box.
        reach = max(scene.shadow.reach * 1.2 + 2.0 if scene.shadow.on else 0.0, 2 * self.radius if scene.occlusion.on else 0.0)
        self.pad = np.ceil(reach / self.cell).astype(int) + 1
        self.table = np.pad(table, [(int(n), int(n)) for n in self.pad[::-1]])
        self.strides = np.array([1, self.table.shape[2], self.table.shape[2] * self.table.shape[1]])
        voxel = float(np.prod(medium.voxel, dtype=np.float64) ** (1 / 3))
        self.start = max(constant("shadow.glsl", "SHADOW_START"), voxel)
        foot = constant("shadow.glsl", "SHADOW_FOOT")
        self.foot = float(np.clip(2 * voxel, foot, 1.5 * foot))
        self.slope = np.tan(np.radians(scene.light.size))

    def extinction(self, points: Array) -> Array:
        """Return extinction at points (..., 3) from the nearest point of the lattice; 0 outside of the box."""
        at = (points / self.cell).astype(np.float32) + self.pad.astype(np.float32)
        return np.asarray(self.table.ravel()[at.astype(np.int32) @ self.strides.astype(np.int32)])

    def ambient(self, points: Array) -> Array:
        """A(x) = exp(-density R <sigma>), the mean over the ball of radius R around x + shift R l."""
        n = 9
        grid = (np.stack(np.meshgrid(*[np.arange(n)] * 3)).reshape(3, -1).T + 0.5) * 2 / n - 1
        ball = grid[(grid**2).sum(axis=1) <= 1] * self.radius + constant("occlusion.glsl", "OCCLUSION_SHIFT") * self.radius * self.towards
        total = sum(self.extinction(points + offset) for offset in ball.astype(np.float32))
        return np.asarray(np.exp(-constant("occlusion.glsl", "OCCLUSION_DENSITY") * self.radius * total / len(ball)))

    def direct(self, points: Array) -> Array:
        """S(x): the mean over the discs of the light and around x of exp(-integral of sigma from the start to the reach)."""
        side = np.cross(self.towards, [0.0, 0.0, 1.0] if abs(self.towards[2]) < 0.9 else [1.0, 0.0, 0.0])
        side /= np.linalg.norm(side)
        other = np.cross(self.towards, side)
        rings, spokes = 4, 12
        steps = int(np.ceil(2 * (self.shadow.reach - self.start) / (FINE * self.cell.min())))
        t = self.start + (np.arange(steps) + 0.5) * (self.shadow.reach - self.start) / steps
        through = np.zeros(len(points), np.float32)
        for ring in range(rings):
            for spoke in range(spokes):
                angle = 2 * np.pi * (spoke + (ring % 2) / 2) / spokes
                across = self.slope * np.sqrt((ring + 0.5) / rings)
                way = self.towards + across * (np.cos(angle) * side + np.sin(angle) * other)
                number = spokes * ring + spoke  # every direction starts elsewhere on the disc around x
                turn = 2 * np.pi * number * 0.7548777
                aside = self.foot * np.sqrt(number * 0.5698403 % 1)
                start = aside * (np.cos(turn) * side + np.sin(turn) * other)
                depth = sum(self.extinction(points + (start + far * way).astype(np.float32)) for far in t)
                through += np.exp(-np.asarray(depth) * (self.shadow.reach - self.start) / steps)
        return through / (rings * spokes)

    def shining(self, points: Array, tint: Array) -> Array:
        """Return the light (n, 3) that reaches points, of an intensity of 1."""
        left = np.ones(len(points), np.float32)
        if self.occlusion.on:
            left = left * (1 - self.occlusion.strength * (1 - self.ambient(points)))
        if self.shadow.on:
            left = left * (1 - self.shadow.strength * (1 - self.direct(points)))
        return np.asarray(tint + (1 - tint) * left[:, None], np.float32)


def medium_of(volume: Volume, segmentation: Segmentation, scene: Scene) -> Medium:
    look = scene.raw
    deviations = lowpassed_contrast(volume, look.lowpass, look.invert).apply(lowpassed(volume, look.lowpass))
    raw = np.clip(np.rint((deviations - RAW_LOW) * 255 / (RAW_HIGH - RAW_LOW)), 0, 255).astype(np.uint8)
    drawn = np.asarray(segmentation.data)[len(segmentation.labels) - len(segmentation.drawn) :]
    ramps = [scene.ramps[label.name] for label in segmentation.drawn]
    ends = ((look.low - RAW_LOW) / (RAW_HIGH - RAW_LOW), (look.high - RAW_LOW) / (RAW_HIGH - RAW_LOW))
    return Medium(
        np.concatenate([raw[None], drawn]),
        np.array(volume.grid.voxel_size[::-1], np.float32) / 10,
        tuple((r.low, r.high, r.opacity if r.visible else 0.0, linear_of(r.color).astype(np.float32)) for r in ramps),
        ends if look.multiply else None,
    )


def camera_rays(camera: Camera, low_corner: npt.NDArray[np.float64], size: tuple[int, int]) -> tuple[Array, Array]:
    """Return starts and unit directions (ray, 3) of ACROSS x ACROSS rays of every pixel, rows from the top."""
    width, height = size
    w, x, y, z = camera.orientation
    right, up, back = Rotation.from_quat([x, y, z, w]).as_matrix().T
    rows, columns = ((np.arange(n * ACROSS) + 0.5) / ACROSS for n in (height, width))
    v, u = np.meshgrid((height / 2 - rows) / height, (columns - width / 2) / height, indexing="ij")
    eye = (np.asarray(camera.target_xyz) + camera.distance * back - low_corner) / 10
    if camera.orthographic_height is not None:
        across = (u[..., None] * right + v[..., None] * up) * camera.orthographic_height / 10
        starts, ways = eye + across, np.broadcast_to(-back, across.shape)
    else:
        opening = 2 * np.tan(np.radians(camera.field_of_view / 2))
        ways = opening * (u[..., None] * right + v[..., None] * up) - back
        ways = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
        starts = np.broadcast_to(eye, ways.shape)
    return starts.reshape(-1, 3).astype(np.float32), ways.reshape(-1, 3).astype(np.float32)


def spans(starts: Array, ways: Array, extent: Array, orthographic: bool) -> tuple[Array, Array]:
    """Return where rays enter the box and how far they run in it, nm."""
    ways = np.where(np.abs(ways) < 1e-7, 1e-7, ways)
    a, b = -starts / ways, (extent - starts) / ways
    enter, leave = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
    enter = enter if orthographic else np.maximum(enter, 0)
    return enter, np.maximum(0, leave - enter)


def picture(volume: Volume, segmentation: Segmentation, scene: Scene, camera: Camera, size: tuple[int, int], tint: npt.ArrayLike) -> Array:
    """Return what is seen, (height, width, 4): sRGB on the background of the scene in 0..255, and opacity in 0..1.

    Bloom, exposure and light brighter than 1 are not its business. ``tint`` is the share of light that is never lost.
    """
    assert not scene.bloom.on
    assert scene.exposure == 0
    assert scene.light.intensity <= 1
    medium = medium_of(volume, segmentation, scene)
    starts, ways = camera_rays(camera, volume.grid.bounds_xyz[0], size)
    enter, run = spans(starts, ways, medium.extent, camera.orthographic_height is not None)
    step = float(medium.voxel.min()) / ALONG
    most = int(np.ceil(run.max() / step))
    # Every ray is cut into as many equal steps of its own.
    middle = (np.arange(most) + 0.5) / most
    color, sigma = np.zeros((len(starts), most, 3), np.float32), np.zeros((len(starts), most), np.float32)
    inside = np.flatnonzero(run > 0)
    for part in np.array_split(inside, max(1, len(inside) * most // 400_000)):
        points = starts[part, None] + (enter[part, None] + middle * run[part, None])[..., None] * ways[part, None]
        found_color, found = medium.material(points.reshape(-1, 3))
        color[part], sigma[part] = found_color.reshape(len(part), most, 3), found.reshape(len(part), most)
    alpha = 1 - np.exp(-sigma * (run / most)[:, None])
    through = np.cumprod(np.concatenate([np.ones((len(alpha), 1)), 1 - alpha], axis=1), axis=1)
    weight = through[:, :-1] * alpha
    opacity = 1 - through[:, -1]

    # A ray's light is the mean over its weight: taken at the middles of LIT equal shares of it.
    seen = np.flatnonzero(opacity > 1e-3)
    share = np.cumsum(weight[seen], axis=1) / opacity[seen, None]
    chosen = np.stack([(share < q).sum(axis=1) for q in (np.arange(LIT) + 0.5) / LIT], axis=1)
    points = starts[seen, None] + (enter[seen, None] + middle[chosen] * run[seen, None])[..., None] * ways[seen, None]
    world = np.asarray(scene.light.direction_xyz, np.float64)
    if scene.light.fixed_to == "camera":
        w, x, y, z = camera.orientation
        world = Rotation.from_quat([x, y, z, w]).apply(world)
    lamp = Lamp(medium, scene, world / np.linalg.norm(world))
    shining = lamp.shining(points.reshape(-1, 3).astype(np.float32), np.asarray(tint, np.float32)).reshape(*chosen.shape, 3)
    light = np.zeros((len(starts), 3))
    light[seen] = opacity[seen, None] * (color[seen[:, None], chosen] * shining).mean(axis=1) * scene.light.intensity
    light += (1 - opacity)[:, None] * linear_of(scene.background)

    def of_pixels(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(values.reshape(size[1], ACROSS, size[0], ACROSS, -1).mean(axis=(1, 3)))

    return np.concatenate([255 * srgb_of(of_pixels(light)), of_pixels(opacity)], axis=-1).astype(np.float32)
