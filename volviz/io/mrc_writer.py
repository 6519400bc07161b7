"""Writing MRC files brick by brick, in place with their source in every program."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
from mrcfile.dtypes import HEADER_DTYPE

from volviz.core.grid import Grid, Region
from volviz.core.room import lack_on
from volviz.io.mrc_header import HEADER_BYTES
from volviz.io.mrc_placement import Placement

MODES = {"i1": 0, "i2": 1, "f4": 2, "u2": 6, "f2": 12}
VOLUME_SPACE_GROUP = 1


class MrcWriter:
    """An MRC file being filled: ``write`` every region once, then ``close``.

    Its room on disk is taken at once, so that a full disk shows before the work; if only these ``sections``, from the first to the
    one past the last, are to hold anything but zeros, then theirs alone, and the file has holes elsewhere. The header's statistics
    are gathered on the way. ``header`` is that of the source (`Volume.header`); its extended header is kept if ``keep_extended``.

    Raises:
        OSError: there is no room or no permission.
    """

    def __init__(
        self,
        path: Path,
        grid: Grid,
        dtype: npt.DTypeLike,
        header: Mapping[str, Any],
        *,
        keep_extended: bool = False,
        sections: tuple[int, int] | None = None,
    ) -> None:
        self._dtype = np.dtype(dtype).newbyteorder("<")
        same_shape = tuple(header.get("shape", ())) == grid.shape
        self._extended = bytes(header.get("extended", b"")) if keep_extended and same_shape else b""
        self._record = _record(grid, self._dtype, header, self._extended)
        self._count, self._sum, self._squares = 0, 0.0, 0.0
        self._least, self._greatest = np.inf, -np.inf
        self._path, self._offset = path, HEADER_BYTES + len(self._extended)
        self._section = grid.shape[1] * grid.shape[2] * self._dtype.itemsize
        self._held = np.zeros(grid.shape[0], np.bool_)  # sections whose room is taken
        first, last = (0, grid.shape[0]) if sections is None else sections
        with path.open("wb+") as file:
            file.write(self._record.tobytes() + self._extended)
            if lack := lack_on(path, (last - first) * self._section):
                raise OSError(errno.ENOSPC, lack)
            file.truncate(self._offset + grid.shape[0] * self._section)
            self._reserve(first, last)
            self._data: np.memmap[Any, Any] | None = np.memmap(file, self._dtype, "r+", self._offset, grid.shape)

    def write(self, region: Region, values: npt.NDArray[Any]) -> None:
        """Put values (z, y, x) into a region."""
        if self._data is None:
            raise ValueError("the file is closed")
        for z, section, target in zip(range(region.start[0], region.stop[0]), values, self._data[region.slices], strict=True):
            if not self._held[z]:
                if not section.any():
                    self._tell(section.size, 0.0)
                    continue
                self._reserve(z, z + 1)
            target[...] = section
            # Statistics in double precision, of what was really stored, one section at a time: a slab would need twice its size.
            stored = target[np.isfinite(target)].astype(np.float64)
            if stored.size:
                self._count += stored.size
                self._sum += float(stored.sum())
                self._squares += float(np.square(stored).sum())
                self._least, self._greatest = min(self._least, float(stored.min())), max(self._greatest, float(stored.max()))

    def fill(self, region: Region, value: float) -> None:
        """Put one value into a region."""
        if self._data is None:
            raise ValueError("the file is closed")
        for z, target in zip(range(region.start[0], region.stop[0]), self._data[region.slices], strict=True):
            if value and not self._held[z]:
                self._reserve(z, z + 1)
            if self._held[z]:
                target[...] = value
            self._tell(target.size, value)

    def _reserve(self, first: int, last: int) -> None:
        """Take the room of some sections: a mapped file that meets a full disk later would end the program."""
        if first < last and hasattr(os, "posix_fallocate"):
            with self._path.open("rb+") as file:
                os.posix_fallocate(file.fileno(), self._offset + first * self._section, (last - first) * self._section)
        self._held[first:last] = True

    def _tell(self, count: int, value: float) -> None:
        """Count so many voxels of one value in the statistics."""
        self._count += count
        self._sum += count * value
        self._squares += count * value**2
        self._least, self._greatest = min(self._least, value), max(self._greatest, value)

    def close(self) -> None:
        """Write the statistics and let go of the file."""
        if self._data is None:
            return
        self._data.flush()
        self._data = None
        if self._count:
            mean = self._sum / self._count
            self._record["dmin"], self._record["dmax"], self._record["dmean"] = self._least, self._greatest, mean
            self._record["rms"] = np.sqrt(max(0.0, self._squares / self._count - mean**2))
        with self._path.open("rb+") as file:
            file.write(self._record.tobytes())

    def __enter__(self) -> MrcWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _record(grid: Grid, dtype: np.dtype[Any], header: Mapping[str, Any], extended: bytes) -> npt.NDArray[Any]:
    shape = header.get("shape")
    source = Placement.from_json(header["placement"]) if "placement" in header else None
    placement = Placement.carrying(grid, source, tuple(shape) if shape else None)
    record = np.zeros((), HEADER_DTYPE.newbyteorder("<"))
    record["nz"], record["ny"], record["nx"] = grid.shape
    record["mode"] = MODES[dtype.str[1:]]
    record["nxstart"], record["nystart"], record["nzstart"] = placement.starts
    record["mx"], record["my"], record["mz"] = placement.intervals
    record["cella"], record["cellb"] = placement.cell, placement.angles
    record["mapc"], record["mapr"], record["maps"] = 1, 2, 3
    record["dmin"], record["dmax"], record["dmean"], record["rms"] = 0, -1, -2, -1
    group = int(header.get("space_group", VOLUME_SPACE_GROUP))
    # A crystal's symmetry operators, kept in the extended header, mean nothing without their space group.
    record["ispg"] = group if extended and 1 <= group <= 230 else VOLUME_SPACE_GROUP
    record["nsymbt"] = len(extended)
    record["exttyp"] = str(header.get("extended_type", "")).encode("ascii", "replace")[:4] if extended else b""
    record["nversion"] = 20141
    record["origin"] = placement.origin
    record["map"], record["machst"] = b"MAP ", (0x44, 0x44, 0, 0)
    labels = [str(label) for label in header.get("labels", ()) if not str(label).startswith("Written by volviz")]
    labels = [*labels[:9], "Written by volviz"]
    record["nlabl"] = len(labels)
    record["label"][: len(labels)] = [label.encode("ascii", "replace")[:80] for label in labels]
    return record
