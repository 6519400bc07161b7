"""The main job with nothing at hand: a sample tomogram becomes a segmentation, a still and a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from volviz.core.atomic import check_absent
from volviz.core.motions import Turntable
from volviz.core.report import Report, part, silent
from volviz.core.scene import Scene
from volviz.tasks.render import View, open_classes, write_picture
from volviz.tasks.segment import open_tomogram, segment_file
from volviz.tasks.simulate import simulate_file

if TYPE_CHECKING:
    from volviz.segment.protocol import Device

SAMPLE: dict[str, Any] = {"seed": 7}
"""Fields of `volviz.simulate.Spec` for the sample tomogram."""

STILL_SIZE = (1920, 1080)
VIDEO_SIZE = (1280, 720)
VIDEO_SECONDS = 4.5


def demo_files(out: Path, *, device: Device = "auto", overwrite: bool = False, report: Report = silent) -> dict[str, Path]:
    """Go the whole way into a folder, and return what was written, by name.

    Raises:
        VolvizError: results are there already, or there is no OpenGL 4.3 here.
    """
    files = {
        "tomogram": out / "sample.mrc",
        "labels": out / "sample_labels.mrc",
        "segmentation": out / "segmentation" / "sample_segmentation.json",  # its own hard labels are called as the true ones are
        "still": out / "sample.png",
        "video": out / "sample.mp4",
    }
    for path in files.values():
        check_absent(path, overwrite=overwrite)
    sample_file(out, overwrite=overwrite, report=part(report, 0.0, 0.1))
    segment_file(files["tomogram"], files["segmentation"].parent, device=device, overwrite=overwrite, report=part(report, 0.1, 0.5))

    volume, classes = open_classes(files["segmentation"], open_tomogram(files["tomogram"]))
    view = View(volume, classes, Scene.of(volume, classes))
    write_picture(view, files["still"], size=STILL_SIZE, overwrite=overwrite, report=part(report, 0.5, 0.6))
    turn = Turntable(seconds=VIDEO_SECONDS)
    write_picture(view, files["video"], size=VIDEO_SIZE, frames=turn, fps=24, overwrite=overwrite, report=part(report, 0.6, 1.0))
    return files


def sample_file(out: Path, *, overwrite: bool = False, report: Report = silent) -> Path:
    """Simulate the sample tomogram into a folder, with its labels, and return its path."""
    return simulate_file(out / "sample.mrc", SAMPLE, overwrite=overwrite, report=report)[0]
