"""Whether results have room, in memory or on a disk: asked before the work that makes them, which may take hours."""

from __future__ import annotations

import errno
import math
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.memory import available_memory, physical_memory
from volviz.core.segmentation import Label
from volviz.core.sink import OnDisk

PLAIN = "choose another place, or write an OME-Zarr (.zarr), which is compressed"  # what to do where a file that is not has no room
COMPRESSED = "free some space, or choose another place"  # and where one that is has none
_SHARE = 4  # of the memory that many-th part at the most


def size_of(count: int) -> str:
    """Return bytes as a person writes them."""
    if count < 2**20:
        return f"{-(-count // 2**10)} kB"
    number, unit = (count / 2**30, "GB") if count >= 2**30 else (count / 2**20, "MB")
    return f"{number:.1f} {unit}" if number < 10 or unit == "GB" else f"{number:.0f} {unit}"


def lack_on(place: Path, needed: int) -> str:
    """Return in words why so many bytes do not fit on the disk of a file or folder, of which the end may not be there yet; else nothing."""
    nearest = place.absolute()
    while not os.path.exists(nearest) and nearest != nearest.parent:
        nearest = nearest.parent
    try:
        free = shutil.disk_usage(nearest).free
    except OSError:  # who writes will hear the reason
        return ""
    return f"it takes {size_of(needed)}, and {size_of(free)} are free on this disk" if needed > free else ""


def check_room(sink: OnDisk, grid: Grid, labels: tuple[Label, ...], more: str = "") -> None:
    """Refuse work whose result has no room on the disk where it shall go; ``more`` is what a person can do beside what the sink knows.

    Raises:
        VolvizError: so it is.
    """
    if lack := lack_on(sink.place, sink.room(grid, labels)):
        raise VolvizError(f"There is no room for the result in {sink.place}: {lack}; {sink.otherwise}{more}.")


def check_memory(needed: int, what: str, instead: str) -> None:
    """Refuse work for whose result the machine has too little memory left: it would be ended half-way, and the window with it.

    ``what`` needs so many bytes, ``instead`` is what a person can do; where the system does not say what is free, all is allowed.

    Raises:
        VolvizError: so it is.
    """
    free = available_memory()
    if free is not None and needed > free:
        raise VolvizError(f"{what} would take {size_of(needed)} of memory, and {size_of(free)} are free; {instead}.")


def default_folder() -> Path:
    """Return where temporary files go that may be larger than the memory: what many systems call /tmp lies in memory."""
    disk = Path("/var/tmp")  # noqa: S108 - the file has no name there
    return disk if "TMPDIR" not in os.environ and os.access(disk, os.W_OK) else Path(tempfile.gettempdir())


def room_for(shape: tuple[int, ...], dtype: npt.DTypeLike, folder: Path) -> npt.NDArray[Any]:
    """Return an array of zeros: in memory, or if it is large in a temporary file in a folder, without a name, that is mapped.

    Raises:
        VolvizError: it is too large for the memory, and for the disk.
    """
    size, memory = math.prod(shape) * np.dtype(dtype).itemsize, physical_memory()
    if memory is None or size <= memory // _SHARE:
        return np.zeros(shape, dtype)
    lack = lack_on(folder, size)
    try:
        if lack:
            raise OSError(errno.ENOSPC, lack)
        with tempfile.TemporaryFile(prefix="volviz-classes-", dir=folder) as file:
            if hasattr(os, "posix_fallocate"):  # or a full disk would end the process when a page is first written
                os.posix_fallocate(file.fileno(), 0, size)
            return np.memmap(file, dtype, "w+", shape=shape)
    except OSError as error:
        raise VolvizError(
            f"There is no room for {size_of(size)} of classes in {folder} ({lack or (error.strerror or str(error)).lower()}); make some, "
            "or name another folder with TMPDIR."
        ) from error
