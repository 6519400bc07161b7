"""Particles in tables of Dynamo (``.tbl``): numbers in columns, parted by spaces, without names.

Columns are counted from 1: 4 to 6 are shifts and 24 to 26 the place, both in voxels of the tomogram, 20 is its number, 21 a
region, 22 a class, 36 the size of a voxel (A). The first voxel's centre is 0, as programs that exchange such tables have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from volviz.core.annotations import SurfacePoints
from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.grid import Floats, Grid
from volviz.io.star import Particles

COLUMNS = 36
TAG, ALIGNED, SHIFT, TOMOGRAM, REGION, CLASS, PLACE, SIZE = 1, 2, 4, 20, 21, 22, 24, 36


def save_dynamo(
    points: Iterable[SurfacePoints],
    path: str | Path,
    grid: Grid,
    numbers: Mapping[str, int],
    *,
    pixel_size: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write points as particles of tomogram 1: their objects as regions, their classes by their numbers.

    They count voxels of the grid, or of ``pixel_size`` (A) where the tomogram that Dynamo works on is binned otherwise.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    size = pixel_size or (grid.voxel_size[0] if len(set(grid.voxel_size)) == 1 and grid.voxel_size_known else 0.0)
    rows: list[str] = []
    for one in points:
        for point in one.points_xyz:
            z, y, x = grid.to_index(point) if pixel_size is None else (np.subtract(point, grid.to_world((0, 0, 0))) / pixel_size)[::-1]
            row = np.zeros(COLUMNS)
            row[[TAG - 1, ALIGNED - 1, TOMOGRAM - 1]] = len(rows) + 1, 1, 1
            row[[REGION - 1, CLASS - 1, SIZE - 1]] = one.object_id, numbers.get(one.label, 0), size
            row[PLACE - 1 : PLACE + 2] = x, y, z
            rows.append(" ".join(f"{value:.10g}" for value in row))
    with replacing(Path(path).expanduser(), overwrite=overwrite) as partial:
        partial.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def open_dynamo(path: str | Path, grid: Grid | None, *, pixel_size: float | None = None, label: str = "") -> Particles:
    """Read the particles of one tomogram, of this grid, shifts included; the object of each is its region, the class ``label``.

    ``pixel_size`` (A) is that of the voxels they count; without it, it is the table's own if it states one, else the tomogram's.

    Raises:
        VolvizError: this is no such table, it has particles of several tomograms, or the tomogram is not given.
    """
    path = Path(path).expanduser()
    table = _read(path)
    if grid is None:
        raise VolvizError(f"The coordinates in {path.name} count voxels of their tomogram; name it (--tomogram).")
    tomograms = np.unique(table[:, TOMOGRAM - 1])
    if len(tomograms) > 1:
        raise VolvizError(f"{path.name} holds particles of {len(tomograms)} tomograms, told apart by column {TOMOGRAM}; keep those of one.")
    counted = table[:, PLACE - 1 : PLACE + 2] + table[:, SHIFT - 1 : SHIFT + 2]
    stated = float(table[0, SIZE - 1]) if table.shape[1] >= SIZE and len(np.unique(table[:, SIZE - 1])) == 1 else 0.0
    size = pixel_size or (stated if stated > 0 and grid.voxel_size_known else 0.0)
    notes = []
    if size:
        xyz = counted * size + grid.to_world((0, 0, 0))
        if not pixel_size and abs(size / grid.mean_voxel_size - 1) > 0.01:
            notes.append(f"Its coordinates count voxels of {size:g} Å, as the table says; another size can be given (--pixel-size).")
    else:
        xyz = grid.to_world(counted[:, ::-1])
        notes.append("The table states no voxel size, so its coordinates are taken to count the tomogram's voxels.")
    objects = tuple(max(1, int(value)) for value in table[:, REGION - 1])
    return Particles(np.asarray(xyz, np.float64), (label,) * len(table), objects, tuple(notes))


def _read(path: Path) -> Floats:
    try:
        lines = [line.split() for line in read_text(path).splitlines() if line.strip()]
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except UnicodeDecodeError as error:
        raise VolvizError(f"{path} is no text; check what the file is.") from error
    widths = {len(line) for line in lines}
    if len(widths) != 1 or min(widths) < PLACE + 2:
        raise VolvizError(f"{path} is no table of Dynamo, which has at least {PLACE + 2} numbers in every row; check what the file is.")
    try:  # MATLAB writes what has an imaginary part as 1+0i, and what is none as NaN
        table = np.array([[float(value.removesuffix("+0i")) for value in line] for line in lines])
    except ValueError as error:
        raise VolvizError(f"{path} holds something else than a number ({error}); check what the file is.") from error
    if not np.isfinite(table[:, PLACE - 1 : PLACE + 2]).all():
        raise VolvizError(f"{path} holds coordinates that are no finite numbers; mend or remove those rows.")
    return np.asarray(np.nan_to_num(table), np.float64)
