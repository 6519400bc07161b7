"""A forest that is taught again and again by the marks in one volume, and asked for one region after another.

Each time a few shallow trees grow first, on some of the marked voxels: they are there in a fraction of a second. The whole
forest is the one that the method would have given, but for features in half precision.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from volviz.core.annotations import Annotation, Example
from volviz.core.grid import Grid, Region
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Label
from volviz.core.volume import Volume
from volviz.segment.abreast import Workers
from volviz.segment.feature_cache import FeatureCache
from volviz.segment.frame import Frame
from volviz.segment.held_back import without
from volviz.segment.marked import Marked, Marks, sampled
from volviz.segment.methods.scribble_forest import ScribbleForest, ScribbleForestPredictor, choose
from volviz.segment.nn.features import Feature
from volviz.segment.nn.forest import Forest
from volviz.segment.protocol import Run
from volviz.segment.rasterize import classes_of
from volviz.segment.resample import gather
from volviz.segment.suggest import STEP, Suggestions, hesitations, lattice

Numbers = npt.NDArray[np.int64]

TREES, DEPTH, VOXELS = 16, 12, 500  # of the quick forest; voxels of each class
_PART = 2**14  # voxels that the trees are asked of before somebody is asked whether to go on


class Scribbling:
    """What was learnt so far in a volume. All but `votes` and what it reads is for one thread.

    Attributes:
        frame: the volume as the method sees it.
        cache: its features.
        workers: threads for regions side by side.
        labels: the classes that are marked, the background first.
        voxels: how many voxels of each are marked and learnt from, by name.
        predictor: the whole forest, None until it has grown from the latest marks.
    """

    def __init__(
        self,
        volume: Volume,
        method: ScribbleForest,
        run: Run,
        *,
        budget: int | None = None,
        folder: Path | None = None,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        method.check()
        self.volume, self.method = volume, method
        self._looks = method.looks([volume])
        self.frame = Frame.of(volume, run, self._looks)
        self.workers = Workers(self.frame.device)
        self.labels: tuple[Label, ...] = ()
        self.voxels: Mapping[str, int] = {}
        self.predictor: ScribbleForestPredictor | None = None
        self._budget, self._folder, self._note = budget, folder, note
        self._quick: Forest | None = None
        self._chosen_for: tuple[Label, ...] = ()
        self._example = Example(volume, ())
        self._voxels = Marked.together([], self.frame.grid)
        self._open(choose(method.features))

    def _open(self, features: Sequence[Feature]) -> None:
        self.cache = FeatureCache(self.frame, features, self._budget, self._folder, self._note)
        self._marks = Marks(self.cache)

    @property
    def forest(self) -> Forest | None:
        """The best that there is: the whole forest, or else the quick one, or else none."""
        return self._quick if self.predictor is None else self.predictor.forest

    @property
    def trees(self) -> int:
        """How many trees the best forest has."""
        return 0 if self.forest is None else len(self.forest.roots)

    def mark(self, annotations: Sequence[Annotation], report: Report = silent) -> None:
        """Find the marked voxels and their features, and grow the quick forest.

        Raises:
            VolvizError: too few classes are marked; what was learnt before is forgotten.
        """
        self.predictor = self._quick = None
        self._example = Example(self.volume, annotations)
        taught = without(self._example, self.method.held_back).annotations
        known = classes_of(annotations)
        (self._voxels,), self.labels = self.method.draw([self._marks.find(taught, known)], known)
        some = _some(self._voxels.classes, VOXELS, self.method.seed)
        few = Marked(self._voxels.index[some], self._voxels.classes[some])
        rows = self._marks.rows(few, part(report, 0.0, 0.5))
        counts = Counter(self._voxels.classes.tolist())
        self.voxels = {label.name: counts[i] for i, label in enumerate(self.labels)}
        self._quick = Forest.fit(
            rows,
            few.classes,
            len(self.labels),
            trees=min(TREES, self.method.trees),
            depth=min(DEPTH, self.method.depth),
            seed=self.method.seed,
            report=part(report, 0.5, 1.0),
        )

    def grow(self, report: Report = silent) -> None:
        """Grow the whole forest; first, if the method has a budget and the classes are others than before, choose its features."""
        classes = self._voxels.classes
        if self.method.budget > 0 and self.labels != self._chosen_for:
            wanted = choose(self.method.features)
            table = sampled(self.frame, self._voxels, wanted, part(report, 0.0, 0.2))
            forest = self.method.grow(table, classes, len(self.labels), part(report, 0.2, 0.6))
            features, columns = self.method.keep(wanted, forest, self.frame.device)
            whole = self.method.grow(table[:, columns], classes, len(self.labels), part(report, 0.6, 1.0))
            self._chosen_for = self.labels
            if features != self.cache.features:
                self.cache.close()
                self._open(features)
                self._quick = None
                self._note(f"{len(features)} of {len(wanted)} features are kept, those that tell most and fit the budget.")
        else:
            # In single precision, so that this is the forest that the method gives, and a model that is saved knows no halves.
            table = self._marks.rows(self._voxels, part(report, 0.0, 0.3), exact=True)
            whole = self.method.grow(table, classes, len(self.labels), part(report, 0.3, 1.0))
        judged = self.method.held_back > 0
        scores = self.method.judge([self._example], [self.frame], whole, self.cache.features, self.labels) if judged else {}
        self.predictor = self.method.fitted(whole, self.cache.features, self.labels, self._looks, [self.volume], classes, scores)

    def votes(self, region: Region, keep: bool = True, check: Callable[[], None] = lambda: None) -> npt.NDArray[np.float32]:
        """Return the share of votes (class, z, y, x) for a region of the volume, small enough for its features to fit.

        ``keep`` puts the features in place of others if the cache is full; ``check`` is called now and then, and may raise.
        """
        back = self.frame.back(region)
        z, y, x = back
        seen = Region((z.start, y.start, x.start), (z.stop, y.stop, x.stop))
        found = self._asked(torch.from_numpy(self.cache.rows(seen, keep=keep)), check)
        values: npt.NDArray[np.float32] = gather(found.reshape(-1, *seen.shape), back, seen.start).cpu().numpy()
        return values

    def suggest(self, annotations: Sequence[Annotation], count: int, report: Report = silent, *, everywhere: bool = False) -> Suggestions:
        """Return where a stroke would teach most, going by a lattice of voxels; those of the cache, or all."""
        votes, seen, grid = self.sparse(STEP, report, everywhere=everywhere)
        return hesitations(votes, seen, grid, self.labels, annotations, count)

    def sparse(
        self, step: int, report: Report = silent, *, everywhere: bool = False
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_], Grid]:
        """Return the share of votes (class, z, y, x) at every so-manieth voxel, which of them were seen, and their grid.

        Seen is what has its features in the cache, or ``everywhere`` all of the volume.
        """
        grid = lattice(self.frame.grid, step)
        votes = np.zeros((len(self.labels), *grid.shape), np.float32)
        seen = np.zeros(grid.shape, bool)
        asked = [number for number in range(self.cache.count) if everywhere or self.cache.has(number)]

        def ask(number: int) -> tuple[Region, npt.NDArray[np.float32]] | None:
            region, rows = self.cache.lattice(number, step)
            return None if region is None else (region, self._asked(torch.from_numpy(rows)).reshape(-1, *region.shape).cpu().numpy())

        with closing(self.workers.map(ask, asked)) as answers:
            for done, found in enumerate(answers):
                report(done / len(asked), "looking where it hesitates")
                if found is not None:
                    votes[(slice(None), *found[0].slices)] = found[1]
                    seen[found[0].slices] = True
        return votes, seen, grid

    def _asked(self, rows: Tensor, check: Callable[[], None] = lambda: None) -> Tensor:
        """Return the share of votes (class, voxel) for features (voxel, channel)."""
        if self.forest is None:
            raise ValueError("nothing was learnt yet")
        found = []
        for start in range(0, len(rows), _PART):
            check()
            found.append(self.forest.predict(rows[start : start + _PART].to(self.frame.device).T))
        return torch.cat(found, dim=1)

    def close(self) -> None:
        """End the threads and delete the features."""
        self.workers.close()
        self.cache.close()


def _some(classes: Numbers, most: int, seed: int) -> Numbers:
    """Return at most so many voxels of each class, drawn at random."""
    rng = np.random.default_rng(seed)
    drawn = [rng.permutation(np.flatnonzero(classes == number))[:most] for number in np.unique(classes)]
    return np.sort(np.concatenate(drawn))
