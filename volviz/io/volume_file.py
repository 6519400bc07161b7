"""One number per voxel into a file, brick by brick, while it is being computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from volviz.core.atomic import Replacement, check_absent, check_folder, check_other
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.report import silent
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.io.mrc_folder import SEGMENTATION_SUFFIX
from volviz.io.mrc_writer import MrcWriter

if TYPE_CHECKING:
    from volviz.io.pyramid import Pyramid


class VolumeFile:
    """A `VolumeSink` that leaves an MRC file of float16, or an OME-Zarr of it if the name ends so, placed as its source.

    Where only the slices ``z``, from the first to the one past the last, hold more than zeros, the MRC file has holes elsewhere.

    Raises:
        VolvizError: on construction, before any work: the name is taken, is the source's, or says another format, or its
            folder cannot be written to.
    """

    def __init__(self, path: Path, source: Volume | Segmentation, *, overwrite: bool = False, z: tuple[int, int] | None = None) -> None:
        if path.suffix.lower() not in {".mrc", ".zarr"}:
            raise VolvizError(
                f"A volume is written as .mrc or .zarr while it is computed, not as {path.name}; give its name such an ending."
            )
        check_other(path, source.source)
        if path.suffix.lower() == ".zarr":
            from volviz.io.zarr_writer import check_target

            check_target(path, overwrite=overwrite)
        check_absent(path, overwrite=overwrite)
        check_folder(path.parent)
        self._path, self._source, self._overwrite, self._z = path, source, overwrite, z
        self._replacement: Replacement | None = None
        self._writer: MrcWriter | Pyramid | None = None

    def begin(self, grid: Grid) -> None:
        """Make room for a volume of this grid."""
        zarr_file = self._path.suffix.lower() == ".zarr"
        self._replacement = Replacement(self._path, overwrite=self._overwrite, folder=zarr_file)
        try:
            if zarr_file:
                self._writer = _pyramid(self._replacement.partial, grid, self._path.stem)
            else:
                self._writer = MrcWriter(self._replacement.partial, grid, np.float16, self._source.header, sections=self._z)
        except OSError as error:
            self.abort()
            raise self._replacement.explain(error) from error

    def write(self, region: Region, values: npt.NDArray[np.float32]) -> None:
        """Take the final values (z, y, x) of a region."""
        if self._writer is None or self._replacement is None:
            raise ValueError("nothing was begun")
        try:
            self._writer.write(region, values.astype(np.float16))
        except OSError as error:
            raise self._replacement.explain(error) from error

    def finish(self) -> None:
        """All regions were written: move the file into place."""
        if self._writer is None or self._replacement is None:
            raise ValueError("nothing was begun")
        try:
            if isinstance(self._writer, MrcWriter):
                self._writer.close()
            else:
                self._writer.coarsen(silent)
            self._replacement.commit()
        except OSError as error:
            self.abort()
            raise self._replacement.explain(error) from error
        self._writer = self._replacement = None

    def abort(self) -> None:
        """Leave nothing behind."""
        if isinstance(self._writer, MrcWriter):
            self._writer.close()
        self._writer = None
        if self._replacement is not None:
            self._replacement.discard()


def uncertainty_of(result: Path) -> Path:
    """Return where the uncertainty of a segmentation on disk lies, if it has one; ``result`` is what `volviz.open` reads.

    In a folder of MRC files it is ``<stem>_uncertainty.mrc``, beside an OME-Zarr ``<stem>_uncertainty.zarr``.
    """
    if result.suffix.lower() == ".zarr":
        return result.with_name(f"{result.stem}_uncertainty.zarr")
    return result.with_name(f"{result.name.removesuffix(SEGMENTATION_SUFFIX)}_uncertainty.mrc")


def _pyramid(path: Path, grid: Grid, name: str) -> Pyramid:
    import zarr

    from volviz.io.pyramid import Pyramid

    root = zarr.create_group(store=str(path), zarr_format=3)
    pyramid = Pyramid(root, grid, np.dtype(np.float16))
    root.update_attributes({"ome": pyramid.metadata(name), "volviz": {"voxel_size_known": grid.voxel_size_known, "header": {}}})
    return pyramid
