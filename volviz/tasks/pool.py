"""A pool of simulated tomograms on disk: one process adds to it while another learns from what is there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal, overload

import numpy as np
import torch

from volviz.core.annotations import Dense, Example
from volviz.core.grid import Grid, Shape
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.segment.resample import gather, taps
from volviz.simulate import Spec, random_spec, simulate

Kind = Literal["easy", "clear", "mixed", "hard", "ice"]

# Half are good preparations of virions, two of eight with many and visible spikes, which are the fewest voxels and the
# hardest to learn. One has no envelope at all, that what is around them is not taken for them. The others vary in everything.
_KINDS: tuple[Kind, ...] = ("easy", "mixed", "clear", "easy", "hard", "clear", "mixed", "ice")
# Voxels (z, y, x) of a volume of the pool, at the network's voxel size.
SHAPE: Shape = (104, 184, 184)


def recipe(seed: int, number: int, voxel_size: float) -> Spec:
    """Return the recipe of a volume of the pool: some voxel size from 7 to 14 A, so many voxels that it fills the pool's shape."""
    kind = _KINDS[number % len(_KINDS)]
    difficulty: Literal["easy", "mixed", "hard"] = "easy" if kind == "clear" else "mixed" if kind == "ice" else kind
    spec = random_spec(1000 * seed + number, difficulty=difficulty)
    if kind == "clear":
        spec = _with_spikes(spec)
    if kind == "ice":
        spec = replace(spec, virions=0, vesicles=0)
    z, y, x = (round(n * voxel_size / spec.voxel_size) for n in SHAPE)
    return replace(spec, shape=(z, y, x))


def _with_spikes(spec: Spec) -> Spec:
    rng = np.random.default_rng(spec.seed)
    length = float(rng.uniform(180, 245))
    return replace(
        spec,
        spikes=(18, int(rng.integers(30, 65))),
        spike_kind=("closed", "open", "mixed", "mixed", "club")[int(rng.integers(5))],
        spike_length=(0.95 * length, 1.05 * length),
        spike_contrast=float(rng.uniform(1.1, 1.9)),
        virions=max(spec.virions, 2),
        snr=max(spec.snr, float(rng.uniform(0.4, 1.2))),
    )


def fill_pool(folder: Path, volumes: int, *, voxel_size: float = 10.0, seed: int = 0, report: Report = silent) -> None:
    """Simulate volumes into a folder until it holds so many, each resampled to the network's voxel size.

    Every volume is ``N_density.npy`` (float16), ``N_labels.npy`` (class, z, y, x; uint8) and, written last, ``N.json``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(volumes):
        if (folder / f"{number:05d}.json").exists():
            continue
        spec = recipe(seed, number, voxel_size)
        volume, labels = simulate(spec, part(report, number / volumes, (number + 1) / volumes))
        grid = volume.grid.resample(voxel_size)
        along = (taps(volume.grid, grid, 0), taps(volume.grid, grid, 1), taps(volume.grid, grid, 2))
        density = gather(torch.from_numpy(volume.read()), along).numpy().astype(np.float16)
        classes = gather(torch.from_numpy(np.asarray(labels.data, dtype=np.float32)), along).round().to(torch.uint8).numpy()
        np.save(folder / f"{number:05d}_density.npy", density)
        np.save(folder / f"{number:05d}_labels.npy", classes)
        content = {"voxel_size": voxel_size, "simulation": spec.to_json()}
        (folder / f"{number:05d}.json").write_text(json.dumps(content, indent=1), encoding="utf-8")


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
