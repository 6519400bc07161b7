"""A segmentation that runs while one looks: its bricks appear as they come, the result is one undo step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Qt, Signal

from volviz.core.grid import Grid, Region
from volviz.core.report import Report, part
from volviz.core.room import default_folder, room_for
from volviz.core.scene import Ramp, Scene
from volviz.core.segmentation import Bits, Kind, Label, Segmentation
from volviz.core.sink import Sink, VolumeSink
from volviz.gui.document import Document
from volviz.gui.jobs import Job, Jobs

if TYPE_CHECKING:
    from volviz.gui.panels.segment import Wish


class LiveSink(QObject):
    """Keeps bricks, of a large tomogram in a temporary file, and tells the window of each. Called from the thread that segments."""

    wrote = Signal(object)  # Region

    def __init__(self, grid: Grid | None = None, bits: Bits = 8) -> None:
        super().__init__()
        self.segmentation: Segmentation | None = None
        self._grid, self._kind = grid, np.dtype(f"u{bits // 8}")
        self._data: npt.NDArray[Any] = np.zeros(0, self._kind)

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Make room, on the grid that this was made for if there is one.

        Raises:
            VolvizError: there is none.
        """
        self._data = room_for((len(labels), *grid.shape), self._kind, default_folder())
        self._data[0] = np.iinfo(self._kind).max if kind == "probability" else 0
        self.segmentation = Segmentation(self._grid or grid, self._data, labels, kind, provenance)

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Keep a region."""
        self._data[(slice(None), *region.slices)] = data
        self.wrote.emit(region)

    def fill(self, region: Region) -> None:
        """Leave a region as it was begun."""
        self.wrote.emit(region)

    def finish(self) -> None:
        """Leave the data where they are."""

    def abort(self) -> None:
        """Let go of the data; the window does so when the job says that it has ended."""
        self.segmentation = None


class Placed:
    """A volume sink on a grid of its own: for a network that was told another voxel size."""

    def __init__(self, sink: VolumeSink, grid: Grid) -> None:
        self._sink, self._grid = sink, grid

    def begin(self, grid: Grid) -> None:
        """Begin where it belongs."""
        self._sink.begin(self._grid)

    def write(self, region: Region, data: npt.NDArray[np.float32]) -> None:
        """Write a region."""
        self._sink.write(region, data)

    def finish(self) -> None:
        """Finish."""
        self._sink.finish()

    def abort(self) -> None:
        """Leave nothing."""
        self._sink.abort()


class Segmenting(QObject):
    """One run over the document's volume."""

    def __init__(self, document: Document, jobs: Jobs, wish: Wish) -> None:
        super().__init__(document)
        volume = document.state.volume
        if volume is None:
            raise ValueError("there is nothing to segment")
        self._document = document
        self._before = self._preview = document.state.scene
        self._volume = volume
        sink = self._sink = LiveSink(volume.grid, wish.bits)
        told = volume if wish.voxel_size is None else replace(volume, grid=volume.grid.with_voxel_size(wish.voxel_size))
        dark = document.state.scene.raw.invert

        def work(report: Report) -> tuple[Segmentation, Scene]:
            from volviz.io.volume_file import VolumeFile
            from volviz.tasks.segment import segment, with_uncertainty

            report(0.0, "loading the model")
            inner = volume.grid.slices(wish.z)
            filled = (inner.start[0], inner.stop[0])
            bricks: Sink = sink
            spread: VolumeSink | None = None
            if wish.uncertainty is not None and wish.beside is not None:
                beside = Placed(VolumeFile(wish.beside, volume, overwrite=True, z=filled), volume.grid)
                bricks, spread = with_uncertainty(wish.uncertainty, sink, beside)
            result = segment(
                told,
                wish.model,
                wish.device,
                dense_is_dark=dark,
                sink=bricks,
                z=wish.z,
                augment=wish.augment,
                spread=spread,
                bits=wish.bits,
                report=part(report, 0.0, 0.97),
            )
            if sink.segmentation is None:
                raise RuntimeError("the model finished without a result")
            result = replace(result, grid=volume.grid, data=sink.segmentation.data, provenance=_said(result.provenance, wish))
            report(0.97, "estimating the ramps")
            return result, Scene.of(volume, result, part(report, 0.97, 1.0))

        sink.wrote.connect(self._show_brick, Qt.ConnectionType.QueuedConnection)
        document.changed.connect(self._watch)
        self.job: Job = jobs.start("Segment", work, self._finish)
        self.job.ended.connect(self._end)

    def _show_brick(self, region: Region) -> None:
        if self._document.state.live is not None:
            self._document.brick(region)
        elif self._sink.segmentation is not None and not self.job.cancelling:
            # Not before there is something to see: until then what was shown stays.
            self._begin(self._sink.segmentation)

    def _begin(self, live: Segmentation) -> None:
        self._before = scene = self._document.state.scene
        ramps = {label.name: scene.ramps.get(label.name, Ramp(color=label.color)) for label in live.drawn}
        # Without earlier classes the density was to be seen, and goes on to be, between what is found: where nothing is known yet
        # there would be nothing. By its ramp, which shows the densest matter alone, the first bricks would be rags.
        raw = scene.raw if scene.ramps else replace(scene.raw, multiply=False, haze=True)
        self._preview = replace(scene, ramps=ramps, raw=raw)
        self._document.show(live=live, scene=self._preview)

    def _finish(self, outcome: tuple[Segmentation, Scene]) -> None:
        result, estimated = outcome
        self._put_back()
        state = self._document.state
        self._document.change("Segment", segmentation=result, scene=dressed(state.scene, estimated, state.estimated), estimated=estimated)

    def _watch(self, _old: object, new: Any) -> None:
        # The volume was replaced under the run: what it finds belongs to nothing any more.
        if new.volume is not self._volume:
            self.job.cancel()

    def _put_back(self) -> None:
        """End the preview: the step that follows starts from what there was before it."""
        state = self._document.state
        if state.live is not None:
            mine = {name: getattr(self._before.raw, name) for name in ("multiply", "haze") if self._still_previewed(name)}
            raw = replace(state.scene.raw, **mine)
            self._document.show(live=None, scene=replace(state.scene, ramps=self._before.ramps, raw=raw))

    def _still_previewed(self, name: str) -> bool:
        """Whether nobody has changed a field of the density's look since the preview set it."""
        return bool(getattr(self._document.state.scene.raw, name) == getattr(self._preview.raw, name))

    def _end(self) -> None:
        self._put_back()
        self._document.changed.disconnect(self._watch)
        self.deleteLater()


def _said(provenance: Mapping[str, Any], wish: Wish) -> Mapping[str, Any]:
    """Return the provenance of a result, with what the model cannot know: from which file it was, which voxel size it was told."""
    said = dict(provenance)
    if Path(wish.model).suffix:
        said["weights"] = wish.model
    if wish.voxel_size is not None:
        note = f"The network was told voxels of {wish.voxel_size:g} Å."
        said |= {"told_voxel_size": wish.voxel_size, "notes": [*provenance.get("notes", ()), note]}
    return said


def dressed(scene: Scene, estimated: Scene, estimated_before: Scene) -> Scene:
    """Return a scene for a new segmentation: ramps from its estimate, in the colours and the light of the old scene.

    The raw ramp follows the new estimate unless the person had moved it.
    """
    ramps = {}
    for name, ramp in estimated.ramps.items():
        old = scene.ramps.get(name)
        ramps[name] = ramp if old is None else replace(ramp, color=old.color, opacity=old.opacity, visible=old.visible)
    raw = scene.raw
    if (raw.low, raw.high) == (estimated_before.raw.low, estimated_before.raw.high):
        raw = replace(raw, low=estimated.raw.low, high=estimated.raw.high)
    return replace(scene, ramps=ramps, raw=raw)
