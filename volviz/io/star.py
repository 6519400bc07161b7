"""Particles in STAR files as RELION 4 and 5 have them: where they are, in angstrom, and which object they belong to.

RELION 5 counts from the middle of the tomogram in angstrom (``rlnCenteredCoordinateXAngst``), RELION 4 from its first voxel
in pixels of the tilt series (``rlnCoordinateX``), and neither knows the origin of a map. The middle is half the number of
voxels from the centre of the first one, as RELION 5 itself computes it: with N voxels index N / 2, not (N - 1) / 2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.annotations import SurfacePoints
from volviz.core.atomic import reason, replacing
from volviz.core.errors import VolvizError
from volviz.core.files import read_text
from volviz.core.grid import Floats, Grid

Version = Literal[4, 5]
AXES = ("X", "Y", "Z")
CENTRED = tuple(f"rlnCenteredCoordinate{a}Angst" for a in AXES)
COUNTED = tuple(f"rlnCoordinate{a}" for a in AXES)
SHIFTS = tuple(f"rlnOrigin{a}Angst" for a in AXES)
TURNS = ("rlnTomoSubtomogramRot", "rlnTomoSubtomogramTilt", "rlnTomoSubtomogramPsi")
# Others (rlnImagePixelSize, rlnPixelSize, rlnDetectorPixelSize) are those of extracted images or of a camera.
PIXELS = ("rlnTomoTiltSeriesPixelSize", "rlnMicrographOriginalPixelSize")
NAMES = ("rlnTomoName", "rlnMicrographName")
LABEL, OBJECT = "volvizClass", "volvizObject"

Table = dict[str, list[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Particles:
    """Positions (n, 3) in angstrom, in the coordinates of a tomogram; the class and object of each, where the file says.

    ``notes`` are sentences on how the file was understood.
    """

    positions_xyz: Floats
    labels: tuple[str, ...]
    objects: tuple[int, ...]
    notes: tuple[str, ...] = ()


def save_star(
    points: Iterable[SurfacePoints],
    path: str | Path,
    grid: Grid,
    tomogram: str,
    *,
    version: Version = 5,
    pixel_size: float | None = None,
    overwrite: bool = False,
) -> None:
    """Write points as particles of a tomogram of this grid and name.

    Those of RELION 4 are counted in the tomogram's voxels, or in pixels of ``pixel_size`` (A), that of the tilt series,
    which is what RELION 4 itself takes. The size is written beside them, unless voxels are not cubes.

    Raises:
        VolvizError: the name is taken or not writable.
    """
    from gemmi import cif

    points = list(points)
    xyz = np.array([point for one in points for point in one.points_xyz], dtype=np.float64).reshape(-1, 3)
    if version == 4 and pixel_size is None and len(set(grid.voxel_size)) == 1:
        pixel_size = grid.voxel_size[0]
    document = cif.Document()
    if version == 4 and pixel_size is not None:
        block = document.add_new_block("optics")
        loop = block.init_loop("_", ["rlnOpticsGroup", "rlnOpticsGroupName", PIXELS[0]])
        loop.add_row(["1", "opticsGroup1", f"{pixel_size:.6f}"])
    block = document.add_new_block("particles")
    extra = ["rlnOpticsGroup"] if version == 4 and pixel_size is not None else []
    columns = CENTRED if version == 5 else COUNTED
    loop = block.init_loop("_", [NAMES[0], *columns, *extra, LABEL, OBJECT])
    values = _centred(xyz, grid) if version == 5 else _counted(xyz, grid, pixel_size)
    owners = [(_word(one.label), str(one.object_id)) for one in points for _ in one.points_xyz]
    for row, owner in zip(values, owners, strict=True):
        loop.add_row([_word(tomogram), *(f"{v:.4f}" for v in row), *("1" for _ in extra), *owner])
    with replacing(Path(path).expanduser(), overwrite=overwrite) as partial:
        partial.write_text(_numbered(document.as_string()), encoding="utf-8")


def open_star(path: str | Path, grid: Grid | None, tomogram: str = "", *, pixel_size: float | None = None, label: str = "") -> Particles:
    """Read particles of RELION 4 or 5 in the coordinates of a tomogram of this grid and name.

    Of a file that holds the particles of several tomograms those of the one of this name are taken. ``pixel_size`` (A) is
    that of coordinates which count pixels; without it, it is the tilt series' if the file states that, else the
    tomogram's voxels. ``label`` is the class of particles that name none.

    Raises:
        VolvizError: this is no such file, the tomogram is not given or not in it, or the numbers make no sense.
    """
    path = Path(path).expanduser()
    blocks = _read(path)
    found = [name for name, table in blocks.items() if set(CENTRED) <= table.keys() or set(COUNTED) <= table.keys()]
    if not found:
        raise VolvizError(f"{path} holds no coordinates of particles in three dimensions ({COUNTED[0]} or {CENTRED[0]}, and y and z).")
    if grid is None:
        raise VolvizError(f"The coordinates in {path.name} mean something in their tomogram only; name it (--tomogram).")
    table = blocks[found[0]]
    chosen = _of_tomogram(table, tomogram, path)
    count = len(next(iter(table.values())))
    notes = [] if len(chosen) == count else [f"{len(chosen)} of the {count} particles in {path.name} are of this tomogram."]
    try:
        xyz, more = _positions(table, chosen, blocks, grid, pixel_size)
        objects = tuple(int(table[OBJECT][i]) if OBJECT in table else 1 for i in chosen)
    except ValueError as error:
        raise VolvizError(f"{path} holds something else than a number where a coordinate should be ({error}).") from error
    labels = tuple(table[LABEL][i] if LABEL in table else label for i in chosen)
    return Particles(xyz, labels, objects, (*notes, *more))


def _centred(xyz: Floats, grid: Grid) -> Floats:
    return np.asarray(xyz - grid.to_world(np.asarray(grid.shape) / 2), dtype=np.float64)


def _counted(xyz: Floats, grid: Grid, pixel_size: float | None) -> Floats:
    if pixel_size is None:
        return grid.to_index(xyz)[:, ::-1]
    return np.asarray((xyz - grid.to_world((0, 0, 0))) / pixel_size, dtype=np.float64)


def _positions(
    table: Table, chosen: npt.NDArray[np.intp], blocks: Mapping[str, Table], grid: Grid, given: float | None
) -> tuple[Floats, list[str]]:
    notes: list[str] = []
    if set(CENTRED) <= table.keys():
        xyz = _columns(table, CENTRED, chosen) + grid.to_world(np.asarray(grid.shape) / 2)
    else:
        counted = _columns(table, COUNTED, chosen)
        stated = None if given is not None else _pixel_size(table, blocks)
        size = given if given is not None else stated
        if size is None:
            notes.append("The file states no pixel size of its tilt series, so its coordinates are taken to count the tomogram's voxels.")
            xyz = grid.to_world(counted[:, ::-1])
        else:
            xyz = counted * size + grid.to_world((0, 0, 0))
            if stated is not None and abs(stated / grid.mean_voxel_size - 1) > 0.01:
                notes.append(
                    f"Its coordinates are taken to count pixels of {stated:g} Å, those of the tilt series that it names; "
                    "another size can be given (--pixel-size)."
                )
    shifts = [name for name in SHIFTS if name in table]
    if len(shifts) == 3:
        offsets = _columns(table, SHIFTS, chosen)
        if set(TURNS) <= table.keys():
            offsets = np.einsum("nij,nj->ni", _turned(_columns(table, TURNS, chosen)), offsets)
        xyz = xyz - offsets
    return np.asarray(xyz, dtype=np.float64), notes


def _columns(table: Table, names: Sequence[str], chosen: npt.NDArray[np.intp]) -> Floats:
    values = np.array([[float(table[name][i]) for name in names] for i in chosen]).reshape(-1, len(names))
    if not np.isfinite(values).all():
        raise ValueError("not a finite number")
    return values


def _turned(degrees: Floats) -> Floats:
    """Return the matrices (n, 3, 3) of RELION's angles rot, tilt, psi (n, 3)."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def about_z(i: int) -> Floats:
        zero, one = np.zeros(len(c)), np.ones(len(c))
        rows = [[c[:, i], s[:, i], zero], [-s[:, i], c[:, i], zero], [zero, zero, one]]
        return np.moveaxis(np.array(rows), -1, 0)

    zero, one = np.zeros(len(c)), np.ones(len(c))
    about_y = np.moveaxis(np.array([[c[:, 1], zero, -s[:, 1]], [zero, one, zero], [s[:, 1], zero, c[:, 1]]]), -1, 0)
    return np.asarray(about_z(2) @ about_y @ about_z(0))


def _pixel_size(table: Table, blocks: Mapping[str, Table]) -> float | None:
    """Return the pixel size (A) of the tilt series, if the file states it once."""
    for name in PIXELS:
        for one in (table, *blocks.values()):
            sizes = {float(v) for v in one.get(name, ())}
            if len(sizes) == 1 and min(sizes) > 0:
                return sizes.pop()
            if len(sizes) > 1:
                raise ValueError(f"several values of {name}")
    return None


def _of_tomogram(table: Table, tomogram: str, path: Path) -> npt.NDArray[np.intp]:
    """Return which rows are particles of a tomogram, by its name."""
    column = next((table[name] for name in NAMES if name in table), None)
    count = len(next(iter(table.values())))
    if column is None or len(set(column)) == 1:
        return np.arange(count)
    fits = {name for name in set(column) if _plain(name) == _plain(tomogram)}
    fits = fits or {name for name in set(column) if _plain(name) in _plain(tomogram) or _plain(tomogram) in _plain(name)}
    if len(fits) != 1 or not tomogram:
        some = ", ".join(sorted(set(column))[:4])
        raise VolvizError(f"{path.name} holds particles of {len(set(column))} tomograms ({some} ...), none clearly of '{tomogram}'.")
    return np.flatnonzero(np.array(column) == fits.pop())


def _plain(name: str) -> str:
    """Return a tomogram's name without folders and suffix: rec_ts_16 for tomograms/rec_ts_16.mrc."""
    last = name.rsplit("/", 1)[-1]
    return last.rsplit(".", 1)[0] if last.lower().endswith((".mrc", ".rec", ".st", ".zarr")) else last


def _read(path: Path) -> dict[str, Table]:
    """Return the blocks of a STAR file: for each its columns of text, by name without the underscore."""
    from gemmi import cif

    try:
        document: Any = cif.read_string(read_text(path, errors="replace"))
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check the name.") from error
    except (ValueError, RuntimeError) as error:
        raise VolvizError(f"{path} is no STAR file, or is damaged ({str(error).splitlines()[0]}).") from error
    blocks: dict[str, Table] = {}
    for block in document:
        table: Table = {}
        for item in block:
            if item.pair is not None:
                table[item.pair[0][1:]] = [cif.as_string(item.pair[1])]
            elif item.loop is not None:
                width = item.loop.width()
                values = [cif.as_string(v) for v in item.loop.values]
                table |= {tag[1:]: values[i::width] for i, tag in enumerate(item.loop.tags)}
        if table:
            blocks[block.name.strip() or str(len(blocks))] = table
    return blocks


def _word(text: str) -> str:
    """Return a text as one word of a STAR file, in quotes only where it must be: not every program takes them off."""
    from gemmi import cif

    plain = text and not re.search(r"[\s'\"]", text) and text[0] not in "_#$[];" and not text.lower().startswith(("data_", "loop_"))
    return text if plain else str(cif.quote(text))


def _numbered(text: str) -> str:
    """Return a STAR file with an empty line before every loop, and its columns numbered, as RELION writes and wants it."""
    lines: list[str] = ["# Written by volviz"]
    column = 0
    for line in text.splitlines():
        if line.startswith("data_"):
            lines += ["", line, ""]
        elif line.startswith("loop_"):
            lines.append(line)
            column = 0
        elif line.startswith("_"):
            column += 1
            lines.append(f"{line.split()[0]} #{column}")
        elif line.strip():
            lines.append(line)
    return "\n".join(lines) + "\n"
