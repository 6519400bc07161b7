"""What the View menu does: where one looks from, and what is shown beside the object."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from volviz.core.cuts import clipped
from volviz.gui import docks, settings, theme
from volviz.gui.gestures import focused
from volviz.gui.planes import XY

if TYPE_CHECKING:
    from volviz.core.grid import Triple
    from volviz.gui.window import Window


def look_from(window: Window, side: str) -> None:
    """Turn the camera to a standard side."""
    window.flight.to(window.document.state.camera.seen_from(side))


def reset_view(window: Window) -> None:
    """Bring the whole volume into all views, from the same side."""
    state = window.document.state
    if state.volume is not None:
        window.flight.to(state.camera.fitted(state.volume.grid, aspect=window.viewport.aspect))
    window.slices.fit()


def focus(window: Window, point_xyz: Triple) -> None:
    """Bring a point (A) to the middle of the 3D view, and the slices to it."""
    window.document.show(crosshair_xyz=point_xyz)
    window.flight.to(focused(window.document.state.camera, point_xyz))


def step_slice(window: Window, steps: int) -> None:
    """Go so many XY slices up."""
    view = next(view for view in window.slices.views if view.plane is XY)
    if view.grid is not None:
        view.step_to(XY.index(view.grid, window.document.state.crosshair_xyz) + steps)


def toggle_orthographic(window: Window) -> None:
    """Switch between perspective and parallel rays, at the same size."""
    camera = window.document.state.camera
    height = camera.height if camera.orthographic_height is None else None
    window.document.show(camera=replace(camera, orthographic_height=height))


def full_resolution_here(window: Window) -> None:
    """Draw what the clipping box leaves, else as much around the crosshair as fits, alone and in full resolution."""
    state = window.document.state
    if state.volume is None:
        return
    region = clipped(state.scene.clips, state.volume.grid.shape) or window.viewport.region_around(state.crosshair_xyz)
    if region is None:
        window.say("The whole volume is drawn in full resolution already; clip it to a box to draw that box alone.")
    else:
        window.document.change("Full resolution here", scene=replace(state.scene, region=region))


def draw_whole(window: Window) -> None:
    """Draw the whole volume again."""
    window.document.change("Draw the whole volume", scene=replace(window.document.state.scene, region=None))


def toggle_turntable(window: Window) -> None:
    """Turn as on a table, or freely, and remember it."""
    steering = window.viewport.steering
    steering.turntable = not steering.turntable
    settings.settings().setValue("turntable", steering.turntable)
    if steering.turntable:
        window.document.show(camera=window.document.state.camera.tabled(0.0, 0.0))


def wear(_window: Window, name: str) -> None:
    """Be dark, light, or as the system is."""
    theme.choose(name)


def reset_layout(window: Window) -> None:
    """Put panels and views back to where they were at first."""
    docks.restore(window)
    window.panes.show_all()
    window.share_room(window.slices)


def toggle_guide(window: Window, name: str) -> None:
    """Show or hide one of the guides."""
    window.cuts_panel.guides[name].toggle()


def toggle_planes(window: Window) -> None:
    """Show the density on three planes through the crosshair in the 3D view, or on none."""
    scene = window.document.state.scene
    place = None if scene.slices.shown else 0.5
    window.document.change("Planes of density", scene=replace(scene, slices=replace(scene.slices, x=place, y=place, z=place)))


def cut_here(window: Window) -> None:
    """Cut the volume open through the crosshair."""
    window.docks["Cuts"].raise_()
    window.cuts_panel.cut_here()


def toggle_jobs(window: Window) -> None:
    """Show or hide the list of jobs."""
    window.jobs.toggle_list()


def toggle_frame_time(window: Window) -> None:
    """Show or hide what moving pictures cost."""
    window.viewport.meter.switch(window.actions_by_id["view.frame_time"].isChecked())


def toggle_full_screen(window: Window) -> None:
    """Use the whole screen, or come back."""
    window.setWindowState(window.windowState() ^ Qt.WindowState.WindowFullScreen)
