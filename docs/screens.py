"""Take a picture of the window in every state: `xvfb-run -a -s "-screen 0 1600x1000x24" python docs/screens.py [NAME ...]`.

Without --tomogram and --segmentation the sample of `volviz demo` is made first. The states of learning from scribbles want a tomogram
with its labels beside it, as `volviz simulate` writes them, from which strokes are drawn. QT_SCALE_FACTOR=2 shows what a fine screen
shows. Settings, and what is kept for recovery, lie in a folder of their own: yours are neither read nor changed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from volviz.gui.window import Window

WAIT_SECONDS = 900.0  # on a machine that has other work too
STROKES = 8  # of each class
OF_SCRIBBLES = ("learning", "learnt", "doubt", "teach")
LARGEST = 195_000  # bytes of a picture
CENTRES = ((0.25, 0.31), (0.76, 0.29), (0.40, 0.83), (0.77, 0.72))  # of the virions of the sample, in fractions of its slices


class Studio:
    """A window, and what leads it from state to state."""

    def __init__(self, tomogram: Path, segmentation: Path | None, size: tuple[int, int]) -> None:
        from volviz.gui.window import Window

        self.tomogram, self.segmentation = tomogram, segmentation
        self.window: Window = Window()
        self.window.resize(*size)
        self.window.move(0, 0)
        self.window.show()
        self.pause(0.5)

    def pause(self, seconds: float) -> None:
        """Let the window live for a while."""
        from PySide6.QtCore import QEvent
        from PySide6.QtWidgets import QApplication

        until = time.monotonic() + seconds
        while time.monotonic() < until:
            QApplication.processEvents()
            QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # which an event loop of its own would do
            time.sleep(0.01)

    def wait(self, done: Callable[[], bool]) -> None:
        """Let the window live until something is so."""
        until = time.monotonic() + WAIT_SECONDS
        while not done():
            if time.monotonic() > until:
                sys.exit("a state of the window did not come")
            self.pause(0.05)

    def rest(self) -> None:
        """Wait for the final picture."""
        self.wait(lambda: not self.window.jobs.running)
        if self.window.document.state.volume is not None and self.window.stage.isVisible():
            self.wait(lambda: self.window.viewport.isVisible() and self.window.viewport.resting)
        self.pause(0.7)

    def open(self, *, segmented: bool = True) -> None:
        """Show the tomogram, and its classes."""
        state = self.window.document.state
        if state.volume is None or (state.segmentation is not None) != segmented:
            both = segmented and self.segmentation is not None
            self.window.open_paths([self.tomogram, self.segmentation] if both else [self.tomogram])  # type: ignore[list-item]
            self.wait(lambda: self.window.document.state.volume is not None)
            self.rest()
        if segmented and self.window.document.state.segmentation is None:
            self.window.start_segmenting()
            self.wait(lambda: self.window.document.state.segmentation is not None)
        self.rest()

    def do(self, name: str) -> None:
        """Trigger an action."""
        self.window.actions_by_id[name].trigger()
        self.rest()

    def close_dialogs(self) -> None:
        """Close what lies over the window."""
        from PySide6.QtWidgets import QApplication

        from volviz.gui.help.tour import Tour

        for tour in self.window.findChildren(Tour):
            tour.end()
        for widget in QApplication.topLevelWidgets():
            if widget is not self.window and widget.isVisible():
                widget.close()
        self.pause(0.1)


def _empty(studio: Studio) -> None:
    studio.window.furnish()
    studio.pause(1.0)


def _opened(studio: Studio) -> None:
    studio.open(segmented=False)


def _segmenting(studio: Studio) -> None:
    studio.open(segmented=False)
    studio.window.start_segmenting()
    studio.wait(lambda: any(job.fraction > 0.4 for job in studio.window.jobs.running) or not studio.window.jobs.running)


def _segmented(studio: Studio) -> None:
    studio.window.cancel_segmenting()
    studio.wait(lambda: not studio.window.jobs.running)
    studio.open()


def _voxel_size(studio: Studio) -> None:
    """Show the tomogram as a file has it that says nothing of its voxels."""
    from dataclasses import replace

    from volviz.core.grid import Grid
    from volviz.io import open as open_path
    from volviz.io import save as save_value

    volume = open_path(studio.tomogram)
    bare = studio.tomogram.with_name("unsized.mrc")
    save_value(replace(volume, grid=Grid(volume.grid.shape, voxel_size_known=False), header={}), bare, overwrite=True)  # type: ignore[arg-type]
    studio.window.open_paths([bare])
    studio.wait(studio.window.size_bar.isVisible)
    studio.rest()


def _panel(name: str) -> Callable[[Studio], None]:
    def show(studio: Studio) -> None:
        studio.open()
        studio.window.docks[name].show()
        studio.window.docks[name].raise_()
        studio.pause(1.0)

    return show


def _annotated(studio: Studio) -> None:
    """Boxes, a stroke and points, and the box tool in the hand."""
    from volviz.core.annotations import Stroke, SurfacePoints
    from volviz.core.boxes import Box

    studio.open()
    state = studio.window.document.state
    assert state.volume is not None
    (x, y, z), far = state.volume.grid.bounds_xyz
    wide, high, deep = (float(b - a) for a, b in zip((x, y, z), far, strict=True))

    def at(right: float, up: float, back: float = 0.5) -> tuple[float, float, float]:
        return float(x + right * wide), float(y + up * high), float(z + back * deep)

    boxes = [Box((at(a - 0.17, b - 0.17, 0.1), at(a + 0.17, b + 0.17, 0.9)), "membrane", i + 1) for i, (a, b) in enumerate(CENTRES)]
    stroke = Stroke(tuple(at(0.2 + 0.02 * i, 0.25 + 0.01 * (i % 3)) for i in range(12)), 25.0, "lumen")
    points = SurfacePoints(tuple(at(0.5 + 0.02 * i, 0.5) for i in range(4)), 9, "spikes")
    studio.window.document.change("Annotate", annotations=(*boxes, stroke, points))
    studio.do("annotate.box")
    studio.window.annotating.select(0)
    studio.pause(1.0)


def _action(*names: str, segmented: bool = True) -> Callable[[Studio], None]:
    def show(studio: Studio) -> None:
        studio.open(segmented=segmented)
        for name in names:
            studio.do(name)

    return show


def _alone(on: bool) -> Callable[[Studio], None]:
    def show(studio: Studio) -> None:
        studio.open()
        if (studio.window.panes.alone is not None) != on:
            studio.do("view.alone_xy")

    return show


def _dialog(name: str) -> Callable[[Studio], None]:
    """Show a dialog of what leaves volviz, without waiting for its answer."""

    def show(studio: Studio) -> None:
        from volviz.gui.stills import StillDialog
        from volviz.gui.videos import VideoDialog

        studio.open()
        size, state = studio.window.viewport.size_px(), studio.window.document.state
        marks, bar = bool(state.annotations), state.scene.guides.scale_bar
        if name == "still":
            dialog: QDialog = StillDialog(size, studio.window, scale_bar=bar, marks=marks)
        else:
            dialog = VideoDialog((), size, studio.window, marks=marks)
        dialog.open()
        studio.pause(1.0)

    return show


def _scribbled(studio: Studio, count: int) -> None:
    """Draw so many strokes with the switch on, class after class, on the labels beside the tomogram."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
    from scribbling import one_by_one

    studio.open(segmented=False)
    window, document = studio.window, studio.window.document
    drawn = one_by_one(studio.tomogram, document.state.volume.grid, STROKES)
    window.docks["Learn"].raise_()
    window.docks["Annotate"].raise_()
    if window.annotating.tool != "scribble":
        window.actions_by_id["annotate.scribble"].trigger()
    window.learning.switch(True)
    for k in range(len(document.state.annotations), count):
        document.change("Scribble", annotations=tuple(drawn[: k + 1]))
        document.show(crosshair_xyz=tuple(drawn[k].path_xyz[0]))
        studio.pause(0.05)


def _learning(studio: Studio) -> None:
    _scribbled(studio, 8)
    studio.wait(lambda: studio.window.document.state.live is not None)
    studio.pause(2.0)


def _learnt(studio: Studio) -> None:
    _scribbled(studio, 4 * STROKES)
    x, y, z = (float(v) for v in studio.window.document.state.volume.grid.center_xyz)
    studio.window.document.show(crosshair_xyz=(x, y, z))
    studio.wait(lambda: studio.window.learning.settled)
    studio.rest()


def _doubt(studio: Studio) -> None:
    _learnt(studio)
    studio.do("learn.suggest")
    studio.wait(lambda: studio.window.annotating.asked is not None)
    studio.window.document.show(doubt=True)
    studio.rest()


def _teach(studio: Studio) -> None:
    _learnt(studio)
    studio.window.document.show(doubt=False)
    studio.window.actions_by_id["learn.teach"].trigger()
    from volviz.gui.train_window import TrainWindow

    trainer = next(child for child in studio.window.children() if isinstance(child, TrainWindow))
    studio.wait(lambda: trainer.method.currentData() == "unet")
    studio.pause(1.0)


def _typed(text: str) -> Callable[[Studio], None]:
    def show(studio: Studio) -> None:
        from volviz.gui.help.palette import Palette

        studio.open()
        studio.do("help.palette")
        studio.window.findChildren(Palette)[-1].line.setText(text)
        studio.pause(0.3)

    return show


def states(window: Window) -> dict[str, Callable[[Studio], None]]:
    """Return what leads to each picture, by its name, in order."""
    from questions import questions

    panels = {f"panel_{name.lower()}": _panel(name) for name in window.docks}
    return {
        "empty": _empty,
        "opened": _opened,
        "segmenting": _segmenting,
        "segmented": _segmented,
        **panels,
        "annotated": _annotated,
        "alone": _alone(True),
        "together": _alone(False),
        "still": _dialog("still"),
        "video": _dialog("video"),
        "keys": _action("help.shortcuts"),
        "palette": _typed("light"),
        "tour": _action("help.tour"),
        "manual": _action("help.manual"),
        "about": _action("help.about"),
        **questions(),
        "learning": _learning,
        "learnt": _learnt,
        "doubt": _doubt,
        "teach": _teach,
        "voxel_size": _voxel_size,
    }


def save(name: str, out: Path, *, lossless: bool = False) -> None:
    """Write what is on the screen."""
    from PySide6.QtGui import QGuiApplication

    picture = QGuiApplication.primaryScreen().grabWindow(0)
    if lossless:
        picture.save(str(out / f"{name}.png"))
        return
    for quality in (92, 85, 75, 60):
        path = out / f"{name}.jpg"
        picture.save(str(path), "JPG", quality)
        if path.stat().st_size < LARGEST:
            break
    print(path, path.stat().st_size)


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="of the states; all without any")
    parser.add_argument("--out", type=Path, default=Path("volviz-screens"))
    parser.add_argument("--tomogram", type=Path)
    parser.add_argument("--segmentation", type=Path)
    parser.add_argument("--size", default="1280x800")
    parser.add_argument("--theme", default="dark")
    parser.add_argument("--png", action="store_true", help="every pixel as it is, to judge them")
    arguments = parser.parse_args()
    os.environ.setdefault("QT_API", "pyside6")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_STATE_HOME"] = folder
        from PySide6.QtCore import QSettings

        for form in (QSettings.Format.IniFormat, QSettings.Format.NativeFormat):
            QSettings.setPath(form, QSettings.Scope.UserScope, folder)
        from volviz.gui import settings
        from volviz.gui.app import application

        settings.settings().setValue("theme", arguments.theme)
        settings.settings().setValue("toured", "yes")
        application()
        tomogram, segmentation = arguments.tomogram, arguments.segmentation
        if tomogram is None:
            from volviz.tasks.demo import sample_file

            tomogram = sample_file(Path(folder))
        width, _, height = arguments.size.partition("x")
        studio = Studio(tomogram, segmentation, (int(width), int(height)))
        arguments.out.mkdir(parents=True, exist_ok=True)
        todo = states(studio.window)
        scribbled = tomogram.with_name(f"{tomogram.stem}_labels.mrc").is_file()
        for name in arguments.names or [name for name in todo if scribbled or name not in OF_SCRIBBLES]:
            todo[name](studio)
            save(name, arguments.out, lossless=arguments.png)
            studio.close_dialogs()
        studio.window.jobs.cancel_all()
        studio.window.learning.switch(False)
        studio.window.document.undo_stack.setClean()
        studio.window.close()


if __name__ == "__main__":
    main()
