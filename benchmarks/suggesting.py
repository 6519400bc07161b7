"""Where to scribble next: places that the forest's uncertainty suggests, against places drawn at random, at equal numbers of strokes.

    python benchmarks/suggesting.py [--seeds 113 ... 124] [--shape 48 104 104] [--rounds 4] [--repeats 2] [--json results.json]

For every seed a small virion (radius 290 to 350 A) is simulated in a wide field, so that membrane, spikes and lumen fill little
of it, and one stroke of each class drawn. Then, round by round, four more strokes: a seeded hand goes to each place and draws
along the class that is there, whatever it is. Places are

    suggested    the first four that `volviz.segment.suggest` gives for the forest as it stands
    random       voxels drawn from the whole volume
    each class   a voxel of each class, drawn at random: somebody who knows already where everything is

The score is the macro F1 over membrane, spikes and lumen in that volume, at every third voxel along each axis, the mean
over the repeats, which begin with other strokes. Features are computed once, and kept in half precision as in a live session.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from placed import Hand, answer, scribble

from volviz.core.annotations import Stroke
from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS, Label
from volviz.segment.feature_cache import block
from volviz.segment.frame import Frame
from volviz.segment.marked import Marked
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.nn.features import ALL
from volviz.segment.nn.forest import Forest
from volviz.segment.protocol import Run
from volviz.segment.rasterize import classes_of
from volviz.segment.suggest import STEP, hesitations, lattice
from volviz.segment.tiles import Bricks
from volviz.simulate import random_spec
from volviz.tasks.simulate import simulate

EACH = 4  # strokes in a round
_SCORED = 3  # every so-manieth voxel along each axis
_RADIUS = (290.0, 350.0)  # A

Numbers = npt.NDArray[np.integer]


class Taught:
    """A simulated volume, its features, and the forest that the strokes so far teach."""

    def __init__(self, seed: int, shape: tuple[int, int, int], voxel_size: float) -> None:
        spec = random_spec(seed, difficulty="easy", scene="virions", shape=shape, voxel_size=voxel_size)
        volume, soft = simulate(replace(spec, radius=_RADIUS, virions=1, vesicles=min(spec.vesicles, 1)))
        self.truth: Numbers = soft.hard().astype(np.uint8)
        self.grid, self.strokes = volume.grid, list[Stroke]()
        values = block(Frame.of(volume, Run(device="cpu", dense_is_dark=True), Bricks(None)), (0, 0, 0), shape, ALL)
        values /= values.flatten(1).std(dim=1).clamp_min(1e-12)[:, None, None, None]
        self._features = values.half().permute(1, 2, 3, 0).contiguous().numpy()
        self._method = ScribbleForest(trees=30, samples=1500, seed=seed)
        self._true = _every(self.truth, _SCORED)
        self.labels: tuple[Label, ...] = ()
        self._forest: Forest | None = None

    def learn(self, strokes: list[Stroke]) -> None:
        known = classes_of(strokes)
        marked = Marked.within(Region.whole(self.grid.shape), [strokes], self.grid, known)
        (drawn,), self.labels = self._method.draw([marked], known)
        rows = self._features[tuple(drawn.index.T)].astype(np.float32)
        self._forest, self.strokes = self._method.grow(rows, drawn.classes, len(self.labels)), strokes

    def votes(self, step: int) -> npt.NDArray[np.float32]:
        """Return the share of votes (class, z, y, x) at every so-manieth voxel."""
        assert self._forest is not None
        rows: npt.NDArray[Any] = _every(self._features, step).astype(np.float32)
        found = self._forest.predict(torch.from_numpy(rows.reshape(-1, rows.shape[-1])).T)
        return found.numpy().reshape(-1, *rows.shape[:3])

    def macro_f1(self) -> float:
        """Return the mean F1 of what is there of membrane, spikes and lumen."""
        found = np.array([label.name for label in self.labels])[self.votes(_SCORED).argmax(axis=0)]
        scores = []
        for number, label in enumerate(VIRION_LABELS[1:], 1):
            if (self._true == number).any():
                both = ((found == label.name) & (self._true == number)).sum()
                scores.append(2 * both / ((found == label.name).sum() + (self._true == number).sum()))
        return float(np.mean(scores))


def _every(values: npt.NDArray[Any], step: int) -> npt.NDArray[Any]:
    """Return every so-manieth voxel along each axis, as `lattice` has them."""
    z, y, x = (slice(min(step // 2, n - 1), None, step) for n in values.shape[:3])
    return values[z, y, x]


Places = Callable[[Taught, np.random.Generator], Sequence[Sequence[int]]]


def suggested(taught: Taught, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    votes, grid = taught.votes(STEP), lattice(taught.grid)
    found = hesitations(votes, np.ones(grid.shape, bool), grid, taught.labels, taught.strokes, EACH).places
    return [np.rint(taught.grid.to_index(place.point_xyz)).astype(int).tolist() for place in found]


def random(taught: Taught, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    return [[int(rng.integers(n)) for n in taught.truth.shape] for _ in range(EACH)]


def each_class(taught: Taught, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    where = [np.argwhere(taught.truth == number) for number in range(len(VIRION_LABELS))]
    return [voxels[rng.integers(len(voxels))].tolist() for voxels in where if len(voxels)]


WAYS: dict[str, Places] = {"suggested": suggested, "random": random, "each class": each_class}


def run(taught: Taught, seed: int, repeat: int, rounds: int, way: str) -> list[float]:
    """Return the scores after every round."""
    hand = Hand(strokes=len(VIRION_LABELS), length=24.0, seed=seed + 1000 * repeat)
    rng = np.random.default_rng([seed, 5, repeat])
    strokes, scores = scribble(taught.truth, taught.grid, VIRION_LABELS, hand), []
    for done in range(rounds + 1):
        taught.learn(list(strokes))
        scores.append(taught.macro_f1())
        if done < rounds:
            strokes += [answer(taught.truth, taught.grid, VIRION_LABELS, at, hand, rng) for at in WAYS[way](taught, rng)]
    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(113, 125)))
    parser.add_argument("--shape", type=int, nargs=3, default=[48, 104, 104])
    parser.add_argument("--voxel-size", type=float, default=14.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    z, y, x = arguments.shape
    scores: dict[str, list[list[float]]] = {way: [] for way in arguments.ways}
    for seed in arguments.seeds:
        taught = Taught(seed, (z, y, x), arguments.voxel_size)
        for way, means in scores.items():
            means.append(np.mean([run(taught, seed, n, arguments.rounds, way) for n in range(arguments.repeats)], axis=0).tolist())
            print(f"seed {seed} {way:>10}:", "  ".join(f"{f:.3f}" for f in means[-1]), flush=True)
    print("strokes:", *[len(VIRION_LABELS) + EACH * i for i in range(arguments.rounds + 1)])
    for way, found in scores.items():
        print(f"{way:>10}:", _told(np.array(found)))
        if way != "suggested" and "suggested" in scores:
            apart = np.array(scores["suggested"]) - np.array(found)
            wins = (apart[:, 1:] > 0).sum(axis=0)
            print(f"{'':>10}  suggested leads by", _told(apart[:, 1:]), f"and wins {wins} of {len(apart)}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seeds": arguments.seeds, "scores": scores}, indent=2) + "\n")


def _told(table: npt.NDArray[np.float64]) -> str:
    """Return means over the seeds, and their standard errors."""
    errors = table.std(axis=0, ddof=1) / np.sqrt(len(table)) if len(table) > 1 else np.full(table.shape[1], np.nan)
    return "  ".join(f"{m:+.3f} +- {e:.3f}" for m, e in zip(table.mean(axis=0), errors, strict=True))


if __name__ == "__main__":
    main()
