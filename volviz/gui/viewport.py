"""The 3D view: the renderer draws straight into the widget's own framebuffer, and only when something changed."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt, QTimer, Signal
from PySide6.QtOpenGLWidgets import QOpenGLWidget
from PySide6.QtWidgets import QWidget

from volviz.core.grid import Region, Triple
from volviz.gui.bricks import Bricks
from volviz.gui.document import Document, State
from volviz.gui.steering import Steering
from volviz.gui.studio import Studio
from volviz.gui.uploading import Held, Uploading
from volviz.gui.widgets.badge import Badge
from volviz.gui.widgets.meter import Meter
from volviz.measure.cleaned import akin

if TYPE_CHECKING:
    from volviz.core.density import Contrast
    from volviz.render.renderer import Renderer
    from volviz.render.sketch import Sketch

AT_ONCE = 2_500_000  # voxels that may go to the graphics memory while the window waits
HOLD_MS = 120  # slices are quick to read and come first; then the volume goes to the graphics memory
REST_MS = 120  # without a change for this long, the picture begins to become sharp
SEEN_SECONDS = 0.5  # between two looks at bricks that are being written
NOT_DRAWN = "The picture was not finished, because the 3D view cannot draw; see the message about that."

log = logging.getLogger(__name__)


class Viewport(QOpenGLWidget):
    """Draws coarsely at once whatever changes, and sharpens it piece by piece when it rests; then draws no more.

    What hands do in it is `Steering`'s.
    """

    failed = Signal(object)  # the exception because of which there is no picture
    preparing = Signal(float)  # the fraction of the volume that is in the graphics memory; 1 when a picture can be drawn
    notes_changed = Signal(object)  # what had to be done to the data to draw them, as sentences

    def __init__(self, document: Document, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._renderer: Renderer | None = None
        self._data = Held()
        self._uploading: Uploading | None = None
        self._on_its_way = document.state
        self._bricks = Bricks(self)
        self._bricks.due.connect(self._write_bricks)
        self._written = 0
        self._shown = 0.0  # when bricks were seen last
        self._said: object = None  # of how the data are drawn
        self._drawn: object = None  # what the picture on the screen is of
        self._frames = 0  # averaged in it; 0 while it is a coarse one
        self._samples = 1  # are averaged in the final one
        self._whole = 0  # are averaged by now
        self._due = False  # more of them are whole, and wait to be shown
        self._broken = False
        self._strings: tuple[str, ...] = ()
        self._held_back = False
        self.draws = 0
        self._sketch: Sketch | None = None
        # Keep the picture in the framebuffer: another widget that repaints costs no march.
        self.setUpdateBehavior(QOpenGLWidget.UpdateBehavior.PartialUpdate)
        self.setMinimumSize(240, 200)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._go_to_work)
        self._unseen = QTimer(self)  # bricks are written, and wait to be seen together
        self._unseen.setSingleShot(True)
        self._unseen.timeout.connect(self._see_bricks)
        self._work = QTimer(self)  # turns of the event loop in which nothing else happens
        self._work.timeout.connect(self._do_a_piece)
        self.badge, self.meter = Badge(self), Meter(self)
        self.steering = Steering(self, document)
        self.studio = Studio(self)
        self.studio.asked.connect(self._go_to_work)
        document.changed.connect(self._look)
        document.brick_arrived.connect(self._bricks.add)

    @property
    def resting(self) -> bool:
        """Whether the picture on the screen is the final one."""
        sharp = self._frames == self._samples and self._drawn == self._picture()
        return sharp and self._uploading is None and not self._bricks.waiting and not self._unseen.isActive()

    def size_px(self) -> tuple[int, int]:
        """Return width and height in pixels of the screen."""
        ratio = self.devicePixelRatioF()
        return max(1, round(self.width() * ratio)), max(1, round(self.height() * ratio))

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width() / max(1, self.height())

    def region_around(self, point_xyz: Triple) -> Region | None:
        """Return the largest box of voxels about a point that can be drawn in full resolution; None if all of them can."""
        if self._renderer is None or self._broken or self._uploading is not None:
            return None
        self.makeCurrent()
        try:
            return self._renderer.region_around(point_xyz)
        finally:
            self.doneCurrent()

    def gl_strings(self) -> tuple[str, ...]:
        """Return vendor, renderer and version as the driver names them; nothing where there is none."""
        return self._strings

    def initializeGL(self) -> None:
        from OpenGL import GL

        self._drawn, self._data = None, Held()
        self._strings = tuple((GL.glGetString(name) or b"").decode() for name in (GL.GL_VENDOR, GL.GL_RENDERER, GL.GL_VERSION))
        try:
            from volviz.render.renderer import REFINED, Renderer

            self._renderer, self._samples = Renderer(), REFINED
            self._renderer.sketch = self._sketch
        except Exception as error:
            self._fail(error)
            return
        # Qt gives the widget a new context when it moves to another window: what lived in the old one has to go with it.
        self.context().aboutToBeDestroyed.connect(self.release)

    def renew(self) -> None:
        """Try again after a failure, with everything brought to the graphics memory anew."""
        from volviz.render.renderer import Renderer

        self.makeCurrent()
        try:
            if self._renderer is not None:
                with contextlib.suppress(Exception):  # what is lost cannot be given back
                    self._renderer.release()
            self._renderer, self._drawn, self._data, self._broken = None, None, Held(), False
            self._bricks.forget()
            self._renderer = Renderer()
        except Exception as error:
            self._fail(error)
        finally:
            self.doneCurrent()
        self._go_on()

    def paintGL(self) -> None:
        if self._drawn is not None and self._drawn == self._picture() and not self._due:
            return
        state = self._document.state
        if state.volume is None or self._renderer is None or self._broken or self._held_back:
            self._clear(state.scene.background)
            self.badge.hide()
            self._said = self._drawn = None  # or what was there before would count as drawn when it comes back
            return
        self._renderer.sketch_scale = self.devicePixelRatioF()
        try:
            if self._drawn != self._picture():
                self._bring(self._renderer, state)
                self._renderer.draw(state.scene, state.camera, self.size_px(), self.defaultFramebufferObject(), moving=True)
                self._drawn, self._frames = self._picture(), 0
                self._say_what_is_drawn(self._renderer, state)
                self.meter.read(self._renderer)
                self._rest.start()
            elif self._due:
                self._renderer.present(state.scene, state.camera, self.size_px(), self.defaultFramebufferObject())
                self._frames = self._whole
                self._go_to_work()
        except Exception as error:
            self._fail(error)
            self._clear(state.scene.background)
            return
        self._due = False
        self.draws += 1
        self._bricks.go_on()

    def _go_to_work(self) -> None:
        if not self._rest.isActive():
            self._work.start()

    def _do_a_piece(self) -> None:
        """Sharpen the picture, or go on with a still, for as long as the event loop may wait."""
        state, renderer, seen = self._document.state, self._renderer, self.isVisible() and not self.window().isMinimized()
        sharpening = seen and self._drawn == self._picture() and self._frames < self._samples
        waiting = self._uploading is not None or self._rest.isActive() or self._held_back or (self._due and seen)
        writing = self._bricks.waiting and not self._broken and self._data.adoptable(state) and not self.studio.drawing
        if waiting or writing or not (sharpening or self.studio.busy):
            self._work.stop()
            return
        if renderer is None or self._broken:
            self._work.stop()
            self.studio.close(NOT_DRAWN)
            return
        self.makeCurrent()
        try:
            if sharpening:
                self._whole = renderer.refine(state.scene, state.camera, self.size_px())
                # Each frame changes the picture less: after 1, 2, 4, 8 ... of them the change is seen.
                better = self._frames == 0 or self._whole == self._samples or self._whole.bit_count() == 1
                self._due = renderer.presentable and self._whole > self._frames and better
            else:
                self._bring(renderer, state)
                self.studio.advance(renderer, state)
            self.draws += 1
        except Exception as error:
            self._fail(error)
            self.studio.close(NOT_DRAWN)
        finally:
            self.doneCurrent()
        if self._due:
            self.update()
        if not self.studio.drawing:
            self._bricks.go_on()

    def release(self) -> None:
        """Give back what lies in the graphics memory."""
        if self._uploading is not None:
            self._uploading.stop()
            self._uploading.wait()
        if self._renderer is not None:
            self.makeCurrent()
            self.studio.close()
            self._renderer.release()
            self._renderer = None
            self.doneCurrent()

    def lay(self, sketch: Sketch | None) -> None:
        """Lay a sketch over the picture. A final one is not drawn anew for it; another shows it when it is shown next."""
        if sketch is self._sketch:
            return
        self._sketch = sketch
        if self._renderer is not None:
            self._renderer.sketch = sketch
            if self.resting:
                self._due = True
                self.update()

    def touch(self) -> None:
        """Draw coarsely now, and sharpen it when things rest."""
        self._rest.start()
        self.update()

    @property
    def contrast(self) -> Contrast | None:
        """The contrast of the density, as soon as the picture is final and knows it."""
        return self._renderer.contrast if self._renderer is not None and self.resting else None

    def place(self, position: QPointF) -> tuple[float, float]:
        """Return how far right and up of the middle a place of the widget is, in fractions of its height."""
        height = max(1, self.height())
        return (position.x() - self.width() / 2) / height, (height / 2 - position.y()) / height

    def _picture(self) -> object:
        state = self._document.state
        return (state.volume, state.classes, state.scene, state.camera, self.size_px(), self._written)

    def _look(self, old: State, new: State) -> None:
        other_data = new.volume is not old.volume or not akin(new.classes, old.classes)
        if other_data:
            self._broken = False
            # A run that ends takes its preview away, then puts its result there, which is the same data: what waits is still to be written.
            if new.classes is not None and not self._data.adoptable(new):
                self._bricks.forget()
        elif new.scene == old.scene and new.camera == old.camera and new.classes is old.classes:
            return
        if self._uploading is not None and (other_data or new.scene.stored != old.scene.stored):
            self._uploading.stop()  # what is on its way is of no use any more
        if new.volume is not None and (new.volume is not old.volume or (self._large(new) and self._data.lacks(new))):
            self._held_back = True
            QTimer.singleShot(HOLD_MS, self, self._go_on)
        self.touch()

    def _large(self, state: State) -> bool:
        return state.volume is not None and math.prod(state.volume.grid.shape) > AT_ONCE

    def _say_what_is_drawn(self, renderer: Renderer, state: State) -> None:
        said = (renderer.binning, state.scene.region is not None, renderer.notes)
        if said != self._said:
            self._said = said
            self.badge.say(*said)
            self.notes_changed.emit(renderer.notes)

    def _go_on(self) -> None:
        state = self._document.state
        if self._uploading is not None or self._renderer is None or state.volume is None:
            return
        if self._large(state) and self._data.lacks(state) and not self._broken and self.isVisible():
            self._upload(self._renderer, state)
        else:
            self._held_back = False
            self.touch()

    def _bring(self, renderer: Renderer, state: State) -> None:
        if not self._data.adoptable(state):
            self._bricks.forget()  # everything is brought anew, with what they hold
        self._data = self._data.brought(renderer, state)

    def _upload(self, renderer: Renderer, state: State) -> None:
        self.makeCurrent()
        try:
            self._bring(renderer, state)
            uploading = Uploading(renderer, state.scene, self.context(), self)
        except Exception as error:
            self._fail(error)
            uploading = None
        finally:
            self.doneCurrent()
        if uploading is None or not uploading.needed:
            if uploading is not None:
                uploading.deleteLater()
            self._go_on()
            return
        self._data = Held()  # what is there is half the old and half the new
        self._uploading, self._on_its_way = uploading, state
        if state.overview is not None and state.scene.region is None:
            uploading.overview = state.overview
            state.overview.expect()
        self._uploading.arrived.connect(self._put)
        self._uploading.finished.connect(self._uploaded)
        self.preparing.emit(0.0)
        self._uploading.start()

    def _put(self) -> None:
        if self._uploading is None or self._uploading.stopped or self._renderer is None:
            return
        self.makeCurrent()
        try:
            self.preparing.emit(self._uploading.put())
        except Exception as error:
            self._uploading.stop()
            self._fail(error)
        finally:
            self.doneCurrent()

    def _uploaded(self) -> None:
        if self._uploading is None or self._renderer is None:
            return
        uploading, self._uploading, state = self._uploading, None, self._on_its_way
        uploading.deleteLater()
        self.preparing.emit(1.0)
        if state.overview is not None:
            state.overview.end()
        if uploading.error is not None:
            self._fail(uploading.error)
        elif not uploading.stopped:
            self._data = Held(state)
            self._bricks.go_on()
        self._go_on()

    def _write_bricks(self) -> None:
        state, renderer = self._document.state, self._renderer
        if renderer is None or self._broken or state.classes is None or not self._data.adoptable(state) or self.studio.drawing:
            return  # perhaps read already, perhaps not; or a still is drawn of what there was
        self.makeCurrent()
        try:
            self._bring(renderer, state)
            self._bricks.write(renderer, state.classes)
        except Exception as error:
            self._fail(error)
        finally:
            self.doneCurrent()
        # To draw takes longer than to write, and bricks often come in quick succession.
        left = self._shown + SEEN_SECONDS - time.perf_counter()
        if left <= 0:
            self._see_bricks()
        elif not self._bricks.waiting and not self._unseen.isActive():
            self._unseen.start(math.ceil(1000 * left))

    def _see_bricks(self) -> None:
        self._unseen.stop()
        self._written, self._shown = self._written + 1, time.perf_counter()
        self.touch()

    def _clear(self, color: Triple) -> None:
        from OpenGL import GL

        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.defaultFramebufferObject())
        GL.glClearColor(*color, 1.0)
        GL.glClear(GL.GL_COLOR_BUFFER_BIT)

    def _fail(self, error: Exception) -> None:
        # Once: a picture that cannot be drawn now cannot be drawn at the next repaint either.
        if not self._broken:
            self._broken = True
            log.debug("the 3D view failed", exc_info=error)
            QTimer.singleShot(0, lambda: self.failed.emit(error))
