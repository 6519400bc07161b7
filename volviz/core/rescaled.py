"""What is said in angstrom, when the voxels turn out to have another size: it stays where it was among them."""

from __future__ import annotations

from dataclasses import replace

from volviz.core.annotations import Lasso, Mark, Stroke, SurfacePoints, Tag
from volviz.core.boxes import Corners, Mask, Pair, Section
from volviz.core.camera import Camera
from volviz.core.cuts import Plane
from volviz.core.grid import Grid, Triple
from volviz.core.scene import Scene


class Rescaled:
    """Takes places and lengths (A) on the voxels of one grid to those on the same voxels of another."""

    def __init__(self, old: Grid, new: Grid) -> None:
        self._old, self._new = old, new
        self.ratio = new.mean_voxel_size / old.mean_voxel_size

    def point(self, point_xyz: Triple) -> Triple:
        """Return where the place is now."""
        x, y, z = (float(v) for v in self._new.to_world(self._old.to_index(point_xyz)))
        return x, y, z

    def camera(self, camera: Camera) -> Camera:
        """Return the camera that sees the same."""
        height = None if camera.orthographic_height is None else camera.orthographic_height * self.ratio
        target = self.point(camera.target_xyz)
        return replace(camera, target_xyz=target, distance=camera.distance * self.ratio, orthographic_height=height)

    def scene(self, scene: Scene) -> Scene:
        """Return the look with its cutting planes where they were, and with a scale bar as soon as it can say a length.

        Lengths of the light, in nm, are a matter of taste and stay.
        """
        if self._new.voxel_size_known and not self._old.voxel_size_known:
            scene = replace(scene, guides=replace(scene.guides, scale_bar=True))
        if not scene.clips.planes:
            return scene
        planes = tuple(Plane(self.point(plane.point_xyz), plane.normal_xyz, plane.on) for plane in scene.clips.planes)
        return replace(scene, clips=replace(scene.clips, planes=planes))

    def mark(self, mark: Mark) -> Mark:
        """Return the mark on the same voxels."""
        if isinstance(mark, Tag):
            return mark if mark.corners_xyz is None else replace(mark, corners_xyz=self._corners(mark.corners_xyz))
        if isinstance(mark, Stroke):
            return replace(mark, path_xyz=tuple(map(self.point, mark.path_xyz)), radius=mark.radius * self.ratio)
        if isinstance(mark, Lasso):
            return replace(mark, outline_xyz=tuple(map(self.point, mark.outline_xyz)), thickness=mark.thickness * self.ratio)
        if isinstance(mark, SurfacePoints):
            return replace(mark, points_xyz=tuple(map(self.point, mark.points_xyz)))
        sections = tuple(map(self._section, mark.sections))
        mask = mark.mask and Mask(self._grid(mark.mask.grid), mark.mask.runs)
        return replace(mark, corners_xyz=self._corners(mark.corners_xyz), sections=sections, mask=mask)

    def _corners(self, corners: Corners) -> Corners:
        return self.point(corners[0]), self.point(corners[1])

    def _section(self, section: Section) -> Section:
        across = "xyz".index(section.axis)
        low, high = (self.point(_with(pair, section.at, across)) for pair in (section.low, section.high))
        a, b = (i for i in range(3) if i != across)
        return replace(section, at=low[across], low=(low[a], low[b]), high=(high[a], high[b]))

    def _grid(self, grid: Grid) -> Grid:
        size = [v * new / old for v, old, new in zip(grid.voxel_size, self._old.voxel_size, self._new.voxel_size, strict=True)]
        x, y, z = self.point((grid.origin[2], grid.origin[1], grid.origin[0]))
        return replace(grid, voxel_size=(size[0], size[1], size[2]), origin=(z, y, x))


def _with(pair: Pair, at: float, axis: int) -> Triple:
    """Return the point whose coordinates are a pair along two axes, in the order x, y, z, and this one along the third."""
    values = list(pair)
    values.insert(axis, at)
    return values[0], values[1], values[2]
