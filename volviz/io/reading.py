"""Opening whatever a person has: decided by content, not by suffix."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from volviz.core.atomic import reason
from volviz.core.errors import VolvizError
from volviz.core.files import check_file
from volviz.core.segmentation import Segmentation
from volviz.core.sizing import believable, with_size
from volviz.core.volume import Volume
from volviz.io.lazy import ZARR_FILES, is_zarr
from volviz.io.mrc import BZIP2_MAGIC, GZIP_MAGIC, MRC_SUFFIXES, open_mrc
from volviz.io.mrc_folder import SEGMENTATION_SUFFIX, open_segmentation
from volviz.io.mrc_header import HEADER_BYTES, has_map_stamp, parse

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
PICTURE_MAGIC = (b"\x89PNG", b"\xff\xd8\xff")
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


def open(path: str | Path, *, voxel_size: float | None = None, index: int | None = None) -> Volume | Segmentation:  # noqa: A001
    """Open a tomogram, or a segmentation that volviz wrote. Data stay on disk until they are sliced.

    ``voxel_size`` (A) overrides what the file says. ``index`` chooses one volume of a file that holds several channels,
    times or volumes. Every judgement about the file is a sentence in `Volume.notes`.

    Raises:
        VolvizError: the path leads to nothing that volviz reads.
    """
    path = Path(path).expanduser()
    try:
        if not path.exists():
            raise VolvizError(f"There is no file {path}; check the name.")
        check_file(path)
        value = _open_folder(path, index) if path.is_dir() else _open_file(path, index)
    except OSError as error:
        raise VolvizError(f"{path} cannot be read ({reason(error)}); check its permissions and that the disk is there.") from error
    return value if voxel_size is None else sized(value, voxel_size)


def sized(value: Volume | Segmentation, voxel_size: float) -> Volume | Segmentation:
    """Return what was opened with the voxel size (A) that a person gave, and say so in its notes.

    Raises:
        VolvizError: it is no length.
    """
    if not believable([voxel_size]):
        raise VolvizError(f"A voxel size is a positive length in Å, not {voxel_size:g}; for most tomograms it lies between 2 and 20.")
    if isinstance(value, Segmentation):
        return replace(value, grid=value.grid.with_voxel_size(voxel_size))
    said = "another" if value.grid.voxel_size_known else "none"
    return with_size(value, voxel_size, f"The voxel size was set to {voxel_size:g} Å; the file states {said}.")


def _open_folder(path: Path, index: int | None) -> Volume | Segmentation:
    if is_zarr(path):
        from volviz.io.zarr import open_zarr

        return open_zarr(path, index=index)
    found = sorted(path.glob(f"*{SEGMENTATION_SUFFIX}"))
    if len(found) == 1:
        return open_segmentation(found[0])
    if found:
        raise VolvizError(f"The folder {path} holds {len(found)} segmentations; open one of them by name, for example {found[0].name}.")
    raise VolvizError(f"{path} is a folder and neither an OME-Zarr nor a segmentation that volviz wrote; give a file in it.")


def _open_file(path: Path, index: int | None) -> Volume | Segmentation:
    if path.name in ZARR_FILES:
        return _open_folder(path.absolute().parent, index)
    with path.open("rb") as file:
        head = file.read(HEADER_BYTES)
    if not head:
        raise VolvizError(f"{path} is empty; fetch or export it again.")
    if has_map_stamp(head) or head.startswith((GZIP_MAGIC, BZIP2_MAGIC)):
        return open_mrc(path, index=index)
    if head.startswith(TIFF_MAGIC):
        from volviz.io.tiff import open_tiff

        return open_tiff(path, index=index)
    if head.startswith(HDF5_MAGIC):
        from volviz.io.hdf5 import open_hdf5

        return open_hdf5(path, index=index)
    if path.name.endswith(SEGMENTATION_SUFFIX):
        return open_segmentation(path)
    if path.suffix == ".volviz" or head.startswith(PICTURE_MAGIC):
        what = "session" if path.suffix == ".volviz" else "picture"
        raise VolvizError(f"{path} is a {what}, not a tomogram; open it in the window, with volviz render or with volviz.open_project.")
    if not path.name.lower().endswith(MRC_SUFFIXES):
        # Only a header that makes perfect sense can outweigh both the missing mark and the strange name.
        try:
            parse(head, path.stat().st_size, str(path))
        except VolvizError:
            raise VolvizError(f"{path} is neither MRC, OME-Zarr, TIFF nor HDF5, which are what volviz reads; convert it first.") from None
    return open_mrc(path, index=index)
