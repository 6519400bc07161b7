"""Where to scribble next: places that the forest's uncertainty suggests, against places drawn at random, at equal numbers of strokes.

    python benchmarks/suggesting.py [--seeds 11 12 13 14 15 16] [--shape 64 96 96] [--rounds 4] [--json results.json]

For every seed a virion is simulated, and one stroke of each class drawn. Then, round by round, four more strokes: a seeded
hand goes to each place and draws along the class that is there, whatever it is. Places are

    suggested    the first four that the forest as it stands suggests
    random       voxels drawn from the whole volume
    each class   a voxel of each class, drawn at random: somebody who knows already where everything is

The score is the macro F1 over membrane, spikes and lumen in that volume, at every second voxel along each axis.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from placed import Hand, answer, scribble

from volviz.core.annotations import Stroke
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.protocol import Run
from volviz.segment.scribbling import Scribbling
from volviz.simulate import random_spec
from volviz.tasks.simulate import simulate

EACH = 4  # strokes in a round
_SCORED = 2  # every so-manieth voxel along each axis

Numbers = npt.NDArray[np.integer]
Places = Callable[[Scribbling, list[Stroke], Numbers, np.random.Generator], Sequence[Sequence[int]]]


def suggested(engine: Scribbling, strokes: list[Stroke], truth: Numbers, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    found = engine.suggest(strokes, EACH).places
    return [np.rint(engine.frame.grid.to_index(place.point_xyz)).astype(int).tolist() for place in found]


def random(engine: Scribbling, strokes: list[Stroke], truth: Numbers, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    return [[int(rng.integers(n)) for n in truth.shape] for _ in range(EACH)]


def each_class(engine: Scribbling, strokes: list[Stroke], truth: Numbers, rng: np.random.Generator) -> Sequence[Sequence[int]]:
    where = [np.argwhere(truth == number) for number in range(len(VIRION_LABELS))]
    return [voxels[rng.integers(len(voxels))].tolist() for voxels in where if len(voxels)]


WAYS: dict[str, Places] = {"suggested": suggested, "random": random, "each class": each_class}


def macro_f1(engine: Scribbling, truth: Numbers) -> float:
    """Return the mean F1 of what is there of membrane, spikes and lumen."""
    votes, _, grid = engine.sparse(_SCORED)
    found = np.array([label.name for label in engine.labels])[votes.argmax(axis=0)]
    z, y, x = (np.arange(n) * _SCORED + min(_SCORED // 2, m - 1) for n, m in zip(grid.shape, truth.shape, strict=True))
    true = truth[np.ix_(z, y, x)]
    scores = []
    for number, label in enumerate(VIRION_LABELS[1:], 1):
        if (true == number).any():
            both = ((found == label.name) & (true == number)).sum()
            scores.append(2 * both / ((found == label.name).sum() + (true == number).sum()))
    return float(np.mean(scores))


def run(seed: int, shape: tuple[int, int, int], rounds: int, ways: Sequence[str], voxel_size: float) -> dict[str, list[float]]:
    """Return the scores after every round, for every way."""
    volume, soft = simulate(random_spec(seed, difficulty="easy", scene="virions", shape=shape, voxel_size=voxel_size))
    truth = soft.hard()
    engine = Scribbling(volume, ScribbleForest(trees=30, samples=1500, seed=seed), Run(device="cpu", dense_is_dark=True))
    hand = Hand(strokes=len(VIRION_LABELS), length=24.0, seed=seed)
    try:
        for _ in engine.workers.map(engine.cache.prepare, range(engine.cache.count)):
            pass
        scores: dict[str, list[float]] = {}
        for way in ways:
            rng = np.random.default_rng([seed, 5])
            strokes, scores[way] = scribble(truth, volume.grid, VIRION_LABELS, hand), []
            for done in range(rounds + 1):
                engine.mark(strokes)
                engine.grow()
                scores[way].append(macro_f1(engine, truth))
                if done < rounds:
                    strokes += [answer(truth, volume.grid, VIRION_LABELS, at, hand, rng) for at in WAYS[way](engine, strokes, truth, rng)]
        return scores
    finally:
        engine.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15, 16])
    parser.add_argument("--shape", type=int, nargs=3, default=[64, 96, 96])
    parser.add_argument("--voxel-size", type=float, default=12.0)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    z, y, x = arguments.shape
    scores: dict[str, list[list[float]]] = {way: [] for way in arguments.ways}
    for seed in arguments.seeds:
        for way, found in run(seed, (z, y, x), arguments.rounds, arguments.ways, arguments.voxel_size).items():
            scores[way].append(found)
            print(f"seed {seed} {way:>10}:", "  ".join(f"{f:.3f}" for f in found), flush=True)
    print("strokes:", *[len(VIRION_LABELS) + EACH * i for i in range(arguments.rounds + 1)])
    for way, found in scores.items():
        table = np.array(found)
        print(f"{way:>10}:", "  ".join(f"{m:.3f} +- {s:.3f}" for m, s in zip(table.mean(axis=0), table.std(axis=0), strict=True)))
        if way != "suggested" and "suggested" in scores:
            apart = np.array(scores["suggested"]) - table
            wins = (apart[:, 1:] > 0).sum(axis=0)
            print(f"{'':>10}  suggested leads by", "  ".join(f"{m:+.3f}" for m in apart.mean(axis=0)), f"and wins {wins} of {len(apart)}")
    if arguments.json:
        arguments.json.write_text(json.dumps({"seeds": arguments.seeds, "scores": scores}, indent=2) + "\n")


if __name__ == "__main__":
    main()
