"""Writing OME-Zarr 0.5 (zarr v3): several levels, brick by brick, with what volviz and other viewers want to know."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr

from volviz.core.atomic import Replacement, check_absent, check_folder, check_other
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region, Shape, bricks
from volviz.core.report import Report, part, silent
from volviz.core.room import COMPRESSED, check_room
from volviz.core.segmentation import Bits, Kind, Label, Segmentation
from volviz.core.volume import Volume
from volviz.io.classes import converted, hard_classes, stored_type
from volviz.io.description import label_to_json, source_to_json
from volviz.io.lazy import is_zarr
from volviz.io.mrc import stem
from volviz.io.pyramid import CHUNK, OME_VERSION, Pyramid, compressed_share, native

CARRIED = ("placement", "shape", "labels", "space_group")
# What a network says is known only when it has said it. What the bundled one says of ice alone, which is nearly all background, is
# compressed to a sixteenth, and of a crowded tomogram to a fifth.
NETWORK_SHARE = 1 / 20
COARSER = 8 / 7  # times the finest level: each has an eighth of the voxels of the one before


class ZarrSink:
    """A `Sink` that leaves an OME-Zarr: soft classes as channels, and hard classes as a label image inside it.

    ``source`` is the tomogram, or the segmentation that is written, cleaned or not. Only the slices ``z``, from the first to the one
    past the last, hold more than background.

    Raises:
        VolvizError: on construction, before any work: the name is taken, or its folder cannot be written to.
    """

    def __init__(
        self, path: Path, source: Volume | Segmentation, *, overwrite: bool = False, bits: Bits = 8, z: tuple[int, int] | None = None
    ) -> None:
        check_target(path, overwrite=overwrite)
        check_other(path, source.source)
        check_folder(path.parent)
        self._path, self._source, self._overwrite = path, source, overwrite
        self._bits: Bits = bits
        self._z = z
        self._replacement: Replacement | None = None

    @property
    def chunk(self) -> Shape:
        """Length of every axis of the pieces that are packed together: what is written in parts of one is packed anew for each."""
        return (CHUNK, CHUNK, CHUNK)

    @property
    def result(self) -> Path:
        """What `volviz.io.open` reads once the work is finished."""
        return self._path

    @property
    def place(self) -> Path:
        """Where the result goes."""
        return self._path

    @property
    def otherwise(self) -> str:
        """What a person can do if there is no room for it."""
        return COMPRESSED

    def room(self, grid: Grid, labels: tuple[Label, ...]) -> int:
        """Return about how many bytes on the disk a segmentation of this grid and these classes takes; of a network's at least."""
        first, last = self._z or (0, grid.shape[0])
        whole = (last - first) * grid.shape[1] * grid.shape[2] * (len(labels) * self._bits // 8 + 1) * COARSER
        return round(whole * (compressed_share(self._source.data) if isinstance(self._source, Segmentation) else NETWORK_SHARE))

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room for a segmentation of this grid and these classes."""
        check_room(self, grid, labels)
        self._kind: Kind = kind
        self._replacement = Replacement(self._path, overwrite=self._overwrite, folder=True)
        try:
            root = zarr.create_group(store=str(self._replacement.partial), zarr_format=3)
            self._soft = Pyramid(root, grid, stored_type(self._bits), channels=len(labels))
            self._hard = Pyramid(root.create_group("labels").create_group("classes"), grid, np.dtype(np.uint8))
            ours: dict[str, Any] = {
                "labels": [label_to_json(label) for label in labels],
                "kind": kind,
                "provenance": json.loads(json.dumps(dict(provenance), default=str)),
                "source": source_to_json(self._source.source, self._path.absolute().parent),
                "name": self._source.name or stem(self._path),
            }
            ome: dict[str, Any] = {**self._soft.metadata("classes"), "omero": _omero(labels, kind, self._bits)}
            root.update_attributes({"ome": ome, "volviz": {**ours, **_ours(self._source, grid)}})
            root["labels"].update_attributes({"ome": {"version": OME_VERSION, "labels": ["classes"]}})
            image_label: dict[str, Any] = {"colors": _colors(labels), "properties": _names(labels), "source": {"image": "../../"}}
            root["labels/classes"].update_attributes({"ome": {**self._hard.metadata("classes"), "image-label": image_label}})
        except BaseException as error:
            self.abort()
            raise self._explained(error) from error

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Take the final classes (class, z, y, x) of a region, uint8 or uint16."""
        data = converted(data, self._kind, stored_type(self._bits))
        try:
            self._soft.write(region, data)
            self._hard.write(region, hard_classes(data, self._kind))
        except OSError as error:
            raise self._explained(error) from error

    def fill(self, region: Region) -> None:
        """Take a region as written with the first class alone. Of the others there is nothing to write: what has no chunk is zero."""
        finest = self._soft.levels[0]
        try:
            finest[(0, *region.slices)] = np.iinfo(finest.dtype).max
        except OSError as error:
            raise self._explained(error) from error

    def finish(self) -> None:
        """All regions were written: compute the coarser levels and move the folder into place."""
        if self._replacement is None:
            raise ValueError("nothing was begun")
        try:
            self._soft.coarsen(silent)
            for soft, hard in zip(self._soft.levels[1:], self._hard.levels[1:], strict=True):
                for brick in bricks(hard.shape, (CHUNK, CHUNK, CHUNK)):
                    hard[brick.slices] = hard_classes(np.asarray(soft[(slice(None), *brick.slices)]), self._kind)
            self._replacement.commit()
        except BaseException as error:
            self.abort()
            raise self._explained(error) from error
        self._replacement = None

    def abort(self) -> None:
        """Leave nothing behind."""
        if self._replacement is not None:
            self._replacement.discard()

    def _explained(self, error: BaseException) -> BaseException:
        return self._replacement.explain(error) if isinstance(error, OSError) and self._replacement else error


def write_zarr(value: Volume, path: Path, report: Report) -> None:
    """Write a volume as OME-Zarr 0.5.

    Raises:
        OSError: there is no room or no permission.
    """
    root = zarr.create_group(store=str(path), zarr_format=3)
    pyramid = Pyramid(root, value.grid, native(value.data.dtype))
    root.update_attributes({"ome": pyramid.metadata(value.name), "volviz": _ours(value, value.grid)})
    regions = list(bricks(value.grid.shape, (CHUNK, CHUNK, CHUNK)))
    for i, region in enumerate(regions):
        report(0.8 * i / len(regions), "writing")
        pyramid.write(region, np.asarray(value.data[region.slices]))
    pyramid.coarsen(part(report, 0.8, 1.0))
    report(1.0, "written")


def volume_room(value: Volume) -> int:
    """Return how many bytes on the disk an OME-Zarr of a volume takes at least."""
    size = math.prod(value.grid.shape) * np.dtype(value.data.dtype).itemsize
    return round(size * COARSER * compressed_share(value.data))


def check_target(path: Path, *, overwrite: bool) -> None:
    """Refuse a name that is taken, and one that would replace something other than a zarr.

    Raises:
        VolvizError: so it is.
    """
    check_absent(path, overwrite=overwrite)
    if path.exists() and not is_zarr(path):
        raise VolvizError(f"{path} is there and is no zarr, so volviz does not replace it; choose another name.")


def _ours(value: Volume | Segmentation, grid: Grid) -> dict[str, Any]:
    header = {key: value.header[key] for key in CARRIED if key in value.header}
    return {"voxel_size_known": grid.voxel_size_known, "header": header}


def _omero(labels: tuple[Label, ...], kind: Kind, bits: Bits) -> dict[str, Any]:
    most = 2**bits - 1
    window = {"min": 0, "max": most, "start": 0, "end": most}
    channels = [
        {
            "label": label.name,
            "color": "".join(f"{round(255 * v):02X}" for v in label.color),
            "window": window,
            "active": kind == "score" or i > 0,
        }
        for i, label in enumerate(labels)
    ]
    return {"channels": channels, "rdefs": {"model": "color"}}


def _colors(labels: tuple[Label, ...]) -> list[dict[str, Any]]:
    return [{"label-value": i, "rgba": [*(round(255 * v) for v in label.color), 255 if i else 0]} for i, label in enumerate(labels)]


def _names(labels: tuple[Label, ...]) -> list[dict[str, Any]]:
    return [{"label-value": i, "name": label.name} for i, label in enumerate(labels)]
