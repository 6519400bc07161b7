"""The animation: a time axis, and what can be done to its keyframes."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from volviz.core.animation import EASINGS
from volviz.gui.animating import Animating
from volviz.gui.document import Document, State
from volviz.gui.icons import put
from volviz.gui.motion_form import FillDialog
from volviz.gui.widgets.timeline import Timeline


class AnimationPanel(QWidget):
    """Wide and low, to lie below the views."""

    export_asked = Signal()

    def __init__(self, document: Document, animating: Animating, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._animating = animating
        self.timeline = Timeline()
        self.timeline.setToolTip("Click or drag to see the animation at a time; double click adds a keyframe there")
        self.timeline.setAccessibleName("Time axis of the animation")
        self.play = _tool("Play", "Play the animation in the 3D view, as it will be in the video", animating.play)
        put(self.play, "play", self.palette())
        self.loop = _tool("Loop", "Begin again at the end", lambda: animating.set_loop(self.loop.isChecked()))
        put(self.loop, "loop", self.palette())
        self.loop.setCheckable(True)
        self.loop.setChecked(animating.loop)
        for button in (self.play, self.loop):
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
        self.time = QLabel()
        self.time.setToolTip("The time that is shown, and the length of the animation, in seconds")
        self.fill = QPushButton("Fill in…")
        self.fill.setToolTip("Make a turntable, a rocking motion or a travelling cut of the present view")
        self.fill.clicked.connect(self._fill)
        self.export = QPushButton("Save video…")
        self.export.setToolTip("Save the animation, or another motion, as a video")
        self.export.clicked.connect(self.export_asked)
        self.add = _tool("Add", "Keep the present view as a keyframe here, or 2 s behind the last one (K)", animating.add)
        self.update_view = _tool("Update", "Let the chosen keyframe show the present view", animating.update)
        self.delete = _tool("Delete", "Take the chosen keyframe away", animating.delete)
        self.clear = _tool("Clear", "Take all keyframes away", animating.clear)
        self.at = _seconds("When the chosen keyframe is, in seconds")
        self.at.valueChanged.connect(self._move)
        self.easing = QComboBox()
        self.easing.setToolTip("How the chosen keyframe goes on to the next")
        for name, said in EASINGS.items():
            self.easing.addItem(said[:1].upper() + said[1:], name)
        self.easing.activated.connect(lambda _: animating.ease(self.easing.currentData()))
        self.length = _seconds("Length of the animation, in seconds: another one makes all of it slower or faster")
        self.length.setMinimum(0.1)
        self.length.valueChanged.connect(animating.set_length)
        for box in (self.at, self.length):
            box.editingFinished.connect(animating.settle)
        self._build()
        self._connect(document)

    def _build(self) -> None:
        above, below = QHBoxLayout(), QHBoxLayout()
        left: tuple[QWidget, ...] = (self.play, self.loop, self.time)
        right: tuple[QWidget, ...] = (self.fill, self.export)
        for widget in left:
            above.addWidget(widget)
        above.addStretch(1)
        for widget in right:
            above.addWidget(widget)
        for button in (self.add, self.update_view, self.delete, self.clear):
            below.addWidget(button)
        below.addStretch(1)
        for text, box in (("At", self.at), ("then", self.easing), ("Length", self.length)):
            below.addWidget(QLabel(text))
            below.addWidget(box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setSpacing(4)
        layout.addLayout(above)
        layout.addWidget(self.timeline)
        layout.addLayout(below)

    def _connect(self, document: Document) -> None:
        animating, timeline = self._animating, self.timeline
        timeline.scrubbed.connect(animating.look_at)
        timeline.picked.connect(animating.choose)
        timeline.dragged.connect(animating.move)
        timeline.released.connect(animating.settle)
        timeline.add_asked.connect(self._add_at)
        timeline.delete_asked.connect(animating.delete)
        animating.moved.connect(self._place)
        animating.playing_changed.connect(self._playing)
        document.changed.connect(self._look)
        self._look(State(), document.state)

    def _look(self, old: State, new: State) -> None:
        self.setEnabled(new.volume is not None)
        if new.animation is not old.animation or new.volume is not old.volume:
            self.timeline.set_keyframes(new.animation)
            self._place()

    def _place(self) -> None:
        animating = self._animating
        chosen, keyframes, whole = animating.chosen, animating.keyframes, animating.length
        self.timeline.set_place(animating.seconds, chosen)
        self.time.setText(f"{animating.seconds:.1f} / {whole:.1f} s" if keyframes else "")
        for widget in (self.update_view, self.delete, self.at):
            widget.setEnabled(chosen is not None)
        self.easing.setEnabled(chosen is not None and chosen + 1 < len(keyframes))
        for widget in (self.play, self.length):
            widget.setEnabled(whole > 0)
        self.clear.setEnabled(bool(keyframes))
        with QSignalBlocker(self.at), QSignalBlocker(self.length), QSignalBlocker(self.easing):
            self.length.setValue(whole)
            if chosen is not None:
                self.at.setValue(keyframes[chosen].seconds)
                self.easing.setCurrentIndex(self.easing.findData(keyframes[chosen].easing))

    def _playing(self, on: bool) -> None:
        put(self.play, "pause" if on else "play", self.palette())

    def _move(self, seconds: float) -> None:
        if self._animating.chosen is not None:
            self._animating.move(self._animating.chosen, seconds)

    def _add_at(self, seconds: float) -> None:
        self._animating.look_at(seconds)
        self._animating.settle()
        self._animating.add()

    def _fill(self) -> None:
        dialog = FillDialog(bool(self._animating.keyframes), self)
        if dialog.exec() and dialog.form.motion is not None:
            self._animating.fill(dialog.form.motion)


def _tool(text: str, tip: str, do: Callable[[], object]) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.clicked.connect(lambda _checked=False: do())
    return button


def _seconds(tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setRange(0.0, 3600.0)
    box.setDecimals(2)
    box.setSingleStep(0.5)
    box.setSuffix(" s")
    box.setKeyboardTracking(False)
    box.setToolTip(tip)
    return box
