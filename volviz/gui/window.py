"""The main window: puts the views, the panels and the actions together, and carries out what they ask."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QUndoStack
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QLabel, QMenu, QSplitter, QStackedWidget

from volviz.core.report import Report
from volviz.gui import actions, docks, dropping, recent, settings, tabbing
from volviz.gui.actions.entry import later
from volviz.gui.graphics import graphics
from volviz.gui.icons import redraw
from volviz.gui.jobs import Job, Jobs
from volviz.gui.latest import Latest
from volviz.gui.panes import Follow, Panes, solid_pane, stacked
from volviz.gui.rooms import BELOW, LOWER, UPPER, Furnished
from volviz.gui.welcome import Preparing, Welcome

if TYPE_CHECKING:
    from volviz.gui.choosing import Picked, Several
    from volviz.gui.document import Document, State
    from volviz.gui.lost import Chosen
    from volviz.gui.panels.segment import Wish
    from volviz.gui.segmenting import Segmenting
    from volviz.gui.slices import Slices
    from volviz.gui.viewport import Viewport
    from volviz.io.sources import LostSources

VIEWPORT_SHARE = 0.61  # of the middle, beside the slices


class Window(Furnished):
    """One document, its views and its panels."""

    panes: Panes
    welcome: Welcome
    stage: QStackedWidget

    def __init__(self) -> None:
        super().__init__()
        self.jobs = Jobs()
        self.welcome = Welcome()
        self.segmenting: Segmenting | None = None
        self._opening: Job | None = None
        self.saved_in: Path | None = None  # the folder of what was saved last of the tomogram that is open
        self.splitters: dict[str, QSplitter] = {}
        self._closes = False  # without another question
        self._status = QLabel()
        self._status.setContentsMargins(8, 0, 0, 0)
        self.recently = Latest(self)
        self._build()
        self.actions_by_id, self.menus = actions.build(self)
        self.recent_menu = QMenu("Open recent", self)
        self.menus["File"].insertMenu(self.actions_by_id["file.demo"], self.recent_menu)
        docks.switches(self.menus["View/Panels"], self.docks.values())
        self._connect()
        self.setWindowTitle("volviz")
        actions.refresh(self)
        self.setAcceptDrops(True)
        tabbing.lead(self)
        self.resize(self.sizeHint())
        docks.keep(self)
        settings.restore_layout(self)

    def sizeHint(self) -> QSize:
        return settings.first_size(self.screen().availableSize())

    def _build(self) -> None:
        self.views = QSplitter(Qt.Orientation.Horizontal)
        self.stage = QStackedWidget()
        # Where there is no OpenGL for it, the 3D view is never shown: it would bring the whole window down.
        if graphics().solid:
            # In its place till it is there: Qt would have to make the window anew for the first widget that draws by OpenGL.
            self.stage.addWidget(QOpenGLWidget())
        else:
            self.no_view.say_what_lacks()
        self._preparing = Preparing()
        self.stage.addWidget(self._preparing)
        self._solid = solid_pane(self.stage)
        self.panes = Panes(self._solid, self)
        self.views.addWidget(self._solid)
        self.views.setCollapsible(0, False)
        self._pages = QStackedWidget()
        self._pages.addWidget(self.welcome)
        self.opened_page = stacked(self.views)
        self._pages.addWidget(self.opened_page)
        self.setCentralWidget(self._pages)
        self.docks = docks.build(self, tuple(UPPER), tuple(LOWER), tuple(BELOW))
        self.statusBar().addWidget(self._status, 1)
        self.statusBar().addPermanentWidget(self.jobs)
        # As high as a job needs, always: the views must not change size, and be drawn anew, when one starts or ends.
        self.statusBar().setFixedHeight(self.fontMetrics().height() + 14)

    def follow(self, document: Document) -> None:
        """Show what a document says."""
        document.changed.connect(self._look)
        document.forgotten.connect(self.say)
        stack = document.undo_stack
        # Methods, not lambdas: Qt must let go of them before the stack of a closing window says its last words.
        stack.cleanChanged.connect(self._mark_saved)
        for signal in (stack.canUndoChanged, stack.canRedoChanged, stack.indexChanged):
            signal.connect(self.name_undo)

    def place_viewport(self, viewport: Viewport) -> None:
        """Put the 3D view to its place, if it can be drawn."""
        if graphics().solid:
            if (before := self.stage.widget(0)) is not None:
                self.stage.removeWidget(before)
                before.deleteLater()
            self.stage.insertWidget(0, viewport)
            self.stage.setCurrentIndex(0)
        Follow(viewport, self._solid.title)
        viewport.steering.turntable = settings.turntable()
        viewport.steering.slice_stepped.connect(lambda steps: later("looking:step_slice", steps)(self))
        viewport.steering.hovered.connect(self._status.setText)
        viewport.steering.focused.connect(lambda point_xyz: later("looking:focus", point_xyz)(self))
        viewport.failed.connect(self._say_no_view)
        viewport.preparing.connect(self._prepare)

    def place_slices(self, slices: Slices) -> None:
        """Put the slices beside the 3D view."""
        self.panes.add_slices(slices, {view.plane.name: (view, view.title) for view in slices.views})
        self.views.addWidget(slices)
        self.views.setStretchFactor(0, 3)
        self.views.setStretchFactor(1, 2)
        self.share_room(slices)
        self.splitters = {"views": self.views, "slices": slices.splitter}
        settings.restore_splitters(self.splitters)

    def share_room(self, slices: Slices) -> None:
        """Give the 3D view and the slices their parts of the room."""
        self.views.setSizes([round(1000 * VIEWPORT_SHARE), round(1000 * (1 - VIEWPORT_SHARE))])
        slices.share_room()

    def _connect(self) -> None:
        self.panes.changed.connect(lambda: actions.refresh(self))
        self.jobs.failed.connect(lambda title, error: later("dialogs:show_error", title, error)(self))
        self.welcome.open_asked.connect(self.actions_by_id["file.open"].trigger)
        self.welcome.demo_asked.connect(self.actions_by_id["file.demo"].trigger)
        self.welcome.recent_chosen.connect(self.open_asking)
        self.list_recent()

    def say(self, text: str) -> None:
        """Tell the person something in passing."""
        self._status.setText(text)

    def _nothing_lost(self, verb: str, proceed: Callable[[], object], *, stops: bool = True) -> bool:
        from volviz.gui.closing import nothing_lost

        return nothing_lost(self, verb, proceed, stops=stops)

    # Opening

    def open_paths(
        self,
        paths: Sequence[Path],
        then: Callable[[], None] | None = None,
        find: Sequence[Path] = (),
        chosen: Chosen | None = None,
        *,
        asking: bool = False,
        picked: Picked | None = None,
        adding: bool = False,
    ) -> Job | None:
        """Open what paths name, in a job; ``then`` is called when it is shown.

        Files of a session that are not found, in the folders of ``find`` either, are asked for; ``chosen`` are the answers.
        Of several volumes the person is asked which are classes; ``picked`` is the answer.
        ``adding`` are files of classes for the tomogram that is open.
        With ``asking``, changes that are not saved make way to another tomogram only if the person says so.
        """
        paths = [Path(path) for path in paths]
        if not paths:
            return None
        if self._opening is not None:
            self._opening.cancel()
        current, aspect = self.document.state, self._aspect()

        def work(report: Report) -> State | LostSources | Several:
            from volviz.gui.choosing import several
            from volviz.gui.opening import open_state
            from volviz.io.sources import LostSources

            if picked is None and (question := several(paths, current, report, adding=adding)) is not None:
                return question
            try:
                return open_state(paths, current, aspect, report, find, chosen, picked)
            except LostSources as lost:
                return lost

        def retry(more: Chosen, folders: list[Path]) -> None:
            self.open_paths(paths, then, [*find, *folders], {**(chosen or {}), **more}, asking=asking)

        def pick(answer: Picked) -> None:
            self.open_paths(paths, then, find, chosen, asking=asking, picked=answer)

        def done(state: State | LostSources | Several) -> None:
            from volviz.gui.choosing import ChoosingDialog, Several
            from volviz.gui.document import State
            from volviz.gui.lost import LostDialog

            if isinstance(state, Several):
                ChoosingDialog(state, current, pick, self).open()
                return
            if not isinstance(state, State):
                LostDialog(state, retry, self).open()
                return

            def show() -> None:
                self._show_opened(paths, current, state)
                if then is not None:
                    then()

            if self._goes_on(current, state) or not asking or self._nothing_lost(f"open {paths[0].name}", show, stops=False):
                show()

        self._opening = job = self.jobs.start(f"Open {paths[0].name}", work, done)
        job.ended.connect(self._opened)
        return job

    def open_asking(self, paths: Sequence[Path]) -> None:
        """Open what paths name, as `open_paths`; but ask first if a tomogram with changes that are not saved would make way.

        Annotations are added to the tomogram that is open.
        """
        from volviz.gui import annotation_files

        if annotation_files.takes(self, paths):
            for path in paths:
                annotation_files.take(self, path)
        else:
            self.open_paths(paths, asking=True)

    def _aspect(self) -> float:
        """Return width over height of the 3D view, or what they will be once it is shown."""
        if self.stage.isVisible():
            return self.stage.width() / max(1, self.stage.height())
        return self._pages.width() * VIEWPORT_SHARE / max(1, self._pages.height())

    def _opened(self) -> None:
        self._opening = None

    def _show_opened(self, paths: list[Path], before: State, state: State) -> None:
        from volviz.gui.guiding import offer_tour
        from volviz.gui.sizing import resized

        if state.volume is not None and self._goes_on(before, state):
            changed = {name: getattr(state, name) for name in ("segmentation", "scene", "estimated", *resized(before, state.volume))}
            self.document.change("Open segmentation", **changed)
        else:
            self.cancel_segmenting()
            self.saved_in = None
            self.say("")
            self.document.open(state)
        self.list_recent(recent.entry(paths, None if state.volume is None else state.volume.source, state.path))
        self.docks["Segment" if state.segmentation is None else "Data"].raise_()
        offer_tour(self)

    @staticmethod
    def _goes_on(before: State, state: State) -> bool:
        """Whether the tomogram is the one that is open already, perhaps with another voxel size."""
        return before.volume is not None and state.volume is not None and state.volume.data is before.volume.data

    def list_recent(self, head: Sequence[Path] = ()) -> None:
        """List what was open last; what is open now, or was saved, comes to its head."""
        settings.remember(head)
        entries = settings.recent()
        # In a thread: a disk of the network that does not answer must not keep the window waiting.
        self.recently.ask(lambda: recent.look(entries), self._show_recent)

    def _show_recent(self, found: list[recent.Recent]) -> None:
        self.welcome.set_recent(found)
        self.recent_menu.clear()
        self.recent_menu.setEnabled(bool(found))
        for one in found:
            action = self.recent_menu.addAction(f"{one.title}    {one.about}")
            action.setStatusTip(str(one.path))
            action.setEnabled(one.there)
            action.triggered.connect(lambda _checked=False, paths=one.paths: self.open_asking(paths))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.welcome.place.light(dropping.takes(event))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.welcome.place.light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        self.welcome.place.light(False)
        self.open_asking(dropping.dropped(event))

    # Segmenting

    def segment(self, wish: Wish) -> None:
        """Find the classes of what is open, in a job."""
        from volviz.gui import files
        from volviz.gui.segmenting import Segmenting

        if self.segmenting is not None or self.document.state.volume is None:
            return
        asked = files.with_place(self, wish)
        if asked is None:
            return
        if not self.lacks("learning") and self.learning.on:
            self.learning.switch(False)  # two results at a time cannot be shown
            self.say("Learning from scribbles is off: another segmentation is on its way. Your strokes stay.")
        self.segmenting = Segmenting(self.document, self.jobs, asked)
        self.segment_panel.set_running(True, self.segmenting.job)
        self.segmenting.job.succeeded.connect(lambda _: self.docks["Classes"].raise_())
        if asked.beside is not None:
            self.segmenting.job.succeeded.connect(lambda _: self.say(f"Saved {asked.beside}"))
        self.segmenting.job.ended.connect(self._segmented)

    def cancel_segmenting(self) -> None:
        """Stop the run, if there is one; what was shown before it comes back."""
        if self.segmenting is not None:
            self.segmenting.job.cancel()

    def _segmented(self) -> None:
        self.segmenting = None
        self.segment_panel.set_running(False)

    def start_segmenting(self) -> None:
        """Find the classes with the model and device that the panel shows."""
        self.segment_panel.start()

    # What changed

    def undo(self) -> None:
        """Take back the last change."""
        self.document.undo_stack.undo()

    def redo(self) -> None:
        """Do again what was taken back."""
        self.document.undo_stack.redo()

    def _look(self, old: State, new: State) -> None:
        if new.volume is not None:
            self.furnish()
        actions.refresh(self)
        self._pages.setCurrentWidget(self.welcome if new.volume is None else self.opened_page)
        if new.volume is not old.volume and not self.lacks("no_view") and self.stage.currentWidget() is self.no_view:
            self.stage.setCurrentIndex(0)
        if new.volume is None:
            self.setWindowTitle("volviz")
        elif new.volume is not old.volume or new.path != old.path:
            self.setWindowTitle(f"{(new.path or Path(new.volume.name)).name}[*] - volviz")

    def _say_no_view(self, error: Exception) -> None:
        self.no_view.say(error)
        self.stage.setCurrentWidget(self.no_view)

    def _prepare(self, fraction: float) -> None:
        self._preparing.show_fraction(fraction)
        self.stage.setCurrentIndex(int(fraction < 1))

    def _mark_saved(self, clean: bool) -> None:
        self.setWindowModified(not clean)

    def name_undo(self) -> None:
        """Say what undo and redo would do."""
        stack = QUndoStack() if self.lacks("document") else self.document.undo_stack
        for name, can, text in (("undo", stack.canUndo(), stack.undoText()), ("redo", stack.canRedo(), stack.redoText())):
            action = self.actions_by_id[f"edit.{name}"]
            action.setEnabled(can)
            action.setText(f"{name.capitalize()}: {text}" if text else name.capitalize())

    def close_at_once(self) -> None:
        """Close without a question."""
        self._closes = True
        self.close()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            redraw(self)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self._closes and not self._nothing_lost("close", self.close_at_once):
            event.ignore()
            return
        from volviz.gui.ending import end_threads

        self._closes = False
        settings.save_layout(self)
        settings.save_splitters(self.splitters)
        end_threads(self)
        if not self.lacks("autosave"):
            self.autosave.close_threads()
        event.accept()
