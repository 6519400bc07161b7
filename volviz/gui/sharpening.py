"""What a slice view does where a slice takes long to read: means at once, then in full resolution what is seen of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPointF, QTimer
from PySide6.QtWidgets import QLabel

from volviz.core.grid import Region
from volviz.core.volume import Volume
from volviz.gui.document import Document
from volviz.gui.latest import Latest
from volviz.gui.overview import QUICK, Overview
from volviz.gui.planes import Part, part_of, read_part, thick
from volviz.gui.widgets.badge import MARGIN

if TYPE_CHECKING:
    from volviz.gui.slice_view import SliceView

REST_MS = 400  # without a move, before much is read
LOOK_MS = 500  # between two looks at how far it is
FINER = 0.7  # of a mean's width: pixels that are smaller ask for more than means
WHY = (
    "Much of a large file would have to be read for this slice. It is shown by means of boxes of voxels; zoom in, and what is seen is "
    "read in full resolution."
)


class Sharpening(QObject):
    """Decides whether a slice comes coarsely first, reads what is missing of it, and says so in the corner of the view."""

    def __init__(self, view: SliceView, document: Document) -> None:
        super().__init__(view)
        self._view, self._document = view, document
        self._latest = Latest(self)
        self._overview: Overview | None = None  # that the slice is taken from
        self._region: Region | None = None  # of the slice
        self._reading: Region | None = None  # of it, that is being read
        self._volume: Volume | None = None
        self._read: tuple[Region, Part] | None = None
        self._done, self._seen, self._filling = 0.0, 0.0, False
        self.word = QLabel(view.canvas)
        self.word.setObjectName("badge")
        self.word.setToolTip(WHY)
        self.word.move(MARGIN, MARGIN)
        self.word.hide()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._sharpen)
        self._watch = QTimer(self)
        self._watch.setInterval(LOOK_MS)
        self._watch.timeout.connect(self._say)

    def begin(self) -> Overview | None:
        """Look at the slice that is to be shown now; return what to take it from, if not from the file."""
        state = self._document.state
        region = self._slice()
        if region != self._region or state.volume is not self._volume:
            self._latest.forget()  # what was asked for of another slice
            self._region, self._volume, self._reading, self._read = region, state.volume, None, None
        slow = region is not None and state.volume is not None and state.volume.reach(region) > QUICK
        self._overview = state.overview if slow else None
        self._seen = self._overview.share if self._overview is not None else 0.0
        self._say()
        self.look()
        return self._overview

    def holds(self, part: Part) -> bool:
        """Whether a part was read of the slice that is shown."""
        return self._read is not None and self._read[1] is part

    def look(self) -> None:
        """Read what is seen, if that needs to be, once it rests."""
        if self._overview is not None:
            self._rest.start()

    def close(self) -> None:
        """End the reading."""
        self._rest.stop()
        self._watch.stop()
        self._latest.close()

    def _slice(self) -> Region | None:
        state, plane = self._document.state, self._view.plane
        if state.volume is None:
            return None
        return thick(plane, state.volume.grid, plane.index(state.volume.grid, state.crosshair_xyz), state.slab)

    def _sharpen(self) -> None:
        volume, overview = self._volume, self._overview
        if volume is None or overview is None or self._region is None or not self._view.isVisible():
            return
        plane, seen = self._view.plane, self._seen_voxels(volume)
        if seen is None or not self._asks(volume, overview):
            self._latest.forget()
            self._reading = None
        elif self._read is not None and self._read[1].covers(*seen):
            self._view.show_part(self._read[1])  # as coarse as the screen needs it now
        elif self._reading != (region := part_of(plane, self._region, *seen)):
            self._reading, self._done = region, 0.0
            wanted = self._latest.wanted()

            def told(fraction: float) -> None:
                wanted()
                self._done = fraction

            self._latest.ask(lambda: read_part(plane, volume, region, told), lambda part: self._got(region, part))
        self._say()

    def _asks(self, volume: Volume, overview: Overview) -> bool:
        """Whether the screen shows more than means, or there are none and nobody brings them."""
        size = volume.grid.voxel_size
        coarse = overview.factor * min(size[self._view.plane.up], size[self._view.plane.right])
        return self._view.dot < FINER * coarse or not (overview.complete or overview.filling)

    def _got(self, region: Region, part: Part) -> None:
        self._reading, self._read = None, (region, part)
        self._view.show_part(part)
        self._say()

    def _seen_voxels(self, volume: Volume) -> tuple[tuple[int, int], tuple[int, int]] | None:
        """Return the rows (up) and columns (right) of the slice's voxels that are seen."""
        plane, canvas = self._view.plane, self._view.canvas
        corners = [self._view.place(QPointF(x, y)) for x, y in ((0, 0), (canvas.width(), canvas.height()))]
        frame, found = plane.frame(volume.grid), []
        for i, axis in ((1, plane.up), (0, plane.right)):
            size, n, low = volume.grid.voxel_size[axis], volume.grid.shape[axis], frame[i][0]
            ends = sorted((corner[i] - low) / size for corner in corners)
            found.append((max(0, math.floor(ends[0])), min(n, math.ceil(ends[1]))))
        return (found[0], found[1]) if all(a < b for a, b in found) else None

    def _say(self) -> None:
        overview = self._overview
        if overview is not None and overview.share > self._seen:
            self._view.again()  # which comes back here
            return
        going = overview is not None and not overview.complete
        if going or self._reading is not None:
            if not self._watch.isActive():
                self._watch.start()
        else:
            self._watch.stop()
        if overview is None:
            self.word.hide()
            return
        if overview.filling != self._filling:  # whoever brings the means began, or was stopped
            self._filling = overview.filling
            self.look()
        if self._reading is not None:
            text = f"coarse, reading {100 * self._done:.0f} %"
        elif overview.filling:
            text = f"coarse, {100 * overview.share:.0f} % is there"
        else:
            text = "coarse" if self._read is None else ""
        self.word.setText(text)
        self.word.adjustSize()
        self.word.setVisible(bool(text))
