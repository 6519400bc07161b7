"""A random forest on ilastik's features, taught by scribbles: the weak segmenter of Nguyen et al. (2022)."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.annotations import Annotation, Example, Stroke
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.abreast import abreast
from volviz.segment.card import Card, read_weights, write_weights
from volviz.segment.feature_cache import block
from volviz.segment.frame import Finished, Frame, classified
from volviz.segment.held_back import check_share, without
from volviz.segment.marked import Marked, marked_voxels, sampled
from volviz.segment.nn.features import ALL, Feature, channels, compute, halo
from volviz.segment.nn.forest import Forest
from volviz.segment.overlaid import judging
from volviz.segment.protocol import Run
from volviz.segment.rasterize import classes_of
from volviz.segment.resample import gather
from volviz.segment.tiles import Bricks

# Voxels (z, y, x) whose features are in memory at a time: 61 floats each, and as many again in the rows that the forest reads.
BLOCK = (64, 96, 96)
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
    balance: float = 1.0
    """1: every class weighs the same, however much of it is marked; 0: every marked voxel does, so what is marked more is found more."""
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
        self.check()
        wanted = choose(self.features)
        known = classes_of([annotation for example in examples for person in example.people for annotation in person])
        looks = self.looks([example.volume for example in examples])
        frames = [Frame.of(example.volume, run, looks) for example in examples]
        taught = [without(example, self.held_back) for example in examples]
        marked = [marked_voxels(example.people, frame.grid, known) for example, frame in zip(taught, frames, strict=True)]
        drawn, labels = self.draw(marked, known)
        samples = []
        for number, (frame, voxels) in enumerate(zip(frames, drawn, strict=True)):
            reports = part(run.report, 0.8 * number / len(frames), 0.8 * (number + 1) / len(frames))
            samples.append(sampled(frame, voxels, wanted, reports))
        table, numbers = np.concatenate(samples), np.concatenate([voxels.classes for voxels in drawn])
        kept, columns = wanted, np.arange(table.shape[1])
        if self.budget > 0:
            forest = self.grow(table, numbers, len(labels), part(run.report, 0.8, 0.89))
            kept, columns = self.keep(wanted, forest, frames[0].device)
            run.report(0.9, f"kept {len(kept)} features")
        forest = self.grow(table[:, columns], numbers, len(labels), part(run.report, 0.9 if self.budget > 0 else 0.8, 1.0))
        scores = self.judge(examples, frames, forest, kept, labels) if self.held_back else {}
        run.report(1.0, "learnt", **scores)
        return self.fitted(forest, kept, labels, looks, [example.volume for example in examples], numbers, scores)

    def check(self) -> None:
        """Refuse parameters that make no forest.

        Raises:
            VolvizError: one of them is too small, or there are no such features.
        """
        for name in ("trees", "depth", "leaf", "samples"):
            if getattr(self, name) < 1:
                raise VolvizError(f"--{name} must be at least 1, not {getattr(self, name)}.")
        for name in ("budget", "balance", "seed"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise VolvizError(f"--{name} must be at least 0, not {getattr(self, name):g}.")
        if self.voxel_size is not None and not 0 < self.voxel_size < float("inf"):
            raise VolvizError(f"--voxel-size is a positive length in angstrom, not {self.voxel_size:g}.")
        check_share(self.held_back)
        choose(self.features)

    def looks(self, volumes: Sequence[Volume]) -> Bricks:
        """Return at which voxel size volumes are looked at."""
        size = self.voxel_size or _size_of(volumes)
        return Bricks(size, (size / 2, size * 2)) if size else Bricks(None)

    def grow(self, samples: npt.NDArray[np.float32], classes: npt.NDArray[np.integer[Any]], count: int, report: Report = silent) -> Forest:
        """Return the forest of these parameters for samples (voxel, channel) and their classes."""
        how: dict[str, Any] = {name: getattr(self, name) for name in ("trees", "depth", "leaf", "balance", "seed")}
        return Forest.fit(samples, classes, count, **how, report=report)

    def keep(self, features: Sequence[Feature], forest: Forest, device: torch.device) -> tuple[tuple[Feature, ...], npt.NDArray[np.int64]]:
        """Return the features that tell a forest most within the budget, in their order, and which channels are theirs."""
        found = within_budget(features, forest.importance.numpy(), self.budget, device)
        kept = [i for i, feature in enumerate(features) if feature in found]
        return tuple(features[i] for i in kept), np.flatnonzero(np.isin(_owners(features), kept))

    def fitted(
        self,
        forest: Forest,
        features: tuple[Feature, ...],
        labels: tuple[Label, ...],
        looks: Bricks,
        volumes: Sequence[Volume],
        classes: npt.NDArray[np.integer[Any]],
        scores: Mapping[str, float] = MappingProxyType({}),
    ) -> ScribbleForestPredictor:
        """Return what predicts with a forest, and says that it was taught with voxels of these classes in these volumes."""
        card = Card(
            name="scribble-forest",
            method="scribble-forest",
            architecture={"features": [feature.name for feature in features]},
            labels=labels,
            bricks=looks,
            training={
                "parameters": asdict(self),
                "examples": len(volumes),
                "voxels": {label.name: int((classes == i).sum()) for i, label in enumerate(labels)},
            },
            scores={"held_back": dict(scores)} if scores else {},
            limits=("Taught by scribbles in " + ", ".join(v.name or "a tomogram" for v in volumes) + "; others look different.",),
        )
        return ScribbleForestPredictor(forest, features, card)

    def judge(
        self, examples: Sequence[Example], frames: Sequence[Frame], forest: Forest, wanted: Sequence[Feature], labels: Sequence[Label]
    ) -> dict[str, float]:
        """Return F1 of every class but the background, and their mean, on voxels of the marks that were held back."""
        found, true = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for example, frame in zip(examples, frames, strict=True):
            there = judging(example, self.held_back)
            if there is not None:
                voxels = marked_voxels(there.people, frame.grid, labels)
                rows = torch.from_numpy(sampled(frame, voxels, wanted, silent))
                found.append(forest.predict(rows.T).argmax(dim=0).cpu().numpy())
                true.append(voxels.classes)
        f, t = np.concatenate(found), np.concatenate(true)
        f1 = {
            f"f1.{label.name}": float(2 * ((f == i) & (t == i)).sum() / ((f == i).sum() + (t == i).sum()))
            for i, label in enumerate(labels)
            if i and (t == i).any()
        }
        return {**f1, "macro_f1": float(np.mean(list(f1.values())))} if f1 else {}

    def draw(self, marked: Sequence[Marked], known: Sequence[Label]) -> tuple[list[Marked], tuple[Label, ...]]:
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
        plain = replace(run, augment=1, spread=None)
        return classified(volume, plain, frame, self.labels, lambda region: self._blocks(frame, region, run), self.said)

    @property
    def said(self) -> Mapping[str, Any]:
        """What a segmentation says of this forest."""
        return {
            "model": self.card.name,
            "method": self.card.method,
            "weights_sha256": self.card.sha256,
            "held_back": self.card.training.get("parameters", {}).get("held_back", 0.0),
            "notes": list(self.card.assumptions),
        }

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


def _size_of(volumes: Sequence[Volume]) -> float | None:
    """Return the voxel size (A) of the first volume that knows its own."""
    grids = [volume.grid for volume in volumes if volume.grid.voxel_size_known]
    return float(np.prod(grids[0].voxel_size) ** (1 / 3)) if grids else None
