"""What leads `docs/screens.py` to the states in which the window asks, lists, warns or is at work."""

from __future__ import annotations

import shutil
import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from screens import Studio

State = Callable[["Studio"], None]
HALF = 0.5  # of the tomogram is segmented in the picture of tiles that arrive


def _tiles(studio: Studio) -> None:
    """Half of the tomogram is segmented: a run whose model hands on, brick by brick, what was found before."""
    import volviz.tasks.segment as task
    from volviz.core.grid import Region

    studio.open()
    window = studio.window
    found = window.document.state.segmentation
    studio.open(segmented=False)
    depth, height, width = found.grid.shape
    real, handed = task.segment, []

    def segment(volume: Any, *_: object, sink: Any, report: Any, **__: object) -> Any:
        sink.begin(found.grid, found.labels, found.kind, {})
        for x in range(0, int(width * HALF), 32):
            region = Region((0, 0, x), (depth, height, x + 32))
            sink.write(region, found.data[(slice(None), *region.slices)])
            report(x / width, "segmenting")
            time.sleep(1.0)
        handed.append(True)
        while True:
            report(HALF, "segmenting")
            time.sleep(0.1)

    task.segment = segment
    try:
        window.docks["Segment"].raise_()
        window.start_segmenting()
        studio.wait(lambda: bool(handed))
    finally:
        task.segment = real
    studio.wait(lambda: window.viewport.resting)
    studio.pause(2.0)


def _after_tiles(studio: Studio) -> None:
    studio.window.cancel_segmenting()
    studio.rest()


def _keyframed(studio: Studio) -> None:
    """Three keyframes on the time axis, the second of them chosen."""
    from volviz.core.motions import Turntable

    studio.open()
    state = studio.window.document.state
    frames = Turntable(seconds=6.0, degrees=240).keyframes(state.scene, state.camera, state.volume.grid.bounds_xyz)
    studio.window.document.change("Fill in an animation", animation=frames)
    studio.window.docks["Animation"].show()
    studio.window.docks["Animation"].raise_()
    studio.rest()
    studio.window.directing.animating.choose(1)
    studio.rest()


def _keyframes_video(studio: Studio) -> None:
    from volviz.gui.videos import VideoDialog

    _keyframed(studio)
    window = studio.window
    VideoDialog(window.document.state.animation, window.viewport.size_px(), window).open()
    studio.pause(0.5)


def _asking(make: Callable[[Any], Any]) -> State:
    """Show a dialog over the tomogram and its classes, without waiting for its answer."""

    def show(studio: Studio) -> None:
        studio.open()
        make(studio.window).open()
        studio.pause(1.5)

    return show


def _meshes(window: Any) -> Any:
    from volviz.gui.exporting import MeshDialog

    return MeshDialog(window.document.state, window)


def _objects(window: Any) -> Any:
    from volviz.gui.tables import TableDialog

    return TableDialog(window.document.state, window)


def _marks(window: Any) -> Any:
    from volviz.core.annotations import SurfacePoints
    from volviz.gui.annotation_files import ExportDialog

    center_xyz = window.document.state.volume.grid.center_xyz
    points = SurfacePoints((tuple(float(v) for v in center_xyz),), 1, "spikes")
    return ExportDialog(replace(window.document.state, annotations=(points,)), window)


def _points(window: Any) -> Any:
    from volviz.gui.annotation_files import PointsDialog

    return PointsDialog(Path("particles.star"), window.document.state, window)


def _motion(window: Any) -> Any:
    from volviz.gui.motion_form import FillDialog

    return FillDialog(True, window)


def _error(window: Any) -> Any:
    from volviz.gui.dialogs import error_box

    try:
        raise KeyError("membrane")
    except KeyError as error:
        box = error_box(window, "Export meshes", error)
    next(button for button in box.buttons() if "Show details" in button.text()).click()
    return box


def _plain_error(window: Any) -> Any:
    from volviz.core.errors import VolvizError
    from volviz.gui.dialogs import error_box

    return error_box(window, "Open sample.mrc", VolvizError("sample.mrc ends after 12 MB of 25 MB; copy it again."))


def _closing(studio: Studio) -> None:
    from volviz.gui.closing import ClosingDialog

    _jobs(studio)
    studio.window.jobs.toggle_list()
    light = studio.window.document.state.scene.light
    studio.window.document.change("Light", scene=replace(studio.window.document.state.scene, light=replace(light, intensity=1.0)))
    ClosingDialog(studio.window, "close", lambda: None, stops=True).open()
    studio.pause(0.5)


def _jobs(studio: Studio) -> None:
    """Two jobs at work, two that are done, one that failed; with their list."""
    from volviz.core.errors import VolvizError

    jobs = studio.window.jobs
    if not jobs.running:
        studio.open()

    def at_work(fraction: float, text: str) -> Callable[[Any], None]:
        def work(report: Any) -> None:
            began = time.monotonic()
            while True:
                report(min(fraction, 0.03 + (time.monotonic() - began) / 50), text)
                time.sleep(0.1)

        return work

    def fail(report: Any) -> None:
        raise VolvizError("There is no room for sample_meshes.glb on this disk; free 210 MB, or choose another folder.")

    if not jobs.ended:
        still = studio.tomogram.with_name("sample.png")
        still.write_bytes(bytes(3_200_000))
        jobs.start("Export still", lambda report: still)
        jobs.start("Table of objects", lambda report: 12, files=[studio.tomogram.with_name("sample_objects.csv")])
        jobs.start("Export meshes", fail)
        studio.pause(0.5)
        studio.close_dialogs()
    if not jobs.running:
        jobs.start("Save video", at_work(0.4, "frame 120 of 300"))
        jobs.start("Train spikes_in_ice", at_work(0.2, "step 400 of 2000, loss 0.213"))
        studio.pause(4.0)
        jobs.toggle_list()
    studio.pause(0.5)


def _after_jobs(studio: Studio) -> None:
    from volviz.gui.joblist import JobList

    studio.window.jobs.cancel_all()
    for shown in studio.window.findChildren(JobList):
        shown.hide()
    studio.window.document.undo_stack.setClean()
    studio.rest()


def _odd(studio: Studio) -> None:
    """Show what the header panel says of a file whose header is wrong in several ways."""
    odd = studio.tomogram.with_name("odd_header.mrc")
    shutil.copyfile(studio.tomogram, odd)
    with odd.open("r+b") as file:
        for offset, kind, value in ((28, "i", 100), (64, "i", 2), (68, "i", 1), (208, "4s", b"    "), (44, "f", 2200.0)):
            file.seek(offset)
            file.write(struct.pack(f"<{kind}", value))
    studio.window.open_paths([odd])
    studio.wait(lambda: studio.window.document.state.volume is not None and studio.window.document.state.volume.source == odd)
    studio.window.docks["Data"].raise_()
    studio.rest()


def _choosing(studio: Studio) -> None:
    """Classes of another program are opened with the tomogram."""
    from volviz.gui.choosing import ChoosingDialog

    studio.open()
    folder = studio.tomogram.parent / "elsewhere"
    if not folder.exists():
        from volviz.io import save

        folder.mkdir()
        found = studio.window.document.state.segmentation
        for i, label in enumerate(found.labels[1:], 1):
            values = found.data[i].astype("float32") / 255
            save(replace(studio.window.document.state.volume, data=values, header={}, source=None), folder / f"ts_16_{label.name}.mrc")
    studio.window.open_paths([studio.tomogram, *sorted(folder.iterdir())])
    studio.wait(lambda: bool(studio.window.findChildren(ChoosingDialog)))
    studio.pause(1.0)


def _lost(studio: Studio) -> None:
    """A session whose files were moved."""
    from volviz.gui.lost import LostDialog
    from volviz.gui.opening import project_of
    from volviz.io.project import save_project

    studio.open()
    state = studio.window.document.state
    moved = replace(state, volume=replace(state.volume, source=Path("/data/krios3/2026-05/ts_16_rec.mrc")), segmentation=None)
    path = studio.tomogram.with_name("figure_2.volviz")
    save_project(project_of(moved), path, overwrite=True)
    studio.window.open_paths([path])
    studio.wait(lambda: bool(studio.window.findChildren(LostDialog)))
    studio.pause(0.5)


def _train(studio: Studio) -> None:
    """A training with a learning curve."""
    from volviz.gui.train_window import TrainWindow

    studio.open()
    studio.do("segment.train")
    trainer = next(child for child in studio.window.children() if isinstance(child, TrainWindow))
    trainer.move(60, 40)
    studio.wait(lambda: bool(trainer.methods))
    for step in range(0, 800, 20):
        loss = 1.2 / (1 + step / 120)
        trainer.curve.add({"step": float(step), "loss": loss, **({"macro_f1": 0.9 - 0.6 * loss} if step % 100 == 0 else {})})
    studio.pause(1.0)


def _recovery(studio: Studio) -> None:
    """What the first page offers after a crash."""
    from volviz.gui import recovery
    from volviz.gui.autosave import SESSION, autosaves
    from volviz.gui.document import State

    studio.open()
    window = studio.window
    window.document.change("Look", scene=replace(window.document.state.scene, exposure=1.1))
    studio.wait(lambda: window.autosave.session is not None)
    left = autosaves() / "1-crashed"
    left.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(window.autosave.session, left / SESSION)
    window.document.open(State())
    recovery.offer(window)
    studio.pause(1.0)


def _menu(name: str) -> State:
    def show(studio: Studio) -> None:
        from PySide6.QtCore import QPoint

        studio.open()
        bar = studio.window.menuBar()
        at = bar.mapToGlobal(bar.actionGeometry(studio.window.menus[name].menuAction()).bottomLeft())
        studio.window.menus[name].popup(at + QPoint(0, 1))
        studio.pause(0.5)

    return show


def _tooltip(studio: Studio) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtWidgets import QToolTip

    studio.open()
    studio.window.docks["Clean"].raise_()
    studio.window.docks["Clean"].widget()
    box = studio.window.learn_panel.teach
    studio.window.docks["Learn"].raise_()
    studio.pause(0.5)
    QToolTip.showText(box.mapToGlobal(QPoint(10, 10)), box.toolTip(), box)
    studio.pause(0.5)


def _no_view(studio: Studio) -> None:
    from volviz.core.errors import VolvizError

    studio.open()
    needs = "The tomogram needs 5.2 GB of graphics memory, and 3.1 GB are free; close other programs, or open a binned copy."
    studio.window.no_view.say(VolvizError(needs))
    studio.window.stage.setCurrentWidget(studio.window.no_view)
    studio.pause(0.5)


def _after_no_view(studio: Studio) -> None:
    studio.window.stage.setCurrentIndex(0)
    studio.rest()


def questions() -> dict[str, State]:
    """Return what leads to each of these pictures, by its name, in order."""
    return {
        "tiles": _tiles,
        "menu_file": lambda studio: (_after_tiles(studio), _menu("File")(studio))[0],
        "menu_view": _menu("View"),
        "tooltip": _tooltip,
        "keyframes": _keyframed,
        "keyframes_video": _keyframes_video,
        "motion": _asking(_motion),
        "meshes": _asking(_meshes),
        "objects": _asking(_objects),
        "export_annotations": _asking(_marks),
        "import_points": _asking(_points),
        "error": _asking(_error),
        "plain_error": _asking(_plain_error),
        "choosing": _choosing,
        "lost": _lost,
        "train": _train,
        "no_view": _no_view,
        "jobs": lambda studio: (_after_no_view(studio), _jobs(studio))[0],
        "closing": _closing,
        "recovery": lambda studio: (_after_jobs(studio), _recovery(studio))[0],
        "odd_header": _odd,
    }
