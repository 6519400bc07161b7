"""What a file holds, in words and numbers: ``volviz info`` and the window's data panel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from volviz.core.density import dense_is_dark
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume


@dataclass(frozen=True, slots=True)
class Description:
    """``facts`` by name, and ``notes``: sentences on how the file was understood and what volviz will do about it."""

    facts: dict[str, Any]
    notes: tuple[str, ...]

    def lines(self) -> list[str]:
        """Return it as text, one fact a line."""
        width = max(len(name) for name in self.facts)
        return [f"{name.replace('_', ' '):<{width}}  {_text(value)}" for name, value in self.facts.items()] + [f"- {n}" for n in self.notes]


def describe(value: Volume | Segmentation) -> Description:
    """Describe what was opened. Statistics are those of a sample where the file is large; nothing is read whole."""
    grid = value.grid
    facts: dict[str, Any] = {
        "name": value.name,
        "shape_zyx": list(grid.shape),
        "voxel_size_zyx_angstrom": [round(v, 4) for v in grid.voxel_size],
        "voxel_size_known": grid.voxel_size_known,
        "extent_xyz_nm": [round(float(v) / 10, 1) for v in grid.extent_xyz],
        "origin_xyz_angstrom": [round(float(v), 2) for v in grid.to_world((0, 0, 0))],
        "stored_as": str(np.dtype(value.data.dtype)),
        "size_mb": round(float(np.prod(value.data.shape, dtype=np.float64) * np.dtype(value.data.dtype).itemsize / 1e6), 1),
    }
    if isinstance(value, Segmentation):
        facts["kind"] = value.kind
        facts["classes"] = [label.name for label in value.labels]
        return Description(facts, tuple(str(n) for n in value.provenance.get("notes", ())))
    sample = value.sample().astype(np.float64)  # squares of large numbers do not fit single precision
    low, high = np.percentile(sample, [1, 99])
    facts |= {
        "minimum": float(sample.min()),
        "percentile_1": float(low),
        "mean": float(sample.mean()),
        "percentile_99": float(high),
        "maximum": float(sample.max()),
        "standard_deviation": float(sample.std()),
        "dense_is": "dark" if dense_is_dark(value) else "bright",
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


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(_text(v) for v in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)
