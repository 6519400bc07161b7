"""Understanding an MRC header, as files in the wild have it and not only as the standard wishes it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from mrcfile.dtypes import HEADER_DTYPE

from volviz.core.errors import VolvizError
from volviz.core.grid import Shape
from volviz.io.mrc_placement import Placement

HEADER_BYTES = 1024
LARGEST_SIDE = 2**20
IMOD_STAMP = 1146047817
TYPES = {0: "i1", 1: "i2", 2: "f4", 6: "u2", 12: "f2"}
REFUSED = {3: "complex numbers (a Fourier transform)", 4: "complex numbers (a Fourier transform)", 101: "packed 4-bit numbers"}


@dataclass(frozen=True, slots=True)
class Header:
    """A header that was understood. ``file_shape`` is (section, row, column), ``order`` transposes it to (z, y, x).

    ``count`` volumes lie one after the other, each of ``file_shape``. ``statistics`` (least, greatest, mean, RMS) is
    None when the header's are unset or cannot be true. ``notes`` are sentences on what was decided.
    """

    mode: int
    dtype: np.dtype[Any]
    file_shape: Shape
    order: tuple[int, int, int]
    count: int
    offset: int
    extended_bytes: int
    extended_type: str
    space_group: int
    placement: Placement
    statistics: tuple[float, float, float, float] | None
    labels: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def data_bytes(self) -> int:
        """Length of all voxels of all volumes."""
        return self.count * math.prod(self.file_shape) * self.dtype.itemsize

    @property
    def shape(self) -> Shape:
        """Number of voxels (z, y, x)."""
        z, y, x = (self.file_shape[axis] for axis in self.order)
        return z, y, x


def has_map_stamp(head: bytes) -> bool:
    """Whether the first bytes of a file carry the mark of MRC 2000 and later."""
    # Some programs end the word with a zero instead of a blank.
    return head[208:211] == b"MAP"


def parse(head: bytes, size: int | None, name: str) -> Header:
    """Understand the first 1024 bytes of a file of ``size`` bytes (None: not known yet).

    Raises:
        VolvizError: this is no MRC file, is cut short, or holds what volviz cannot show.
    """
    if len(head) < HEADER_BYTES:
        raise VolvizError(f"{name} is not an MRC file: it is shorter than the header of one; fetch or export it again.")
    notes: list[str] = []
    record, byte_order = _record(head, name, notes)
    mode = int(record["mode"])
    if mode in REFUSED:
        raise VolvizError(f"{name} holds {REFUSED[mode]} (MRC mode {mode}), which volviz does not show; convert it to real numbers first.")
    if mode not in TYPES:
        raise VolvizError(f"{name} holds voxels of an unknown kind (MRC mode {mode}); convert it to mode 0, 1, 2, 6 or 12 first.")
    order, starts = _axes(record, notes)
    nx, ny, nz = (int(record[k]) for k in ("nx", "ny", "nz"))
    count = _count(record, order, notes)
    if nz == 1:
        notes.append("The file holds one image, which is shown as a volume of one slice.")
    dtype = _type(head, record, mode, byte_order, notes)
    placement = Placement(
        starts,
        intervals=_triple(record, "mx", "my", "mz", kind=int),
        cell=_triple(record["cella"], "x", "y", "z", kind=float),
        angles=_triple(record["cellb"], "alpha", "beta", "gamma", kind=float),
        origin=_triple(record["origin"], "x", "y", "z", kind=float),
        modern=has_map_stamp(head),
    )
    data_bytes = nx * ny * nz * dtype.itemsize
    extended = _extended(int(record["nsymbt"]), data_bytes, size, name, notes)
    return Header(
        mode=mode,
        dtype=dtype,
        file_shape=(nz // count, ny, nx),
        order=order,
        count=count,
        offset=HEADER_BYTES + extended,
        extended_bytes=extended,
        extended_type=bytes(record["exttyp"]).decode("ascii", "replace").strip("\0 "),
        space_group=int(record["ispg"]),
        placement=placement,
        statistics=_statistics(record, dtype, notes),
        labels=_labels(record),
        notes=tuple(notes),
    )


def _record(head: bytes, name: str, notes: list[str]) -> tuple[Any, str]:
    """Return the fields, and the byte order that makes sense of them: the stamped one is tried first."""
    stamp = head[212:214]
    stamped = {b"\x44\x44": "<", b"\x44\x41": "<", b"\x11\x11": ">"}.get(stamp)
    modern = has_map_stamp(head)
    if not modern:
        notes.append("The header has no 'MAP ' mark: an old or unusual MRC file, read by the rules of before 2000.")
    elif stamped is None:
        notes.append(f"The machine stamp {stamp.hex()} says nothing about the byte order, which was found by trying.")
    first = stamped or "<"
    for order in (first, ">" if first == "<" else "<"):
        record = np.frombuffer(head[:HEADER_BYTES], HEADER_DTYPE.newbyteorder(order))[0]
        sides = [int(record[k]) for k in ("nx", "ny", "nz")]
        if all(0 < n <= LARGEST_SIDE for n in sides) and 0 <= int(record["mode"]) < 128:
            if modern and stamped is not None and order != stamped:
                notes.append("The machine stamp names the wrong byte order; the other one makes sense of the header and was used.")
            return record, order
    if modern:
        raise VolvizError(f"The header of {name} is damaged: no byte order gives it a sensible size; fetch or export it again.")
    raise VolvizError(f"{name} is not an MRC file: its first bytes make no sense as a header; check what the file is.")


def _axes(record: Any, notes: list[str]) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return what transposes (section, row, column) to (z, y, x), and the start indices in the order x, y, z."""
    axes = [int(record[k]) for k in ("mapc", "mapr", "maps")]
    starts = [int(record[k]) for k in ("nxstart", "nystart", "nzstart")]
    if sorted(axes) != [1, 2, 3]:
        notes.append(f"The axis order {tuple(axes)} in the header makes no sense and was ignored.")
        axes = [1, 2, 3]
    elif axes != [1, 2, 3]:
        names = ", ".join("xyz"[a - 1] for a in axes)
        notes.append(f"The file stores its axes in the order {names} (columns, rows, sections); they are shown as x, y, z.")
    sections_first = axes[::-1]
    z, y, x = (sections_first.index(axis) for axis in (3, 2, 1))
    sx, sy, sz = (starts[axes.index(axis)] for axis in (1, 2, 3))
    return (z, y, x), (sx, sy, sz)


def _count(record: Any, order: tuple[int, int, int], notes: list[str]) -> int:
    """Return how many volumes a stack of volumes holds; everything else is one volume."""
    nz, mz, group = int(record["nz"]), int(record["mz"]), int(record["ispg"])
    if not 401 <= group <= 630:
        return 1
    if order[0] != 0 or mz <= 0 or nz % mz:
        notes.append(f"The header speaks of a stack of volumes but {nz} sections are no multiple of {mz}; it is shown as one volume.")
        return 1
    return nz // mz


def _type(head: bytes, record: Any, mode: int, byte_order: str, notes: list[str]) -> np.dtype[Any]:
    if mode != 0:
        return np.dtype(byte_order + TYPES[mode])
    # MRC 2014 says signed, IMOD once wrote unsigned; the rule is ChimeraX's, so that both programs show the same.
    stamp, flags = (int(v) for v in np.frombuffer(head[152:160], byte_order + "i4"))
    if stamp == IMOD_STAMP and not flags & 1:
        notes.append("Bytes are read as unsigned, 0 to 255, because IMOD's flag says so.")
        return np.dtype("u1")
    if not has_map_stamp(head):
        notes.append("Bytes are read as unsigned, 0 to 255, as files without the 'MAP ' mark have them.")
        return np.dtype("u1")
    if float(record["dmax"]) > 127:
        notes.append("Bytes are read as signed, as MRC 2014 has them, although the header's maximum is above 127.")
    return np.dtype("i1")


def _extended(declared: int, data_bytes: int, size: int | None, name: str, notes: list[str]) -> int:
    """Return the length of the extended header that is really there, having checked that the voxels are too."""
    if declared < 0:
        notes.append(f"The header declares an extended header of {declared} bytes, which was ignored.")
        declared = 0
    if size is None:
        return declared
    spare = size - HEADER_BYTES - declared - data_bytes
    if spare < 0 and size - HEADER_BYTES == data_bytes:
        notes.append(f"The header declares an extended header of {declared} bytes that is not in the file.")
        return 0
    if spare < 0:
        there = max(0, size - HEADER_BYTES - declared)
        raise VolvizError(
            f"{name} is cut short or its header is wrong: it promises {data_bytes:,} bytes of voxels and holds {there:,}; "
            "fetch or export it again."
        )
    if spare > 0:
        notes.append(f"{spare:,} bytes after the last voxel were ignored.")
    return declared


def _statistics(record: Any, dtype: np.dtype[Any], notes: list[str]) -> tuple[float, float, float, float] | None:
    least, greatest, mean, rms = (float(record[k]) for k in ("dmin", "dmax", "dmean", "rms"))
    finite = all(math.isfinite(v) for v in (least, greatest, mean))
    possible = finite and least <= mean <= greatest and (least, greatest) != (0.0, 0.0)
    if possible and dtype.kind in "iu":
        possible = np.iinfo(dtype).min <= least and greatest <= np.iinfo(dtype).max
    if not possible:
        notes.append("The minimum, maximum and mean in the header are unset or cannot be true; they are not used.")
        return None
    return least, greatest, mean, rms


def _labels(record: Any) -> tuple[str, ...]:
    used = min(10, max(0, int(record["nlabl"])))
    texts = (bytes(label).decode("ascii", "replace").strip("\0 ") for label in record["label"][:used])
    return tuple(text for text in texts if text)


def _triple(record: Any, *fields: str, kind: type[Any]) -> Any:
    return tuple(kind(record[field]) for field in fields)
