"""One question before something is lost: what is not saved, and what is still running."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMessageBox

from volviz.gui import files

if TYPE_CHECKING:
    from volviz.gui.window import Window


class ClosingDialog(QMessageBox):
    """Save, Discard or Cancel, with what is at stake. ``proceed`` is called when nothing stands in the way any more.

    With ``stops`` the jobs that run are at stake too; where only they are, the answers are to stop them or not. Enter and Esc,
    pressed without reading, stop nothing.
    """

    def __init__(self, window: Window, verb: str, proceed: Callable[[], object], *, stops: bool) -> None:
        super().__init__(window)
        self._window, self._proceed = window, proceed
        stack, running = window.document.undo_stack, window.jobs.running if stops else []
        self.setIcon(QMessageBox.Icon.Question)
        self.setWindowTitle("Unsaved changes" if not stack.isClean() else "Work in progress")
        said = []
        if not stack.isClean():
            self.setText(f"<b>Save the session before you {verb}?</b>")
            said.append(_at_stake(window))
            self.save = self.addButton("Save and " + verb, QMessageBox.ButtonRole.AcceptRole)
            self.save.clicked.connect(self._save)
            self.discard = self.addButton("Discard", QMessageBox.ButtonRole.DestructiveRole)
            self.setDefaultButton(self.save)
        else:
            self.setText(f"<b>Stop what is running and {verb}?</b>")
            self.discard = self.addButton("Stop and " + verb, QMessageBox.ButtonRole.DestructiveRole)
        if running:
            lines = "".join(f"<li>{job.title}: {100 * job.fraction:.0f} %, {job.time_said}</li>" for job in running)
            said.append(f"Still running, and stopped then:<ul>{lines}</ul>Nothing half-written stays behind.")
        self.setInformativeText("<br><br>".join(said))
        self.discard.clicked.connect(proceed)
        self.stay = self.addButton("Cancel" if not stack.isClean() else "Keep running", QMessageBox.ButtonRole.RejectRole)
        self.setEscapeButton(self.stay)
        if running:
            self.setDefaultButton(self.stay)

    def _save(self) -> None:
        job = files.save(self._window)
        if job is not None:
            job.succeeded.connect(lambda _: self._proceed())


def nothing_lost(window: Window, verb: str, proceed: Callable[[], object], *, stops: bool = True) -> bool:
    """Say whether nothing would be lost; else ask, and ``proceed`` if the answer allows it."""
    if window.document.undo_stack.isClean() and not (stops and window.jobs.running):
        return True
    for dialog in window.findChildren(ClosingDialog):
        dialog.deleteLater()
    ClosingDialog(window, verb, proceed, stops=stops).open()
    return False


def _at_stake(window: Window) -> str:
    stack, segmentation = window.document.undo_stack, window.document.state.segmentation
    steps = abs(stack.index() - stack.cleanIndex()) if stack.cleanIndex() >= 0 else 0
    said = (
        f"{steps} change{'s' if steps != 1 else ''}, the last: {stack.undoText() or stack.redoText()}."
        if steps
        else "There are unsaved changes."
    )
    if segmentation is not None and "file" not in segmentation.provenance:
        said += " The segmentation is in no file yet; saving writes it beside the session."
    return said
