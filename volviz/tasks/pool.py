"""A pool of simulated tomograms on disk: one process adds to it while another learns from what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import overload

import numpy as np
import torch

from volviz.core.annotations import Dense, Example
from volviz.core.atomic import make_folders, replacing
from volviz.core.grid import Grid, Shape
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.segment.resample import gather, taps
from volviz.simulate import Difficulty, Scene, Spec, random_spec
from volviz.tasks.simulate import densities_in, simulate

# Half are good preparations of virions with spikes to be seen, which are the fewest voxels and the hardest to learn. The others
# are of everything: noise and crowds, bald vesicles, single large membranes amid protein, and ice without any envelope, so that
# grain is not taken for spikes and ice not for the inside of something. The first ones, held out, are of all kinds.
_KINDS: tuple[tuple[Difficulty, Scene | None], ...] = (
    ("easy", "layer"),
    ("mixed", "membrane"),
    ("easy", "virions"),
    ("mixed", None),
    ("easy", "layer"),
    ("mixed", "ice"),
    ("hard", "layer"),
    ("easy", "virions"),
    ("mixed", "vesicles"),
    ("easy", "layer"),
    ("mixed", "ice"),
    ("easy", "virions"),
    ("mixed", "membrane"),
    ("hard", "virions"),
    ("easy", "layer"),
    ("mixed", "cell"),
)
# Voxels (z, y, x) of a volume of the pool, at the network's voxel size.
SHAPE: Shape = (104, 184, 184)
# Finer voxels fill a smaller field, or they would take most of the time; but a crop should still fit in.
_FINE = 9.0
_LEAST = 80


def kind_of(number: int) -> tuple[Difficulty, Scene | None]:
    """Return how hard a volume of the pool is, and what is in it."""
    return _KINDS[number % len(_KINDS)]


def recipe(seed: int, number: int, voxel_size: float, structures: Mapping[str, Sequence[str]] | None = None) -> Spec:
    """Return the recipe of a volume of the pool: some voxel size from 5 to 16 A, so many voxels that it fills the pool's shape.

    ``structures`` are the arguments ``spike_densities`` and ``debris_densities`` of `random_spec`.
    """
    difficulty, scene = kind_of(number)
    rng = np.random.default_rng([seed, number])
    size = float(rng.uniform(5, _FINE) if rng.random() < 0.35 else rng.uniform(_FINE, 16))
    part = min(1.0, size / _FINE)
    z, y, x = (max(n * part, min(n, _LEAST)) * voxel_size / size for n in SHAPE)
    return random_spec(
        1000 * seed + number,
        shape=(round(z), round(y), round(x)),
        voxel_size=size,
        difficulty=difficulty,
        scene=scene,
        **(structures or {}),
    )


def fill_pool(
    folder: Path, volumes: int, *, voxel_size: float = 10.0, seed: int = 0, densities: Path | None = None, report: Report = silent
) -> None:
    """Simulate volumes into a folder until it holds so many, each resampled to the network's voxel size.

    Every volume is ``N_density.npy`` (float16), ``N_labels.npy`` (class, z, y, x; uint8) and, written last, ``N.json``.
    A third of them have spikes, and half of them proteins, of the structures in the folder ``densities``, if there is one.
    """
    structures = densities_in(densities) if densities is not None else {}
    make_folders(folder)
    for number in range(volumes):
        if (folder / f"{number:05d}.json").exists():
            continue
        spec = recipe(seed, number, voxel_size, structures)
        volume, labels = simulate(spec, part(report, number / volumes, (number + 1) / volumes))
        grid = volume.grid.resample(voxel_size)
        along = (taps(volume.grid, grid, 0), taps(volume.grid, grid, 1), taps(volume.grid, grid, 2))
        density = gather(torch.from_numpy(volume.read()), along).numpy().astype(np.float16)
        classes = gather(torch.from_numpy(np.asarray(labels.data, dtype=np.float32)), along).round().to(torch.uint8).numpy()
        for name, array in (("density", density), ("labels", classes)):
            with replacing(folder / f"{number:05d}_{name}.npy", overwrite=True) as partial:
                np.save(partial, array)
        content = {"voxel_size": voxel_size, "simulation": spec.to_json()}
        with replacing(folder / f"{number:05d}.json", overwrite=True) as partial:
            partial.write_text(json.dumps(content, indent=1), encoding="utf-8")


class Pool(Sequence[Example]):
    """The examples in a folder, memory-mapped. Its length grows while `fill_pool` works."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._complete = 0

    def __len__(self) -> int:
        while (self.folder / f"{self._complete:05d}.json").exists():
            self._complete += 1
        return self._complete

    @overload
    def __getitem__(self, i: int) -> Example: ...
    @overload
    def __getitem__(self, i: slice) -> list[Example]: ...
    def __getitem__(self, i: int | slice) -> Example | list[Example]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if not 0 <= i < len(self):
            raise IndexError(i)
        content = json.loads((self.folder / f"{i:05d}.json").read_text(encoding="utf-8"))
        density = np.load(self.folder / f"{i:05d}_density.npy", mmap_mode="r")
        labels = np.load(self.folder / f"{i:05d}_labels.npy", mmap_mode="r")
        size = float(content["voxel_size"])
        grid = Grid(density.shape, (size, size, size))
        return Example(Volume(grid, density, name=f"simulation {i}"), [Dense(Segmentation(grid, labels))])

    def __iter__(self) -> Iterator[Example]:
        return (self[i] for i in range(len(self)))
