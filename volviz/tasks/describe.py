"""What a file holds, in words and numbers: ``volviz info`` and the window's data panel."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from volviz.core.density import dense_is_dark
from volviz.core.report import Report, silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume


@dataclass(frozen=True, slots=True)
class Description:
    """``facts`` by name, and ``notes``: sentences on how the file was understood and what volviz will do about it."""

    facts: dict[str, Any]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return it as text for people, one fact a line, lengths with their units and triples in the order (x, y, z)."""
        said = _said(self.facts)
        width = max(map(len, said))
        return [f"{name:<{width}}  {text}" for name, text in said.items()] + [f"- {n}" for n in self.notes]


def describe(value: Volume | Segmentation, report: Report = silent) -> Description:
    """Describe what was opened. Statistics are those of a sample where the file is large; nothing is read whole.

    Raises:
        Cancelled: by ``report``.
    """
    grid = value.grid
    facts: dict[str, Any] = {
        "name": value.name,
        "shape_zyx": list(grid.shape),
        "voxel_size_zyx_angstrom": [round(v, 4) for v in grid.voxel_size],
        "voxel_size_known": grid.voxel_size_known,
        "extent_xyz_nm": [round(float(v) / 10, 1) for v in grid.extent_xyz],
        "origin_xyz_angstrom": [round(float(v), 2) for v in grid.to_world((0, 0, 0))],
        "stored_as": kind_of(np.dtype(value.data.dtype)),
        "size_mb": round(float(np.prod(value.data.shape, dtype=np.float64) * np.dtype(value.data.dtype).itemsize / 1e6), 1),
    }
    if isinstance(value, Segmentation):
        facts["kind"] = value.kind
        facts["classes"] = [label.name for label in value.labels]
        return Description(facts, tuple(str(n) for n in value.provenance.get("notes", ())))
    sample = value.sample(check=lambda: report(0.0, "Reading a sample")).astype(
        np.float64
    )  # squares of large numbers do not fit single precision
    low, high = np.percentile(sample, [1, 99])
    facts |= {
        "minimum": float(sample.min()),
        "percentile_1": float(low),
        "mean": float(sample.mean()),
        "percentile_99": float(high),
        "maximum": float(sample.max()),
        "standard_deviation": float(sample.std()),
        "dense_is": "dark" if dense_is_dark(value, check=lambda: report(0.7, "Reading a sample")) else "bright",
    }
    notes = [*value.notes]
    if sample.size < np.prod(grid.shape, dtype=np.int64):
        notes.append(f"The statistics are those of a sample of {sample.size / 1e6:.1f} million voxels.")
    if value.stand_in is not None:
        notes.append(f"Some voxels are no numbers (NaN or infinite); they are read as {value.stand_in:.6g}, the median of others.")
    if facts["minimum"] == facts["maximum"]:
        notes.append("All voxels looked at have the same value: there is nothing to see.")
    notes.append(f"Dense matter looks {facts['dense_is']} here (a guess from the histogram); --dense and the window's switch change it.")
    return Description(facts, tuple(notes))


def kind_of(dtype: np.dtype[Any]) -> str:
    """Return a type of number in words that people know."""
    return dtype.name if dtype.isnative else f"{dtype.name}, {'big' if sys.byteorder == 'little' else 'little'}-endian"


def _said(facts: dict[str, Any]) -> dict[str, str]:
    """Return facts as a person reads them, by what they are called."""
    size = facts["voxel_size_zyx_angstrom"][::-1]
    same = len(set(size)) == 1
    said = {
        "Name": facts["name"],
        "Voxels": f"{_times(facts['shape_zyx'][::-1])} (x, y, z)",
        "Voxel size": (f"{size[0]:g} Å" if same else f"{_times(size)} Å (x, y, z)") + ("" if facts["voxel_size_known"] else ", a guess"),
        "Extent": f"{_times(facts['extent_xyz_nm'])} nm (x, y, z)",
        "Origin": f"{', '.join(f'{v:g}' for v in facts['origin_xyz_angstrom'])} Å (x, y, z)",
        "Stored as": f"{facts['stored_as']}, {facts['size_mb']:,} MB",
    }
    if "classes" in facts:
        said["Values"] = {"probability": "probabilities", "score": "scores"}[facts["kind"]]
        return {**said, "Classes": ", ".join(facts["classes"])}
    numbers = {
        "Minimum": "minimum",
        "1st percentile": "percentile_1",
        "Mean": "mean",
        "99th percentile": "percentile_99",
        "Maximum": "maximum",
        "Standard deviation": "standard_deviation",
    }
    return {**said, **{name: f"{facts[key]:.6g}" for name, key in numbers.items()}, "Dense matter": facts["dense_is"]}


def _times(values: list[int] | list[float]) -> str:
    return " x ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in values)
