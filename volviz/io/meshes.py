"""Writing surfaces: STL, PLY, OBJ with its materials, and GLB (binary glTF 2.0)."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.atomic import replacing, unwritten
from volviz.core.errors import VolvizError, check_choice
from volviz.core.mesh import Mesh
from volviz.core.report import Report, part, silent

Unit = Literal["angstrom", "nm"]
SCALES: dict[str, float] = {"angstrom": 1.0, "nm": 0.1}
FORMATS = (".glb", ".obj", ".ply", ".stl")
ROWS = 100_000  # of a file that are made at a time
MOST_BYTES = 2**32 - 2**20  # a GLB says its length in 32 bits


def save_meshes(
    meshes: Sequence[Mesh], path: str | Path, *, unit: Unit = "angstrom", overwrite: bool = False, report: Report = silent
) -> list[Path]:
    """Write surfaces, and return the files: ``.glb``, ``.ply`` and ``.obj`` hold all of them in their colours, ``.stl`` one each.

    Several in STL become ``NAME_CLASS.stl``; beside an OBJ lies its ``.mtl``. Positions are those of the tomogram in
    angstrom, as ChimeraX reads all four formats, or in nm; none of the formats but PLY (in a comment) and GLB (in
    ``asset.extras``) says which. Nothing is turned or mirrored.

    Raises:
        VolvizError: there is no surface or no such unit, the suffix is another one, a name is taken, the place not writable, or
            the file would be too large.
        Cancelled: by ``report``; nothing is left behind.
    """
    check_choice("The unit of positions", unit, tuple(SCALES))
    if not meshes:
        raise VolvizError("There is no surface to write.")
    path = Path(path).expanduser()
    files = mesh_files(path, [mesh.name for mesh in meshes])
    kind, scale = path.suffix.lower(), SCALES[unit]
    with ExitStack() as stack:
        partial = [stack.enter_context(replacing(file, overwrite=overwrite)) for file in files]
        try:
            _write(kind, meshes, partial, files, scale, unit, report)
        except OSError as error:
            raise unwritten(path, error) from error  # or it would be said of the last of them, whichever it was
    report(1.0, "written")
    return files


def _write(
    kind: str, meshes: Sequence[Mesh], partial: Sequence[Path], files: Sequence[Path], scale: float, unit: Unit, report: Report
) -> None:
    if kind == ".stl":
        for i, (mesh, file) in enumerate(zip(meshes, partial, strict=True)):
            with file.open("wb") as out:
                _write_stl(out, mesh, scale, part(report, i / len(meshes), (i + 1) / len(meshes)))
    elif kind == ".obj":
        with partial[0].open("wb") as out:
            _write_obj(out, meshes, scale, unit, files[1].name, report)
        partial[1].write_text("".join(map(_material, meshes)), encoding="utf-8")
    else:
        write: Callable[..., None] = _write_ply if kind == ".ply" else _write_glb
        with partial[0].open("wb") as out:
            write(out, meshes, scale, unit, report)


def mesh_files(path: Path, names: Sequence[str]) -> list[Path]:
    """Return the files that surfaces of these classes go to.

    Raises:
        VolvizError: the suffix is none of `FORMATS`.
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise VolvizError(f"volviz does not write surfaces called {path.name}; end the name in .glb, .obj, .ply or .stl.")
    if kind == ".stl" and len(names) > 1:
        return [path.with_name(f"{path.stem}_{_plain(name)}{path.suffix}") for name in names]
    return [path, path.with_suffix(".mtl")] if kind == ".obj" else [path]


def size_of(triangles: int, kind: str, classes: int = 1) -> int:
    """Return about how many bytes a surface of so many triangles takes in a file of this suffix; a vertex has two of them."""
    vertices = triangles / 2
    digits = math.log10(max(10.0, vertices))  # an OBJ writes the numbers of vertices out, twice for every corner
    bytes_each = {".glb": (12, 24), ".ply": (13, 27), ".stl": (50, 0), ".obj": (10 + 6 * digits, 52)}[kind.lower()]
    return round(triangles * bytes_each[0] + vertices * bytes_each[1]) + 1000 * classes


def _write_stl(out: BinaryIO, mesh: Mesh, scale: float, report: Report) -> None:
    out.write(f"volviz {_plain(mesh.name)}".encode()[:80].ljust(80))
    out.write(np.uint32(len(mesh.faces)).tobytes())
    for chosen in _pieces(len(mesh.faces), report):
        corners = mesh.vertices_xyz[mesh.faces[chosen]] * np.float32(scale)
        across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        rows = np.zeros(len(corners), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("rest", "<u2")])
        rows["normal"] = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-30)
        rows["corners"] = corners
        out.write(rows.tobytes())


def _write_ply(out: BinaryIO, meshes: Sequence[Mesh], scale: float, unit: Unit, report: Report) -> None:
    numbers = [("float", name) for name in ("x", "y", "z", "nx", "ny", "nz")] + [("uchar", name) for name in ("red", "green", "blue")]
    head = ["ply", "format binary_little_endian 1.0", f"comment volviz, positions in {unit}"]
    head += [f"comment {_plain(mesh.name)}: {len(mesh.vertices_xyz)} vertices, {len(mesh.faces)} faces" for mesh in meshes]
    head += [f"element vertex {sum(len(mesh.vertices_xyz) for mesh in meshes)}", *(f"property {kind} {name}" for kind, name in numbers)]
    head += [f"element face {sum(len(mesh.faces) for mesh in meshes)}", "property list uchar int vertex_indices", "end_header", ""]
    out.write("\n".join(head).encode())
    for i, mesh in enumerate(meshes):
        for chosen in _pieces(len(mesh.vertices_xyz), part(report, i / 2 / len(meshes), (i + 1) / 2 / len(meshes))):
            rows = np.zeros(chosen.stop - chosen.start, [("place", "<f4", 3), ("normal", "<f4", 3), ("color", "u1", 3)])
            rows["place"], rows["normal"] = mesh.vertices_xyz[chosen] * np.float32(scale), mesh.normals_xyz[chosen]
            rows["color"] = np.rint(255 * np.asarray(mesh.color))
            out.write(rows.tobytes())
    first = 0
    for i, mesh in enumerate(meshes):
        for chosen in _pieces(len(mesh.faces), part(report, 0.5 + i / 2 / len(meshes), 0.5 + (i + 1) / 2 / len(meshes))):
            rows = np.zeros(chosen.stop - chosen.start, [("count", "u1"), ("corners", "<i4", 3)])
            rows["count"], rows["corners"] = 3, mesh.faces[chosen] + first
            out.write(rows.tobytes())
        first += len(mesh.vertices_xyz)


def _write_obj(out: BinaryIO, meshes: Sequence[Mesh], scale: float, unit: Unit, materials: str, report: Report) -> None:
    # The library's name may not hold spaces in every reader; what is written is what the file is called.
    out.write(f"# volviz, positions in {unit}\nmtllib {materials}\n".encode())
    place = "v %.3f %.3f %.3f\n" if unit == "angstrom" else "v %.4f %.4f %.4f\n"
    first = 1
    for i, mesh in enumerate(meshes):
        told = part(report, i / len(meshes), (i + 1) / len(meshes))
        out.write(f"o {_plain(mesh.name)}\nusemtl {_plain(mesh.name)}\n".encode())
        _lines(out, place, mesh.vertices_xyz * np.float32(scale), part(told, 0.0, 0.3))
        _lines(out, "vn %.4f %.4f %.4f\n", mesh.normals_xyz, part(told, 0.3, 0.6))
        _lines(out, "f %d//%d %d//%d %d//%d\n", np.repeat(mesh.faces + first, 2, axis=1), part(told, 0.6, 1.0))
        first += len(mesh.vertices_xyz)


def _material(mesh: Mesh) -> str:
    r, g, b = mesh.color
    return f"newmtl {_plain(mesh.name)}\nKa 0 0 0\nKd {r:.4f} {g:.4f} {b:.4f}\nKs 0.1 0.1 0.1\nNs 20\nillum 2\n\n"


def _write_glb(out: BinaryIO, meshes: Sequence[Mesh], scale: float, unit: Unit, report: Report) -> None:
    views: list[dict[str, Any]] = []
    accessors: list[dict[str, Any]] = []
    parts: list[tuple[npt.NDArray[Any], float]] = []
    length = 0

    def add(values: npt.NDArray[Any], component: int, kind: str, target: int, factor: float = 1.0, **more: Any) -> int:
        nonlocal length
        views.append({"buffer": 0, "byteOffset": length, "byteLength": values.nbytes, "target": target})
        accessors.append({"bufferView": len(views) - 1, "componentType": component, "count": len(values), "type": kind, **more})
        parts.append((values, factor))
        length += values.nbytes
        return len(accessors) - 1

    shapes = []
    for i, mesh in enumerate(meshes):
        low, high = ((getattr(mesh.vertices_xyz, end)(axis=0) * np.float32(scale)).tolist() for end in ("min", "max"))
        place = add(mesh.vertices_xyz, 5126, "VEC3", 34962, scale, min=low, max=high)
        normal = add(mesh.normals_xyz, 5126, "VEC3", 34962)
        corners = add(mesh.faces.reshape(-1), 5125, "SCALAR", 34963)
        drawn = {"attributes": {"POSITION": place, "NORMAL": normal}, "indices": corners, "material": i}
        shapes.append({"name": mesh.name, "primitives": [drawn]})
    if length > MOST_BYTES:
        raise VolvizError("These surfaces are too large for a GLB file, which ends at 4 GB; bin the voxels, or write a .ply.")
    text = json.dumps(
        {
            "asset": {"version": "2.0", "generator": "volviz", "extras": {"unit": unit}},
            "scene": 0,
            "scenes": [{"nodes": list(range(len(meshes)))}],
            "nodes": [{"name": mesh.name, "mesh": i} for i, mesh in enumerate(meshes)],
            "meshes": shapes,
            "materials": [_pbr(mesh) for mesh in meshes],
            "accessors": accessors,
            "bufferViews": views,
            "buffers": [{"byteLength": length}],
        },
        ensure_ascii=False,
    ).encode()
    text += b" " * (-len(text) % 4)
    out.write(b"glTF" + np.array([2, 28 + len(text) + length, len(text)], "<u4").tobytes() + b"JSON" + text)
    out.write(np.uint32(length).tobytes() + b"BIN\0")
    for i, (values, factor) in enumerate(parts):
        for chosen in _pieces(len(values), part(report, i / len(parts), (i + 1) / len(parts))):
            piece = values[chosen] if factor == 1.0 else values[chosen] * np.float32(factor)
            out.write(piece.astype(piece.dtype.newbyteorder("<"), copy=False).tobytes())


def _pbr(mesh: Mesh) -> dict[str, Any]:
    # glTF wants linear light, a class has the colour that a screen is told.
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in mesh.color]
    look = {"baseColorFactor": [*linear, 1.0], "metallicFactor": 0.0, "roughnessFactor": 0.7}
    return {"name": mesh.name, "pbrMetallicRoughness": look}


def _lines(out: BinaryIO, line: str, rows: npt.NDArray[Any], report: Report) -> None:
    for chosen in _pieces(len(rows), report):
        piece = rows[chosen]
        out.write((line * len(piece) % tuple(piece.ravel().tolist())).encode())


def _pieces(count: int, report: Report) -> Iterator[slice]:
    for start in range(0, count, ROWS):
        report(start / count, "writing")
        yield slice(start, min(count, start + ROWS))


def _plain(name: str) -> str:
    """Return a name of a class as all formats and file systems take it."""
    return re.sub(r"[^\w.-]+", "_", name) or "class"
