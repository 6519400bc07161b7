"""Two objects whose place is known, through files of every kind: other libraries find them there in whatever volviz makes of them."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import mrcfile
import numpy as np
import pytest
import tifffile
import trimesh
import zarr
from gemmi import cif

from volviz.cli import main

SHAPE = (26, 32, 36)
SEMI_AXES, RADIUS = np.array([90.0, 70.0, 60.0]), 48.0  # of an ellipsoid called membrane, and of a ball called lumen (A)
OME_FIELDS = ("PhysicalSize", "Position")  # the positions of the first section come first
WITHIN = 1.5  # angstrom; a voxel is about ten


class Source:
    """A tomogram and its classes, written by another library. Sizes, the origin and places are (x, y, z) in angstrom."""

    def __init__(self, size: tuple[float, ...], origin: tuple[float, ...], suffix: str, write: Callable[[Path, np.ndarray], None]) -> None:
        self.size, self.origin, self.suffix, self.write = np.array(size), np.array(origin), suffix, write
        extent = self.size * SHAPE[::-1]
        self.places = {"membrane": self.origin + extent * (0.38, 0.55, 0.46), "lumen": self.origin + extent * (0.77, 0.27, 0.66)}

    def make(self, folder: Path) -> None:
        points = np.moveaxis(np.indices(SHAPE), 0, -1)[..., ::-1] * self.size + self.origin
        shares = (points - self.places["membrane"]) / SEMI_AXES
        depth = 1 - np.linalg.norm(shares, axis=-1)
        depth *= np.linalg.norm(shares, axis=-1) / np.maximum(np.linalg.norm(shares / SEMI_AXES, axis=-1), 1e-9)
        ball = RADIUS - np.linalg.norm(points - self.places["lumen"], axis=-1)
        soft = {"membrane": np.clip(0.5 + depth / 20, 0, 1), "lumen": np.clip(0.5 + ball / 20, 0, 1)}
        for name, values in soft.items():
            self.write(folder / f"ts_{name}{self.suffix}", values.astype(np.float32))
        self.write(folder / f"ts{self.suffix}", -sum(soft.values()).astype(np.float32))


def mrc(size: tuple[float, ...], origin=(0.0, 0.0, 0.0), starts=(0, 0, 0), order=(1, 2, 3)) -> Source:
    def write(path: Path, data: np.ndarray) -> None:
        with mrcfile.new(path) as file:
            file.set_data(np.ascontiguousarray(data.transpose([3 - axis for axis in order[::-1]])))
            head, n = file.header, data.shape[::-1]
            head.mapc, head.mapr, head.maps = order
            head.mx, head.my, head.mz = n
            head.cella = tuple(np.multiply(n, size))
            head.origin = origin
            head.nxstart, head.nystart, head.nzstart = (starts[axis - 1] for axis in order)

    return Source(size, origin if any(origin) else np.multiply(starts, size), ".mrc", write)


def ome_zarr() -> Source:
    size, origin = (9.5, 11.0, 12.0), (-400.0, 1200.0, 33.0)

    def write(path: Path, data: np.ndarray) -> None:
        group = zarr.open_group(path, mode="w", zarr_format=2)
        group.create_array("0", data=data, chunks=(13, 16, 18))
        placed = [{"type": kind, kind: [v / 10 for v in xyz[::-1]]} for kind, xyz in (("scale", size), ("translation", origin))]
        axes = [{"name": name, "type": "space", "unit": "nanometer"} for name in "zyx"]
        dataset = {"path": "0", "coordinateTransformations": placed}
        group.attrs["multiscales"] = [{"version": "0.4", "axes": axes, "datasets": [dataset]}]

    return Source(size, origin, ".zarr", write)


def tiff() -> Source:
    def write(path: Path, data: np.ndarray) -> None:
        sizes = {"PhysicalSizeX": 1.0, "PhysicalSizeY": 1.0, "PhysicalSizeZ": 1.2} | {f"PhysicalSize{a}Unit": "nm" for a in "XYZ"}
        tifffile.imwrite(path, data, metadata={"axes": "ZYX", **sizes}, ome=True)

    return Source((10.0, 10.0, 12.0), (0.0, 0.0, 0.0), ".tif", write)


SOURCES = {
    "an origin": mrc((10.0, 10.0, 10.0), origin=(1234.5, -678.25, 90.0)),
    "start indices, axes as y, z, x": mrc((10.0, 10.0, 10.0), starts=(-17, 23, 101), order=(2, 3, 1)),
    "voxels that are no cubes, axes as z, x, y": mrc((9.5, 11.0, 12.0), origin=(-400.0, 120.0, 33.0), order=(3, 1, 2)),
    "OME-Zarr in nanometres": ome_zarr(),
    "TIFF": tiff(),
}


def middle(data: np.ndarray, size: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """Where the mean of what an array (z, y, x) holds lies, (x, y, z)."""
    place = np.array([np.average(axis, weights=data) for axis in np.indices(data.shape)])
    return place[::-1] * size + origin


def of_mrc(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Data, voxel size and origin by the rule of ChimeraX: the origin field, or else the start indices."""
    with mrcfile.open(path) as file:
        head = file.header
        assert (head.mapc, head.mapr, head.maps) == (1, 2, 3)
        size = np.array([file.voxel_size[a] for a in "xyz"], float)
        origin = np.array([head.origin[a] for a in "xyz"], float)
        starts = np.array([head.nxstart, head.nystart, head.nzstart])
        return np.array(file.data, float), size, origin if origin.any() else starts * size


def of_zarr(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    group = zarr.open_group(path, mode="r")
    (image,) = group.attrs["ome"]["multiscales"]
    assert image["axes"][-1]["unit"] == "angstrom"
    scale, shift = image["datasets"][0]["coordinateTransformations"]
    data = np.asarray(group[image["datasets"][0]["path"]], float)
    return data, np.array(scale["scale"][-3:])[::-1], np.array(shift["translation"][-3:])[::-1]


@pytest.mark.parametrize("name", SOURCES)
def test_other_libraries_find_it_where_it_is(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, places = SOURCES[name], SOURCES[name].places
    source.make(tmp_path)
    monkeypatch.chdir(tmp_path)

    def volviz(*words: str) -> None:
        assert main(list(words)) == 0

    tomogram = f"ts{source.suffix}"
    classes = [f"ts_{one}{source.suffix}" for one in places]
    for out in ("seg", "seg.zarr"):
        volviz("combine", *classes, "--classes", ",".join(places), "--onto", tomogram, "--out", out)
    for label, place in places.items():
        np.testing.assert_allclose(middle(*of_mrc(tmp_path / f"seg/ts_{label}.mrc")), place, atol=WITHIN)
    hard, *lattice = of_mrc(tmp_path / "seg/ts_labels.mrc")
    soft, *finer = of_zarr(tmp_path / "seg.zarr")
    marked, *labelled = of_zarr(tmp_path / "seg.zarr/labels/classes")
    for number, place in enumerate(places.values(), start=1):
        np.testing.assert_allclose(middle(hard == number, *lattice), place, atol=WITHIN)
        np.testing.assert_allclose(middle(soft[number], *finer), place, atol=WITHIN)
        np.testing.assert_allclose(middle(marked == number, *labelled), place, atol=WITHIN)

    for suffix in (".glb", ".obj", ".ply", ".stl"):
        volviz("mesh", "seg", "--level", "0.5", "--out", f"m{suffix}")
    found = {suffix: trimesh.load_scene(tmp_path / f"m{suffix}").geometry for suffix in (".glb", ".obj", ".ply")}
    solids = [
        sorted((part for one in geometry.values() for part in one.split()), key=lambda part: -part.volume) for geometry in found.values()
    ]
    solids.append([trimesh.load_mesh(tmp_path / f"m_{label}.stl") for label in places])
    for solid in solids:
        for one, place, volume in zip(solid, places.values(), (np.prod(SEMI_AXES), RADIUS**3), strict=True):
            assert one.is_watertight
            assert one.volume == pytest.approx(4 / 3 * np.pi * volume, rel=0.04)  # positive: it turns outward
            np.testing.assert_allclose(one.center_mass, place, atol=WITHIN)

    volviz("measure", "seg", "--out", "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            np.testing.assert_allclose([float(row[f"centre_{a}_angstrom"]) for a in "xyz"], places[row["class"]], atol=WITHIN)
    volviz("measure", "seg", "--out", "t.star")
    table = cif.read(str(tmp_path / "t.star"))["particles"].find("_", [*(f"rlnCenteredCoordinate{a}Angst" for a in "XYZ"), "volvizClass"])
    for *centred, label in table:
        half = np.array(SHAPE[::-1]) // 2 * source.size
        np.testing.assert_allclose(np.array(centred, float) + half + source.origin, places[label], atol=WITHIN)

    for out in ("c.mrc", "c.zarr", "c.tif"):
        volviz("convert", tomogram, out)
    whole, *lattice = of_mrc(tmp_path / "c.mrc")
    of_all = middle(-whole, *lattice)
    total = np.array([np.prod(SEMI_AXES), RADIUS**3])
    np.testing.assert_allclose(of_all, np.average(list(places.values()), axis=0, weights=total), atol=2 * WITHIN)
    whole, *lattice = of_zarr(tmp_path / "c.zarr")
    np.testing.assert_allclose(middle(-whole, *lattice), of_all, atol=0.01)
    with tifffile.TiffFile(tmp_path / "c.tif") as file:
        said = {name: [re.search(rf'{name}{a}="(-?[\d.]+)" {name}{a}Unit="(.)"', file.ome_metadata) for a in "XYZ"] for name in OME_FIELDS}
        assert {found[2] for fields in said.values() for found in fields} == {"\N{LATIN CAPITAL LETTER A WITH RING ABOVE}"}
        size, origin = (np.array([float(found[1]) for found in fields]) for fields in said.values())
        np.testing.assert_allclose(middle(-file.asarray(), size, origin), of_all, atol=0.01)
