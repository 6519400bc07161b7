"""A forest that learns while one scribbles: every stroke is followed, what it finds appears at once, and is undone with the strokes.

The work is done by `volviz.tasks.live`, in a thread of its own. Here it is told what a person does, and what it finds is shown.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal

from volviz.core.annotations import Mark
from volviz.core.errors import VolvizError
from volviz.core.grid import Region
from volviz.core.report import Report, part
from volviz.core.scene import Ramp, RawLook, Scene
from volviz.core.segmentation import Segmentation
from volviz.gui import settings
from volviz.gui.annotate.labels import labels_of_state
from volviz.gui.annotate.tools import PAINTING
from volviz.gui.document import Document, State, same_result
from volviz.gui.jobs import Job
from volviz.gui.segmenting import dressed

if TYPE_CHECKING:
    from volviz.gui.annotate.annotating import Annotating
    from volviz.segment.methods.scribble_forest import ScribbleForest
    from volviz.segment.protocol import Device
    from volviz.segment.suggest import Place
    from volviz.tasks.live import Live

STEP = "Learn from scribbles"
SETTING = "learn_while_scribbling"
SUGGESTIONS = 8  # at a time
OFF = "Switch it on, and a forest learns from every stroke as you make it."
LOOK = "Correct what you see to be wrong with another stroke; the rest of the tomogram follows."
DONE = "All of the tomogram is up to date with your strokes."
READY = "Getting ready to learn from your strokes, which takes some seconds the first time."
STAYS = "What is shown stays until the forest has found something; undo brings it back."
FOUND_OTHERWISE = "Learning from scribbles is off: it would replace the classes that are shown. Switch it on (Ctrl+L) if it should."
START = "Take Scribble in the panel Annotate (P), and draw a few strokes of every class and of the background."


class LiveLearning(QObject):
    """The switch, the session behind it, and what is to be told of it.

    ``text`` says how things stand and what to do next, ``learnt`` what was learnt from, ``doing`` what is being done in the background
    and ``fraction`` how far that is (None: there is nothing to do).
    """

    changed = Signal()
    said = Signal(str)
    switched = Signal()
    pointed = Signal(object)  # a point (A) to look at
    failed = Signal(str, object)  # what was done, exception
    _heard = Signal(object, object)  # session, event

    def __init__(self, document: Document, annotating: Annotating, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document, self._annotating = document, annotating
        self.on = settings.settings().value(SETTING, "false") in {True, "true"}
        self.paused = False
        self.method: ScribbleForest | None = None  # how it learns; None for the defaults
        self.device: Device = "auto"
        self.text, self.learnt, self.doing = START if self.on else OFF, "", ""
        self.fraction: float | None = None
        self.session: Live | None = None
        self._coming: Segmentation | None = None  # what the session fills, in the colours of the annotations
        self._shown: Segmentation | None = None  # of what it filled, what was shown last: another job may show something too
        self._added: dict[str, Ramp] = {}  # to the scene, for the preview
        self._raw: tuple[RawLook, RawLook] | None = None  # before the preview, and with it
        self._estimated: frozenset[str] = frozenset()  # classes whose ramps were estimated from what this session found
        self._keeping: Job | None = None
        self._own = False  # it is this that changes the segmentation
        self._settled: tuple[tuple[Mark, ...], Segmentation] | None = None  # strokes and what was found with them
        self._places: list[Place] = []
        self._asking = False
        self._heard.connect(self._hear, Qt.ConnectionType.QueuedConnection)
        document.changed.connect(self._look)
        annotating.changed.connect(self._begin)

    @property
    def settled(self) -> bool:
        """Whether the document's segmentation is what the forest found everywhere, with all strokes there are."""
        state = self._document.state
        return self._settled is not None and self._settled[0] is state.annotations and same_result(self._settled[1], state.segmentation)

    # What a person asks for

    def switch(self, on: bool) -> None:
        """Learn from now on, or no more; what was found for all of the tomogram stays."""
        if on == self.on:
            return
        self.on = on
        settings.settings().setValue(SETTING, "true" if on else "false")
        if on:
            self.text = START
            self._begin(asked=True, over=True)
            if self.session is not None and _found_otherwise(self._document.state):
                self.said.emit(STAYS)
        else:
            self._end()
        self.changed.emit()
        self.switched.emit()

    def pause(self, paused: bool) -> None:
        """Stop working in the background, or go on; strokes are still followed where one looks."""
        if self.session is not None:
            self.paused = paused
            self.session.pause(paused)
            self.changed.emit()

    def set_method(self, method: ScribbleForest, device: Device = "auto") -> None:
        """Learn otherwise from now on."""
        again = device != self.device
        self.method, self.device = method, device
        if again and self.session is not None:
            self._end()
            self._begin(asked=True, over=True)
        elif self.session is not None:
            self.session.learn(self._document.state.annotations, method)
        else:
            self._begin()

    def suggest(self) -> None:
        """Bring the crosshair to the next place where a stroke would teach much."""
        if self.session is None:
            self.said.emit("To be told where, switch on Learn while I scribble, and draw strokes of two classes.")
        elif not self.learnt:
            self.said.emit(self.text)
        elif self._places:
            self._go_to(self._places.pop(0))
        else:
            self._asking = True
            self.session.suggest(SUGGESTIONS)
            self.said.emit("Looking for where it is least sure …")

    def close(self) -> None:
        """End the thread, and wait for it."""
        self._end(wait=True)

    # The session

    def _begin(self, *, asked: bool = False, over: bool = False) -> None:
        """Start a session once a brush is in the hand, or it is asked for: not because there are marks in what was opened.

        Nor ``over`` classes that were found otherwise, unless it was just switched on: it may be on since another day.
        """
        state = self._document.state
        if self.session is not None or not self.on or state.volume is None or not (asked or self._annotating.tool in PAINTING):
            return
        if not over and _found_otherwise(state):
            self.switch(False)
            self.said.emit(FOUND_OTHERWISE)
            return
        from volviz.tasks.live import Live

        mine: list[Live] = []  # it may speak before it is returned
        self.session = Live(
            state.volume,
            self.method,
            listen=lambda event: self._heard.emit(mine, event),
            device=self.device,
            dense_is_dark=state.scene.raw.invert,
        )
        mine.append(self.session)
        self.paused, self.text, self.learnt = False, READY if state.annotations else START, ""
        self.session.look(state.crosshair_xyz)
        if state.annotations:
            self.session.learn(state.annotations)
        self.changed.emit()

    def _end(self, *, wait: bool = False) -> None:
        """End the session; what is shown is the document's again."""
        session, self.session = self.session, None
        if self._keeping is not None:
            self._keeping.cancel()
        if session is not None:
            # It may have to finish a block first: the window does not wait for that.
            closing = threading.Thread(target=session.close, name="volviz-live-closing")
            closing.start()
            if wait:
                closing.join()
        self.text = START if self.on else OFF
        self.fraction, self.learnt, self.doing, self._places, self._asking = None, "", "", [], False
        self._estimated = frozenset()
        self._annotating.ask(None)
        self._hide()
        self._coming = None

    def _look(self, old: State, new: State) -> None:
        if new.volume is not old.volume or new.scene.raw.invert != old.scene.raw.invert:
            there = self.session is not None and new.volume is old.volume
            self._end()
            self._begin(asked=there)
            self.changed.emit()
            return
        marked = new.annotations is not old.annotations
        if self.session is None:
            self._begin(asked=marked)
            return
        if not same_result(new.segmentation, old.segmentation) and not marked and not self._own and new.annotations:
            self.switch(False)
            self.said.emit("Learning from scribbles is off: another segmentation is shown now.")
            return
        if marked:
            self._places = []
            self._annotating.ask(None)
            if self._keeping is not None:
                self._keeping.cancel()
            self.session.learn(new.annotations)
            if self.text == START and new.annotations:
                self.text = READY
                self.changed.emit()
        if new.crosshair_xyz != old.crosshair_xyz:
            self.session.look(new.crosshair_xyz)

    # What it finds

    def _hear(self, speaker: list[Live], event: object) -> None:
        from volviz.tasks import live

        if self.session is None or self.session not in speaker:
            return  # the last words of a session that was ended
        match event:
            case live.Waiting(sentence):
                self.text, self.learnt = sentence if self._document.state.annotations else START, ""
                self._hide()
            case live.Began(segmentation):
                colors = {label.name: label.color for label in labels_of_state(self._document.state)}
                labels = tuple(replace(label, color=colors.get(label.name, label.color)) for label in segmentation.labels)
                self._coming = replace(segmentation, labels=labels)
            case live.Learnt(voxels, trees, _):
                marked = ", ".join(f"{name}\N{NO-BREAK SPACE}{count:,}" for name, count in voxels.items())
                self.learnt = f"{trees} trees learnt from marked voxels: {marked}"
                self.text = LOOK
            case live.Wrote(region, _):
                self._show(region)
                return
            case live.Progress(fraction, text):
                self.fraction, self.doing = (fraction, text) if fraction < 1 else (None, "")
            case live.Done():
                self.fraction, self.doing, self.text = None, "", DONE
                self._keep(self.session)
            case live.Suggested(suggestions):
                self._places = list(suggestions.places)
                if self._asking:
                    self._asking = False
                    self._first()
            case live.Noted(sentence):
                self.said.emit(sentence)
                return
            case live.Failed(error):
                self._end()
                self.text = str(error) if isinstance(error, VolvizError) else "Learning failed; switch it off and on to try again."
                self.failed.emit("Learn from scribbles", error)
        self.changed.emit()

    def _show(self, region: Region) -> None:
        state, coming = self._document.state, self._coming
        if coming is None:
            return
        missing = {label.name: Ramp(color=label.color) for label in coming.drawn if label.name not in state.scene.ramps}
        if state.live is coming and not missing:
            self._document.brick(region)
            return
        # Not before there is something to see: until then what was shown stays.
        self._added |= missing
        raw = state.scene.raw
        if not state.scene.ramps and raw.multiply:
            # Without classes the raw ramp shows the densest matter alone; times that, the classes would be rags.
            self._raw = raw, replace(raw, multiply=False)
            raw = self._raw[1]
        self._shown = coming
        self._document.show(live=coming, scene=replace(state.scene, ramps={**state.scene.ramps, **missing}, raw=raw))

    def _hide(self) -> None:
        """Show what there was without the session."""
        state = self._document.state
        if state.live is not None and state.live is self._shown:
            self._document.show(live=None, scene=self._plain(state.scene))
        self._shown, self._added, self._raw = None, {}, None

    def _plain(self, scene: Scene) -> Scene:
        """Return a scene without what was added to it for the preview alone."""
        ramps = {name: ramp for name, ramp in scene.ramps.items() if self._added.get(name) != ramp}
        raw = self._raw[0] if self._raw is not None and scene.raw == self._raw[1] else scene.raw
        return replace(scene, ramps=ramps, raw=raw)

    # What is kept of it

    def _keep(self, session: Live) -> None:
        """Make what was found the document's segmentation, as part of the step of the stroke: in a thread, since it is copied."""
        coming, state = self._coming, self._document.state
        if coming is None or state.volume is None:
            return
        volume, marks = state.volume, state.annotations
        # Thresholds are estimated once: while one scribbles they stay where they are.
        known = {label.name for label in coming.drawn} <= self._estimated & self._plain(state.scene).ramps.keys()

        def work(report: Report) -> tuple[Segmentation, Scene | None]:
            result = replace(session.result(part(report, 0.0, 0.5)), labels=coming.labels)
            return result, None if known else Scene.of(volume, result)

        if self._keeping is not None:
            self._keeping.cancel()
        job = self._keeping = Job(STEP, work, self)
        job.succeeded.connect(lambda found: self._kept(session, marks, *found))
        job.failed.connect(lambda error: self.failed.emit(STEP, error))
        job.ended.connect(lambda: self._forget(job))
        job.start()

    def _forget(self, job: Job) -> None:
        if self._keeping is job:
            self._keeping = None
        job.deleteLater()
        self.changed.emit()

    def _kept(self, session: Live, marks: tuple[Mark, ...], result: Segmentation, estimated: Scene | None) -> None:
        state = self._document.state
        if session is not self.session or state.annotations is not marks:
            return  # a newer stroke was made meanwhile
        fields: dict[str, Any] = {"segmentation": result}
        if estimated is not None:
            plain = self._plain(state.scene)
            self._document.show(scene=plain)  # which is what there was before this step
            self._estimated |= frozenset(estimated.ramps)
            fields |= {"scene": dressed(plain, estimated, state.estimated), "estimated": estimated}
        self._own = True
        try:
            self._document.derive(STEP, "annotations", **fields)
        finally:
            self._own = False
        self._settled = marks, result
        self.changed.emit()

    # Where to scribble next

    def _first(self) -> None:
        if self._places:
            self._go_to(self._places.pop(0))
        else:
            self.said.emit("Nowhere that it has looked is it in doubt; scribble where you see that it is wrong.")

    def _go_to(self, place: Place) -> None:
        first, second = place.classes
        self._document.show(crosshair_xyz=place.point_xyz)
        self._annotating.ask(place.point_xyz, f"{first} or {second}?")
        self.pointed.emit(place.point_xyz)
        self.said.emit(f"Is this {first} or {second}? A stroke here teaches most; {len(self._places)} more places are known.")


def _found_otherwise(state: State) -> bool:
    """Whether classes are shown that were not learnt from scribbles."""
    return state.segmentation is not None and state.segmentation.provenance.get("method") != "scribble-forest"
