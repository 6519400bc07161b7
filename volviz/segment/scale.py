"""At which voxel size a network sees a tomogram, and what must be said about that."""

from __future__ import annotations

from volviz.core.grid import Grid
from volviz.segment.tiles import Bricks


def working_grids(grid: Grid, bricks: Bricks) -> tuple[Grid, Grid, list[str]]:
    """Return the volume's own grid, the grid the network works on, and sentences on what makes the result a guess.

    An unknown voxel size is taken to be the network's. No axis is upsampled more than ``bricks.upsampling`` times. If the
    network's is unknown, the volume is taken as it is.
    """
    wanted = bricks.voxel_size
    if wanted is None:
        return grid, grid, []
    notes = []
    low, high = bricks.voxel_size_range
    if not grid.voxel_size_known:
        grid = grid.with_voxel_size(wanted)
        notes.append(f"The file does not say its voxel size; {wanted:g} A was assumed: give the right one with --voxel-size.")
    size = [max(wanted, v / bricks.upsampling) for v in grid.voxel_size]
    coarsest, finest = max(grid.voxel_size), min(grid.voxel_size)
    if coarsest > high:
        notes.append(
            f"A voxel of {coarsest:.4g} A is coarser than the {low:g} to {high:g} A this model was trained for; "
            f"it was run at {max(size):.4g} A instead of {wanted:g} A, and the result is a guess."
        )
    elif finest < low:
        notes.append(
            f"A voxel of {finest:.4g} A is finer than the {low:g} to {high:g} A this model was trained for; "
            f"it was averaged to {wanted:g} A, and the result is a guess."
        )
    return grid, grid.resample(size), notes
