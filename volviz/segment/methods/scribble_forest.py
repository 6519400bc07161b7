"""A random forest on ilastik's features, taught by scribbles: the weak segmenter of Nguyen et al. (2022)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.annotations import Annotation, Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.report import part, silent
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.abreast import abreast
from volviz.segment.card import Card, read_weights, write_weights
from volviz.segment.frame import Finished, Frame, classified
from volviz.segment.held_back import without
from volviz.segment.nn.features import ALL, Feature, channels, compute, halo
from volviz.segment.nn.forest import Forest
from volviz.segment.overlaid import judging
from volviz.segment.protocol import Run
from volviz.segment.rasterize import UNLABELLED, agreed, classes_of
from volviz.segment.resample import gather
from volviz.segment.tiles import Bricks

# Voxels (z, y, x) whose features are in memory at a time: 61 floats each, and as many again in the rows that the forest reads.
BLOCK = (64, 96, 96)
# Boxes in which scribbled voxels are looked for, and their features computed.
_FEW = (48, 48, 48)
# Voxels of the block on which features are timed.
_TIMED = 40


@dataclass(frozen=True, slots=True)
class ScribbleForest:
    """Random forest on the 37 features of ilastik's pixel classification, taught by scribbles of every class and of the background."""

    needs: ClassVar[tuple[type[Annotation], ...]] = (Stroke,)

    features: str = "all"
    """Which: all, or names, families and scales with commas, as in: smoothed, hessian 1.6, structure 3.5, 10."""
    budget: float = 0.0
    """Keep the features that tell most and take at most so many seconds for a million voxels; 0: all."""
    trees: int = 100
    """How many trees vote."""
    depth: int = 20
    """Questions that a tree may ask of a voxel."""
    leaf: int = 1
    """Least scribbled voxels on which an answer rests."""
    samples: int = 20_000
    """Voxels of each class to learn from; where scribbles cover more, these are drawn at random."""
    held_back: float = 0.0
    """Of the marks this share of each class teaches nothing, and judges what was learnt."""
    voxel_size: float | None = None
    """A at which tomograms are looked at; without it, the first example's own."""
    seed: int = 0
    """Decides which voxels are drawn, and the trees."""

    def fit(self, examples: Sequence[Example], run: Run) -> ScribbleForestPredictor:
        """Learn from scribbles (and whatever else marks voxels) in one or several volumes.

        Raises:
            VolvizError: fewer than two classes are marked, or there are no such features.
            Cancelled: nothing is left behind.
        """
        for name in ("trees", "depth", "leaf", "samples"):
            if getattr(self, name) < 1:
                raise VolvizError(f"--{name} must be at least 1, not {getattr(self, name)}.")
        wanted = choose(self.features)
        known = classes_of([annotation for example in examples for person in example.people for annotation in person])
        size = self.voxel_size or _size_of(examples)
        looks = Bricks(size, (size / 2, size * 2)) if size else Bricks(None)
        frames = [Frame.of(example.volume, run, looks) for example in examples]
        marked = [marked_voxels(without(example, self.held_back), frame, known) for example, frame in zip(examples, frames, strict=True)]
        drawn, labels = self._draw(marked, known)
        samples, classes = [], []
        for number, (frame, voxels) in enumerate(zip(frames, drawn, strict=True)):
            reports = part(run.report, 0.8 * number / len(frames), 0.8 * (number + 1) / len(frames))
            for values, numbers in sampled(frame, voxels, wanted, reports):
                samples.append(values)
                classes.append(numbers)
        table, numbers = np.concatenate(samples), np.concatenate(classes)
        run.report(0.8, "growing trees")
        forest = self.grow(table, numbers, len(labels))
        if self.budget > 0:
            kept = within_budget(wanted, forest.importance.numpy(), self.budget, frames[0].device)
            columns = np.concatenate([np.flatnonzero(_owners(wanted) == i) for i, feature in enumerate(wanted) if feature in kept])
            wanted = tuple(feature for feature in wanted if feature in kept)
            run.report(0.9, f"kept {len(wanted)} features")
            forest = self.grow(table[:, columns], numbers, len(labels))
        scores = self._judge(examples, frames, forest, wanted, labels) if self.held_back else {}
        run.report(1.0, "learnt", **scores)
        card = Card(
            name="scribble-forest",
            method="scribble-forest",
            architecture={"features": [feature.name for feature in wanted]},
            labels=labels,
            bricks=looks,
            training={
                "parameters": asdict(self),
                "examples": len(examples),
                "voxels": {label.name: int((numbers == i).sum()) for i, label in enumerate(labels)},
            },
            scores={"held_back": scores} if scores else {},
            limits=("Taught by scribbles in " + ", ".join(e.volume.name or "a tomogram" for e in examples) + "; others look different.",),
        )
        return ScribbleForestPredictor(forest, wanted, card)

    def grow(self, samples: npt.NDArray[np.float32], classes: npt.NDArray[np.integer[Any]], count: int) -> Forest:
        """Return the forest of these parameters for samples (voxel, channel) and their classes."""
        return Forest.fit(samples, classes, count, trees=self.trees, depth=self.depth, leaf=self.leaf, seed=self.seed)

    def _judge(
        self, examples: Sequence[Example], frames: Sequence[Frame], forest: Forest, wanted: Sequence[Feature], labels: Sequence[Label]
    ) -> dict[str, float]:
        """Return F1 of every class but the background, and their mean, on voxels of the marks that were held back."""
        found, true = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for example, frame in zip(examples, frames, strict=True):
            there = judging(example, self.held_back)
            if there is None:
                continue
            voxels = marked_voxels(there, frame, labels)
            for values, numbers in sampled(frame, voxels, wanted, silent):
                found.append(forest.predict(torch.from_numpy(values.T)).argmax(dim=0).cpu().numpy())
                true.append(numbers)
        f, t = np.concatenate(found), np.concatenate(true)
        f1 = {
            f"f1.{label.name}": float(2 * ((f == i) & (t == i)).sum() / ((f == i).sum() + (t == i).sum()))
            for i, label in enumerate(labels)
            if i and (t == i).any()
        }
        return {**f1, "macro_f1": float(np.mean(list(f1.values())))} if f1 else {}

    def _draw(self, marked: Sequence[Marked], known: Sequence[Label]) -> tuple[list[Marked], tuple[Label, ...]]:
        """Return at most so many voxels of each class, numbered anew, and the classes that are there: the background and what was marked.

        Raises:
            VolvizError: one class alone tells nothing apart.
        """
        present = [i for i in range(len(known)) if any((m.classes == i).any() for m in marked)]
        if len(present) < 2:
            there = f"only {known[present[0]].name} is" if present else "nothing is"
            raise VolvizError(
                f"Scribble on at least two classes, one of which is best the {BACKGROUND.name}: {there} marked so far inside the tomogram."
            )
        kept = sorted({0, *present})
        rng = np.random.default_rng(self.seed)
        drawn = [np.zeros(len(m.classes), bool) for m in marked]
        for i in present:
            where = [np.flatnonzero(m.classes == i) for m in marked]
            volume, at = np.repeat(np.arange(len(marked)), [len(w) for w in where]), np.concatenate(where)
            chosen = rng.permutation(len(at))[: self.samples]
            for k, given in enumerate(drawn):
                given[at[chosen][volume[chosen] == k]] = True
        number = np.full(len(known), -1)
        number[kept] = np.arange(len(kept))
        return [Marked(m.index[d], number[m.classes[d]]) for m, d in zip(marked, drawn, strict=True)], tuple(known[i] for i in kept)


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """Voxels of a frame's grid, (n, 3) as (z, y, x), and the numbers of their classes, (n,)."""

    index: npt.NDArray[np.int64]
    classes: npt.NDArray[np.int64]


def marked_voxels(example: Example, frame: Frame, known: Sequence[Label]) -> Marked:
    """Return the voxels of the frame's grid that somebody marked."""
    found = [np.zeros((4, 0), np.int64)]
    for region in bricks(frame.grid.shape, _FEW):
        numbers = agreed(example.people, frame.grid, known, region)
        index = np.argwhere(numbers != UNLABELLED)
        found.append(np.vstack([(index + region.start).T, numbers[tuple(index.T)]]))
    together = np.concatenate(found, axis=1)
    return Marked(together[:3].T, together[3])


def sampled(
    frame: Frame, voxels: Marked, features: Sequence[Feature], report: Any
) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]]:
    """Yield the features (voxel, channel) of voxels and their classes, box by box."""
    box = np.ravel_multi_index((voxels.index // _FEW).T, [-(-n // b) for n, b in zip(frame.grid.shape, _FEW, strict=True)])
    boxes = [np.flatnonzero(box == one) for one in np.unique(box)]

    def read(here: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        index = voxels.index[here]
        start, stop = index.min(axis=0), index.max(axis=0) + 1
        values = block(frame, start.tolist(), (stop - start).tolist(), features)
        z, y, x = torch.from_numpy((index - start).T)
        return values[:, z, y, x].T.cpu().numpy(), voxels.classes[here]

    for number, found in enumerate(abreast(read, boxes, frame.device)):
        report(number / len(boxes), "features of what is marked")
        yield found


def block(frame: Frame, start: Sequence[int], size: Sequence[int], features: Sequence[Feature]) -> Tensor:
    """Return the features (channel, z, y, x) of a box of the frame's grid, exact to its borders."""
    around = halo(features)
    return compute(frame.read([a - around for a in start], [n + 2 * around for n in size]), features)


@dataclass(frozen=True, slots=True, eq=False)
class ScribbleForestPredictor:
    """A forest, and the features it asks for."""

    forest: Forest
    features: tuple[Feature, ...]
    card: Card

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes it tells apart, the background first."""
        return self.card.labels

    @classmethod
    def load(cls, path: Path, card: Card) -> ScribbleForestPredictor:
        """Read the trees that the card describes.

        Raises:
            VolvizError: trees and card do not belong together.
        """
        try:
            features = tuple(Feature.named(name) for name in card.architecture["features"])
            forest = Forest.of_state(read_weights(path))
            if (forest.channels, forest.classes) != (channels(features), len(card.labels)):
                raise ValueError("other features or classes")
        except (KeyError, TypeError, ValueError) as error:
            raise VolvizError(f"The trees in {path} are not those that {path.with_suffix('.json').name} describes ({error}).") from error
        return cls(forest, features, card)

    def predict(self, volume: Volume, run: Run) -> Segmentation:
        """Let the trees vote on every voxel, block by block, with as much around each block as its features see.

        What the run says of precision and of mirrored views has no meaning here: trees have no arithmetic to be imprecise in.
        """
        frame = Frame.of(volume, run, self.card.bricks)
        said = {
            "model": self.card.name,
            "method": self.card.method,
            "weights_sha256": self.card.sha256,
            "held_back": self.card.training.get("parameters", {}).get("held_back", 0.0),
            "notes": list(self.card.assumptions),
        }
        plain = replace(run, augment=1, spread=None)
        return classified(volume, plain, frame, self.labels, lambda region: self._blocks(frame, region, run), said)

    def _blocks(self, frame: Frame, region: Region, run: Run) -> Finished:
        parts = list(bricks(region.shape, BLOCK))

        def vote(one: Region) -> npt.NDArray[np.float32]:
            return self.votes(frame, one.shifted(region.start)).cpu().numpy()

        for number, (one, found) in enumerate(zip(parts, abreast(vote, parts, frame.device), strict=True)):
            run.report(number / len(parts), "segmenting")
            yield one, found
            frame.volume.let_go()

    def votes(self, frame: Frame, region: Region) -> Tensor:
        """Return the share of votes (class, z, y, x) for a region of the frame's volume, small enough for its features to fit."""
        back = frame.back(region)
        start = [along.start for along in back]
        size = [along.stop - along.start for along in back]
        values = block(frame, start, size, self.features)
        found = self.forest.predict(values.flatten(1)).reshape(len(self.labels), *size)
        return gather(found, back, (start[0], start[1], start[2]))

    def save(self, path: Path) -> None:
        """Write trees and card."""
        write_weights(path, self.forest.state(), self.card)


def choose(text: str) -> tuple[Feature, ...]:
    """Return the features that names, families, scales or "all", with commas, stand for, in the order of `ALL`.

    Raises:
        VolvizError: one of them names nothing.
    """
    chosen: set[Feature] = set()
    for word in (word.strip() for word in text.split(",")):
        found = {f for f in ALL if word in ("all", f.name, f.family, f"{f.scale:g}")}
        if not found:
            families, scales = dict.fromkeys(f.family for f in ALL), dict.fromkeys(f"{f.scale:g}" for f in ALL)
            raise VolvizError(f"There is no feature '{word}'; the families are {', '.join(families)}, the scales {', '.join(scales)}.")
        chosen |= found
    return tuple(feature for feature in ALL if feature in chosen)


def within_budget(
    features: Sequence[Feature], importance: npt.NDArray[np.float32], seconds: float, device: torch.device
) -> tuple[Feature, ...]:
    """Return the most telling features that together take at most so many seconds for a million voxels here, at least one.

    Scales share their smoothing, so what a feature costs depends on the others: sets are timed, not features.
    """
    told = np.bincount(_owners(features), importance, len(features))
    ranked = [features[i] for i in np.argsort(-told, kind="stable")]
    few, most = 1, len(ranked)
    while few < most:
        middle = (few + most + 1) // 2
        few, most = (middle, most) if _cost(ranked[:middle], device) <= seconds else (few, middle - 1)
    return tuple(ranked[:few])


def _cost(features: Sequence[Feature], device: torch.device) -> float:
    """Return the seconds that features take for a million voxels."""
    n = _TIMED + 2 * halo(features)
    density = torch.zeros((n, n, n), device=device)
    taken = math.inf
    for _ in range(2):
        started = time.perf_counter()
        compute(density, features).sum().item()
        taken = min(taken, time.perf_counter() - started)
    return taken / _TIMED**3 * 1e6


def _owners(features: Sequence[Feature]) -> npt.NDArray[np.int64]:
    """Return for each channel which feature it is of."""
    return np.repeat(np.arange(len(features)), [feature.channels for feature in features])


def _size_of(examples: Sequence[Example]) -> float | None:
    """Return the voxel size (A) of the first example that knows its own."""
    grids = [example.volume.grid for example in examples if example.volume.grid.voxel_size_known]
    return float(np.prod(grids[0].voxel_size) ** (1 / 3)) if grids else None
