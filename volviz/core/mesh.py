"""A surface of triangles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from volviz.core.grid import Triple

Points = npt.NDArray[np.float32]
Faces = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Mesh:
    """The surface of one class.

    ``vertices_xyz`` (n, 3) float32 are in angstrom where the tomogram is, right-handed; ``faces`` (m, 3) int32 are
    triangles of vertices, counter-clockwise seen from outside; ``normals_xyz`` (n, 3) point outward, of length one.
    ``color`` is (r, g, b) in 0..1, sRGB.
    """

    name: str
    vertices_xyz: Points
    faces: Faces
    normals_xyz: Points
    color: Triple = (0.7, 0.7, 0.7)

    @property
    def closed(self) -> bool:
        """Whether every edge has a triangle on either side, which run along it in opposite directions."""
        if not len(self.faces):
            return False
        n = np.int64(len(self.vertices_xyz))
        start, end = self.faces.astype(np.int64), np.roll(self.faces, -1, axis=1).astype(np.int64)
        there, back = np.sort((start * n + end).ravel()), np.sort((end * n + start).ravel())
        return bool((there == back).all() and (np.diff(there) > 0).all())

    @property
    def volume(self) -> float:
        """What it encloses, in nm^3; means something if it is ``closed``."""
        a, b, c = self._corners()
        return float(np.einsum("ij,ij->", a, np.cross(b, c)) / 6000)

    @property
    def area(self) -> float:
        """Its surface, in nm^2."""
        a, b, c = self._corners()
        return float(np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 200)

    def _corners(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        # About the middle, or the sums would lose their digits far from the origin.
        points = self.vertices_xyz.astype(np.float64)
        points -= points.mean(axis=0) if len(points) else 0.0
        a, b, c = (points[self.faces[:, i]] for i in range(3))
        return a, b, c
