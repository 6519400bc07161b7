"""Label volumes: the number of a class in every voxel, as other programs read them and as ``volviz train`` learns from them.

MRC of signed bytes (mode 0), where -1 is unlabelled, or OME-Zarr of unsigned bytes, where 255 is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.atomic import check_other, replacing
from volviz.core.errors import VolvizError
from volviz.core.grid import Region, bricks
from volviz.core.report import Report, silent
from volviz.core.segmentation import Label
from volviz.core.volume import Volume

UNLABELLED = 255
SAID = "Classes: "  # begins the lines of an MRC header that say which number is which class
MRC_LINES, MRC_COLUMNS = 9, 80
CLASSES = "classes"  # of a volume's header: the names of its classes, by number

Bricks = Iterable[tuple[Region, npt.NDArray[np.uint8]]]


def check_labels_name(path: Path) -> None:
    """Refuse a name that label volumes cannot have.

    Raises:
        VolvizError: its suffix is another one.
    """
    if path.suffix.lower() not in {".mrc", ".zarr"}:
        raise VolvizError(
            f"Annotations are not written as {path.name}; end the name in .annotations.json, in .mrc or .zarr for a label volume, "
            "or in .csv, .star or .tbl for points."
        )


def save_labels(
    classes: Bricks, path: str | Path, tomogram: Volume, labels: Sequence[Label], *, overwrite: bool = False, report: Report = silent
) -> None:
    """Write class numbers, brick by brick, on the grid of a tomogram and placed exactly as it. `UNLABELLED` is none.

    Raises:
        VolvizError: the name is taken, not writable, of another format, or the tomogram's own.
        Cancelled: by ``report``.
    """
    path = Path(path).expanduser()
    check_labels_name(path)
    check_other(path, tomogram.source)
    write = _write_mrc if path.suffix.lower() == ".mrc" else _write_zarr
    write(_told(classes, tomogram, report), path, tomogram, labels, overwrite)
    report(1.0, "written")


def _told(classes: Bricks, tomogram: Volume, report: Report) -> Bricks:
    done, total = 0, int(np.prod(tomogram.grid.shape, dtype=np.int64))
    for region, numbers in classes:
        report(done / total, "writing labels")
        yield region, numbers
        done += numbers.size


def _write_mrc(classes: Bricks, path: Path, tomogram: Volume, labels: Sequence[Label], overwrite: bool) -> None:
    from volviz.io.mrc_writer import MrcWriter

    said = _lines(labels)
    header = {**tomogram.header, "labels": (*tuple(tomogram.header.get("labels", ()))[: MRC_LINES - len(said)], *said)}
    with (
        replacing(path, overwrite=overwrite) as partial,
        MrcWriter(partial, tomogram.grid, np.int8, header) as writer,
    ):
        for region, numbers in classes:
            writer.write(region, numbers.view(np.int8))  # 255 as a signed byte is -1


def _write_zarr(classes: Bricks, path: Path, tomogram: Volume, labels: Sequence[Label], overwrite: bool) -> None:
    import zarr

    from volviz.io.pyramid import Pyramid
    from volviz.io.zarr_writer import CARRIED, check_target

    check_target(path, overwrite=overwrite)
    with replacing(path, overwrite=overwrite, folder=True) as partial:
        root = zarr.create_group(store=str(partial), zarr_format=3)
        pyramid = Pyramid(root, tomogram.grid, np.dtype(np.uint8))
        ome: dict[str, Any] = pyramid.metadata("labels")
        ome["multiscales"][0]["type"] = "labelled voxels win"
        colors = [{"label-value": i, "rgba": [*(round(255 * v) for v in label.color), 255]} for i, label in enumerate(labels)]
        ome["image-label"] = {
            "colors": [*colors, {"label-value": UNLABELLED, "rgba": [0, 0, 0, 0]}],
            "properties": [{"label-value": i, "name": label.name} for i, label in enumerate(labels)],
        }
        header = {key: tomogram.header[key] for key in CARRIED if key in tomogram.header}
        header[CLASSES] = [label.name for label in labels]
        root.update_attributes({"ome": ome, "volviz": {"voxel_size_known": tomogram.grid.voxel_size_known, "header": header}})
        for region, numbers in classes:
            pyramid.write(region, numbers)
        for fine, coarse in zip(pyramid.levels, pyramid.levels[1:], strict=False):
            _thin(fine, coarse)


def _thin(fine: Any, coarse: Any) -> None:
    """Fill a coarser level: of the voxels that become one, a labelled one wins. A mean of numbers would be another class."""
    factors = [-(-a // b) for a, b in zip(fine.shape, coarse.shape, strict=True)]
    for brick in bricks(coarse.shape, (128, 128, 128)):
        where = tuple(slice(a * f, b * f) for a, b, f in zip(brick.start, brick.stop, factors, strict=True))
        block = np.asarray(fine[where]).view(np.int8)
        for axis, factor in enumerate(factors):
            block = np.maximum.reduceat(block, np.arange(0, block.shape[axis], factor), axis=axis)
        coarse[brick.slices] = block.view(np.uint8)


def names_of(labelled: Volume) -> tuple[str, ...]:
    """Return the names of the classes of a label volume, by number, if its file says them."""
    if CLASSES in labelled.header:
        return tuple(str(name) for name in labelled.header[CLASSES])
    text = [line.removeprefix(SAID) for line in labelled.header.get("labels", ()) if str(line).startswith(SAID)]
    found = {int(number): name for line in text for number, name in re.findall(r"(-?\d+) (.*?)(?=, -?\d+ |$)", line)}
    return tuple(found[i] for i in range(len(found) - 1)) if found.keys() == set(range(-1, len(found) - 1)) else ()


def _lines(labels: Sequence[Label]) -> list[str]:
    """Return which number is which class, as lines that fit the text of an MRC header; nothing if they are too many."""
    lines = [f"{SAID}-1 unlabelled"]
    for i, label in enumerate(labels):
        entry = f"{i} {label.name}"
        if len(lines[-1]) + len(entry) + 2 <= MRC_COLUMNS:
            lines[-1] += f", {entry}"
        else:
            lines.append(f"{SAID}{entry}")
    return lines if len(lines) < MRC_LINES and max(map(len, lines)) <= MRC_COLUMNS else []
