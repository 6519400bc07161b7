"""What a few scribbles are worth: a forest within and across two volumes, and networks that the forest's labels teach.

    python benchmarks/scribbling.py --a A.mrc --b B.mrc --out DIR

The labels of each volume lie beside it (A_labels.mrc). A hand that is led by a seed scribbles in both: first a few strokes of
every class, then, as a person would, where the forest of the strokes so far is wrong. Every fifth stroke is held back, and
chooses the networks' best weights. Whatever is in DIR already is kept: a run that was interrupted goes on.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

import volviz
from volviz.core.annotations import Example, Stroke
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS, Label
from volviz.core.volume import Volume
from volviz.io.annotations import open_annotations, save_annotations
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.methods.unet import UNet
from volviz.segment.protocol import Run
from volviz.tasks.evaluate import evaluate_files
from volviz.tasks.segment import segment_file
from volviz.tasks.train import train_file

_STEP = 2.0  # voxels between two points of a path
_TURNS = np.deg2rad([0, 15, -15, 35, -35, 60, -60, 90, -90])
_SKETCH = 20  # trees of the forests that a person looks at between two rounds
_HELD_BACK = 0.2
_SHOWN = ("membrane", "spikes", "lumen")


@dataclass(frozen=True, slots=True)
class Hand:
    """How somebody scribbles.

    Attributes:
        first: strokes of each class to begin with.
        rounds: strokes in each of the rounds after that, in which what is wrong is corrected.
        length: of a stroke, in voxels; it ends sooner where there is no way on within its class.
        radius: of the brush, in voxels.
        seed: decides where.
    """

    first: tuple[int, ...] = (6, 6, 4, 4)
    rounds: tuple[int, ...] = (10, 10)
    length: float = 100.0
    radius: float = 1.5
    seed: int = 0


@dataclass(slots=True)
class Scribbler:
    """A hand over a volume whose true classes (z, y, x) it knows."""

    truth: npt.NDArray[np.integer[Any]]
    grid: Grid
    labels: Sequence[Label]
    hand: Hand
    strokes: list[Stroke] = field(default_factory=list)
    _rng: np.random.Generator = field(init=False)
    _depth: list[npt.NDArray[np.float32]] = field(init=False)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.hand.seed)
        self._depth = [_depth(self.truth == i) for i in range(len(self.labels))]

    @property
    def length(self) -> float:
        """Of all strokes together, in voxels."""
        paths = [np.asarray(stroke.path_xyz) for stroke in self.strokes]
        return float(sum(np.linalg.norm(np.diff(path, axis=0), axis=1).sum() for path in paths)) / min(self.grid.voxel_size)

    def begin(self) -> None:
        """Draw the first strokes of every class, each class in turn, so that those held back are of all of them."""
        for i, count in enumerate(self.hand.first):
            for _ in range(count):
                self._draw(i, None)

    def correct(self, found: npt.NDArray[np.integer[Any]], count: int) -> None:
        """Draw strokes of the true class where another was found.

        A wrong voxel asks for one the more, the rarer the structures are that it takes from, or adds to: as it costs F1.
        """
        sizes = np.bincount(self.truth.ravel(), minlength=len(self.labels))
        cost = np.array([0.0, *(1 / np.maximum(1, sizes[1:]))])
        wrong = found != self.truth
        weight = np.zeros((len(self.labels), len(self.labels)))
        for t in range(len(self.labels)):
            weight[t] = np.bincount(found[wrong & (self.truth == t)], minlength=len(self.labels)) * (cost[t] + cost)
        for _ in range(count if wrong.any() else 0):
            pair = int(self._rng.choice(weight.size, p=(weight / weight.sum()).ravel()))
            true, called = divmod(pair, len(self.labels))
            self._draw(true, wrong & (found == called))

    def _draw(self, number: int, where: npt.NDArray[np.bool_] | None) -> None:
        """Draw a stroke within a class. It begins as deep in it as can be had, where the brush fits in if it fits anywhere."""
        depth, hand = self._depth[number], self.hand
        starts = np.zeros(0, np.int64)
        for margin in (3 * hand.radius, hand.radius, hand.radius / 2, 0.0):
            starts = np.flatnonzero(depth > margin if where is None else (depth > margin) & where)
            if len(starts) >= 50:
                break
        if not len(starts):
            return
        z, y, x = np.unravel_index(self._rng.choice(starts), depth.shape)
        room = depth[z] > hand.radius * 0.67
        path = _path(room if room[y, x] else depth[z] > 0, (int(y), int(x)), hand.length, self._rng)
        points = self.grid.to_world(np.column_stack([np.full(len(path), z), path]))
        radius = hand.radius * min(self.grid.voxel_size)
        self.strokes.append(Stroke(tuple(map(tuple, points.tolist())), radius, self.labels[number].name))  # type: ignore[arg-type]


def _depth(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """Return how far every voxel lies from what is outside, slice by slice, in voxels."""
    planes = (np.pad(plane, 1, mode="edge") for plane in inside)
    return np.stack([ndimage.distance_transform_edt(plane)[1:-1, 1:-1] for plane in planes]).astype(np.float32)


def _path(inside: npt.NDArray[np.bool_], start: tuple[int, int], length: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Return points (n, 2) that go on within a class from a start in both directions, as straight as they can."""
    heading = rng.uniform(0, 2 * np.pi)
    halves = []
    for first in (heading, heading + np.pi):
        at, direction, points = np.array(start, float), first, []
        for _ in range(int(length / 2 / _STEP)):
            for turn in _TURNS * rng.choice([-1, 1]):
                ahead = at + _STEP * np.array([np.sin(direction + turn), np.cos(direction + turn)])
                y, x = np.rint(ahead).astype(int)
                if 0 <= y < inside.shape[0] and 0 <= x < inside.shape[1] and inside[y, x]:
                    at, direction = ahead, direction + turn + rng.normal(0, 0.08)
                    points.append(at)
                    break
            else:
                break
        halves.append(points)
    return np.array([*halves[1][::-1], np.array(start, float), *halves[0]])


def scribbled(tomogram: Path, strokes: Path, hand: Hand) -> None:
    """Scribble in a tomogram by its labels, round after round, and save the strokes."""
    volume, truth = volviz.open(tomogram), volviz.open(labels_of(tomogram))
    assert isinstance(volume, Volume)
    assert isinstance(truth, Volume)
    scribbler = Scribbler(np.asarray(truth.data).astype(np.uint8), volume.grid, VIRION_LABELS, hand)
    scribbler.begin()
    for count in hand.rounds:
        sketch = ScribbleForest(trees=_SKETCH, balance=0.0, held_back=_HELD_BACK)
        found = sketch.fit([Example(volume, scribbler.strokes)], Run(device="cpu")).predict(volume, Run(device="cpu"))
        scribbler.correct(found.hard(), count)
    save_annotations(scribbler.strokes, strokes)
    print(f"{tomogram.name}: {len(scribbler.strokes)} strokes, together {scribbler.length:.0f} voxels long", flush=True)


def one_by_one(tomogram: Path, grid: Grid, each: int, length: float = 30.0, seed: int = 3) -> list[Stroke]:
    """Return so many strokes of each class by the labels of a tomogram, the classes in turn: as a person makes them in a window."""
    truth: Any = volviz.open(labels_of(tomogram))
    numbers = np.asarray(truth.data if isinstance(truth, Volume) else truth.hard()).astype(np.uint8)
    scribbler = Scribbler(numbers, grid, VIRION_LABELS, Hand((each,) * len(VIRION_LABELS), (), length, seed=seed))
    scribbler.begin()
    return [stroke for k in range(each) for stroke in scribbler.strokes[k::each]]


def labels_of(tomogram: Path) -> Path:
    """Return where the labels of a tomogram are."""
    return tomogram.with_name(f"{tomogram.stem}_labels.mrc")


@dataclass(frozen=True, slots=True)
class Bench:
    """Two tomograms, and the folder in which everything that is made of them stays."""

    a: Path
    b: Path
    out: Path
    hand: Hand
    forest: ScribbleForest

    def strokes(self, tomogram: Path) -> Path:
        """Return the file of strokes in a tomogram, drawn if need be."""
        path = self.out / f"{tomogram.stem}.annotations.json"
        if not path.exists():
            scribbled(tomogram, path, self.hand)
        return path

    def taught_forest(self, tomogram: Path) -> Path:
        """Return the forest that the strokes in a tomogram teach."""
        path = self.out / f"forest_{tomogram.stem}.safetensors"
        if not path.exists():
            train_file(self.forest, path, data=[(tomogram, self.strokes(tomogram))], device="cpu")
        return path

    def taught_network(self, name: str, network: UNet, tomogram: Path) -> Path:
        """Return a network that is taught by what the forest of a tomogram finds in it, with the strokes."""
        path = self.out / f"{name}_{tomogram.stem}.safetensors"
        if not path.exists():
            data = [(tomogram, self.segmented(tomogram, self.taught_forest(tomogram)), self.strokes(tomogram))]
            train_file(network, path, data=data, device="cpu")
        return path

    def segmented(self, tomogram: Path, model: Path | str) -> Path:
        """Return what a model finds in a tomogram."""
        path = self.out / f"{tomogram.stem}_by_{Path(model).stem}.zarr"
        if not path.exists():
            segment_file(tomogram, path, model=model, device="cpu")
        return path

    def score(self, name: str, tomogram: Path, model: Path | str) -> None:
        """Score what a model finds in a tomogram, once, and print it."""
        path = self.out / f"{tomogram.stem}_by_{Path(model).stem}.json"
        if not path.exists():
            scores = evaluate_files(self.segmented(tomogram, model), labels_of(tomogram))
            path.write_text(json.dumps({k: v for k, v in scores.items() if k == "macro_f1" or k.startswith("f1.")}))
        found = json.loads(path.read_text())
        cells = [f"{found[f'f1.{label}']:.3f}" for label in _SHOWN]
        print(f"| {name} | {found['macro_f1']:.3f} | {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--a", type=Path, required=True)
    parser.add_argument("--b", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=["forest", "scratch", "started", "all"], default="all", help="part of it; what it needs is made")
    parser.add_argument("--minutes", type=float, default=20.0, help="that each network learns")
    parser.add_argument("--validate-every", type=int, default=1000, help="steps between two looks at the strokes held back")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    forest = ScribbleForest(balance=0.5, held_back=_HELD_BACK)
    bench = Bench(given.a, given.b, given.out, Hand(), forest)
    common: dict[str, Any] = {"minutes": given.minutes, "held_back": _HELD_BACK, "validate_every": given.validate_every}
    networks = {
        "scratch": UNet(voxel_size=15.0, crop=32, warmup=40, **common),
        "started": UNet(start=Path("unet"), crop=48, learning_rate=5e-4, **common),
    }
    if given.only in ("forest", "all"):
        for tomogram in (given.a, given.b):
            strokes = open_annotations(bench.strokes(tomogram)).annotations
            print(f"{tomogram.stem}: {len(strokes)} strokes")
        print("| taught by | scored on | macro F1 | " + " | ".join(_SHOWN) + " |")
        bench.score("forest, a | a", given.a, bench.taught_forest(given.a))
        bench.score("forest, b | b", given.b, bench.taught_forest(given.b))
        bench.score("forest, a | b", given.b, bench.taught_forest(given.a))
        bench.score("forest, b | a", given.a, bench.taught_forest(given.b))
    for name, network in networks.items():
        if given.only in (name, "all"):
            bench.score(f"network {name}, a | b", given.b, bench.taught_network(name, network, given.a))
            bench.score(f"network {name}, b | a", given.a, bench.taught_network(name, network, given.b))
    if given.only == "all":
        bench.score("bundled weights | b", given.b, "unet")


if __name__ == "__main__":
    main()
