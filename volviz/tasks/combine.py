"""Volumes of classes that other programs made, as one segmentation: found, named, read, and brought onto one grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple
from volviz.core.reading import MOST_LABELS, Guess, Reading, guess
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import BACKGROUND, VIRION_LABELS, Bits, Label, Segmentation, listed
from volviz.core.sizing import sized_as
from volviz.core.volume import Volume
from volviz.io import open as open_path
from volviz.io.combined import CombinedClasses, Read
from volviz.io.lazy import is_zarr
from volviz.io.mrc import stem
from volviz.io.mrc_folder import SEGMENTATION_SUFFIX
from volviz.io.values import pour
from volviz.io.writing import segmentation_sink
from volviz.tasks.naming import REST, color_from, color_of, names_from, unique
from volviz.tasks.placing import reader
from volviz.tasks.segment import open_tomogram

Role = Literal["class", "tomogram", "nothing"]
SUFFIXES = (".mrc", ".rec", ".map", ".mrc.gz", ".map.gz", ".tif", ".tiff", ".h5", ".hdf5", ".ilp", ".zarr")
TELLING = ("prob", "score", "logit", "pred", "seg", "mask", "label", "class", "membrane", "spike", "lumen", "background")
SAMPLE = 400_000
LEAVE_OUT = frozenset({"", "-"})


@dataclass(frozen=True, slots=True)
class Found:
    """One volume that was found, or one number of a volume of labels: what it probably is, and why.

    ``index`` is its number in the file, None if it is alone there. ``where`` says which it is in words.
    """

    path: Path
    index: int | None
    where: str
    grid: Grid
    role: Role
    name: str
    color: Triple
    reading: Reading
    why: str


def expand(paths: Sequence[Path]) -> list[Path]:
    """Return the files that paths mean: of a plain folder those in it that look like volumes.

    Raises:
        VolvizError: a folder holds none.
    """
    found = []
    for path in (Path(path).expanduser() for path in paths):
        if not path.is_dir() or is_zarr(path) or any(path.glob(f"*{SEGMENTATION_SUFFIX}")):
            found.append(path)
            continue
        inside = sorted(p for p in path.iterdir() if p.name.lower().endswith(SUFFIXES) and not p.name.startswith("."))
        if not inside:
            raise VolvizError(f"The folder {path} holds no volumes; choose one with MRC, TIFF, HDF5 or OME-Zarr files in it.")
        found += inside
    return found


def survey(paths: Sequence[Path], report: Report = silent) -> list[Found]:
    """Look into files and say what volumes they hold, and which of them look like classes. Nothing is read whole but label volumes.

    Raises:
        VolvizError: a file cannot be opened.
    """
    files = expand(paths)
    named = dict(zip(files, names_from([stem(path) for path in files]), strict=True))
    found: list[Found] = []
    for i, path in enumerate(files):
        piece = part(report, i / len(files), (i + 1) / len(files))
        piece(0.0, f"looking into {path.name}")
        value = open_path(path)
        if isinstance(value, Segmentation):
            found += [
                Found(
                    path, value.index(label.name), f"{path.name}, {label.name}", value.grid, "class", label.name, label.color, Reading(), ""
                )
                for label in value.drawn
            ]
            continue
        count = int(value.header.get("count", 1))
        for index in range(count):
            volume = value if count == 1 else _volume(path, index)
            found += _looked_into(volume, None if count == 1 else index, count, named[path], piece)
    names = unique([one.name for one in found])
    found = [replace(one, name=name) for one, name in zip(found, names, strict=True)]
    first = next((one for one in found if one.role == "tomogram"), None)  # a window shows one
    return [one if one.role != "tomogram" or one is first else replace(one, role="nothing") for one in found]


def combine(
    paths: str | Path | Sequence[str | Path],
    classes: str | Sequence[str] | None = None,
    scales: str | Reading | Sequence[str | Reading] | None = None,
    colors: Sequence[str | Triple] | None = None,
    onto: Volume | None = None,
    *,
    bits: Bits = 8,
    report: Report = silent,
) -> Segmentation:
    """Open volumes of classes from any program as one segmentation; the background is what they leave.

    Args:
        paths: a file, or files, folders of files, or OME-Zarrs with channels. A file of several channels gives a class for each, a volume
            of labels one for each of its numbers.
        classes: names, in that order; "-" leaves a volume out. Without, they are taken from the channels or the file names.
        scales: how numbers become probabilities, as `Reading.parse` writes it, in the order of the volumes, or one for all.
            Without, they are guessed from the numbers.
        colors: RRGGBB or (r, g, b) in 0..1, in that order.
        onto: the tomogram they belong to. Classes of another binning are resampled onto its grid.
        bits: 8 or 16, how fine the probabilities are.
        report: told how far it is.

    Raises:
        VolvizError: a file cannot be opened, the names do not fit the volumes, or they do not lie in the same space.
    """
    found = survey([Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)], report)
    if classes is None:
        found = [one for one in found if one.name.lower() not in REST or len(found) == 1]
    else:
        found = [
            replace(one, name=name)
            for one, name in _matched(found, listed(classes), "names")
            if name.strip().lower() not in LEAVE_OUT | REST
        ]
    if scales is None and (doubtful := next((one for one in found if one.role != "class"), None)):
        raise VolvizError(
            f"{doubtful.where} does not look like a class ({doubtful.why}); say how to read it (--scale 0..1, score>0, mask>0.5)."
        )
    if scales is not None:
        given = [scales] if isinstance(scales, str | Reading) else list(scales)
        given *= len(found) if len(given) == 1 else 1
        readings = [s if isinstance(s, Reading) else Reading.parse(s) for s in given]
        found = [replace(one, reading=reading) for one, reading in _matched(found, readings, "scales")]
    if colors is not None:
        found = [replace(one, color=_color(color)) for one, color in _matched(found, colors, "colours")]
    return combined(found, onto, bits=bits)


def combine_file(
    paths: Sequence[Path],
    out: Path,
    *,
    classes: Sequence[str] | None = None,
    scales: Sequence[str] | None = None,
    colors: Sequence[str] | None = None,
    onto: Path | None = None,
    bits: Bits = 8,
    overwrite: bool = False,
    report: Report = silent,
) -> tuple[Segmentation, Path]:
    """Combine classes as `combine` does and write them, as MRC files into a folder or as one OME-Zarr; return them and what to open.

    Raises:
        VolvizError: as `combine`, or a result is there already.
        Cancelled: ``report`` says so; nothing is left behind.
    """
    volume = None if onto is None else open_tomogram(onto)
    made = combine(paths, classes, scales, colors, volume, bits=bits, report=part(report, 0.0, 0.2))
    sink = segmentation_sink(made, out, overwrite=overwrite)
    pour(made, sink, part(report, 0.2, 1.0))
    return made, sink.result


def combined(found: Sequence[Found], onto: Volume | None = None, *, bits: Bits = 8) -> Segmentation:
    """Make a segmentation of what was found, whatever its role; the data stay on disk until they are sliced.

    Raises:
        VolvizError: there is nothing, two classes have the same name, or they do not lie in the same space.
    """
    if not found:
        raise VolvizError("There is no class to combine; choose at least one volume that holds probabilities, scores or labels.")
    names = [one.name.strip() for one in found]
    if len({name.lower() for name in (*names, BACKGROUND.name)}) <= len(names) or not all(names):
        raise VolvizError(f"The classes {', '.join(names)} need a name each, no two alike and none called background.")
    volumes = [_volume(one.path, one.index) for one in found]
    lead = onto or volumes[0]
    grid = sized_as(lead.grid, [volume.grid for volume in volumes])
    parts = [reader(volume, grid, one.reading, of=lead.name) for volume, one in zip(volumes, found, strict=True)]
    labels = tuple(Label(name, one.color, _identifier(name)) for name, one in zip(names, found, strict=True))
    kept = [
        {"class": name, "file": one.path.name, "index": one.index, "scale": str(one.reading)}
        for name, one in zip(names, found, strict=True)
    ]
    return Segmentation(
        grid,
        CombinedClasses(parts, grid.shape, bits),
        (BACKGROUND, *labels),
        provenance={"method": "combined", "parts": kept},
        source=onto.source if onto is not None else None,
        name=f"{onto.name if onto is not None else stem(found[0].path)}",
        header=lead.header,
    )


def added(segmentation: Segmentation, found: Sequence[Found], onto: Volume) -> Segmentation:
    """Return a segmentation on a volume's voxels with more classes; where all of them claim more than there is, they share it.

    Raises:
        VolvizError: two classes have the same name, they do not lie in the same space, or the segmentation holds scores.
    """
    if segmentation.kind == "score":
        raise VolvizError("Classes cannot be added to signed scores, which are no probabilities; open them without the scores.")
    names = [one.name.strip() for one in found]
    if twice := [name for name in names if name.lower() in {label.name.lower() for label in segmentation.labels}]:
        raise VolvizError(f"There is a class called {twice[0]} already; give the new one another name.")
    made = combined(found, onto, bits=segmentation.bits)
    parts = [_class_of(segmentation, i) for i in range(1, len(segmentation.labels))]
    parts += [_class_of(made, i) for i in range(1, len(made.labels))]
    said = {"method": "combined", "parts": made.provenance["parts"], "with": dict(segmentation.provenance)}
    labels = (*segmentation.labels, *made.labels[1:])
    return replace(segmentation, data=CombinedClasses(parts, segmentation.shape, segmentation.bits), labels=labels, provenance=said)


def _class_of(segmentation: Segmentation, index: int) -> Read:
    return lambda region: segmentation.values(segmentation.data[(index, *region.slices)])


def volume_of(found: Found) -> Volume:
    """Open what was found as a volume."""
    return _volume(found.path, found.index)


def _looked_into(volume: Volume, index: int | None, count: int, name: str, report: Report) -> list[Found]:
    path = volume.source or Path(volume.name)
    guessed = guess(volume.sample(SAMPLE), volume.data.dtype)
    where = path.name if index is None else f"{path.name}, volume {index + 1} of {count}"
    color = ""
    if index is not None:
        names, colors = volume.header.get("channels", ()), volume.header.get("colors", ())
        color = colors[index] if index < len(colors) else ""
        told = names[index] if index < len(names) else ""
        name, where = (told or f"class {index + 1}"), (f"{path.name}, {told}" if told else where)
    if guessed.reading.kind == "label":
        return _labels(volume, index, guessed, where, report)
    telling = any(word in f"{path.name} {name}".lower() for word in TELLING)
    role: Role = "class" if guessed.is_class or telling or name.lower() in REST else "tomogram"
    shade = color_from(color) or color_of(name, index or _place(name))
    return [Found(path, index, where, volume.grid, role, name, shade, guessed.reading, guessed.why)]


def _labels(volume: Volume, index: int | None, guessed: Guess, where: str, report: Report) -> list[Found]:
    """Return one class for each number that occurs anywhere: a sample may miss the small ones."""
    numbers: set[int] = set()
    depth = volume.grid.shape[0]
    for z in range(depth):
        report(z / depth, f"looking for labels in {where}")
        numbers |= {int(v) for v in np.unique(np.asarray(volume.data[z])) if v > 0}
        if len(numbers) > MOST_LABELS:
            raise VolvizError(
                f"{where} holds more than {MOST_LABELS} different labels, which are objects rather than classes; merge them first."
            )
    named: dict[Any, Any] = volume.header.get("labels_named", {})
    ours = "label" in where.lower() and numbers <= {1, 2, 3} and not named  # as volviz and its benchmark number them
    path = volume.source or Path(volume.name)
    found = []
    for number in sorted(numbers):
        told, color = named.get(number, ("", ""))
        name = told or (VIRION_LABELS[number].name if ours else f"class {number}")
        shade = color_from(color) or color_of(name, number - 1)
        found.append(
            Found(path, index, f"{where}, label {number}", volume.grid, "class", name, shade, Reading("label", number), guessed.why)
        )
    return found


def _volume(path: Path, index: int | None) -> Volume:
    value = open_path(path, index=None if index is None or _is_segmentation(path) else index)
    if isinstance(value, Segmentation):
        return Volume(value.grid, _OneClass(value, index or 0), value.name, path, value.header)
    return value


def _is_segmentation(path: Path) -> bool:
    return isinstance(open_path(path), Segmentation)


class _OneClass:
    """One class of a segmentation as a volume of probabilities, read when sliced."""

    def __init__(self, segmentation: Segmentation, index: int) -> None:
        self._segmentation, self._index = segmentation, index
        self.shape: tuple[int, ...] = segmentation.shape
        self.dtype = np.dtype(np.float32)

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        return self._segmentation.values(np.asarray(self._segmentation.data[(self._index, *keys)]))


def _matched(found: list[Found], given: Sequence[Any], what: str) -> list[tuple[Found, Any]]:
    if len(given) != len(found):
        held = "; ".join(one.where for one in found)
        raise VolvizError(f"There are {len(found)} volumes of classes ({held}) and {len(given)} {what}; give as many, in that order.")
    return list(zip(found, given, strict=True))


def _color(given: str | Triple) -> Triple:
    color = color_from(given) if isinstance(given, str) else given
    if color is None:
        raise VolvizError(f"'{given}' is no colour; write RRGGBB, for example D67A30.")
    return color


def _identifier(name: str) -> str:
    return next((label.identifier for label in VIRION_LABELS if label.name == name), "")


def _place(name: str) -> int:
    return sum(name.encode()) % 7
