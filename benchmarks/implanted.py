"""Simulated virions in the density of a real tomogram: its noise and grain are real, and what is there is known.

They are put into the inside of the lysosome, which is bland. How dark they are is told by the lysosome's own membrane, measured in
the planes where circles follow it: as dark as that, or some times as dark, for a series taken with more electrons or binned more.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import real
import validation
from scipy import ndimage

from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.simulate import Spec, simulate

TIMES = (1, 2, 3)
"""How dark the virions' membranes are over the lysosome's."""

_INSIDE = (slice(12, 116), slice(70, 246), slice(60, 236))
_BAND = 2.5  # voxels on each side of a membrane's middle, as much as its label covers
_EQUATOR = 8  # sections on each side of an envelope's middle: the missing wedge takes what is nearer to its poles

Array = npt.NDArray[np.float32]


def recipes() -> dict[str, Spec]:
    """Return preparations of two virions and a vesicle that are nothing but signal."""
    shape = tuple(s.stop - s.start for s in _INSIDE)
    bare = Spec(
        shape=shape, voxel_size=real.LYSOSOME_VOXEL_SIZE, virions=2, vesicles=1, vesicle_radius=(240.0, 380.0), radius=(400.0, 460.0)
    )  # type: ignore[arg-type]
    bare = replace(
        bare,
        debris=0.0,
        free_spikes=0,
        ice_texture=0.0,
        ice_gradient=0.0,
        snr=1e9,
        tilt_range=(-45.0, 45.0),
        clearance=(40.0, 200.0),
        cut=0.2,
    )
    return {
        "open spikes": replace(bare, seed=validation.FIRST_SEED + 1001),
        "fainter closed spikes": replace(
            bare, spike_kind="closed", spike_contrast=1.2, correction="none", seed=validation.FIRST_SEED + 1002
        ),
    }


def cases(folder: Path, lysosome: Volume, circles: list[real.Circle], times: float) -> Iterator[validation.Case]:
    """Yield the real density with simulated virions in it, whose membranes are some times as dark as its own."""
    density = lysosome.read().astype(np.float32)
    around = density[_INSIDE]
    wanted = times * _band_along_lines(density, circles, around) / float(around.std())
    for name, spec in recipes().items():
        yield validation.stored(
            folder,
            f"{name} in real density, {times:g} x",
            {**spec.to_json(), "implanted": lysosome.name, "contrast": round(wanted, 4)},
            lambda spec=spec: _implanted(around, spec, wanted),  # type: ignore[misc]
        )


def _implanted(around: Array, spec: Spec, contrast: float) -> tuple[Volume, Volume]:
    volume, truth = simulate(spec)
    signal, classes = volume.read(), truth.hard().astype(np.int8)
    signal -= np.median(signal[classes == 0])
    signal *= contrast / float(signal[_equators(classes)].mean())
    grid = Grid(around.shape, volume.grid.voxel_size)  # type: ignore[arg-type]
    return Volume(grid, (around - around.mean()) / around.std() + signal), Volume(grid, classes)


def _band_along_lines(density: Array, circles: list[real.Circle], around: Array) -> float:
    """Return how much darker than its surroundings a band around the real membrane is on average: negative."""
    smooth, found = ndimage.gaussian_filter(density, 1), []
    for circle in circles:
        radii = real.darkest_line(smooth[circle.z], circle)
        across = np.arange(-_BAND, _BAND + 0.1, 0.5)[:, None] + radii
        angles = np.arange(len(radii)) * 2 * np.pi / len(radii)
        at = circle.y + across * np.sin(angles), circle.x + across * np.cos(angles)
        found.append(ndimage.map_coordinates(density[circle.z], at, order=1).mean())
    return float(np.mean(found) - around.mean())


def _equators(classes: npt.NDArray[np.int8]) -> npt.NDArray[np.bool_]:
    """Return the membrane in the middle sections of every envelope."""
    membrane = classes == real.MEMBRANE
    envelopes, _ = ndimage.label(membrane | (classes == real.LUMEN))
    chosen = np.zeros_like(membrane)
    for number, box in enumerate(ndimage.find_objects(envelopes), 1):
        middle = (box[0].start + box[0].stop) // 2
        sections = slice(max(0, middle - _EQUATOR), middle + _EQUATOR + 1)
        chosen[sections] |= membrane[sections] & (envelopes[sections] == number)
    return chosen
