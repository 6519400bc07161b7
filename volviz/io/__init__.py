"""Opening and saving: MRC, OME-Zarr, TIFF, segmentations, pictures, videos and sessions."""

from volviz.io.reading import open  # noqa: A004
from volviz.io.writing import save

__all__ = ["open", "save"]
