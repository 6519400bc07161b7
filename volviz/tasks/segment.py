"""Run a model over a tomogram: into memory, or tile by tile into files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from volviz.core.atomic import remove
from volviz.core.errors import VolvizError, check_choice
from volviz.core.grid import Grid, Region
from volviz.core.report import Report, silent
from volviz.core.room import check_room
from volviz.core.segmentation import Bits, Kind, Label, Segmentation
from volviz.core.sink import Filled, OnDisk, Sink, VolumeSink
from volviz.core.volume import Volume, check_volume
from volviz.io import open as open_path

if TYPE_CHECKING:
    from volviz.segment.protocol import Augment, Device, Precision

Uncertainty = Literal["margin", "spread"]
FEWER = ", or segment fewer slices (--z)"  # what a person can do where a result has no room, beside what its format allows


def segment(
    volume: Volume,
    model: str | Path = "unet",
    device: Device = "auto",
    *,
    precision: Precision = "auto",
    dense_is_dark: bool | None = None,
    region: Region | None = None,
    sink: Sink | None = None,
    bits: Bits = 8,
    z: tuple[int, int] | None = None,
    augment: Augment = 1,
    spread: VolumeSink | None = None,
    report: Report = silent,
) -> Segmentation:
    """Classify every voxel of a volume softly.

    Args:
        volume: the tomogram; it may lie on disk, and is read tile by tile.
        model: the name of a model (`volviz.segment.models.models`), or the path of a file of weights: volviz's own
            (``.safetensors``), or a checkpoint of Nano-Oetzi (``.ckpt``) or pytorch-3dunet (``.pytorch``).
        device: "auto" takes CUDA where there is one.
        precision: "auto" is half precision where the device is faster with it.
        dense_is_dark: which sign of the density is matter; None guesses.
        region: only these voxels, as far as there are any; context beyond them is read from the whole volume.
        sink: where finished bricks go; without one the result is in memory.
        bits: how fine the classes are, 8 or 16.
        z: first slice and the one past the last that hold the specimen; what lies beyond becomes background.
        augment: from how many sides every tile is seen (1, 4 or 8); the result is the mean.
        spread: takes how far these lie apart, as a standard deviation (0 to 0.5).
        report: hears of the progress, and may raise `Cancelled`.

    Raises:
        TypeError: it is no volume.
        VolvizError: there is no such model, device, region or slice, or one view alone was asked for its spread.
    """
    from volviz.segment.models import load
    from volviz.segment.protocol import Run

    check_volume(volume)
    check_choice("How many bits the classes have", bits, (8, 16))
    check_choice("The number of sides from which tiles are seen", augment, (1, 4, 8))
    check_choice("The device", device, ("auto", "cuda", "cpu"))
    if spread is not None and augment == 1:
        raise VolvizError("One view of each tile has no spread; ask for 4 or 8 (--augment 4), or for the margin.")
    region = None if region is None else volume.grid.within(region)  # refused before the work and not after it
    volume.grid.slices(z)
    report(0.0, "Loading the model")
    predictor = load(model)
    files: object = sink.classes if isinstance(sink, WithMargin) else sink
    if isinstance(files, OnDisk):
        check_room(files, volume.grid if region is None else volume.grid.crop(region), predictor.labels, FEWER)
    return predictor.predict(volume, Run(device, precision, region, sink, report, dense_is_dark, bits, z, augment, spread))


def segment_file(
    path: Path,
    out: Path,
    *,
    model: str | Path = "unet",
    device: Device = "auto",
    voxel_size: float | None = None,
    dense_is_dark: bool | None = None,
    bits: Bits = 8,
    z: tuple[int, int] | None = None,
    augment: Augment = 1,
    uncertainty: Uncertainty | None = None,
    overwrite: bool = False,
    report: Report = silent,
) -> Path:
    """Segment a tomogram on disk into files, never holding either whole, and return what `volviz.open` reads.

    ``out`` is an OME-Zarr if it ends in ``.zarr``, otherwise a folder for one MRC file per class, hard labels, and a JSON.
    Nothing appears under its final name until all of it is whole.

    ``uncertainty`` adds a volume: ``<stem>_uncertainty.mrc`` in the folder, or ``<out>_uncertainty.zarr`` beside the OME-Zarr. It
    is the "margin", one less the most probable class's lead over the next (0 to 1), or the "spread", the standard
    deviation over the views that ``augment`` asks for (0 to 0.5). With ``overwrite`` that of an older result goes with it.

    Raises:
        VolvizError: the tomogram cannot be opened, a result is there already, or the model cannot run.
    """
    from volviz.io.volume_file import VolumeFile, uncertainty_of

    volume = open_tomogram(path, voxel_size=voxel_size)
    inner = volume.grid.slices(z)
    filled = (inner.start[0], inner.stop[0])
    sink: Sink
    spread: VolumeSink | None = None
    files = sink = file_sink(out, volume, overwrite=overwrite, bits=bits, z=filled)
    beside = uncertainty_of(files.result)
    # Asked for or not: it is part of a result that may be there already.
    uncertain = VolumeFile(beside, volume, overwrite=overwrite, z=filled)
    if uncertainty is not None:
        sink, spread = with_uncertainty(uncertainty, files, uncertain)
    with aborting(sink):
        found = segment(
            volume,
            model,
            device,
            dense_is_dark=dense_is_dark,
            sink=sink,
            bits=bits,
            z=z,
            augment=augment,
            spread=spread,
            report=report,
        )
    if uncertainty is None and "uncertainty" not in (label.name for label in found.labels):
        remove(beside)  # that of an older result would pass for this one's
    return files.result


def with_uncertainty(kind: Uncertainty, sink: Sink, beside: VolumeSink) -> tuple[Sink, VolumeSink | None]:
    """Return what `segment` takes as ``sink`` and ``spread`` so that the uncertainty goes beside the classes."""
    if kind == "spread":
        return sink, beside
    return (FilledWithMargin(sink, beside) if isinstance(sink, Filled) else WithMargin(sink, beside)), None


class WithMargin:
    """A sink that hands everything on to another, and the margin of every voxel to a second one."""

    def __init__(self, sink: Sink, margin: VolumeSink) -> None:
        self.classes, self._margin = sink, margin
        self._labels: tuple[Label, ...] = ()
        self._grid = Grid((1, 1, 1))

    def begin(self, grid: Grid, labels: tuple[Label, ...], kind: Kind, provenance: Mapping[str, Any]) -> None:
        """Begin both."""
        self._grid, self._labels = grid, labels
        self.classes.begin(grid, labels, kind, provenance)
        self._margin.begin(grid)

    def write(self, region: Region, data: npt.NDArray[Any]) -> None:
        """Write both."""
        self.classes.write(region, data)
        self._margin.write(region, Segmentation(self._grid.crop(region), data, self._labels).margin())

    def finish(self) -> None:
        """Finish both."""
        self.classes.finish()
        self._margin.finish()

    def abort(self) -> None:
        """Leave nothing of either."""
        self._margin.abort()
        self.classes.abort()


class FilledWithMargin(WithMargin):
    """The same for a sink that need not be handed background."""

    def fill(self, region: Region) -> None:
        """Fill both: nothing is surer than background."""
        assert isinstance(self.classes, Filled)
        self.classes.fill(region)
        self._margin.write(region, np.broadcast_to(np.float32(0), region.shape))


def provenance_notes(path: Path) -> tuple[str, ...]:
    """Return what a segmentation on disk says about how far it can be trusted."""
    value = open_path(path)
    return tuple(str(note) for note in value.provenance.get("notes", ())) if isinstance(value, Segmentation) else ()


def open_tomogram(path: Path, *, voxel_size: float | None = None) -> Volume:
    """Open a file that must hold a tomogram.

    Raises:
        VolvizError: it holds a segmentation, or cannot be opened.
    """
    value = open_path(path, voxel_size=voxel_size)
    if isinstance(value, Segmentation):
        raise VolvizError(f"{path} holds a segmentation, not a tomogram; name the tomogram it was made from.")
    return value


if TYPE_CHECKING:
    from volviz.io.mrc_folder import MrcFolder
    from volviz.io.zarr_writer import ZarrSink


def file_sink(
    out: Path, volume: Volume, *, overwrite: bool = False, bits: Bits = 8, z: tuple[int, int] | None = None
) -> MrcFolder | ZarrSink:
    """Return the sink for a path: an OME-Zarr for ``.zarr``, otherwise a folder of MRC files; beyond the slices ``z`` is background.

    Raises:
        VolvizError: a result is there already, or the folder cannot be written to.
    """
    if out.suffix.lower() == ".zarr":
        from volviz.io.zarr_writer import ZarrSink

        return ZarrSink(out, volume, overwrite=overwrite, bits=bits, z=z)
    from volviz.io.mrc_folder import MrcFolder

    return MrcFolder(out, stem_of(volume), volume, overwrite=overwrite, bits=bits, z=z)


def stem_of(volume: Volume) -> str:
    """Return what results of a volume are called after: its file name without suffixes."""
    name = volume.source.name if volume.source is not None else volume.name or "volume"
    for suffix in (".gz", ".bz2"):
        name = name.removesuffix(suffix)
    stem, dot, _ = name.rpartition(".")
    return stem if dot and stem else name


@contextmanager
def aborting(sink: Sink) -> Iterator[None]:
    """Make sure that a sink leaves nothing half-written, whatever ends the block."""
    try:
        yield
    except BaseException:
        sink.abort()
        raise
