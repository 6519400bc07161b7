"""Edit, Copy as: the present view as text that draws it again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtGui import QGuiApplication

from volviz.core.report import Report

if TYPE_CHECKING:
    from volviz.gui.jobs import Job
    from volviz.gui.window import Window

Form = Literal["python", "command"]


def copy_python(window: Window) -> Job:
    """Put a script on the clipboard that draws this view."""
    return _copy(window, "Copy as Python", "python")


def copy_command(window: Window) -> Job:
    """Put a line for the terminal on the clipboard that draws this view."""
    return _copy(window, "Copy as command line", "command")


def _copy(window: Window, title: str, form: Form) -> Job:
    state, size = window.document.state, window.viewport.size_px()

    def work(report: Report) -> str:
        from volviz.gui.opening import project_of
        from volviz.tasks.recipe import Recipe

        project = project_of(state)
        report(0.1, "comparing with a first look")
        recipe = Recipe.of(project, size)
        return recipe.python() if form == "python" else recipe.command()

    def done(text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        window.say(f"Copied {len(text.splitlines())} lines that draw this view")

    return window.jobs.start(title, work, done)
