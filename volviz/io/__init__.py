"""Opening and saving: MRC, OME-Zarr, TIFF, segmentations, pictures, videos and sessions.

Pictures and videos are in `volviz.io.image` and `volviz.io.video`, the OME-Zarr sink in `volviz.io.zarr_writer`: each pulls
in its library.
"""

from volviz.io.mrc_folder import MrcFolder
from volviz.io.project import open_project, save_project
from volviz.io.reading import open  # noqa: A004
from volviz.io.writing import save

__all__ = ["MrcFolder", "open", "open_project", "save", "save_project"]
