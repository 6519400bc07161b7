"""Opening volumes in HDF5 files: what ilastik exports, and any other file that holds an array of three axes or four."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple
from volviz.core.sizing import SIZE_UNKNOWN
from volviz.core.volume import Volume
from volviz.io.lazy import LazyArray
from volviz.io.mrc import choose, stem

SPACE = "zyx"
MICROMETRE = 1e4  # angstrom
MOST_CHANNELS = 32  # without names of axes, an axis this short beside three longer ones holds channels


def open_hdf5(path: Path, *, index: int | None = None) -> Volume:
    """Open the largest array of an HDF5 file as a volume that stays on disk, (z, y, x); of several channels ``index`` chooses one.

    The order of the axes is what ilastik's ``axistags`` or ``axis_order`` say, else z, y, x with channels where the shortest axis
    is. The voxel size is ImageJ's ``element_size_um``, if it is there.

    Raises:
        VolvizError: it is damaged, or holds no volume.
    """
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        raise VolvizError(f"{path} is not a whole HDF5 file; fetch or export it again.") from error
    found: list[h5py.Dataset] = []
    file.visititems(lambda _name, node: found.append(node) if isinstance(node, h5py.Dataset) and _is_volume(node) else None)
    if not found:
        file.close()
        raise VolvizError(f"{path} holds no array of numbers with three axes or more; export the volume or the probabilities again.")
    data = max(found, key=lambda node: math.prod(node.shape))
    axes = _axes(data)
    notes = []
    if len(found) > 1:
        notes.append(f"The file holds {len(found)} arrays; the largest, {data.name}, is shown.")
    others = [i for i, letter in enumerate(axes) if letter not in SPACE]
    lengths = [int(data.shape[i]) for i in others]
    count = math.prod(lengths)
    chosen, more = choose(index, count, path)
    fixed = dict(zip(others, (int(i) for i in np.unravel_index(chosen, lengths)), strict=True)) if others else {}
    size = _size(data, axes)
    view = LazyArray(data, [axes.index(letter) for letter in SPACE], fixed)
    z, y, x = view.shape
    grid = Grid((z, y, x), size or (1.0, 1.0, 1.0), voxel_size_known=size is not None)
    header = {"format": "hdf5", "count": count, "index": chosen}
    return Volume(grid, view, stem(path), path.absolute(), header, (*notes, *more, *([] if size else [SIZE_UNKNOWN])))


def _is_volume(node: h5py.Dataset) -> bool:
    return node.dtype.kind in "iufb" and 3 <= node.ndim <= 5 and sum(n > 1 for n in node.shape) >= 3


def _axes(data: h5py.Dataset) -> str:
    """Return a letter for each axis; those that are not z, y or x hold other volumes."""
    told = data.attrs.get("axistags", data.attrs.get("axis_order", ""))
    text = told.decode() if isinstance(told, bytes) else str(told)
    try:
        text = "".join(str(axis["key"]) for axis in json.loads(text)["axes"])
    except (ValueError, KeyError, TypeError):
        text = "".join(text.split()).replace(",", "")
    if len(text) == data.ndim and all(text.count(letter) == 1 for letter in SPACE):
        return text
    letters: list[Any] = [""] * data.ndim
    extra = sorted(range(data.ndim), key=lambda i: (int(data.shape[i]), -i))[: data.ndim - 3]
    for i in extra:
        letters[i] = "c" if data.shape[i] <= MOST_CHANNELS else "t"
    space = iter(SPACE)
    return "".join(letter or next(space) for letter in letters)


def _size(data: h5py.Dataset, axes: str) -> Triple | None:
    told = np.atleast_1d(np.asarray(data.attrs.get("element_size_um", ()), dtype=object)).ravel()
    if told.size != 3 or not all(isinstance(v, int | float | np.number) for v in told):
        return None
    z, y, x = (float(f"{float(v) * MICROMETRE:.7g}") for v in told)
    believable = all(0.1 <= v < 10_000 for v in (z, y, x)) and (z, y, x) != (MICROMETRE,) * 3
    return (z, y, x) if believable else None
