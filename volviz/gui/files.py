"""What the window reads and writes: dialogs that ask where, jobs that do it."""

from __future__ import annotations

import itertools
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog

from volviz.core.errors import VolvizError
from volviz.core.report import Report, part
from volviz.gui.asking import DEMO
from volviz.gui.asking import ask_path as _ask_path
from volviz.gui.asking import folder as _folder
from volviz.gui.asking import stem as _stem
from volviz.gui.document import State
from volviz.gui.jobs import Job

if TYPE_CHECKING:
    from volviz.gui.panels.segment import Wish
    from volviz.gui.studio import Artist
    from volviz.gui.window import Window
    from volviz.tasks.render import View

OPENABLE = (
    "Tomograms, classes, segmentations, sessions, pictures "
    "(*.mrc *.rec *.map *.st *.ali *.mrc.gz *.mrc.bz2 *.map.gz *.tif *.tiff *.h5 *.hdf5 *_segmentation.json *.volviz *.png *.jpg "
    "zarr.json .zattrs);;All files (*)"
)


def ask_open(window: Window) -> None:
    """Ask for files and open them."""
    paths, _ = QFileDialog.getOpenFileNames(window, "Open", str(_folder(window)), OPENABLE)
    window.open_asking([Path(path) for path in paths])


def ask_add_classes(window: Window) -> None:
    """Ask for volumes of probabilities, scores, masks or labels, and add them to the classes that are there."""
    paths, _ = QFileDialog.getOpenFileNames(window, "Add classes", str(_folder(window)), OPENABLE)
    window.open_paths([Path(path) for path in paths], adding=True)


def demo(window: Window) -> Job:
    """Simulate a tomogram, open it and segment it."""
    folder = Path(tempfile.mkdtemp(prefix=DEMO))

    def work(report: Report) -> Path:
        from volviz.tasks.demo import sample_file

        return sample_file(folder, report=report)

    def done(path: Path) -> None:
        window.open_paths([path], window.start_segmenting)

    return window.jobs.start("Demo", work, done)


def save(window: Window) -> Job | None:
    """Save the session where it was saved before, or ask where; None if the person thinks better of it."""
    path = window.document.state.path
    return save_as(window) if path is None else write_session(window, path)


def save_as(window: Window) -> Job | None:
    """Ask for a place and save the session there; None if the person thinks better of it."""
    path = _ask_path(window, "Save session", f"{_stem(window)}.volviz", "Sessions (*.volviz)", ".volviz")
    return None if path is None else write_session(window, path)


def write_session(window: Window, path: Path) -> Job:
    """Write the session, and first the segmentation beside it if no file holds that yet."""
    state, index = window.document.state, window.document.undo_stack.index()

    def work(report: Report) -> State:
        from volviz.core.atomic import remove
        from volviz.gui.opening import project_of, stored_at
        from volviz.io import save as save_value
        from volviz.io.project import save_project

        kept, beside = state, None
        if state.segmentation is not None and "file" not in state.segmentation.provenance:
            beside = _free(path.with_name(f"{path.stem}_segmentation.zarr"))
            save_value(state.segmentation, beside, report=part(report, 0.0, 0.9))
            kept = replace(state, segmentation=stored_at(state.segmentation, beside))
        try:
            save_project(project_of(kept), path, overwrite=True)
        except BaseException:
            if beside is not None:
                remove(beside)  # no session names it, and the next attempt writes its own
            raise
        return kept

    def done(kept: State) -> None:
        now = window.document.state
        same = now.segmentation is state.segmentation
        window.document.show(path=path, segmentation=kept.segmentation if same else now.segmentation)
        # Only what was written is saved: the person may have gone on meanwhile.
        if window.document.undo_stack.index() == index:
            window.document.undo_stack.setClean()
        window.list_recent([path])
        window.say(f"Saved {path}")

    return window.jobs.start("Save session", work, done, [path])


def _free(path: Path) -> Path:
    """Return a name that nothing has yet: what is there may be what undo goes back to."""
    names = (path.with_name(f"{path.stem}{f'_{n}' if n > 1 else ''}{path.suffix}") for n in itertools.count(1))
    return next(name for name in names if not name.exists())


def save_segmentation(window: Window) -> None:
    """Ask for a place and save the classes there."""
    kinds = "OME-Zarr, all classes (*.zarr);;Folder of MRC files, one per class (*);;MRC, most probable class (*.mrc)"
    suffix = ".zarr"
    path = _ask_path(window, "Save segmentation", f"{_stem(window)}_segmentation.zarr", kinds, suffix)
    if path is not None:
        write_segmentation(window, path)


def write_segmentation(window: Window, path: Path) -> Job | None:
    """Write the classes, as clean as they are shown; the suffix decides how."""
    asked = window.document.state
    segmentation = asked.segmentation
    if segmentation is None:
        return None

    def work(report: Report) -> bool:
        from volviz.core.atomic import check_other
        from volviz.io import save as save_value

        check_other(path, None if asked.volume is None else asked.volume.source)
        cleaned = window.cleaning.settled(asked, report).cleaned
        save_value(cleaned or segmentation, path, overwrite=True, report=report)
        return cleaned is not None

    def done(cleaned: bool) -> None:
        from volviz.gui.opening import stored_at

        # A session needs the classes as they were before: what it says of their cleaning is done to them again.
        whole = path.suffix in {".zarr", ""} and not cleaned
        if whole and window.document.state.segmentation is segmentation:
            window.document.show(segmentation=stored_at(segmentation, path))
        window.say(f"Saved {path}")

    return window.jobs.start("Save segmentation", work, done, [path])


def with_place(window: Window, wish: Wish) -> Wish | None:
    """Ask where the uncertainty goes that a run is to save, if any; None if the person thinks better of it."""
    if wish.uncertainty is None:
        return wish
    path = _ask_path(window, "Save uncertainty", f"{_stem(window)}_uncertainty.mrc", "MRC (*.mrc);;OME-Zarr (*.zarr)", ".mrc")
    return None if path is None else replace(wish, beside=path)


def shown_in(window: Window, asked: State, report: Report) -> tuple[View, Artist | None]:
    """Return what is drawn of a state, and who draws it, when its classes are clean; in a job's thread.

    Nobody where the window cannot draw: then it is drawn without one, if there is any OpenGL for that.
    """
    from volviz.gui.graphics import graphics

    state = window.cleaning.settled(asked, report)
    return view_of(state), window.viewport.studio.artist(state) if graphics().solid else None


def view_of(state: State) -> View:
    """Return what a still or a video draws."""
    from volviz.tasks.render import View

    if state.volume is None:
        raise VolvizError("There is nothing to draw; open a tomogram first.")
    return View(state.volume, state.classes, state.scene, state.camera)


def save_repaired(window: Window) -> Job | None:
    """Ask for a place and write the tomogram there, with a header that says what was understood."""
    volume = window.document.state.volume
    kinds = "MRC (*.mrc);;OME-Zarr (*.zarr);;TIFF (*.tif)"
    path: Path | None = _ask_path(window, "Save a repaired copy", f"{_stem(window)}_repaired.mrc", kinds, ".mrc")
    if path is None or volume is None:
        return None
    from volviz.core.atomic import check_other

    check_other(path, volume.source)

    def work(report: Report) -> Path:
        from volviz.io import save as save_value

        save_value(volume, path, overwrite=True, report=report)
        return path

    return window.jobs.start("Save a repaired copy", work, lambda written: window.say(f"Saved {written}"))
