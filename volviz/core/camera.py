"""From where one looks: pure arithmetic, right-handed, in angstrom."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from volviz.core.errors import VolvizError
from volviz.core.grid import Floats, Grid, Triple

Quaternion = tuple[float, float, float, float]  # (w, x, y, z)

# Turns of the camera away from looking down -z with y up, which is how IMOD shows an XY slice.
VIEWS: dict[str, tuple[Triple, float]] = {
    "front": ((1.0, 0.0, 0.0), 0.0),
    "back": ((0.0, 1.0, 0.0), 180.0),
    "left": ((0.0, 1.0, 0.0), -90.0),
    "right": ((0.0, 1.0, 0.0), 90.0),
    "top": ((1.0, 0.0, 0.0), -90.0),
    "bottom": ((1.0, 0.0, 0.0), 90.0),
}


@dataclass(frozen=True, slots=True)
class Camera:
    """Looks at ``target_xyz`` (A) from ``distance`` (A).

    ``orientation`` is the unit quaternion (w, x, y, z) that turns the camera's axes (right, up, back) from the
    world's x, y, z; identity looks down -z with y up. ``field_of_view`` is vertical, in degrees. An
    ``orthographic_height`` (A) replaces the perspective if it is not None.
    """

    target_xyz: Triple = (0.0, 0.0, 0.0)
    distance: float = 1000.0
    orientation: Quaternion = (1.0, 0.0, 0.0, 0.0)
    field_of_view: float = 30.0
    orthographic_height: float | None = None

    @classmethod
    def framing(cls, grid: Grid, *, view: str | None = None, field_of_view: float = 30.0, aspect: float = 1.0) -> Camera:
        """Return a camera that sees the whole box of a grid in a picture of the given width / height.

        Without a ``view`` (a key of `VIEWS`) it looks down from an angle that shows depth.
        """
        camera = cls(_triple(grid.center_xyz), 1.0, field_of_view=field_of_view)
        oblique = camera.turned((1.0, 0.0, 0.0), -38.0).turned((0.0, 0.0, 1.0), 14.0)
        camera = oblique if view is None else camera.turned(*VIEWS[view])
        return camera.fitted(grid, aspect=aspect)

    def fitted(self, grid: Grid, *, aspect: float = 1.0) -> Camera:
        """Return the camera moved so that the whole box of a grid is just seen, from the same side."""
        low, high = grid.bounds_xyz
        corners = np.array(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1).T
        return replace(self, target_xyz=_triple((low + high) / 2)).seeing(corners, aspect=aspect, centred=False)

    def seeing(self, points_xyz: npt.ArrayLike, *, aspect: float = 1.0, margin: float = 1.04, centred: bool = True) -> Camera:
        """Return the camera moved so that points (n, 3) are just seen, from the same side.

        ``centred`` also moves the target, so that as much is free on the left as on the right, and above as below.
        """
        points = np.asarray(points_xyz, dtype=np.float64)
        slope = math.tan(math.radians(self.field_of_view) / 2)
        camera = self
        for _ in range(4 if centred else 1):  # in perspective the middle depends on the distance, a little
            right, up, back = ((points - camera.target_xyz) @ camera.axes_xyz.T).T
            near = np.maximum(np.abs(up), np.abs(right) / aspect) * margin
            height = None if self.orthographic_height is None else float(2 * near.max())
            camera = replace(camera, distance=float((near / slope + back).max()), orthographic_height=height)
            if centred:
                across = camera.project(points)[:, :2]
                middle = (across.min(axis=0) + across.max(axis=0)) / 2
                camera = camera.panned(-float(middle[0]), -float(middle[1]))
        if centred:
            return camera.seeing(points, aspect=aspect, margin=margin, centred=False)
        return camera

    def checked(self) -> Camera:
        """Return the camera, its orientation a unit quaternion, if something can be seen with it.

        Raises:
            VolvizError: a number is none, the distance or the height not positive, the field of view or the orientation none.
        """
        size = math.hypot(*self.orientation)
        if not math.isfinite(sum(self.target_xyz)) or not 0 < size < math.inf:
            raise VolvizError("A camera needs a target of three finite numbers and an orientation other than 0 0 0 0.")
        for name in ("distance", "orthographic_height"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise VolvizError(f"The {name} of a camera is a positive length in angstrom, not {value:g}.")
        if not 0 < self.field_of_view < 180:
            raise VolvizError(f"The field_of_view of a camera lies between 0 and 180 degrees, not at {self.field_of_view:g}.")
        return replace(self, orientation=_normal(self.orientation))

    @property
    def axes_xyz(self) -> Floats:
        """Rows right, up, back of the camera as unit vectors of the world, (3, 3)."""
        return _matrix(self.orientation).T

    @property
    def eye_xyz(self) -> Floats:
        """Where the camera is, (x, y, z) in angstrom."""
        return np.asarray(np.asarray(self.target_xyz) + self.distance * self.axes_xyz[2], dtype=np.float64)

    @property
    def height(self) -> float:
        """Height in angstrom of what is seen in the plane of the target."""
        if self.orthographic_height is not None:
            return self.orthographic_height
        return 2 * self.distance * math.tan(math.radians(self.field_of_view) / 2)

    def turned(self, axis_xyz: Triple, degrees: float) -> Camera:
        """Return the camera carried around its target, right-handed about an axis of the world."""
        return replace(self, orientation=_normal(_product(_turn(axis_xyz, degrees), self.orientation)))

    def orbited(self, right: float, up: float) -> Camera:
        """Return the camera after a trackball drag, in degrees: what is seen follows the hand."""
        turn = _product(_turn((0.0, 1.0, 0.0), -right), _turn((1.0, 0.0, 0.0), up))
        return replace(self, orientation=_normal(_product(self.orientation, turn)))

    def tabled(self, right: float, up: float) -> Camera:
        """Return the camera after a turntable drag, in degrees: the world's z stays upright in the picture.

        It goes around z, and up and down no farther than to the poles. A camera that stood askew is put upright.
        """
        across, _, back = self.axes_xyz
        upright = abs(back[2]) < math.cos(math.radians(1.0))  # looking straight down z, the side tells more than the line of sight
        azimuth = math.degrees(math.atan2(back[1], back[0]) if upright else math.atan2(-across[0], across[1])) - right
        elevation = math.degrees(math.asin(max(-1.0, min(1.0, float(back[2]))))) - up
        elevation = max(-90.0, min(90.0, elevation))
        around = _turn((0.0, 0.0, 1.0), azimuth + 90.0)
        return replace(self, orientation=_normal(_product(around, _turn((1.0, 0.0, 0.0), 90.0 - elevation))))

    def rolled(self, degrees: float) -> Camera:
        """Return the camera turned about its line of sight."""
        return replace(self, orientation=_normal(_product(self.orientation, _turn((0.0, 0.0, 1.0), degrees))))

    def panned(self, right: float, up: float) -> Camera:
        """Return the camera after a drag by fractions of the picture's height: what is seen follows the hand."""
        shift = -(right * self.axes_xyz[0] + up * self.axes_xyz[1]) * self.height
        return replace(self, target_xyz=_triple(np.asarray(self.target_xyz) + shift))

    def zoomed(self, factor: float, at: tuple[float, float] = (0.0, 0.0)) -> Camera:
        """Return the camera that sees things ``factor`` times larger, keeping in place what is seen at a point.

        ``at`` is (right, up) from the middle of the picture, in fractions of its height.
        """
        height = None if self.orthographic_height is None else self.orthographic_height / factor
        nearer = replace(self, distance=self.distance / factor, orthographic_height=height)
        move = (at[0] * self.axes_xyz[0] + at[1] * self.axes_xyz[1]) * (self.height - nearer.height)
        return replace(nearer, target_xyz=_triple(np.asarray(self.target_xyz) + move))

    def seen_from(self, view: str) -> Camera:
        """Return the camera at the same distance from a standard side (a key of `VIEWS`)."""
        return replace(self, orientation=(1.0, 0.0, 0.0, 0.0)).turned(*VIEWS[view])

    def ray(self, right: float, up: float) -> tuple[Floats, Floats]:
        """Return start (A) and unit direction of the ray through a point of the picture, both (x, y, z).

        ``right`` and ``up`` are measured from the middle, in fractions of the picture's height.
        """
        axes = self.axes_xyz
        across = (right * axes[0] + up * axes[1]) * self.height
        if self.orthographic_height is not None:
            return self.eye_xyz + across, -axes[2]
        direction = across - self.distance * axes[2]
        return self.eye_xyz, direction / np.linalg.norm(direction)

    def project(self, points_xyz: npt.ArrayLike) -> Floats:
        """Return where points (..., 3) appear: (right, up) in fractions of the picture's height, and depth in A."""
        from_eye = (np.asarray(points_xyz, dtype=np.float64) - self.eye_xyz) @ self.axes_xyz.T
        depth = -from_eye[..., 2]
        scale = self.height if self.orthographic_height is not None else self.height * depth / self.distance
        return np.stack([from_eye[..., 0] / scale, from_eye[..., 1] / scale, depth], axis=-1)


def _turn(axis_xyz: Triple, degrees: float) -> Quaternion:
    x, y, z = np.asarray(axis_xyz, dtype=float) / np.linalg.norm(axis_xyz)
    half = math.radians(degrees) / 2
    return math.cos(half), float(x * math.sin(half)), float(y * math.sin(half)), float(z * math.sin(half))


def _product(a: Quaternion, b: Quaternion) -> Quaternion:
    aw, ax, ay, az = a
    bw, bx, by, bz = b
    return (
        aw * bw - ax * bx - ay * by - az * bz,
        aw * bx + ax * bw + ay * bz - az * by,
        aw * by - ax * bz + ay * bw + az * bx,
        aw * bz + ax * by - ay * bx + az * bw,
    )


def _normal(q: Quaternion) -> Quaternion:
    n = math.sqrt(sum(v * v for v in q))
    w, x, y, z = (v / n for v in q)
    return w, x, y, z


def _matrix(q: Quaternion) -> Floats:
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
            [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
            [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
        ]
    )


def _triple(values: Floats) -> Triple:
    x, y, z = (float(v) for v in values)
    return x, y, z
