"""MRC files with every trap, written byte by byte so that no library tidies them up."""

from __future__ import annotations

import struct

import numpy as np

TYPES = {0: "i1", 1: "i2", 2: "f4", 3: "i4", 4: "c8", 6: "u2", 12: "f2", 101: "u1", 7: "f4"}


def mrc_bytes(
    data: np.ndarray,
    mode: int,
    *,
    order: str = "<",
    stamp: bytes | None = None,
    word: bytes = b"MAP ",
    axes: tuple[int, int, int] = (1, 2, 3),
    starts: tuple[int, int, int] = (0, 0, 0),
    intervals: tuple[int, int, int] | None = None,
    cell: tuple[float, float, float] = (0.0, 0.0, 0.0),
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0),
    stats: tuple[float, float, float] = (0.0, -1.0, -2.0),
    space_group: int = 1,
    declared: int | None = None,
    extended: bytes = b"",
    imod: tuple[int, int] = (0, 0),
) -> bytes:
    """``data`` is (section, row, column); starts are in the file's own axis order, the rest in x, y, z."""
    ns, nr, nc = data.shape
    head = struct.pack(f"{order}10i", nc, nr, ns, mode, *starts, *(intervals or (nc, nr, ns)))
    head += struct.pack(f"{order}6f3i3f", *cell, 90.0, 90.0, 90.0, *axes, *stats)
    head += struct.pack(f"{order}2i", space_group, len(extended) if declared is None else declared)
    head = head.ljust(152, b"\0") + struct.pack(f"{order}2i", *imod)
    head = head.ljust(196, b"\0") + struct.pack(f"{order}3f", *origin)
    head += word + (stamp if stamp is not None else {"<": b"DD\0\0", ">": b"\x11\x11\0\0"}[order])
    head = head.ljust(1024, b"\0")
    return head + extended + data.astype(np.dtype(TYPES[mode]).newbyteorder(order)).tobytes()
