"""The animation of a document: its keyframes made, moved and played. Every change of it can be undone."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QObject, Signal

from volviz.core.animation import Easing, Keyframe, Keyframes, completed, in_order, lasting, length, view_at
from volviz.core.motions import Motion
from volviz.gui.cutting import meeting
from volviz.gui.document import Document, State
from volviz.gui.running import Running

STEP = 2.0  # seconds from the last keyframe to one that is added behind it
SAME = 0.005  # seconds: nearer than this, a moment is that of a keyframe


class Animating(QObject):
    """Where the playhead is, which keyframe is chosen, and what is done to the keyframes.

    Looking along an animation shows its views in the window. Where that changes the look, undo brings back the one before.
    """

    moved = Signal()  # the playhead, or the choice
    playing_changed = Signal(bool)

    def __init__(self, document: Document, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.seconds = 0.0
        self.chosen: int | None = None
        self.loop = True
        self.running = Running(document, self)
        self.running.moved.connect(self._follow)
        self.running.ended.connect(self._stopped)
        document.changed.connect(self._look)

    @property
    def keyframes(self) -> Keyframes:
        """The keyframes there are, by time."""
        return self._document.state.animation

    @property
    def length(self) -> float:
        """How long the animation lasts, in seconds."""
        return length(self.keyframes)

    # Looking along it

    def look_at(self, seconds: float) -> None:
        """Bring the playhead to a moment and show what is seen then."""
        self.running.stop()
        self._go(max(0.0, seconds))
        self._show(self.seconds)

    def settle(self) -> None:
        """End a gesture along the time axis."""
        self._document.settle()

    def choose(self, index: int) -> None:
        """Choose a keyframe and show its view."""
        if 0 <= index < len(self.keyframes):
            self.look_at(self.keyframes[index].seconds)
            self.settle()
            self.chosen = index
            self.moved.emit()

    def play(self) -> None:
        """Show the animation as it will be, from the playhead or, at the end, from the beginning."""
        if self.running.on:
            self.running.stop()
        elif self.length > 0:
            begin = 0.0 if self.seconds >= self.length - SAME else self.seconds
            self.running.start(self._show, self.length, begin=begin, loop=self.loop)
            self.playing_changed.emit(True)

    def set_loop(self, loop: bool) -> None:
        """Begin again at the end while it plays, or do not."""
        self.loop = loop
        self.running.set_loop(loop)

    # Changing it

    def add(self) -> None:
        """Keep the present view as a keyframe: at the playhead, or behind the last one if there is one at the playhead."""
        if self._document.state.volume is None:
            return
        at = self.seconds if self.keyframes else 0.0
        if self._at(at) is not None:
            at = self.length + STEP
        keyframe = self._present(round(at, 3))
        self._change("Add a keyframe", in_order([*self.keyframes, keyframe]))
        self._go(keyframe.seconds)

    def update(self) -> None:
        """Let the chosen keyframe show the present view."""
        if self.chosen is not None:
            old = self.keyframes[self.chosen]
            self._replace("Update a keyframe", self.chosen, replace(self._present(old.seconds), easing=old.easing))

    def delete(self) -> None:
        """Take the chosen keyframe away."""
        if self.chosen is not None:
            left = tuple(keyframe for i, keyframe in enumerate(self.keyframes) if i != self.chosen)
            self._change("Delete a keyframe", left)
            self._go(min(self.seconds, self.length))

    def clear(self) -> None:
        """Take all keyframes away."""
        self._change("Delete the animation", ())
        self._go(0.0)

    def move(self, index: int, seconds: float) -> int:
        """Move a keyframe in time, past others if need be; return its new number."""
        moved = replace(self.keyframes[index], seconds=round(max(0.0, seconds), 3))
        rest = [keyframe for i, keyframe in enumerate(self.keyframes) if i != index]
        ordered = in_order([*rest, moved])
        new = next(i for i, keyframe in enumerate(ordered) if keyframe is moved)
        self._change("Move a keyframe", ordered, merge="keyframe")
        self._go(moved.seconds, new)
        return new

    def ease(self, easing: Easing) -> None:
        """Say how the chosen keyframe goes on to the next."""
        if self.chosen is not None:
            self._replace("Change the easing", self.chosen, replace(self.keyframes[self.chosen], easing=easing))

    def set_length(self, seconds: float) -> None:
        """Make all of it slower or faster."""
        if self.length > 0 and seconds > 0:
            share = self.seconds / self.length
            self._change("Change the length", lasting(self.keyframes, seconds), merge="length")
            self._go(share * seconds)

    def fill(self, motion: Motion) -> None:
        """Replace it by a motion that begins with the present view."""
        state = self._document.state
        self._change(
            "Fill in an animation",
            motion.keyframes(state.scene, state.camera, None if state.volume is None else state.volume.grid.bounds_xyz),
        )
        self._go(0.0)

    def _change(self, text: str, keyframes: Keyframes, merge: str = "") -> None:
        self.running.stop()
        self._document.change(text, merge=merge, animation=keyframes)

    def _replace(self, text: str, index: int, keyframe: Keyframe) -> None:
        self._change(text, tuple(keyframe if i == index else old for i, old in enumerate(self.keyframes)))

    def _present(self, seconds: float) -> Keyframe:
        state = self._document.state
        return Keyframe(seconds, state.camera, state.scene)

    def _show(self, seconds: float) -> None:
        state = self._document.state
        if not self.keyframes or state.volume is None:
            return
        scene, camera = view_at(completed(self.keyframes, state.scene), seconds, state.volume.grid.bounds_xyz)
        if scene == state.scene:
            self._document.show(camera=camera)
            return
        # The planes of density are where the crosshair is, so it goes with them.
        crosshair = state.crosshair_xyz if state.grid is None else meeting(scene, state.grid, state.crosshair_xyz)
        self._document.change("Look along the animation", merge="animation", scene=scene, camera=camera, crosshair_xyz=crosshair)

    def _at(self, seconds: float) -> int | None:
        return next((i for i, keyframe in enumerate(self.keyframes) if abs(keyframe.seconds - seconds) < SAME), None)

    def _go(self, seconds: float, chosen: int | None = None) -> None:
        self.seconds = seconds
        self.chosen = self._at(seconds) if chosen is None else chosen
        self.moved.emit()

    def _follow(self, seconds: float) -> None:
        self._go(seconds)

    def _stopped(self) -> None:
        self.settle()
        self.playing_changed.emit(False)

    def _look(self, old: State, new: State) -> None:
        if new.volume is not old.volume and not new.animation:
            self.seconds = 0.0
        if new.animation is not old.animation:
            self._go(min(self.seconds, max(self.length, 0.0)))
