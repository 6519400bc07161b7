"""Points on surfaces as CSV: x, y, z in angstrom, the class, and the number of the object."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from volviz.core.annotations import SurfacePoints
from volviz.core.errors import VolvizError
from volviz.core.grid import Triple
from volviz.io.star import Particles
from volviz.io.tables import read_table, save_table

COLUMNS = ("x_angstrom", "y_angstrom", "z_angstrom", "class", "object")
# What the columns of tables are called, in capitals or not, and how many angstrom their unit is.
PLACES: tuple[tuple[tuple[str, str, str], float], ...] = (
    (("x_angstrom", "y_angstrom", "z_angstrom"), 1.0),
    (("centre_x_angstrom", "centre_y_angstrom", "centre_z_angstrom"), 1.0),
    (("x_nm", "y_nm", "z_nm"), 10.0),
    (("x", "y", "z"), 1.0),
)


def save_points(points: Iterable[SurfacePoints], path: str | Path, *, overwrite: bool = False) -> None:
    """Write points as CSV, one in a row, in the coordinates of their tomogram.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    rows = ((round(x, 4), round(y, 4), round(z, 4), one.label, one.object_id) for one in points for x, y, z in one.points_xyz)
    save_table(path, COLUMNS, rows, overwrite=overwrite)


def open_points(path: str | Path, *, label: str = "") -> Particles:
    """Read points from a CSV table that has columns x, y and z, in angstrom unless their names end in ``_nm``.

    Classes and objects are those of the columns ``class`` and ``object``; without them the class is ``label``, and all
    points are on one object. The table of objects that volviz writes gives the centres of its objects.

    Raises:
        VolvizError: it has no such columns, or something in them is no number.
    """
    path = Path(path).expanduser()
    rows = [{name.lower(): value for name, value in row.items()} for row in read_table(path)]
    names, unit = next((found for found in PLACES if rows and set(found[0]) <= rows[0].keys()), (None, 1.0))
    if names is None:
        raise VolvizError(f"{path} has no columns x, y and z (angstrom), or no rows; its first line must name them.")
    try:
        xyz = unit * np.array([[float(row[name]) for name in names] for row in rows])
        objects = tuple(int(float(row.get("object") or 1)) for row in rows)
    except ValueError as error:
        raise VolvizError(f"{path} holds something else than a number where one should be ({error}).") from error
    if not np.isfinite(xyz).all():
        raise VolvizError(f"{path} holds coordinates that are no finite numbers; mend or remove those rows.")
    return Particles(xyz, tuple(row.get("class") or label for row in rows), objects)


def surface_points(particles: Particles, otherwise: str) -> tuple[SurfacePoints, ...]:
    """Return particles as points on surfaces, those of one class and object together; ``otherwise`` is the class of those without."""
    found: dict[tuple[str, int], list[Triple]] = {}
    for (x, y, z), label, number in zip(particles.positions_xyz, particles.labels, particles.objects, strict=True):
        found.setdefault((label or otherwise, number), []).append((float(x), float(y), float(z)))
    return tuple(SurfacePoints(tuple(points), number, label) for (label, number), points in found.items())
