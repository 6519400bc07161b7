"""Saving videos: what of, how large, how good, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from volviz.core.animation import Keyframe, Keyframes, length, loops, moments
from volviz.core.camera import Camera
from volviz.core.motions import Motion, Turntable
from volviz.core.report import Report
from volviz.core.scene import Scene
from volviz.gui import files
from volviz.gui.asking import ask_path, stem, sure
from volviz.gui.dialogs import buttons, lined_up
from volviz.gui.motion_form import MotionForm
from volviz.gui.stills import marks_box, marks_of

if TYPE_CHECKING:
    from volviz.gui.jobs import Job
    from volviz.gui.window import Window
    from volviz.io.video import VideoQuality

FORMATS = (
    ("MP4, plays everywhere", ".mp4", "Videos (*.mp4)"),
    ("WebM, smaller, for the web", ".webm", "Videos (*.webm)"),
    ("PNG pictures with numbers, without loss", "_%04d.png", "Numbered pictures (*_%04d.png)"),
)
SIZES = (
    ("Full HD, 1920 × 1080", (1920, 1080)),
    ("4K, 3840 × 2160", (3840, 2160)),
    ("HD, 1280 × 720", (1280, 720)),
    ("Square, 1080 × 1080", (1080, 1080)),
    ("Upright, 1080 × 1920", (1080, 1920)),
)
QUALITIES: tuple[tuple[str, VideoQuality], ...] = (
    ("High: cannot be told from the original", "high"),
    ("Best: to cut and encode again, large", "best"),
    ("Good: for the web and for slides", "good"),
    ("Small: for mail and drafts", "small"),
)


TURN = Turntable()


@dataclass(frozen=True, slots=True)
class VideoChoice:
    """What a video should be; ``frames`` is a motion that begins with the present view, or keyframes.

    ``marks`` draws the annotations over it.
    """

    size: tuple[int, int]
    fps: float = 30.0
    frames: Motion | Keyframes = TURN
    quality: VideoQuality = "high"
    marks: bool = False


class VideoDialog(QDialog):
    """Asks what a video should be; ``marks`` says whether there are annotations, ``marks_shown`` whether the view shows them."""

    def __init__(
        self,
        animation: Sequence[Keyframe] = (),
        view_size: tuple[int, int] = (1280, 720),
        parent: QWidget | None = None,
        *,
        marks: bool = False,
        marks_shown: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Save video")
        self._animation = tuple(animation)
        said = f"The animation: {length(animation):g} s, {len(animation)} keyframes"
        self.motion = MotionForm((said,) if animation else ())
        self.format = _choice("Which kind of file", [(title, suffix) for title, suffix, _ in FORMATS])
        self.pixels = _choice("How many pixels", SIZES)
        self.pixels.addItem(f"As the 3D view, {view_size[0]} × {view_size[1]}", view_size)
        self.width_box, self.height_box = _pixels("Width in pixels"), _pixels("Height in pixels")
        self.fps = QSpinBox()
        self.fps.setRange(1, 120)
        self.fps.setValue(30)
        self.fps.setToolTip("Pictures per second: 25 to 30 for most uses, 60 for very smooth motion, 12 for a draft")
        self.quality = _choice("How much detail the file keeps, and how large it becomes", QUALITIES)
        self.marks = marks_box(marks, marks_shown)
        self.said = QLabel()
        self.said.setObjectName("hint")
        form = QFormLayout()
        form.addRow("Format", self.format)
        form.addRow("Size", self.pixels)
        sides = QHBoxLayout()
        for widget in (self.width_box, QLabel("×"), self.height_box, QLabel("pixels")):
            sides.addWidget(widget)
        sides.addStretch(1)
        form.addRow("", sides)
        form.addRow("Pictures per second", self.fps)
        form.addRow("Quality", self.quality)
        form.addRow("", self.marks)
        form.addRow("", self.said)
        lined_up(form, *self.motion.forms)
        layout = QVBoxLayout(self)
        layout.addWidget(self.motion)
        layout.addLayout(form)
        layout.addWidget(buttons(self, "Save…")[0])
        self.pixels.currentIndexChanged.connect(self._fill)
        self.format.currentIndexChanged.connect(self._look)
        self.motion.changed.connect(self._look)
        for box in (self.fps, self.width_box, self.height_box):
            box.valueChanged.connect(self._look)
        self._fill()

    @property
    def suffix(self) -> str:
        """How the name of the file should end."""
        return str(self.format.currentData())

    @property
    def choice(self) -> VideoChoice:
        """What was chosen. Codecs need even sides: a pixel less is not missed."""
        size = self.width_box.value(), self.height_box.value()
        if self.suffix.startswith("."):
            size = size[0] // 2 * 2, size[1] // 2 * 2
        frames = self.motion.motion or self._animation
        return VideoChoice(size, self.fps.value(), frames, self.quality.currentData(), self.marks.isChecked())

    def _fill(self) -> None:
        width, height = self.pixels.currentData()
        self.width_box.setValue(width)
        self.height_box.setValue(height)
        self._look()

    def _look(self) -> None:
        self.quality.setEnabled(self.suffix.startswith("."))
        choice = self.choice
        frames = choice.frames if isinstance(choice.frames, tuple) else choice.frames.keyframes(Scene(), Camera())
        seam = "; repeats without a seam" if loops(frames) else ""
        width, height = choice.size
        self.said.setText(f"{len(moments(frames, choice.fps))} pictures of {width} × {height}, {length(frames):g} s{seam}")


def save_video(window: Window) -> None:
    """Ask what of, how large and where, and save a video."""
    state = window.document.state
    dialog = VideoDialog(
        state.animation,
        window.viewport.size_px(),
        window,
        marks=bool(state.annotations),
        marks_shown=window.lacks("annotating") or window.annotating.visible,
    )
    if not dialog.exec():
        return
    kinds = next(kinds for _, suffix, kinds in FORMATS if suffix == dialog.suffix)
    path = ask_path(window, "Save video", f"{stem(window)}{dialog.suffix}", kinds, f".{dialog.suffix.rpartition('.')[2]}")
    if path is None:
        return
    path = _named(path, dialog.suffix)
    if _may_replace(window, path):
        write_video(window, path, dialog.choice)


def _named(path: Path, suffix: str) -> Path:
    """Return the name of all numbered pictures for that of one; other names stay as they were typed."""
    from volviz.io.video import numbered

    return path if suffix.startswith(".") or numbered(path) else path.with_name(f"{path.stem}{suffix}")


def _may_replace(window: Window, path: Path) -> bool:
    """Ask about numbered pictures: the dialog that asked for the name did not see that they are there."""
    from volviz.core.errors import VolvizError
    from volviz.io.video import check_video_absent, numbered

    if not numbered(path):
        return True
    try:
        check_video_absent(path, overwrite=False)
    except VolvizError:
        return sure(window, "Save video", f"Pictures called {path.name} are there already. Replace them?", "Replace")
    return True


def write_video(window: Window, path: Path, choice: VideoChoice) -> Job:
    """Draw a motion of the present view, or keyframes, into a video, in a job."""
    asked = window.document.state

    def work(report: Report) -> Path:
        from volviz.io.video import numbered
        from volviz.tasks.render import write_picture
        from volviz.tasks.video import keyframes_of, shares_data

        view, in_window = files.shown_in(window, asked, report)
        frames = keyframes_of(choice.frames, view.scene, view.volume, view.segmentation, view.camera)
        # Other data than the 3D view holds, cleaned or smoothed otherwise, are drawn beside it.
        artist = in_window if shares_data(view.scene, frames) else None
        if artist is None:
            view = replace(view, segmentation=asked.segmentation)
        written = write_picture(
            view,
            path,
            size=choice.size,
            frames=frames,
            fps=choice.fps,
            video_quality=choice.quality,
            overwrite=True,
            marks=marks_of(asked) if choice.marks else (),
            artist=artist,
            report=report,
        )
        return written.parent if numbered(written) else written

    return window.jobs.start("Save video", work, lambda written: window.say(f"Saved {written}"))


def _choice(tip: str, items: Sequence[tuple[str, object]]) -> QComboBox:
    box = QComboBox()
    for title, value in items:
        box.addItem(title, value)
    box.setToolTip(tip)
    return box


def _pixels(tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(16, 8192)
    box.setToolTip(tip)
    return box
