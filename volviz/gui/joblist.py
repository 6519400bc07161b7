"""The list of jobs: what runs and for how long still, what has ended and where its files are, what failed and why."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMainWindow, QProgressBar, QScrollArea, QToolButton, QVBoxLayout, QWidget

from volviz.core.errors import VolvizError
from volviz.gui.dialogs import error_box, show_error
from volviz.gui.jobs import Job, Jobs, duration
from volviz.gui.widgets.elided import Elided

WIDTH, MOST_HEIGHT, MARGIN = 440, 420, 8
OPENED_ELSEWHERE = (
    ".png",
    ".jpg",
    ".jpeg",
    ".tif",
    ".tiff",
    ".mp4",
    ".webm",
    ".mov",
    ".csv",
    ".tsv",
    ".json",
    ".glb",
    ".obj",
    ".ply",
    ".stl",
)
"""What a desktop has programs for; anything else would be met with a question."""
EMPTY = "Nothing is running. What you export, segment or train is listed here while it runs, and then where its files are."


class JobList(QFrame):
    """Lies over the lower right corner of a window, until it is hidden."""

    def __init__(self, jobs: Jobs, parent: QWidget) -> None:
        super().__init__(parent)
        self._jobs, self._window = jobs, parent
        self.rows: dict[Job, QWidget] = {}
        self.setObjectName("jobs")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.clear = _button("Clear", "Take all that has ended off this list; the files stay")
        self.clear.clicked.connect(lambda: jobs.forget(list(jobs.ended)))
        close = _button("×", "Hide this list (Esc)")
        close.clicked.connect(self.hide)
        head = QHBoxLayout()
        head.addWidget(QLabel("<b>Jobs</b>"), 1)
        head.addWidget(self.clear)
        head.addWidget(close)
        self._empty = QLabel(EMPTY)
        self._empty.setObjectName("hint")
        self._empty.setWordWrap(True)
        self._holder = QWidget()
        self._rows = QVBoxLayout(self._holder)
        self._rows.setContentsMargins(0, 0, 6, 0)
        self._rows.setSpacing(10)
        self._rows.addStretch(1)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self._holder)
        self._holder.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.addLayout(head)
        layout.addWidget(self._empty)
        layout.addWidget(self._scroll, 1)
        jobs.changed.connect(self._look)
        parent.installEventFilter(self)
        self.hide()
        self._look()

    def _look(self) -> None:
        wanted = [*reversed(self._jobs.running), *reversed(self._jobs.ended)]
        running = set(self._jobs.running)
        for job, row in list(self.rows.items()):
            if job not in wanted or isinstance(row, RunningRow) != (job in running):
                self._rows.removeWidget(row)
                row.deleteLater()
                del self.rows[job]
        for i, job in enumerate(wanted):
            if job not in self.rows:
                self.rows[job] = RunningRow(job) if job in running else EndedRow(job, self._jobs)
                self._rows.insertWidget(i, self.rows[job])
        self._empty.setVisible(not wanted)
        self._scroll.setVisible(bool(wanted))
        self.clear.setEnabled(bool(self._jobs.ended))
        if self.isVisible():
            # When the new rows know how high they are.
            QTimer.singleShot(0, self, self._place)

    def _place(self) -> None:
        window = self._window
        bar = window.statusBar().height() if isinstance(window, QMainWindow) else 0
        width = min(WIDTH, window.width() - 2 * MARGIN)
        inner = self._holder.heightForWidth(width - 40) if self._holder.hasHeightForWidth() else self._holder.sizeHint().height()
        needed = 64 + (inner if self.rows else self._empty.heightForWidth(width - 24))
        height = min(needed, MOST_HEIGHT, window.height() - bar - 2 * MARGIN)
        # Said, not left to Qt: it may keep the room of a scroll bar that a moment ago seemed to be needed, over the ends of the rows.
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOff if height >= needed else Qt.ScrollBarPolicy.ScrollBarAlwaysOn
        self._scroll.setVerticalScrollBarPolicy(policy)
        self.setGeometry(window.width() - width - MARGIN, window.height() - bar - height - MARGIN, width, height)
        self.raise_()

    def showEvent(self, event: QEvent) -> None:
        self._place()
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        asked = QEvent.Type.LayoutRequest if watched is self._holder else QEvent.Type.Resize
        if event.type() == asked and self.isVisible():
            self._place()
        return False


class RunningRow(QWidget):
    """One job at work."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self._job = job
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(8)
        self.cancel = _button("Cancel", f"Stop: {job.title}. Nothing half-written stays behind")
        self.cancel.clicked.connect(job.cancel)
        self.text, self.time = Elided(), QLabel()
        # As wide as its words become: they are not to be cut off, nor to push, while they change.
        self.time.setMinimumWidth(self.time.fontMetrics().horizontalAdvance("100 %, 59:59 min, 59:59 min left"))
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        top, below = QHBoxLayout(), QHBoxLayout()
        top.addWidget(Elided(job.title), 1)
        top.addWidget(self.cancel)
        for label, stretch in ((self.text, 1), (self.time, 0)):
            label.setObjectName("hint")
            below.addWidget(label, stretch)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(top)
        layout.addWidget(self.bar)
        layout.addLayout(below)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look)
        self._timer.start(250)
        self._look()

    def _look(self) -> None:
        job = self._job
        if job.fraction > 0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * job.fraction))
        doing = "Stopping" if job.cancelling else (job.text[:1].upper() + job.text[1:]) or "Working"
        percent = f"{100 * job.fraction:.0f} %, " if job.fraction > 0 else ""
        self.text.setText(doing)
        self.time.setText(f"{percent}{job.time_said}")
        self.cancel.setEnabled(not job.cancelling)


class EndedRow(QWidget):
    """One job that left files, or failed."""

    def __init__(self, job: Job, jobs: Jobs) -> None:
        super().__init__()
        self._job = job
        forget = _button("×", "Take this off the list; its files stay")
        forget.clicked.connect(lambda: jobs.forget([job]))
        top = QHBoxLayout()
        top.addWidget(QLabel(job.title), 1)
        self.buttons: dict[str, QToolButton] = {}
        if job.error is not None:
            self._add(top, "Details", "What went wrong, to read and to copy", self._explain)
        else:
            if job.files[0].suffix.lower() in OPENED_ELSEWHERE:
                self._add(top, "Open", "Open it in the program that this computer has for it", lambda: self._open(job.files[0]))
            self._add(top, "Show in folder", "Open the folder that it lies in", lambda: self._open(job.files[0].parent))
            self._add(top, "Copy path", "Put the whole path on the clipboard", self._copy)
        top.addWidget(forget)
        self.text = QLabel(_failure(job.error) if job.error is not None else _described(job))
        self.text.setObjectName("hint")
        self.text.setWordWrap(True)
        self.text.setToolTip("\n".join(str(file) for file in job.files))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(3)
        layout.addLayout(top)
        layout.addWidget(self.text)

    def _add(self, row: QHBoxLayout, name: str, tip: str, do: object) -> None:
        button = self.buttons[name] = _button(name, tip)
        button.clicked.connect(do)
        row.addWidget(button)

    def _explain(self) -> None:
        if self._job.error is not None:
            error_box(self.window(), self._job.title, self._job.error).open()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(str(file.absolute()) for file in self._job.files))

    def _open(self, path: Path) -> None:
        if not path.exists():
            show_error(self.window(), self._job.title, VolvizError(f"{path} is not there any more; it was moved or removed."))
        elif not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path.absolute()))):
            show_error(
                self.window(), self._job.title, VolvizError(f"No program here opens {path.name}; it lies in {path.absolute().parent}.")
            )


def _described(job: Job) -> str:
    first, *others = job.files
    more = f" and {len(others)} more" if others else ""
    return f"{first.name}{more}{_size(job.files)}, took {duration(job.seconds)}"


def _size(files: tuple[Path, ...]) -> str:
    """Return how large files are, in words; nothing where one is a folder, which could be long to count."""
    try:
        if not all(file.is_file() for file in files):
            return ""
        total = float(sum(file.stat().st_size for file in files))
    except OSError:
        return ""
    for unit in ("bytes", "kB", "MB"):
        if total < 1000:
            return f", {total:.3g} {unit}"
        total /= 1000
    return f", {total:.3g} GB"


def _failure(error: Exception) -> str:
    return str(error) if isinstance(error, VolvizError) else f"Failed: {type(error).__name__}: {error}"


def _button(text: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    return button
