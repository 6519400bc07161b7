"""Surfaces of fewer triangles."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from volviz.core.errors import VolvizError
from volviz.core.mesh import Mesh
from volviz.core.report import Report, silent
from volviz.measure.surfaces import normals_of

LEAST = 4  # triangles: fewer enclose nothing
LISTENING_SECONDS = 0.1


def shares(counts: Sequence[int], *, keep: float = 1.0, triangles: int | None = None) -> list[int]:
    """Return how many triangles stay of surfaces of so many: this fraction of each, and at most so many in all, alike of each.

    Raises:
        VolvizError: the fraction is none, or nothing would be left.
    """
    if not 0 < keep <= 1:
        raise VolvizError(f"The share of the triangles that is kept lies between 0 and 1, not at {keep:g}.")
    if triangles is not None and triangles < LEAST:
        raise VolvizError(f"A surface needs {LEAST} triangles or more, not {triangles}.")
    total = sum(counts)
    share = keep if triangles is None or not total else min(keep, triangles / total)
    return [min(count, max(LEAST, int(share * count))) for count in counts]


def decimated(mesh: Mesh, triangles: int, report: Report = silent) -> Mesh:
    """Return a surface of about so many triangles that keeps its shape: edges are collapsed where it is flattest.

    Vertices move to where the planes around them meet best (quadric error metrics; Garland and Heckbert 1997), an open border
    stays as it is, and normals are made anew. More triangles stay than were asked for where fewer would fold over.

    It is worked out in a process of its own: the library holds Python's lock all the while, and a window would stand still.

    Raises:
        VolvizError: the other process ended, for example for want of memory.
        Cancelled: by ``report``.
    """
    if triangles >= len(mesh.faces):
        return mesh
    # About the middle and of size one: the squares of large numbers would lose their digits.
    middle = mesh.vertices_xyz.mean(axis=0, dtype=np.float64)
    points = mesh.vertices_xyz - middle
    scale = float(np.abs(points).max()) or 1.0
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "mesh.npz"
        np.savez(file, points=points / scale, faces=mesh.faces, triangles=max(LEAST, triangles))
        _call(file, report, mesh.name)
        with np.load(file) as made:
            points, faces = made["points"], made["faces"]
    used, numbers = np.unique(faces, return_inverse=True)
    vertices = (points[used] * scale + middle).astype(np.float32)
    corners = numbers.reshape(-1, 3).astype(np.int32)
    return replace(mesh, vertices_xyz=vertices, faces=corners, normals_xyz=normals_of(vertices, corners))


def _call(file: Path, report: Report, name: str) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    command = [sys.executable, "-m", __name__, str(file)]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=subprocess.PIPE, env=environment) as child:  # noqa: S603 - itself
        try:
            while child.poll() is None:
                report(0.5, f"fewer triangles for {name}")
                try:
                    child.wait(LISTENING_SECONDS)
                except subprocess.TimeoutExpired:
                    continue
        finally:
            child.kill()
        if child.returncode:
            said = child.stderr.read().decode(errors="replace").strip().splitlines() if child.stderr is not None else []
            why = said[-1] if said else "perhaps memory ran out"
            raise VolvizError(f"The triangles of {name} could not be made fewer ({why}); bin the voxels instead.")


def _simplify(file: Path) -> None:
    """Replace a file of points, faces and how many of them to keep by one of those that stay."""
    import fast_simplification

    simplify: Callable[..., tuple[Any, ...]] = fast_simplification.simplify
    with np.load(file) as given:
        points, faces = simplify(given["points"], given["faces"], target_count=int(given["triangles"]), preserve_border=True)
    np.savez(file, points=points, faces=faces)


if __name__ == "__main__":
    _simplify(Path(sys.argv[1]))
