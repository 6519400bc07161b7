"""Simulated tomograms to judge a model by, with seeds from 900000 on, which training never draws.

Each is written once as ``NAME.mrc`` with ``NAME_labels.mrc`` and found again by a digest of its recipe: a recipe that
changes is simulated anew. When the simulator itself changes, remove the folder.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from volviz.core.grid import Shape
from volviz.core.volume import Volume
from volviz.io import save
from volviz.segment.resample import gather, taps
from volviz.simulate import Spec, random_spec, simulate

FIRST_SEED = 900_000
VOXEL_SIZES = (6.0, 10.0, 14.0)


@dataclass(frozen=True)
class Case:
    """A tomogram with its labels on disk, and the numbers of its envelopes if somebody wrote them."""

    name: str
    tomogram: Path
    labels: Path
    instances: Path | None = None


def sized(spec: Spec, shape: Shape) -> Spec:
    """Return the recipe for a field of this many voxels (z, y, x) of 10 A."""
    z, y, x = (round(10 * n / spec.voxel_size) for n in shape)
    return replace(spec, shape=(z, y, x))


def clear_virions() -> dict[str, Spec]:
    """Return preparations of virions with a bald vesicle in ice, each of other spikes, voxel size, noise, defocus and tilts."""
    kind = Spec(virions=3, vesicles=1, vesicle_radius=(240.0, 420.0), cut=0.3)
    recipes = {
        "open spikes, 11.3 A": replace(kind, voxel_size=11.3, snr=0.6, defocus=3.5, seed=FIRST_SEED),
        "closed spikes, 9.4 A, tilts to 54": replace(
            kind, voxel_size=9.4, spike_kind="closed", spike_length=(190.0, 215.0), snr=0.35, tilt_range=(-54.0, 54.0), seed=FIRST_SEED + 1
        ),
        "clubs, 7.5 A, no CTF correction": replace(
            kind, voxel_size=7.5, spike_kind="club", correction="none", filter="ramp", defocus=5.5, seed=FIRST_SEED + 2
        ),
        "influenza-like rods, 12.6 A, tilts -50 to 66": replace(
            kind,
            voxel_size=12.6,
            spike_kind="rod",
            spike_length=(130.0, 150.0),
            spikes=(60, 90),
            radius=(420.0, 560.0),
            elongation=0.25,
            snr=0.5,
            tilt_range=(-50.0, 66.0),
            tilt_step=2.0,
            seed=FIRST_SEED + 3,
        ),
        "leaning spikes, one dark line, 10.4 A": replace(
            kind,
            voxel_size=10.4,
            spike_kind="mixed",
            spike_tilt=(45.0, 20.0),
            leaflet_width=13.0,
            membrane_contrast=(0.5, 0.7),
            membrane_protein=0.8,
            noise_falloff=1.2,
            misalignment=0.6,
            seed=FIRST_SEED + 4,
        ),
        "few spikes, coloured noise, 8.6 A": replace(
            kind, voxel_size=8.6, spikes=(8, 16), snr=0.25, noise_falloff=2.0, correction="wiener", filter="sirt", seed=FIRST_SEED + 5
        ),
    }
    return {name: sized(spec, (104, 224, 224)) for name, spec in recipes.items()}


def faint_spikes() -> dict[str, Spec]:
    """Return preparations with plain, long virions, whose spikes are as faint as protein is beside two dark leaflets."""
    kind = Spec(virions=3, vesicles=1, vesicle_radius=(240.0, 420.0), elongation=0.28, membrane_contrast=(0.8, 1.0), cut=0.3)
    recipes = {
        "faint open spikes, 10.5 A": replace(kind, voxel_size=10.5, spike_contrast=1.0, snr=0.6, seed=FIRST_SEED + 40),
        "fainter closed spikes, 9.2 A": replace(
            kind, voxel_size=9.2, spike_kind="closed", spike_contrast=0.8, snr=0.8, correction="none", defocus=4.5, seed=FIRST_SEED + 41
        ),
        "faint mixed spikes, 12 A, tilts to 50": replace(
            kind, voxel_size=12.0, spike_kind="mixed", spike_contrast=1.2, snr=0.4, tilt_range=(-50.0, 50.0), seed=FIRST_SEED + 42
        ),
    }
    return {name: sized(spec, (104, 224, 224)) for name, spec in recipes.items()}


def drawn(difficulty: str, numbers: Sequence[int]) -> dict[str, Spec]:
    """Return recipes drawn at random over everything that varies."""
    recipes = {number: random_spec(FIRST_SEED + number, difficulty=difficulty) for number in numbers}  # type: ignore[arg-type]
    return {f"{difficulty} {number}, {spec.voxel_size:.1f} A": sized(spec, (96, 128, 224)) for number, spec in recipes.items()}


def ice() -> dict[str, Spec]:
    """Return ice without a virion or vesicle: protein, gold, carbon, dirt."""
    bare = Spec(virions=0, vesicles=0, free_spikes=0)
    recipes = {
        "clean ice, 10 A": replace(bare, seed=FIRST_SEED + 20),
        "protein and gold, 8 A": replace(bare, voxel_size=8.0, debris=60.0, gold=3, snr=0.3, defocus=3.0, seed=FIRST_SEED + 21),
        "carbon, dirt, coloured noise, 12 A": replace(
            bare,
            voxel_size=12.0,
            debris=20.0,
            carbon=0.3,
            contamination=2,
            ice_texture=0.15,
            noise_falloff=1.5,
            filter_floor=0.02,
            seed=FIRST_SEED + 22,
        ),
    }
    return {name: sized(spec, (96, 128, 224)) for name, spec in recipes.items()}


def cases(folder: Path, recipes: dict[str, Spec]) -> Iterator[Case]:
    """Yield the tomograms of recipes, simulating those that the folder lacks."""
    for name, spec in recipes.items():
        yield stored(folder, name, spec.to_json(), lambda spec=spec: _labelled(*simulate(spec)))  # type: ignore[misc]


def one_virion_at_voxel_sizes(folder: Path) -> Iterator[tuple[float, Case]]:
    """Yield one virion at each of three voxel sizes, averaged down from the finest, as binning does it."""
    spec = Spec(voxel_size=VOXEL_SIZES[0], virions=1, vesicles=0, radius=(400.0, 410.0), snr=0.4, seed=FIRST_SEED + 30)
    spec = sized(spec, (128, 160, 160))
    for size in VOXEL_SIZES:
        yield (
            size,
            stored(folder, f"one virion, {size:g} A", {**spec.to_json(), "averaged_to": size}, lambda size=size: _averaged(spec, size)),
        )  # type: ignore[misc]


def _averaged(spec: Spec, voxel_size: float) -> tuple[Volume, Volume]:
    volume, truth = simulate(spec)
    grid = volume.grid.resample(voxel_size)
    along = (taps(volume.grid, grid, 0), taps(volume.grid, grid, 1), taps(volume.grid, grid, 2))
    density = gather(torch.from_numpy(volume.read()), along).numpy()
    classes = gather(torch.from_numpy(truth.probabilities()), along).numpy().argmax(axis=0)
    return Volume(grid, density), Volume(grid, classes.astype(np.int8))


def _labelled(volume: Volume, truth: object) -> tuple[Volume, Volume]:
    return volume, Volume(volume.grid, truth.hard().astype(np.int8))  # type: ignore[attr-defined]


def stored(folder: Path, name: str, recipe: dict[str, object], make: Callable[[], tuple[Volume, Volume]]) -> Case:
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()[:10]
    case = Case(name, folder / f"{digest}.mrc", folder / f"{digest}_labels.mrc")
    if not case.labels.exists():
        folder.mkdir(parents=True, exist_ok=True)
        volume, labels = make()
        save(volume, case.tomogram, overwrite=True)
        save(labels, case.labels, overwrite=True)
    return case


def in_folder(folder: Path) -> Iterator[Case]:
    """Yield every ``X.mrc`` of a folder that has its ``X_labels.mrc`` beside it, with ``X_instances.mrc`` if there is one."""
    for labels in sorted(folder.glob("*_labels.mrc")):
        tomogram = labels.with_name(labels.name.replace("_labels", ""))
        instances = labels.with_name(labels.name.replace("_labels", "_instances"))
        if tomogram.exists():
            yield Case(tomogram.stem, tomogram, labels, instances if instances.exists() else None)
