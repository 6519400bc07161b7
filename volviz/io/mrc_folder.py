"""A segmentation as a folder of MRC files: one of probabilities per class, one of hard labels, and a JSON that says so."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.atomic import check_absent, check_folder, check_other, make_folder, move, partial_name, reason, remove, remove_if_empty
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.grid import Grid, Region
from volviz.core.room import PLAIN, check_room
from volviz.core.segmentation import VIRION_LABELS, Bits, Kind, Label, Segmentation
from volviz.core.volume import Volume
from volviz.io.classes import ClassFiles, from_stored, hard_classes, is_short
from volviz.io.description import label_from_json, label_to_json, source_from_json, source_to_json
from volviz.io.mrc import MRC_SUFFIXES, open_mrc
from volviz.io.mrc_writer import MrcWriter

FORMAT = "volviz segmentation"
VERSION = 1
SEGMENTATION_SUFFIX = "_segmentation.json"
HARD_CLASSES = 127
FILE_SUFFIXES = (*MRC_SUFFIXES, ".gz", ".tif", ".tiff", ".h5", ".json")


class MrcFolder:
    """A `Sink` that leaves ``<stem>_<class>.mrc``, ``<stem>_labels.mrc`` and ``<stem>_segmentation.json`` in a folder.

    Probabilities are stored as float16 (mode 12), those of 16 ``bits`` as float32 (mode 2), which is the next that holds them
    all, hard classes as int8 (mode 0), all placed exactly as their source.
    The folder is made if only its last level is missing. Until `finish` everything has hidden names beside the final ones.
    Where only the slices ``z``, from the first to the one past the last, hold more than background, the files have holes elsewhere,
    which take no room; that of the background itself has none.

    Raises:
        VolvizError: on construction, before any work: the names are taken, or the folder cannot be written to.
    """

    def __init__(
        self,
        folder: Path,
        stem: str,
        source: Volume | Segmentation,
        *,
        overwrite: bool = False,
        labels: tuple[Label, ...] = VIRION_LABELS,
        bits: Bits = 8,
        z: tuple[int, int] | None = None,
    ) -> None:
        if folder.suffix.lower() in FILE_SUFFIXES and not folder.is_dir():
            raise VolvizError(
                f"{folder} would be a folder, with a file for each class; leave out its ending, or write an OME-Zarr (.zarr)."
            )
        self._folder, self._stem, self._source, self._overwrite = folder, stem, source, overwrite
        self._check(labels)
        check_folder(folder)
        self._made = False
        self._bits: Bits = bits
        self._soft = np.dtype(np.float16 if bits == 8 else np.float32)
        self._z = z
        self._writers: dict[Path, tuple[Path, MrcWriter]] = {}
        self._card: dict[str, Any] = {}
        self._kind: Kind = "probability"
        self._labels_path = self._path("labels")

    @property
    def result(self) -> Path:
        """What `volviz.io.open` reads once the work is finished."""
        return self._folder / f"{self._stem}{SEGMENTATION_SUFFIX}"

    @property
    def place(self) -> Path:
        """Where the files go."""
        return self._folder

    @property
    def otherwise(self) -> str:
        """What a person can do if there is no room for them."""
        return PLAIN

    def room(self, grid: Grid, labels: tuple[Label, ...]) -> int:
        """Return how many bytes on the disk a segmentation of this grid and these classes takes."""
        section, sizes = grid.shape[1] * grid.shape[2], len(labels) * self._soft.itemsize + 1
        first, last = self._z or (0, grid.shape[0])
        empty = grid.shape[0] - (last - first)
        return section * (sizes * (last - first) + self._soft.itemsize * empty)

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room for a segmentation of this grid and these classes."""
        self._check(labels)
        if len(labels) > HARD_CLASSES:
            raise VolvizError(f"{len(labels)} classes do not fit a label file; save the segmentation as .zarr instead.")
        if kind == "score":
            self._z = None  # there is no background
        check_room(self, grid, labels)
        self._kind = kind
        self._made = make_folder(self._folder)
        files = [self._path(label.name) for label in labels]
        try:
            for i, path in enumerate(files):
                self._add(path, grid, self._soft, None if i == 0 else self._z)
            self._add(self._labels_path, grid, np.int8, self._z)
        except BaseException as error:
            self.abort()
            raise self._explained(error) from error
        self._card = {
            "format": FORMAT,
            "version": VERSION,
            "kind": kind,
            "classes": [{**label_to_json(label), "file": file.name} for label, file in zip(labels, files, strict=True)],
            "labels": self._labels_path.name,
            "source": source_to_json(self._source.source, self._folder),
            "provenance": dict(provenance),
        }

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Take the final classes (class, z, y, x) of a region, uint8 or uint16."""
        writers = [writer for _, writer in self._writers.values()]
        scores = from_stored(data, self._kind)
        for writer, values in zip(writers[:-1], scores, strict=True):
            writer.write(region, values)
        writers[-1].write(region, hard_classes(data, self._kind))

    def fill(self, region: Region) -> None:
        """Take a region as written with the first class alone."""
        for i, (_, writer) in enumerate(self._writers.values()):
            writer.fill(region, 1.0 if i == 0 else 0.0)

    def finish(self) -> None:
        """All regions were written: move everything into place, the JSON last."""
        card = partial_name(self.result)
        moved: list[Path] = []
        try:
            for _, writer in self._writers.values():
                writer.close()
            card.write_text(json.dumps(self._card, indent=2, default=str) + "\n", encoding="utf-8")
            for path, (partial, _) in self._writers.items():
                move(partial, path)
                moved.append(path)
            older = self._older() - set(moved)
            move(card, self.result)
        except BaseException as error:
            for path in (card, *moved):
                remove(path)
            self.abort()
            raise self._explained(error) from error
        for path in older:  # they would pass for classes of this one
            remove(path)
        self._writers.clear()

    def abort(self) -> None:
        """Leave nothing behind."""
        for partial, writer in self._writers.values():
            writer.close()
            remove(partial)
        self._writers.clear()
        if self._made:
            remove_if_empty(self._folder)

    def _older(self) -> set[Path]:
        """Return the files of the result that is replaced, as far as they are its own: called and placed as those that are written here."""
        try:
            names = [str(c["file"]) for c in json.loads(self.result.read_text(encoding="utf-8"))["classes"]]
        except (OSError, ValueError, KeyError, TypeError):
            return set()
        own = [name for name in names if name == Path(name).name and name.startswith(f"{self._stem}_") and name.endswith(".mrc")]
        return {self._folder / name for name in own}

    def _path(self, name: str) -> Path:
        return self._folder / f"{self._stem}_{name}.mrc"

    def _add(self, path: Path, grid: Grid, dtype: npt.DTypeLike, sections: tuple[int, int] | None) -> None:
        partial = partial_name(path)
        try:
            self._writers[path] = (partial, MrcWriter(partial, grid, dtype, self._source.header, sections=sections))
        except BaseException:
            remove(partial)
            raise

    def _explained(self, error: BaseException) -> BaseException:
        if not isinstance(error, OSError):
            return error
        return VolvizError(
            f"The segmentation could not be written into {self._folder} ({reason(error)}); free some space or choose another place."
        )

    def _check(self, labels: tuple[Label, ...]) -> None:
        for label in labels:
            if label.name == "labels" or not label.name or set(label.name) & set('/\\:*?"<>|\0'):
                raise VolvizError(f"A class named '{label.name}' cannot be part of a file name; give it another name.")
        paths = [self.result, self._path("labels"), *(self._path(label.name) for label in labels)]
        for path in paths:
            check_absent(path, overwrite=self._overwrite)
            if os.path.isdir(path):
                raise VolvizError(f"{path} is a folder, which volviz does not replace by a file; choose another place.")
            check_other(path, self._source.source)


def open_segmentation(path: Path) -> Segmentation:
    """Open ``<stem>_segmentation.json``; the class files beside it stay on disk until sliced.

    Raises:
        VolvizError: it is no such file, or a class file is missing or of another shape.
    """
    try:
        card = json.loads(read_text(path))
        if card["format"] != FORMAT or card["version"] > VERSION:
            raise VolvizError(f"{path} was written by a newer volviz, or by another program; update volviz to open it.")
        kind: Kind = "score" if card["kind"] == "score" else "probability"
        labels = tuple(label_from_json(c) for c in card["classes"])
        files = [path.parent / str(c["file"]) for c in card["classes"]]
        source = source_from_json(card["source"], path.parent)
        provenance = dict(card["provenance"])
    except (ValueError, KeyError, TypeError) as error:
        raise VolvizError(f"{path} is not the description of a segmentation that volviz wrote; segment the tomogram again.") from error
    volumes = [_open_class(file, path) for file in files]
    grid = volumes[0].grid
    if any(volume.grid != grid for volume in volumes):
        raise VolvizError(f"The class files of {path} do not lie on the same grid; segment the tomogram again.")
    return Segmentation(
        grid,
        ClassFiles(tuple(volume.data for volume in volumes), kind, _bits(volumes)),
        labels,
        kind,
        provenance,
        source,
        name=path.name.removesuffix(SEGMENTATION_SUFFIX),
        header=volumes[0].header,
    )


def _bits(volumes: list[Volume]) -> Bits:
    """Return how many bits classes have that files hold: whatever is finer than half precision or a byte has 16."""
    return 16 if any(is_short(v.data.dtype) or np.dtype(v.data.dtype).str[1:] in {"f4", "f8"} for v in volumes) else 8


def _open_class(file: Path, card: Path) -> Volume:
    if not file.is_file():
        raise VolvizError(f"{file} is missing, which {card.name} needs; put it back beside it, or segment the tomogram again.")
    return open_mrc(file)
