"""Classes of a segmentation as a person has arranged them: named otherwise, in another order, some left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.scene import Scene
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import ArrayLike

ARRANGED = "arranged"  # in the provenance: what the drawn classes are called in their file, in the order they have now
BARRED = frozenset('/\\:*?"<>|\0.,=')  # in a file's name, or in what ``Scene.set`` and the command line take
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept:
    """A class that is kept: what it is called in the file, and as what it is shown."""

    of: str
    label: Label


class ArrangedClasses:
    """Classes (class, z, y, x) of another array in another order, read when sliced; ``rest`` are those that became background."""

    def __init__(self, source: ArrayLike, channels: Sequence[int], rest: Sequence[int]) -> None:
        before: ArrangedClasses | None = source if isinstance(source, ArrangedClasses) else None
        self.source: ArrayLike = source if before is None else before.source
        self.channels: tuple[int, ...] = tuple(channels) if before is None else tuple(before.channels[i] for i in channels)
        self.rest: tuple[int, ...] = tuple(rest) if before is None else (*before.rest, *(before.channels[i] for i in rest))
        self.shape: tuple[int, ...] = (len(self.channels), *source.shape[1:])
        self.dtype: np.dtype[Any] = np.dtype(source.dtype)

    def __getitem__(self, key: Any) -> npt.NDArray[Any]:
        first, *where = key if isinstance(key, tuple) else (key,)
        if first is Ellipsis:
            first, where = slice(None), [Ellipsis, *where]
        if isinstance(first, slice):
            return np.stack([self._class(i, tuple(where)) for i in range(len(self.channels))[first]])
        return self._class(range(len(self.channels))[int(first)], tuple(where))

    def _class(self, index: int, where: tuple[Any, ...]) -> npt.NDArray[Any]:
        values = np.asarray(self.source[(self.channels[index], *where)])
        if index or not self.rest:
            return values
        total = values.astype(np.int64) + sum(np.asarray(self.source[(i, *where)]).astype(np.int64) for i in self.rest)
        return np.asarray(np.minimum(total, np.iinfo(self.dtype).max), self.dtype)

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Read everything."""
        if copy is False:
            raise ValueError("arranged classes cannot be had without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)


def kept_of(segmentation: Segmentation) -> tuple[Kept, ...]:
    """Return how the classes are arranged of what their file holds; nothing if they are as they are there."""
    names = segmentation.provenance.get(ARRANGED)
    return () if names is None else tuple(Kept(name, label) for name, label in zip(names, segmentation.drawn, strict=True))


def as_arranged(segmentation: Segmentation, kept: Sequence[Kept]) -> Segmentation:
    """Return the classes of a file as they were arranged; those that are not in the file (any more) are left out.

    Raises:
        VolvizError: none of them is.
    """
    there = [one for one in kept if one.of in {label.name for label in segmentation.drawn}]
    return arrange(segmentation, [(one.of, one.label) for one in there])


def arrange(segmentation: Segmentation, classes: str | Sequence[str | tuple[str, str | Label]] | Mapping[str, str]) -> Segmentation:
    """Return a segmentation with its drawn classes in this order, under these names; the others become background.

    ``classes`` are names, or pairs of the name now and the name, or the whole `Label`, then; or such pairs as a dictionary.
    Nothing is read or copied.

    Raises:
        VolvizError: there is no such class, a name cannot be one, or nothing is left.
    """
    given = classes.items() if isinstance(classes, Mapping) else [classes] if isinstance(classes, str) else classes
    pairs = [(one, one) if isinstance(one, str) else one for one in given]
    old = {label.name: i for i, label in enumerate(segmentation.labels)}
    drawn = [label.name for label in segmentation.drawn]
    if missing := [name for name, _ in pairs if name not in drawn]:
        raise VolvizError(f"There is no class called {missing[0]}; choose from {', '.join(drawn)}.")
    if not pairs:
        raise VolvizError("At least one class has to stay; hide the others instead.")
    labels = [new if isinstance(new, Label) else replace(segmentation.labels[old[name]], name=new) for name, new in pairs]
    for i, label in enumerate(labels):
        if label.name != pairs[i][0]:  # what a file calls its classes is not for us to refuse
            check_name(label.name, [other.name for other in labels[:i] + labels[i + 1 :]])
    before = segmentation.provenance.get(ARRANGED, drawn)
    said = {**segmentation.provenance, ARRANGED: [before[drawn.index(name)] for name, _ in pairs]}
    first = [0] if segmentation.kind == "probability" else []
    channels = [*first, *(old[name] for name, _ in pairs)]
    rest = [i for i in range(len(old)) if i not in channels] if first else []
    same = channels == list(range(len(old)))
    data = segmentation.data if same else ArrangedClasses(segmentation.data, channels, rest)
    return replace(segmentation, data=data, labels=(*segmentation.labels[: len(first)], *labels), provenance=said)


def check_name(name: str, others: Sequence[str] = ()) -> None:
    """Refuse what can be no name of a class beside others.

    Raises:
        VolvizError: it cannot.
    """
    taken = {"background", "labels", *(f.name for f in fields(Scene))}
    if not name.strip() or name != name.strip() or set(name) & BARRED or name.lower() in taken:
        raise VolvizError(f"'{name}' can be no name of a class: it stands in names of files and on the command line; choose another one.")
    if name.lower() in {other.lower() for other in others}:
        raise VolvizError(f"There is a class called {name} already; choose another name.")


def scene_of_arranged(scene: Scene, pairs: Sequence[tuple[str, str]]) -> Scene:
    """Return a look with the ramps and the cleaning of classes (name before, name now) alone, in their order."""
    ramps = {new: scene.ramps[old] for old, new in pairs if old in scene.ramps}
    cleaning = {new: scene.cleaning[old] for old, new in pairs if old in scene.cleaning}
    return replace(scene, ramps=ramps, cleaning=cleaning)
