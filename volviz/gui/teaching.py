"""What becomes of a forest that learnt from scribbles: a model in the list, or the teacher of a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QLineEdit

from volviz.core.errors import VolvizError
from volviz.gui import asking
from volviz.gui.actions.segment import show_training
from volviz.gui.dialogs import show_error

if TYPE_CHECKING:
    from volviz.core.report import Report
    from volviz.gui.jobs import Job
    from volviz.gui.train_window import TrainWindow
    from volviz.gui.window import Window
    from volviz.segment.methods.scribble_forest import ScribbleForestPredictor

TITLE = "Save as a model"
# From the bundled weights, with steps that leave them much of what they know; judged often, since only what was judged can be kept
# when a person stops it.
STARTED = {"start": Path("unet"), "learning_rate": 5e-4, "minutes": 60.0, "validate_every": 50}


def switch(window: Window) -> None:
    """Learn from scribbles, or no more, and show the panel that says how it goes."""
    window.learning.switch(not window.learning.on)
    window.docks["Learn"].show()
    window.docks["Learn"].raise_()


def begin(window: Window) -> None:
    """Learn from scribbles with the brush in the hand, and show the panels of both."""
    if window.annotating.tool != "scribble":
        window.actions_by_id["annotate.scribble"].trigger()
    window.docks["Annotate"].raise_()
    if not window.learning.on:
        window.learning.switch(True)
    window.docks["Learn"].show()
    window.docks["Learn"].raise_()


def ask_model(window: Window) -> Job | None:
    """Ask for a name and keep the forest among the person's models; None if there is none, or the person thinks better of it."""
    session = window.learning.session
    if session is None or session.predictor is None:
        show_error(window, TITLE, VolvizError("There is no forest yet; switch on Learn while I scribble and draw strokes of two classes."))
        return None
    name, ok = QInputDialog.getText(window, TITLE, "Name of the model", QLineEdit.EchoMode.Normal, f"{asking.stem(window)}_scribbles")
    return save_model(window, session.predictor, name.strip()) if ok else None


def save_model(window: Window, predictor: ScribbleForestPredictor, name: str) -> Job | None:
    """Write a forest with its card, and choose it in the list of models."""
    from volviz.tasks.runs import TrainingRun

    try:
        run = TrainingRun(name, "scribble-forest", shown=True)
        run.check()
    except VolvizError as error:
        show_error(window, TITLE, error)
        return None

    def work(report: Report) -> Path:
        report(0.0, "writing trees")
        replace(predictor, card=replace(predictor.card, name=name)).save(run.out)
        return run.out

    def done(path: Path) -> None:
        window.segment_panel.refresh(name)
        window.say(f"{name} is in the list of models now ({path}).")

    return window.jobs.start(f"Save {name}", work, done)


def ask_network(window: Window) -> TrainWindow | None:
    """Open the training window, filled in for a network that learns from what the forest found; None if there is nothing yet."""
    state = window.document.state
    try:
        if not window.learning.settled:
            raise VolvizError("There is nothing to teach yet; wait until all of the tomogram is up to date with your strokes.")
        if state.volume is None or state.volume.source is None:
            raise VolvizError("The tomogram is in no file, which a network needs to learn from; save it, and open the file.")
    except VolvizError as error:
        show_error(window, "Teach a network", error)
        return None
    trainer = show_training(window)
    trainer.prefill("unet", f"{asking.stem(window)}_network", STARTED)
    return trainer
