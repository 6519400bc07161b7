"""Fit a segmenter to simulations, to one's own labelled tomograms, or to both, and save the model."""

from __future__ import annotations

import multiprocessing
import os
import shlex
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields, replace
from itertools import chain
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from volviz.core.annotations import Dense, Example
from volviz.core.atomic import unwritten
from volviz.core.errors import VolvizError
from volviz.core.failures import sentence
from volviz.core.report import Report, part, silent
from volviz.core.room import default_folder
from volviz.segment.card import read_card, write_card
from volviz.segment.models import models, name_of
from volviz.segment.nn.ranks import joined
from volviz.segment.protocol import Run, Segmenter
from volviz.tasks.examples import disputed, read_example
from volviz.tasks.pool import Pool, fill_pool
from volviz.tasks.simulate import densities_in
from volviz.tasks.weights import check_model_file

if TYPE_CHECKING:
    from volviz.segment.nn.ranks import Ranks
    from volviz.segment.protocol import Device, Precision, Predictor

SIMULATED = 48
"""Tomograms that are simulated when there is nothing else to learn from."""

HELD_OUT = 8
"""Simulations by which the best weights are chosen, unless the method is told otherwise."""

# With so many beyond the held-out ones learning begins, while the rest is still being simulated.
_ENOUGH = 12


def train_file(
    segmenter: Segmenter,
    out: Path,
    *,
    data: Sequence[Files] = (),
    judged_by: Sequence[Files] = (),
    simulated: int = 0,
    pool: Path | None = None,
    densities: Path | None = None,
    device: Device = "auto",
    precision: Precision = "auto",
    overwrite: bool = False,
    report: Report = silent,
) -> None:
    """Fit a segmenter and write its model, a ``.safetensors`` file with its card beside it.

    Args:
        segmenter: the method and its parameters.
        out: where the model goes.
        data: own tomograms, each with what was said of it: a segmentation, such as one that scribbles made, or a volume of
            class numbers, on the same grid, or annotations, one file for each person, or both; or a session twice. Volumes
            are read in place. Marks overrule a segmentation; voxels on which people disagree teach nothing.
        judged_by: the same of what does not teach: a network's best weights are chosen by it.
        simulated: how many tomograms to simulate; without own data and without this number, 48.
        pool: folder that keeps the simulated tomograms, and is filled up if it holds some already; else they are deleted.
        densities: a folder of structures that a third of the simulations take their spikes from, and half of them proteins:
            atomic models (.pdb) and density maps (.mrc).
        device: where to train. Started by ``torchrun``, each process takes a GPU of its own, and they learn together.
        precision: of the convolutions; "auto" is the fastest that the device has circuits for.
        overwrite: replace a model that is there.
        report: hears of the progress.

    Raises:
        VolvizError: a file cannot be opened, labels do not fit their tomogram, there is a model already, or the folder of
            structures holds none.
    """
    from volviz.segment.device import torch_device

    check_model_file(out, overwrite=overwrite)
    if simulated < 0:
        raise VolvizError(f"--simulate is a number of tomograms from 0, not {simulated}.")
    if Dense not in segmenter.needs and (simulated or not data):
        raise VolvizError("This method learns from what a person marks: give tomograms, and what was marked in each with --strokes.")
    segmenter = _started(segmenter)
    if judged_by and not hasattr(segmenter, "held_out"):
        raise VolvizError("This method has nothing to choose by scores: --judged-by is for networks; --held-back judges a forest.")
    check = getattr(segmenter, "check", None)
    if check is not None:
        check()  # before tomograms are simulated, which takes minutes
    torch_device(device)
    own = [read_example(tomogram, *said, needs=segmenter.needs) for tomogram, *said in data]
    judges = [read_example(tomogram, *said, needs=segmenter.needs) for tomogram, *said in judged_by]
    count = simulated or (0 if own else SIMULATED)
    if densities is not None:
        if not count:
            raise VolvizError("Structures are for simulations, and own tomograms alone need none; say how many to add (--simulate 48).")
        densities_in(densities)  # says now what a process of its own could not
    with ExitStack() as stack:
        ranks = stack.enter_context(joined())
        report = report if ranks.leads else silent
        run = Run(device=device, precision=precision, report=part(report, 0.02, 1.0))
        method, examples = segmenter, cast(Sequence[Example], own)
        if judges:
            method = replace(method, held_out=len(judges), tested=0)  # type: ignore[type-var]
        if count:
            if getattr(method, "held_out", 0) is None:
                method = replace(segmenter, held_out=HELD_OUT)  # type: ignore[type-var]
            seed = 1 + int(getattr(segmenter, "seed", 0))
            simulations, coming = stack.enter_context(_simulations(pool, count, seed, densities, ranks))
            first = 0 if judges else int(getattr(method, "held_out", 0))
            _wait(simulations, min(count, first + _ENOUGH), coming, part(report, 0.0, 0.02))
            examples = Joined(simulations, own, at=len(simulations))
        if judges:
            examples = Joined(examples, judges, at=0)
        for example in (*judges, *own):
            if example.others:
                run.report(0.0, _disagreed(example))
            if not example.volume.grid.voxel_size_known:
                run.report(0.0, f"{example.volume.name} does not say its voxel size; it was taken to be the network's")
        predictor = method.fit(examples, run)
        if ranks.leads:
            _save(predictor, out, lambda path: _sign(path, segmenter, data, judged_by, count, densities))


def _save(predictor: Predictor, out: Path, sign: Callable[[Path], None]) -> None:
    """Save a model and sign it; where its place does not take it any more, in another one, for hours of learning are in it.

    Raises:
        VolvizError: its place does not take it; the sentence says where it is instead.
    """
    try:
        predictor.save(out)
        sign(out)
    except (VolvizError, OSError) as error:
        refused = unwritten(out, error) if isinstance(error, OSError) else error
        for folder in (default_folder(), Path(tempfile.gettempdir()), Path.home()):
            elsewhere = folder / f"{out.stem}-{os.getpid()}{out.suffix}"
            try:
                predictor.save(elsewhere)
                sign(elsewhere)
            except (VolvizError, OSError):
                continue
            raise VolvizError(f"{refused} Until then the model is in {elsewhere}, with its card beside it.") from error
        raise refused from error


Files = tuple[Path, ...]
"""A tomogram and what was said of it, in one file or several; or a session twice."""


def _disagreed(example: Example) -> str:
    differ, marked = disputed(example)
    people = len(example.people)
    if not differ:
        return f"{people} people marked {example.volume.name}, and nowhere name different classes"
    return f"of {marked} voxels that {people} people marked in {example.volume.name}, {differ} have different classes, and teach nothing"


def _started(segmenter: Segmenter) -> Segmenter:
    """Return a method that starts from the weights of a model at hand, if it names one rather than a file."""
    start = getattr(segmenter, "start", None)
    known = models() if start is not None else {}
    return replace(segmenter, start=known[str(start)]) if str(start) in known else segmenter  # type: ignore[type-var]


@contextmanager
def _simulations(
    folder: Path | None, count: int, seed: int, densities: Path | None, ranks: Ranks
) -> Iterator[tuple[Pool, Callable[[], bool]]]:
    """Simulate into a folder, or one that is deleted afterwards, while the block lasts. Of several processes the first does.

    Yields the pool, and whether more is coming.
    """
    with ExitStack() as stack:
        if folder is None and ranks.leads:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="volviz-pool-")))
        shared = Path(ranks.lead(lambda: str(folder)))
        coming = stack.enter_context(filling(shared, count, seed=seed, densities=densities)) if ranks.leads else lambda: True
        yield Pool(shared), coming
        ranks.lead(lambda: None)  # nobody deletes what another still reads


def train_unet(
    out: Path,
    *,
    simulated: int = 400,
    pool: Path | None = None,
    densities: Path | None = None,
    report: Report = silent,
    **parameters: Any,
) -> None:
    """Train a `UNet` on simulations alone, as the bundled weights were. ``parameters`` are fields of `UNet`."""
    from volviz.segment.methods.unet import UNet

    train_file(UNet(**parameters), out, simulated=simulated, pool=pool, densities=densities, report=report)


def command_of(
    segmenter: Segmenter,
    out: Path,
    data: Sequence[Files] = (),
    simulated: int = 0,
    densities: Path | None = None,
    judged_by: Sequence[Files] = (),
) -> str:
    """Return the command line that trains this segmenter anew. Folders for checkpoints and pools are left out: they change nothing."""
    words = ["volviz", "train", name_of(type(segmenter)), "--out", out.name]
    if simulated:
        words += ["--simulate", str(simulated)]
    if densities is not None:
        words += ["--densities", str(densities)]
    for option, given in (("--data", data), ("--judged-by", judged_by)):
        if given:
            words += [option, *(f"{tomo}" if said[0] == tomo else f"{tomo}:{'+'.join(map(str, said))}" for tomo, *said in given)]
    for field in fields(segmenter):  # type: ignore[arg-type]
        value = getattr(segmenter, field.name)
        if value != field.default and field.name != "checkpoints":
            words += [f"--{field.name.replace('_', '-')}", str(value)]
    return shlex.join(words)


def _sign(
    out: Path, segmenter: Segmenter, data: Sequence[Files], judged_by: Sequence[Files], simulated: int, densities: Path | None
) -> None:
    """Note in the card of a new model how it was made."""
    card = read_card(out)
    training = {**card.training, "simulated": simulated, "own_tomograms": [tomogram.name for tomogram, *_ in data]}
    if judged_by:
        training["judged_by"] = ", ".join("+".join(path.name for path in said) for _, *said in judged_by)
    command = command_of(segmenter, out, data, simulated, densities, judged_by)
    write_card(out, replace(card, name=out.stem, training=training, command=command))


class Joined(Sequence[Example]):
    """A pool that may still grow, and somewhere in it, as after the simulations held out, the person's own examples."""

    def __init__(self, pool: Sequence[Example], own: Sequence[Example], at: int) -> None:
        self.pool, self.own, self.at = pool, own, at

    def __len__(self) -> int:
        return len(self.pool) + len(self.own)

    def __getitem__(self, i: Any) -> Any:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        if i < self.at:
            return self.pool[i]
        return self.own[i - self.at] if i < self.at + len(self.own) else self.pool[i - len(self.own)]

    def __iter__(self) -> Iterator[Example]:
        return chain(self.pool, self.own)


@contextmanager
def filling(folder: Path, count: int, *, seed: int, densities: Path | None = None) -> Iterator[Callable[[], bool]]:
    """Simulate into a folder in a process of its own, at low priority, for as long as the block lasts; yield whether it runs.

    Asked when it has failed, that raises what a person can put right (VolvizError).
    """
    context = multiprocessing.get_context("spawn")
    heard, said = context.Pipe(duplex=False)
    worker = context.Process(target=_fill, args=(folder, count, seed, densities, said), daemon=True)
    worker.start()
    said.close()

    def coming() -> bool:
        alive = worker.is_alive()  # before it is listened to: what it said last is not missed
        with suppress(EOFError):
            if heard.poll():
                raise VolvizError(heard.recv())
        return alive

    try:
        yield coming
    finally:
        worker.terminate()
        worker.join()


def _fill(folder: Path, count: int, seed: int, densities: Path | None, said: Connection) -> None:
    if sys.platform != "win32":
        os.nice(10)
    try:
        fill_pool(folder, count, seed=seed, densities=densities)
    except KeyboardInterrupt:
        pass
    except Exception as error:
        if (why := sentence(error)) is None:
            raise
        said.send(why)


def _wait(pool: Pool, count: int, coming: Callable[[], bool], report: Report) -> None:
    """Return when there are so many.

    Raises:
        VolvizError: there will never be.
    """
    while (there := len(pool)) < count:
        if not coming() and len(pool) < count:
            raise VolvizError(f"Simulating tomograms ended after {there} of {count}; is there room on the disk and in memory for more?")
        report(there / count, f"simulating, {there} of {count}")
        time.sleep(0.2)
