"""Edit, Copy as: the present view as text that draws it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QGuiApplication

from volviz.core.report import Report

if TYPE_CHECKING:
    from volviz.gui.jobs import Job
    from volviz.gui.window import Window

Form = Literal["python", "command"]
HOW = "save the session and copy again."


def copy_python(window: Window) -> Job:
    """Put a script on the clipboard that draws this view."""
    return _copy(window, "Copy as Python", "python")


def copy_command(window: Window) -> Job:
    """Put a line for the terminal on the clipboard that draws this view."""
    return _copy(window, "Copy as command line", "command")


def _copy(window: Window, title: str, form: Form) -> Job:
    state, size = window.document.state, window.viewport.size_px()
    files = [path for path in (state.path, window.document.marks_file) if path is not None]
    marked = bool(state.annotations) and not window.lacks("annotating") and window.annotating.drawn_in_3d

    def work(report: Report) -> tuple[str, bool]:
        from volviz.gui.opening import project_of
        from volviz.gui.stills import marks_of
        from volviz.tasks.marked import holds
        from volviz.tasks.recipe import Recipe

        project = project_of(state)
        report(0.1, "comparing with a first look")
        marks = next((path for path in files if marked and holds(path, marks_of(state), state.scene, state.segmentation)), None)
        recipe = Recipe.of(project, size, marks)
        return recipe.python() if form == "python" else recipe.command(), marked and marks is None

    def done(found: tuple[str, bool]) -> None:
        text, without = found
        QGuiApplication.clipboard().setText(text)
        said = f"Copied {len(text.splitlines())} lines that draw this view"
        window.say(f"{said}, but not its annotations, which no file holds as they are now: {HOW}" if without else said)

    return window.jobs.start(title, work, done)
