"""First looks: ramps estimated from the data, as the paper does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from volviz.core.alone import is_alone
from volviz.core.camera import Camera
from volviz.core.density import (
    Check,
    contrast_of,
    dense_is_dark,
    lowpass_voxels,
    lowpassed,
    lowpassed_contrast,
    lowpassed_sample,
    narrowed,
    spread_planes,
)
from volviz.core.grid import Floats, Region
from volviz.core.guides import Guides
from volviz.core.report import Report, silent
from volviz.core.scene import DENSITY, Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.core.sizing import agreed
from volviz.core.volume import Volume

# Extinction per nm at the top of the ramp: a bilayer of 7 nm lets 3 % through; a lumen of 80 nm is a dense fog, so
# that it shows where the membrane is cut or faint and does not drown the rest.
OPACITIES = {"membrane": 0.6, "spikes": 1.0, "lumen": 0.35}
SPARSE = (2.5, 5.0)  # deviations above the mean, between which dense matter alone shows
MANY_VOXELS = 2**28  # of classes, from which on they are not read whole to see where something is
MOST_SECTIONS = 128  # that are read then
MOST_ROWS = 25600  # of a file, read one by one: each of them is a place of its own on the disk


def ridler_calvard(histogram: npt.NDArray[np.int64]) -> float:
    """Return the ISODATA threshold of a histogram of 256 grey levels (Ridler and Calvard 1978), as the paper uses it.

    T <- round((mean of the values below T + mean of the values from T on) / 2) until it rests. It starts from the
    mean, but not below 1, or a slice that is mostly empty would have nothing on its lower side and stay at 0.
    """
    values = np.arange(256)
    counts = histogram.astype(np.float64)
    total = counts.sum()
    if total == 0:
        return 0.0
    threshold = max(1, round(float((counts * values).sum() / total)))
    for _ in range(256):
        below, above = counts[:threshold], counts[threshold:]
        if below.sum() == 0 or above.sum() == 0:
            break
        means = (below * values[:threshold]).sum() / below.sum() + (above * values[threshold:]).sum() / above.sum()
        new = max(1, round(float(means / 2)))
        if abs(new - threshold) < 1:
            break
        threshold = new
    return float(threshold)


def class_plane(segmentation: Segmentation, name: str | None, z: int) -> npt.NDArray[np.uint8]:
    """Return a z slice (y, x) of a class in bytes; without a name, that of everything but the background."""
    plane = segmentation.as_bytes(np.asarray(segmentation.data[0 if name is None else segmentation.index(name), z]))
    return np.asarray(255 - plane, dtype=np.uint8) if name is None else plane


def threshold_curve(segmentation: Segmentation, name: str | None, check: Check = None) -> npt.NDArray[np.float64]:
    """Return the threshold 0..1 of every z slice of a class, NaN where the class does not appear at all.

    Without a name: of everything but the background, as one class.
    """
    curve = np.full(segmentation.shape[0], np.nan)
    for z in range(segmentation.shape[0]):
        if check is not None:
            check()
        plane = class_plane(segmentation, name, z)
        if plane.max() >= 1:
            curve[z] = ridler_calvard(np.bincount(plane.ravel(), minlength=256)) / 255
    return curve


def automatic_low(segmentation: Segmentation, name: str | None, check: Check = None) -> float:
    """Return the lower end of a class's ramp: the mean over slices of their Ridler-Calvard thresholds, at most 0.98."""
    return low_of(threshold_curve(segmentation, name, check))


def low_of(curve: npt.NDArray[np.float64]) -> float:
    """Return the lower end of the ramp for the thresholds of all slices."""
    return 0.5 if np.isnan(curve).all() else min(0.98, float(np.nanmean(curve)))


def raw_look(volume: Volume, segmentation: Segmentation | None = None, check: Check = None) -> RawLook:
    """Return a ramp of the raw density: from the quartile of the particles that is least dense, to the densest one.

    The paper sets this ramp by hand. Without a segmentation: from 2.5 to 5 deviations above the mean, which shows
    the dense matter alone.
    """
    look = RawLook(invert=dense_is_dark(volume, check=check))
    if segmentation is None or segmentation.kind == "score":
        return RawLook(low=SPARSE[0], high=SPARSE[1], invert=look.invert, lowpass=look.lowpass)
    if segmentation.shape != volume.grid.shape:
        return look
    contrast = lowpassed_contrast(volume, look.lowpass, look.invert, check)
    inside = []
    for plane in spread_planes(volume.grid, look.lowpass):
        foreground = segmentation.values(segmentation.data[(0, *plane.slices)]) < 0.5
        inside.append(contrast.apply(lowpassed(volume, look.lowpass, plane, check)[foreground]))
    values = np.concatenate(inside)
    if values.size < 200:
        return look
    low, high = np.percentile(values, [25, 75])
    return RawLook(low=round(float(low), 2), high=round(float(max(high, low + 0.1)), 2), invert=look.invert, lowpass=look.lowpass)


def density_ramp(volume: Volume, look: RawLook, sample: npt.NDArray[np.float32] | None = None) -> Ramp:
    """Return a ramp for the raw density drawn by itself: the densest few hundredths of the voxels, the last of them opaque.

    ``sample`` are low-passed densities, by default those of `lowpassed_sample`.
    """
    sample = lowpassed_sample(volume, look.lowpass) if sample is None else sample
    ordinary, low, high = np.percentile(contrast_of(sample, look.invert).apply(sample), [50.0, 97.0, 99.8])
    if high <= ordinary:  # the densest hundredths are as dense as the rest: none of that may be opaque
        return replace(DENSITY, low=SPARSE[0], high=SPARSE[1])
    if low <= ordinary:  # the emptiness must not even be a haze
        low = 0.75 * ordinary + 0.25 * high
    # The densest must show even where many are as dense as they: in files whose values are clipped, and in masks.
    return replace(DENSITY, low=round(float(min(low, high - 0.5)), 2), high=round(float(high), 2))


def averaged_contrast(
    volume: Volume, look: RawLook, planes: int = 8, sample: npt.NDArray[np.float32] | None = None, check: Check = None
) -> tuple[float, float]:
    """Return where the means of the density along the beam, z, begin and end, in standard deviations.

    Taken of a few planes across y, which a file gives row by row: so that nearly all pixels of an average lie between
    black and white, with a little air beyond. ``sample`` is that of `density_ramp`.
    """
    sample, grid = lowpassed_sample(volume, look.lowpass, check) if sample is None else sample, volume.grid
    contrast = contrast_of(sample, look.invert)
    depth, height, width = grid.shape
    planes = max(1, min(planes, MOST_ROWS // (depth * lowpass_voxels(grid, look.lowpass)[1])))
    chosen = np.unique(np.linspace(0, height - 1, min(height, planes + 2)).astype(int))
    across = [Region((0, int(y), 0), (depth, int(y) + 1, width)) for y in (chosen[1:-1] if len(chosen) > 2 else chosen)]
    regions = [narrowed(region, grid, look.lowpass) for region in across]
    means = np.concatenate([contrast.apply(lowpassed(volume, look.lowpass, region, check)).mean(axis=0).ravel() for region in regions])
    low, high = np.percentile(means, [1.0, 99.5])
    air = max(0.1 * float(high - low), 0.05)
    return round(float(low) - air, 2), round(float(high) + air, 2)


def first_scene(volume: Volume, segmentation: Segmentation | None = None, report: Report = silent) -> Scene:
    """Return a look to start from: estimated ramps, the labels' own colours, the default light, a scale bar where lengths are known.

    Raises:
        Cancelled: by ``report``.
    """
    ramps = {}
    steps = 3 + (len(segmentation.drawn) if segmentation is not None else 0)

    def check(step: int, text: str) -> Callable[[], None]:
        return lambda: report(step / steps, text)

    if segmentation is not None:
        volume, segmentation = agreed(volume, segmentation)
        for i, label in enumerate(segmentation.drawn):
            low = automatic_low(segmentation, label.name, check(i, f"Estimating the ramp of {label.name}"))
            ramps[label.name] = Ramp(low=round(low, 3), color=label.color, opacity=OPACITIES.get(label.name, 0.6))
    raw = raw_look(volume, segmentation, check(steps - 3, "Estimating which densities are dense"))
    if is_alone(volume):  # the classes times themselves would be the classes, only fainter
        raw = replace(raw, multiply=False, invert=False)
    sample = lowpassed_sample(volume, raw.lowpass, check(steps - 2, "Estimating the ramp of the density"))
    density = density_ramp(volume, raw, sample)
    averaged = averaged_contrast(volume, raw, sample=sample, check=check(steps - 1, "Estimating the contrast of averages"))
    report(1.0, "Estimated the look")
    guides = Guides(scale_bar=volume.grid.voxel_size_known)
    return Scene(ramps=ramps, raw=raw, density=density, averaged=averaged, guides=guides)


def drawn_points(volume: Volume, segmentation: Segmentation | None = None, region: Region | None = None, check: Check = None) -> Floats:
    """Return points (n, 3), (x, y, z) in angstrom, that enclose what is drawn: by class, or the corners of the box.

    Of every block of 8^3 voxels that holds more than a speck, the middle. If nothing is found, the corners of the box. Of a
    large volume a section in 8 is looked at, or one in so many that there are 128: to read all of it would take minutes.
    ``region`` is a box of the volume's voxels that is drawn alone.
    """
    part = volume.grid.region_on(region, volume.grid) if region is not None else None
    low, high = (volume.grid if part is None else volume.grid.crop(part)).bounds_xyz
    corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
    if segmentation is None:
        return np.asarray(corners, dtype=np.float64)
    side, (depth, height, width) = 8, segmentation.shape
    found = []
    large = depth * height * width > MANY_VOXELS
    step = side * max(1, -(-depth // (side * MOST_SECTIONS))) if large else side
    for z in range(0, depth, step):
        if check is not None:
            check()
        first, last = (min(depth - 1, z + step // 2),) * 2 if large else (z, min(depth, z + side) - 1)
        slab = segmentation.as_bytes(np.asarray(segmentation.data[:, first : last + 1]))
        shown = slab.max(axis=0) > 128 if segmentation.kind == "score" else slab[0] < 128
        full = np.zeros((-(-height // side) * side, -(-width // side) * side), np.int64)
        full[:height, :width] = shown.sum(axis=0)
        blocks = full.reshape(full.shape[0] // side, side, -1, side).sum(axis=(1, 3))
        yx = np.argwhere(blocks > side**2 * (1 if large else side) // 16) * side + side / 2
        found.append(np.column_stack([np.full(len(yx), (first + last + 1) / 2), yx]))
    points = segmentation.grid.to_world(np.concatenate(found) - 0.5)
    if part is not None:
        points = points[((points >= low) & (points <= high)).all(axis=1)]
    if not len(points):
        return np.asarray(corners, dtype=np.float64)
    reach = np.array(segmentation.grid.voxel_size[::-1]) * side / 2
    if (np.ptp(points, axis=0) <= 2 * reach).all():  # a block or two: their middles alone enclose nothing
        ends = np.clip(points.min(axis=0) - reach, low, high), np.clip(points.max(axis=0) + reach, low, high)
        points = np.array(np.meshgrid(*zip(*ends, strict=True))).reshape(3, -1).T
    return np.asarray(points, dtype=np.float64)


def first_camera(
    volume: Volume,
    segmentation: Segmentation | None = None,
    aspect: float = 1.0,
    region: Region | None = None,
    check: Check = None,
) -> Camera:
    """Return a camera to start from: it sees what is drawn, at an angle that shows depth.

    ``aspect`` is the width of the picture over its height; ``region`` the voxels of the volume that are drawn, by
    default all.
    """
    return Camera.framing(volume.grid, aspect=aspect).seeing(drawn_points(volume, segmentation, region, check), aspect=aspect, margin=1.1)
