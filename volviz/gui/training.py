"""A segmenter that learns while one looks: in a process of its own, told of by a curve, stopped with what is best so far.

In a process and not a thread: see `volviz.tasks.apart`, and `benchmarks/training_stalls.py` for how much a window stutters with each.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.report import Report, part
from volviz.gui.document import State
from volviz.gui.jobs import Job, Jobs
from volviz.tasks.runs import TrainingRun


class Training(QObject):
    """One run: the job whose thread waits for the process, and what the process says of its steps."""

    told = Signal(float, str, object)  # fraction, text, metrics by name

    def __init__(self, jobs: Jobs, run: TrainingRun, segmenter: Any, state: State, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run = run
        self._enough = threading.Event()
        self.job: Job = jobs.start(f"Train {run.name}", lambda report: self._work(segmenter, state, report))

    @property
    def stopping(self) -> bool:
        """Whether it was asked to end with what is best so far."""
        return self._enough.is_set()

    def stop(self) -> None:
        """End after the present step, with the best so far."""
        self._enough.set()

    def _work(self, segmenter: Any, state: State, report: Report) -> Path:
        from volviz.tasks.apart import call_apart
        from volviz.tasks.train import train_file

        run = self.run
        run.keep()

        def tell(fraction: float, text: str = "", **metrics: float) -> None:
            report(fraction, text)
            if metrics:
                with suppress(RuntimeError):  # the window was closed
                    self.told.emit(fraction, text, metrics)

        try:
            if run.shown and not run.session.exists():
                keep_open(state, run.session, part(report, 0.0, 0.01))
            arguments = {
                "segmenter": segmenter,
                "out": run.out,
                "data": run.pairs,
                "simulated": run.simulated,
                "pool": run.folder / "pool" if run.simulated else None,
                "device": run.device,
            }
            call_apart(train_file, arguments, tell, enough=self._enough.is_set, log=run.folder / "log.txt")
        except Cancelled:
            self._tidy()
            if self.stopping and not self.job.cancelling:
                raise VolvizError("It was stopped before there was anything to keep; let it go on until its first scores.") from None
            raise
        except VolvizError:
            self._tidy()
            raise
        run.forget()
        return run.out

    def _tidy(self) -> None:
        """Keep nothing of a run that cannot go on."""
        if not self.run.goes_on:
            self.run.forget()


def keep_open(state: State, path: Path, report: Report) -> None:
    """Write what is open as a session, with its segmentation beside it if no file holds that yet.

    Raises:
        VolvizError: the tomogram is in no file.
    """
    from volviz.gui.opening import project_of, stored_at
    from volviz.io import save
    from volviz.io.project import save_project

    segmentation = state.segmentation
    if segmentation is not None and "file" not in segmentation.provenance:
        beside = path.with_name("open_segmentation.zarr")
        save(segmentation, beside, overwrite=True, report=report)
        state = replace(state, segmentation=stored_at(segmentation, beside))
    save_project(project_of(state), path, overwrite=True)
