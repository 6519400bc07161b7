"""TIFF stacks: reading any, writing OME-TIFF."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple
from volviz.core.report import Report
from volviz.core.segmentation import Segmentation
from volviz.core.sizing import SIZE_UNKNOWN
from volviz.core.volume import Volume
from volviz.io.mrc import choose, stem
from volviz.io.units import angstroms_per
from volviz.io.values import slabs, voxel_bytes, voxels

SOFTWARE = "volviz"
# A tomogram's voxels are 1 to 50 Å; 72 or 300 dots per inch is what a program writes that knows nothing.
BELIEVABLE = (0.1, 10_000.0)
SECTION_AXES = "ZIQT"


def open_tiff(path: Path, *, index: int | None = None) -> Volume:
    """Open a TIFF stack, (z, y, x): memory-mapped if it is stored in one piece, else read whole.

    The voxel size is taken from OME or ImageJ metadata or the resolution when that is believable.

    Raises:
        VolvizError: it is damaged, or holds colours rather than densities.
    """
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            axes, shape = str(series.axes), tuple(int(n) for n in series.shape)
            if "S" in axes:
                raise VolvizError(f"{path} is a colour picture, not a tomogram; convert it to grey values first.")
            dtype = np.dtype(series.dtype)
            if dtype.kind not in "iufb":
                raise VolvizError(f"{path} holds numbers of the kind {dtype}, which volviz does not show; convert them first.")
            size, origin, unit_note = _size(file)
            notes = [unit_note] if unit_note else []
            if stacked := _single_sections(file):
                axes, shape = f"Z{axes}", (len(file.series), *shape)
            elif len(file.series) > 1:
                notes.append(f"The file holds {len(file.series)} images of different kinds; the first is shown.")
            mapped = series.dataoffset is not None and not stacked
            data = tifffile.memmap(path, series=0, mode="r") if mapped else _whole(file, stacked)
            names = _channel_names(file)
    except (tifffile.TiffFileError, ValueError, KeyError, IndexError, RuntimeError, ET.ParseError) as error:
        raise VolvizError(f"{path} is not a whole TIFF file that volviz can read ({error}); export it again.") from error
    if not mapped:
        notes.append("The file is stored in pieces or compressed and was read whole; as MRC or OME-Zarr it could stay on disk.")
    data, chosen, count, more = _volume(data.reshape(shape), axes, index, path)
    grid = Grid(data.shape, size or (1.0, 1.0, 1.0), origin, voxel_size_known=size is not None)
    notes += [*more, *([] if size else [SIZE_UNKNOWN])]
    return Volume(
        grid,
        data,
        stem(path),
        path.absolute(),
        {"format": "tiff", "count": count, "index": chosen, "channels": names if len(names) == count else ()},
        tuple(notes),
    )


def _single_sections(file: tifffile.TiffFile) -> bool:
    """Whether a file holds one section after the other, each said to be an image by itself, as a loop over tifffile's ``write`` leaves."""
    kinds = {(str(series.axes), series.shape, series.dtype) for series in file.series}
    return len(file.series) > 1 and len(kinds) == 1 and str(file.series[0].axes) == "YX" and not file.is_ome


def _whole(file: tifffile.TiffFile, stacked: bool) -> npt.NDArray[Any]:
    return np.stack([series.asarray() for series in file.series]) if stacked else np.asarray(file.series[0].asarray())


def _volume(data: npt.NDArray[Any], axes: str, index: int | None, path: Path) -> tuple[Any, int, int, list[str]]:
    """Choose (z, y, x) from an array with these axes; return it, its number, of how many, and sentences."""
    notes: list[str] = []
    if "Z" in axes:
        section = "Z"
    else:
        # Stacks without metadata call their pages T, I or Q: three axes are a volume whatever the first is called.
        long = [a for a, n in zip(axes, data.shape, strict=True) if a not in "YX" and n > 1]
        section = long[-1] if len(long) == 1 else next((a for a in axes if a in SECTION_AXES), "")
    if section:
        order = [axes.index(section), axes.index("Y"), axes.index("X")]
    else:
        notes.append("The file holds one image, which is shown as a volume of one slice.")
        order = [axes.index("Y"), axes.index("X")]
    others = [i for i in range(len(axes)) if i not in order]
    lengths = [data.shape[i] for i in others]
    count = math.prod(lengths)
    chosen, more = choose(index, count, path)
    fixed = np.unravel_index(chosen, lengths) if others else ()
    part = data.transpose([*others, *order])[tuple(int(i) for i in fixed)]
    return part if section else part[None], chosen, count, [*notes, *more]


def _size(file: tifffile.TiffFile) -> tuple[Triple | None, Triple, str]:
    """Return voxel size and origin in Å, both (z, y, x), and a sentence on where they come from."""
    if file.is_ome and file.ome_metadata:
        size, origin = _ome_size(str(file.ome_metadata))
        if size:
            return size, origin, ""
    page = file.pages.first
    x, y = (_length(page.tags.get(name)) for name in ("XResolution", "YResolution"))
    imagej = file.imagej_metadata or {}
    unit = angstroms_per(imagej.get("unit"))
    if unit is None:
        # TIFF's own unit says inch or centimetre; ImageJ's, where there is one, overrules it.
        unit = {2: 2.54e8, 3: 1e8}.get(int(page.tags["ResolutionUnit"].value) if "ResolutionUnit" in page.tags else 0)
    if unit is None or x is None or y is None:
        return None, (0.0, 0.0, 0.0), ""
    z = float(imagej.get("spacing", x))
    size = _believed((z * unit, y * unit, x * unit))
    note = "The thickness of a section is not stated and was taken as the width of a pixel." if "spacing" not in imagej else ""
    return size, (0.0, 0.0, 0.0), note if size else ""


def _channel_names(file: tifffile.TiffFile) -> tuple[str, ...]:
    """Return what OME or ImageJ metadata call the channels."""
    if file.is_ome and file.ome_metadata and "<!ENTITY" not in str(file.ome_metadata):
        root = ET.fromstring(str(file.ome_metadata))  # noqa: S314
        return tuple(str(e.get("Name") or "") for e in root.iter() if e.tag.endswith("}Channel"))
    return ()


def _length(tag: Any) -> float | None:
    """Return the length of a pixel in the resolution's unit."""
    if tag is None:
        return None
    dots, per = (int(v) for v in tag.value)
    return per / dots if dots and per else None


def _believed(size: tuple[float, float, float]) -> Triple | None:
    z, y, x = (float(f"{v:.7g}") for v in size)
    low, high = BELIEVABLE
    return (z, y, x) if (z, y, x) != (1.0, 1.0, 1.0) and all(low <= v < high for v in (z, y, x)) else None


def _ome_size(text: str) -> tuple[Triple | None, Triple]:
    if "<!ENTITY" in text:
        return None, (0.0, 0.0, 0.0)
    root = ET.fromstring(text)  # noqa: S314
    pixels = next((e for e in root.iter() if e.tag.endswith("}Pixels")), None)
    if pixels is None:
        return None, (0.0, 0.0, 0.0)
    lengths = [float(pixels.get(f"PhysicalSize{a}", 0)) * (angstroms_per(pixels.get(f"PhysicalSize{a}Unit", "µm")) or 0) for a in "ZYX"]
    size = _believed((lengths[0] or lengths[2], lengths[1], lengths[2]))
    plane = next((e for e in pixels if e.tag.endswith("}Plane")), None)
    # Elsewhere a plane's position is that of the microscope's stage; only volviz means the place of the voxel.
    if size is None or plane is None or not str(root.get("Creator", "")).startswith(SOFTWARE):
        return size, (0.0, 0.0, 0.0)
    z, y, x = (float(plane.get(f"Position{a}", 0)) * (angstroms_per(plane.get(f"Position{a}Unit")) or 0) for a in "ZYX")
    return size, (z, y, x)


def write_tiff(value: Volume | Segmentation, path: Path, report: Report) -> None:
    """Write a volume, or the most probable classes of a segmentation, as OME-TIFF, section by section.

    Raises:
        OSError: there is no room or no permission.
    """
    dtype = tiff_type(value)
    grid = value.grid
    metadata: dict[str, Any] = {"axes": "ZYX", "Name": value.name, "Creator": SOFTWARE}
    resolution: dict[str, Any] = {}
    if grid.voxel_size_known:
        for letter, size in zip("ZYX", grid.voxel_size, strict=True):
            metadata |= {f"PhysicalSize{letter}": size, f"PhysicalSize{letter}Unit": "Å"}
        # For programs that read no OME; TIFF knows inches and centimetres.
        resolution = {"resolution": (1e8 / grid.voxel_size[2], 1e8 / grid.voxel_size[1]), "resolutionunit": "CENTIMETER"}
    n = grid.shape[0]
    positions = [grid.origin[0] + i * grid.voxel_size[0] for i in range(n)]
    metadata["Plane"] = {
        **{f"Position{letter}": at for letter, at in zip("ZYX", (positions, [grid.origin[1]] * n, [grid.origin[2]] * n), strict=True)},
        **{f"Position{letter}Unit": ["Å"] * n for letter in "ZYX"},
    }
    size = int(np.prod(grid.shape, dtype=np.int64)) * dtype.itemsize
    with tifffile.TiffWriter(path, ome=True, bigtiff=size > 2**31) as writer:
        sections = _sections(value, dtype, report)
        writer.write(sections, shape=grid.shape, dtype=dtype, photometric="minisblack", metadata=metadata, software=SOFTWARE, **resolution)
        report(1.0, "written")


def _sections(value: Volume | Segmentation, dtype: np.dtype[Any], report: Report) -> Iterator[npt.NDArray[Any]]:
    for region in slabs(value.grid.shape, voxel_bytes(value)):
        for i, section in enumerate(voxels(value, region)):
            report((region.start[0] + i) / value.grid.shape[0], "writing")
            yield np.ascontiguousarray(section, dtype=dtype)


def tiff_type(value: Volume | Segmentation) -> np.dtype[Any]:
    """Return the type of number in which a TIFF holds a volume: half precision becomes single, which is what OME-TIFF has."""
    if isinstance(value, Segmentation):
        return np.dtype(np.uint8)
    dtype = np.dtype(value.data.dtype).newbyteorder("=")
    if dtype.kind == "f" or dtype.itemsize == 8:
        return np.dtype(np.float64 if dtype.itemsize == 8 else np.float32)
    return np.dtype(np.uint8) if dtype.kind == "b" else dtype
