"""What was open last, in words: what it is, how large, from when, and whether it is still there."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

MRC = (".mrc", ".rec", ".map", ".st", ".ali")
KINDS = (
    ((".volviz",), "Session"),
    (("_segmentation.json", "_segmentation.zarr"), "Segmentation"),
    ((".zarr", "zarr.json", ".zattrs"), "OME-Zarr"),
    ((*MRC, ".gz", ".bz2"), "Tomogram"),
    ((".tif", ".tiff"), "TIFF stack"),
)
MOST = 65_536  # voxels along an edge: a larger number is no size but another kind of file


@dataclass(frozen=True, slots=True)
class Recent:
    """What was open: a path, or several together, the tomogram first; ``about`` is a line in words."""

    path: Path
    about: str
    there: bool
    others: tuple[Path, ...] = ()

    @property
    def title(self) -> str:
        """What it is called in a list."""
        more = len(self.others)
        return f"{self.path.name} + {more} {'file' if more == 1 else 'files'}" if more else self.path.name

    @property
    def paths(self) -> tuple[Path, ...]:
        """All that is to be opened together."""
        return (self.path, *self.others)


def entry(paths: Sequence[Path], tomogram: Path | None, session: Path | None) -> list[Path]:
    """Return which paths were open together: classes go with the tomogram that they lie on."""
    alone = tomogram is None or any(path == session or path.absolute() == tomogram for path in paths)
    return [*paths] if alone or tomogram is None else [tomogram, *paths]


def look(entries: Sequence[tuple[Path, ...]], today: date | None = None) -> list[Recent]:
    """Describe what was open. Reads no more than the first bytes of each file, but waits for the disks on which they lie."""
    day = today or datetime.now().astimezone().date()
    return [_together(_look(path, day), others) for path, *others in entries]


def _together(first: Recent, others: Sequence[Path]) -> Recent:
    if not others:
        return first
    gone = [path.name for path in others if not path.exists()]
    about = f"{gone[0]} is no longer there" if gone and first.there else first.about
    return Recent(first.path, about, first.there and not gone, tuple(others))


def _look(path: Path, today: date) -> Recent:
    kind = next((name for endings, name in KINDS if path.name.lower().endswith(endings)), "File")
    try:
        found = path.stat()
    except OSError:
        return Recent(path, f"{kind}, no longer there", there=False)
    words = [kind]
    if path.is_file():
        if path.suffix.lower() in MRC and (size := _voxels(path)):
            words.append(size)
        if found.st_size > 100_000:
            words.append(f"{found.st_size / 1e9:.1f} GB" if found.st_size > 1e9 else f"{max(1, round(found.st_size / 1e6))} MB")
    words.append(day_said(datetime.fromtimestamp(found.st_mtime).astimezone().date(), today))
    return Recent(path, ", ".join(words), there=True)


def _voxels(path: Path) -> str:
    """Return the number of voxels (x, y, z) from the beginning of an MRC file, nothing if it makes no sense."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return ""
    for order in "<>":
        if len(head) == 12 and all(0 < n <= MOST for n in struct.unpack(f"{order}3i", head)):
            return "{} × {} × {}".format(*struct.unpack(f"{order}3i", head))
    return ""


def day_said(day: date, today: date) -> str:
    """Write a day as people say it: today, 3 June, 3 June 2024."""
    ago = (today - day).days
    if ago in {0, 1}:
        return ("today", "yesterday")[ago]
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"
