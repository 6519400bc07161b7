"""Opening OME-Zarr 0.4 (zarr v2) and 0.5 (zarr v3), lazily, with plain zarr."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import zarr

from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Triple
from volviz.core.segmentation import Kind, Segmentation
from volviz.core.sizing import SIZE_UNKNOWN, believable
from volviz.core.volume import Volume
from volviz.io.classes import ClassFiles
from volviz.io.description import label_from_json, source_from_json
from volviz.io.lazy import LazyArray
from volviz.io.mrc import choose, stem
from volviz.io.units import angstroms_per

SPACE = ("z", "y", "x")
ASSUMED_UNIT = "The file names no unit of length; Å is assumed."


def open_zarr(path: Path, *, index: int | None = None) -> Volume | Segmentation:
    """Open an OME-Zarr at full resolution, one of its levels by its own path, or a bare 3-D zarr array.

    Of several channels or times ``index`` chooses one, counted in the order in which they are stored.

    Raises:
        VolvizError: there is no image in it, or it is damaged.
    """
    try:
        node = zarr.open(store=str(path), mode="r")
        level = None
        if isinstance(node, zarr.Array):
            parent = _parent(path)
            if parent is None:
                return _bare(node, path, index)
            node, level = parent, path.name
        if not isinstance(node, zarr.Group):
            raise VolvizError(f"{path} holds neither an image nor a group of them; check what the folder is.")
        notes: list[str] = []
        if not _multiscales(node) and "0" in node:
            inner = node["0"]
            if isinstance(inner, zarr.Group):
                node = inner
                notes.append("The file holds a series of images; the first is shown.")
        return _image(node, path, level, index, notes)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        why = f"{error} is missing" if isinstance(error, KeyError) else error
        raise VolvizError(f"{path} is not a whole OME-Zarr image ({why}); fetch or export it again.") from error


def _parent(path: Path) -> zarr.Group | None:
    """Return the OME-Zarr image that an array is a level of."""
    try:
        group = zarr.open_group(store=str(path.absolute().parent), mode="r")
    except (FileNotFoundError, ValueError):
        return None
    known = [dataset["path"] for scales in _multiscales(group) for dataset in scales["datasets"]]
    return group if path.name in known else None


def _bare(array: zarr.Array[Any], path: Path, index: int | None) -> Volume:
    if array.ndim not in {3, 4}:
        raise VolvizError(f"{path} is a zarr array of {array.ndim} axes, not a volume; open an OME-Zarr image.")
    _check_kind(array, path)
    count = array.shape[0] if array.ndim == 4 else 1
    chosen, notes = choose(index, count, path)
    first = array.ndim - 3
    data = LazyArray(array, range(first, array.ndim), {0: chosen} if first else {})
    z, y, x = data.shape
    return Volume(
        Grid((z, y, x), voxel_size_known=False),
        data,
        stem(path),
        path.absolute(),
        {"format": "zarr", "count": count, "index": chosen},
        (SIZE_UNKNOWN, *notes),
    )


def _check_kind(array: zarr.Array[Any], path: Path) -> None:
    if np.dtype(array.dtype).kind not in "iufb":
        raise VolvizError(f"{path} holds numbers of the kind {array.dtype}, which volviz does not show; convert them first.")


def _image(group: zarr.Group, path: Path, level: str | None, index: int | None, notes: list[str]) -> Volume | Segmentation:
    scales = _multiscales(group)
    if not scales or not scales[0].get("datasets"):
        raise VolvizError(f"{path} is a zarr folder without the metadata of an OME-Zarr image; export it as OME-Zarr.")
    scale = scales[0]
    datasets = {str(d["path"]): d for d in scale["datasets"]}
    name = level or next(iter(datasets))
    array = group[name]
    if not isinstance(array, zarr.Array):
        raise VolvizError(f"{path} lacks its array {name}; fetch it again.")
    _check_kind(array, path)
    axes = _axes(scale, array.ndim)
    if not {"y", "x"} <= set(axes):
        raise VolvizError(f"{path} has the axes {', '.join(axes)}, which are not those of a volume; it needs z, y and x.")
    ours: Mapping[str, Any] = _attributes(group).get("volviz", {})
    grid = _grid(array.shape, axes, scale, datasets[name], notes)
    if "voxel_size_known" in ours:
        grid = replace(grid, voxel_size_known=bool(ours["voxel_size_known"]))
    if not grid.voxel_size_known:
        notes.append(SIZE_UNKNOWN)
    header = {"format": "zarr", "axes": "".join(axes), **dict(ours.get("header", {}))}
    space = [axes.index(a) for a in SPACE if a in axes]
    if ours.get("labels") and "c" in axes:
        return _segmentation(grid, _with_z(_classes(array, axes.index("c"), space, ours), grid), ours, path, header)
    others = [i for i, a in enumerate(axes) if a not in SPACE]
    lengths = [array.shape[i] for i in others]
    count = math.prod(lengths)
    chosen, more = choose(index, count, path)
    header |= {"count": count, "index": chosen}
    if [axes[i] for i in others if array.shape[i] > 1] == ["c"]:
        header |= _channels(group)
    elif count == 1:
        header |= _labels_named(group)
    fixed = dict(zip(others, (int(i) for i in np.unravel_index(chosen, lengths)), strict=True)) if others else {}
    if [a for a in axes if a in SPACE] != [a for a in SPACE if a in axes]:
        notes.append(f"The file stores its axes in the order {', '.join(axes)}; they are shown as x, y, z.")
    data = _with_z(LazyArray(array, space, fixed), grid)
    coarser = tuple(LazyArray(level, space, fixed) for level in _coarser(group, list(datasets), name, array)) if len(space) == 3 else ()
    return Volume(grid, data, stem(path.absolute()), path.absolute(), header, (*notes, *more), coarser)


def _coarser(group: zarr.Group, names: Sequence[str], name: str, array: zarr.Array[Any]) -> Iterator[zarr.Array[Any]]:
    """Yield the levels after one that are smaller than it along some axes and longer along none."""
    for other in names[names.index(name) + 1 :]:
        level = group.get(other)
        if not isinstance(level, zarr.Array) or level.ndim != array.ndim:
            return
        if level.shape != array.shape and all(a <= b for a, b in zip(level.shape, array.shape, strict=True)):
            yield level


def _channels(group: zarr.Group) -> dict[str, Any]:
    """Return what the file calls its channels and how it colours them."""
    attributes = _attributes(group)
    omero = attributes.get("omero") or attributes.get("ome", {}).get("omero") or {}
    channels = [c for c in omero.get("channels", []) if isinstance(c, Mapping)]
    return {"channels": tuple(str(c.get("label") or "") for c in channels), "colors": tuple(str(c.get("color") or "") for c in channels)}


def _labels_named(group: zarr.Group) -> dict[str, Any]:
    """Return what an image of labels calls its numbers and how it colours them: {number: (name, "RRGGBB")}."""
    attributes = _attributes(group)
    said = attributes.get("image-label") or attributes.get("ome", {}).get("image-label") or {}
    names = {int(p["label-value"]): str(p["name"]) for p in said.get("properties", []) if "name" in p}
    colors = {int(c["label-value"]): "".join(f"{int(v):02X}" for v in c["rgba"][:3]) for c in said.get("colors", []) if c.get("rgba")}
    return {"labels_named": {n: (names.get(n, ""), colors.get(n, "")) for n in {*names, *colors}}} if said else {}


def _with_z(data: LazyArray, grid: Grid) -> Any:
    """Give a 2-D image its one section."""
    return data if data.shape[-3:] == grid.shape else np.expand_dims(np.asarray(data), -3)


def _classes(array: zarr.Array[Any], channel: int, space: list[int], ours: Mapping[str, Any]) -> Any:
    """Return classes as they are stored; other numbers than bytes and shorts are probabilities or scores themselves."""
    if np.dtype(array.dtype) in {np.dtype(np.uint8), np.dtype(np.uint16)}:
        return LazyArray(array, [channel, *space], {})
    kind: Kind = "score" if ours.get("kind") == "score" else "probability"
    return ClassFiles(tuple(LazyArray(array, space, {channel: i}) for i in range(array.shape[channel])), kind, 16)


def _segmentation(grid: Grid, data: Any, ours: Mapping[str, Any], path: Path, header: Mapping[str, Any]) -> Segmentation:
    kind: Kind = "score" if ours.get("kind") == "score" else "probability"
    labels = tuple(label_from_json(c) for c in ours["labels"])
    source = source_from_json(ours.get("source"), path.absolute().parent)
    name = str(ours.get("name") or stem(path.absolute()))
    return Segmentation(grid, data, labels, kind, dict(ours.get("provenance", {})), source, name=name, header=header)


def _attributes(group: zarr.Group) -> dict[str, Any]:
    return dict(group.attrs.asdict())


def _multiscales(group: zarr.Group) -> list[Any]:
    attributes = _attributes(group)
    ome = attributes.get("ome", {})
    found = ome.get("multiscales") if isinstance(ome, Mapping) else None
    return list(found or attributes.get("multiscales") or [])


def _axes(scale: Mapping[str, Any], ndim: int) -> list[str]:
    """Return the axis names; before version 0.4 they were bare strings, before 0.3 always t, c, z, y, x."""
    given = scale.get("axes") or "tczyx"[-ndim:]
    names = [str(a["name"] if isinstance(a, Mapping) else a).lower() for a in given]
    if len(names) != ndim:
        raise ValueError(f"{len(names)} axes are named but the array has {ndim}")
    return names


def _grid(lengths: Sequence[int], axes: list[str], scale: Mapping[str, Any], dataset: Mapping[str, Any], notes: list[str]) -> Grid:
    size, origin = np.ones(len(axes)), np.zeros(len(axes))
    stated = False
    # The transformations of the level come first, then those of all levels together.
    for transform in [*dataset.get("coordinateTransformations", []), *scale.get("coordinateTransformations", [])]:
        if transform.get("type") == "scale":
            factors = np.asarray(transform["scale"], dtype=np.float64)
            size, origin, stated = size * factors, origin * factors, True
        elif transform.get("type") == "translation":
            origin = origin + np.asarray(transform["translation"], dtype=np.float64)
    shape, sizes, origins = [1, 1, 1], [1.0, 1.0, 1.0], [0.0, 0.0, 0.0]
    named = list(scale.get("axes") or axes)
    unit_missing = unit_strange = False
    for i, letter in enumerate(SPACE):
        if letter not in axes:
            notes.append("The file holds an image, which is shown as a volume of one slice.")
            continue
        at = axes.index(letter)
        unit = named[at].get("unit") if isinstance(named[at], Mapping) else None
        factor = angstroms_per(unit)
        unit_missing |= not unit
        unit_strange |= bool(unit) and factor is None
        shape[i], sizes[i], origins[i] = int(lengths[at]), _short(size[at] * (factor or 1.0)), _short(origin[at] * (factor or 1.0))
    if "z" not in axes:
        sizes[0] = sizes[1]
    one = bool(all(size[axes.index(a)] == 1 for a in SPACE if a in axes))
    if not all(math.isfinite(v) and v > 0 for v in sizes) or not all(math.isfinite(v) for v in origins):
        raise ValueError(f"its voxel size {tuple(sizes)} or origin {tuple(origins)} makes no sense")
    known = stated and not one and not unit_strange and believable(sizes)
    if known and unit_missing:
        notes.append(ASSUMED_UNIT)
    if not known:  # what is left are proportions; elsewhere too, a voxel whose size nobody knows has the edge 1
        edge = min(sizes)
        sizes, origins = [_short(v / edge) for v in sizes], [_short(v / edge) for v in origins]
    z, y, x = shape
    return Grid((z, y, x), _triple(sizes), _triple(origins), voxel_size_known=known)


def _short(value: float) -> float:
    # Units are powers of ten: what comes out of the product should not end in ...0000001.
    return float(f"{value:.12g}")


def _triple(values: Sequence[float]) -> Triple:
    a, b, c = (float(v) for v in values)
    return a, b, c
