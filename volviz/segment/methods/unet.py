"""The bundled method: a residual 3D U-Net, or another network of the paper, taught by dense labels."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from volviz.core.annotations import Annotation, Dense, Example
from volviz.core.atomic import check_folder
from volviz.core.density import dense_is_dark
from volviz.core.errors import Enough, VolvizError
from volviz.core.report import Report, part, silent
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.card import Card, read_card, read_weights, write_weights
from volviz.segment.device import torch_device, torch_dtype
from volviz.segment.held_back import check_share
from volviz.segment.nn.augment import Augmentation
from volviz.segment.nn.crops import Crops, Trust, dense_labels, merged
from volviz.segment.nn.deepen import deepen
from volviz.segment.nn.division import Division
from volviz.segment.nn.fit import Schedule, fit
from volviz.segment.nn.foreground import Foreground
from volviz.segment.nn.judges import Judges, Taught
from volviz.segment.nn.losses import Loss
from volviz.segment.nn.networks import Architecture, Network, build, sizes_of, transfer
from volviz.segment.nn.ranks import joined
from volviz.segment.nn.together import Over
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.nn.validate import Judge
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks, Overview, Statistics

# The least that these parameters can be.
_FROM_ONE = ("f_maps", "num_levels", "num_groups", "crop", "batch", "steps", "validate_every")
_FROM_NOUGHT = ("minutes", "warmup", "held_out", "tested", "seed")

# Cubes in which features are measured that new levels shall pass on.
_FEW = 4


# On a CPU the gradient of 3x3x3 kernels in bfloat16 is garbage where the features are so many voxels wide (oneDNN in torch 2.13;
# of 1 to 8 voxels only 2 fail). Cubes whose coarsest features are that small are learnt from in float32.
_WRONG = 2


@dataclass(frozen=True, slots=True)
class UNet:
    """Residual 3D U-Net (Nguyen et al. 2022; Lee et al. 2017) or another network of that paper, taught by soft or hard labels."""

    needs: ClassVar[tuple[type[Annotation], ...]] = (Dense,)

    architecture: Architecture | None = None
    """Which network: the residual U-Net unless the weights to start from are of another."""
    f_maps: int | None = None
    """Features at the finest level, twice as many with each level: 16, or 32 for the others, or those of the weights to start from."""
    num_levels: int | None = None
    """Levels of resolution, each half as fine as the one above: 4, or those of the weights to start from, to which more can be added."""
    num_groups: int | None = None
    """Groups of features that are normalised together: 2, 8 (unet3d), 4 (dense), or those of the weights to start from."""
    loss: Loss = "dice-ce"
    """What is made small; dice-ce, bce, mse and adaptive-wing learn soft labels, ce takes the class of which there is most."""
    classes: Literal["all", "foreground", "foreground-first"] = "all"
    """foreground: learn all structures as one against the background; all: tell them apart; foreground-first: one, then the other from
    its weights, as many steps each."""
    hard: bool = False
    """Take of soft labels the most probable class for certain, whatever the loss."""
    sure: float = 0.0
    """Learn nothing from voxels whose most probable class is less probable than this."""
    held_back: float = 0.2
    """Of marks beside dense labels this share of each class teaches nothing and chooses the best weights; the others overrule labels."""
    voxel_size: float = 10.0
    """A at which the network sees every tomogram."""
    crop: int = 64
    """Edge of the training cubes in voxels."""
    batch: int = 2
    """Cubes per step, in each process."""
    statistics: Over = "volume"
    """Layers normalise all cubes of a step together, which are then of one volume, as they later do whole volumes; cube: each by itself."""
    steps: int = 20_000
    """Steps after which the learning rate has fallen to a hundredth."""
    minutes: float = 0.0
    """Stop after so long if the steps take longer; 0 for no limit."""
    learning_rate: float = 2e-3
    """Highest step size of AdamW."""
    warmup: int | None = None
    """Steps over which the learning rate rises: 150, or 50 from the weights to start from."""
    validate_every: int = 250
    """Steps between two validations, each with a checkpoint and a point of the learning curve."""
    held_out: int | None = None
    """The first examples, kept for choosing the best weights: 8 simulations, or a twelfth of your own; 0: a slab of each example."""
    tested: int | None = None
    """The examples after those, kept for the scores on the card alone: no simulations, or a twelfth of your own."""
    seed: int = 0
    """Decides the first weights and the order of the crops."""
    start: Path | None = None
    """Weights to start from (.safetensors) instead of random ones; where they do not know all classes, the last layer is drawn anew."""
    checkpoints: Path | None = None
    """Folder for checkpoints and the learning curve (.csv, .png); a run that finds a checkpoint there goes on from it."""

    def fit(self, examples: Sequence[Example], run: Run) -> UNetPredictor:
        """Learn from densely labelled volumes. All must have the same classes; the sequence may grow meanwhile.

        Raises:
            VolvizError: an example lacks dense labels, there are too few of them, or the weights to start from are of another kind.
            Cancelled: checkpoints remain.
        """
        self.check()
        if self.classes == "foreground-first":
            return self._in_two(examples, run)
        judges = None if self.held_out else Judges.of(examples, self.held_back)
        division = Division.of(len(examples), self.held_out, self.tested) if judges is None else Division((), ())
        examples = Taught(examples, self.held_back if judges else 0.0)
        labels, groups = merged(dense_labels(examples[0]).labels, self.classes)
        with joined() as ranks:
            device = ranks.device(torch_device(run.device))
            dtype = torch_dtype(run.precision, device)
            signs = _Signs(examples, run.dense_is_dark)
            trust = Trust(self.hard, self.sure)
            crops = Crops(examples, self.crop, self.voxel_size, Augmentation(), signs, division.first, division.part, groups, trust)
            network, architecture, start = self._network(labels, crops, run.report if ranks.leads else silent)
            if device.type == "cpu" and self.crop // network.multiple <= _WRONG:
                dtype = torch.float32
            network.to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
            judged = replace(crops, trust=Trust(), sources={}) if judges is None else judges.crops(crops)
            judge = Judge(judged, [label.name for label in labels], network.multiple, dtype, self.statistics)
            validate = judge.some(division.validation if judges is None else judges.parts)
            if judges is not None:
                run.report(0.0, judges.told)
            reports = part(run.report, 0.0, 0.97), part(run.report, 0.97, 1.0)
            progress = fit(network, crops, validate, self._schedule(start), dtype=dtype, report=reports[0], folder=self.checkpoints)
            network.half().float()  # what is saved is what was judged
            try:
                test = ranks.lead(lambda: judge.all(network, division.test, reports[1]))
            except Enough:  # of being judged: what was learnt is kept
                test = {}
        over: Statistics = "volume" if self.statistics == "volume" else "tile"
        training = {
            "parameters": {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()},
            "examples": len(examples),
            "processes": ranks.size,
            "precision": str(dtype).removeprefix("torch."),
            "steps": progress.step,
            "best_step": progress.best_step,
            **({"start": start} if start else {}),
            **({"judged_by": judges.told} if judges else {}),
        }
        card = Card(
            name="unet",
            method="unet",
            architecture=architecture,
            labels=labels,
            bricks=Bricks(
                self.voxel_size, multiple=network.multiple, tile=192, overlap=64, statistics=over, overview=self._overview(labels)
            ),
            training=training,
            scores={"held_out" if judges is None else "held_back": progress.best_scores, **({"test": test} if test else {})},
        )
        return UNetPredictor(network.cpu(), card)

    def check(self) -> None:
        """Refuse parameters with which nothing can be learnt.

        Raises:
            VolvizError: one of them is out of its range, checkpoints cannot be written, no network has such sizes, or the weights to
                start from cannot be read.
        """
        for least, names in ((1, _FROM_ONE), (0, _FROM_NOUGHT)):
            for name in names:
                value = getattr(self, name)
                if value is not None and not least <= value < math.inf:
                    raise VolvizError(f"--{name.replace('_', '-')} must be at least {least}, not {value:g}.")
        if not 0 < self.learning_rate < math.inf:
            raise VolvizError(f"--learning-rate is a step above 0, such as 0.002, not {self.learning_rate:g}.")
        if not 0 < self.voxel_size < math.inf:
            raise VolvizError(f"--voxel-size is a positive length in angstrom, not {self.voxel_size:g}.")
        if not 0 <= self.sure < 1:
            raise VolvizError(f"--sure is a probability from 0 to less than 1, not {self.sure:g}.")
        check_share(self.held_back)
        if self.checkpoints is not None:
            folder = self.checkpoints.absolute()
            while not folder.parent.exists():
                folder = folder.parent
            check_folder(folder)
        sizes = self._sizes(read_card(self.start) if self.start is not None else None)
        with torch.device("meta"):  # without memory
            multiple = build({**sizes, "in_channels": 1, "out_channels": 2}).multiple
        if self.crop % multiple:
            raise VolvizError(f"This network halves its cubes again and again: make --crop a multiple of {multiple}.")

    def _sizes(self, card: Card | None) -> dict[str, Any]:
        """Return kind and sizes of the network, some of them from the weights to start from."""
        wanted = {"kind": self.architecture, "f_maps": self.f_maps, "num_levels": self.num_levels, "num_groups": self.num_groups}
        return sizes_of(wanted, card)

    def _in_two(self, examples: Sequence[Example], run: Run) -> UNetPredictor:
        """Learn the structures as one, then to tell them apart, from those weights. Who has enough of the first gets what it learnt."""
        first, second = _Stage(part(run.report, 0.0, 0.5)), _Stage(part(run.report, 0.5, 1.0))
        with joined() as ranks, ExitStack() as stack:

            def place() -> Path:
                if self.checkpoints is not None:
                    return self.checkpoints / "foreground"
                return Path(stack.enter_context(TemporaryDirectory(prefix="volviz-foreground-")))

            folder = ranks.lead(place)
            weights = folder / "foreground.safetensors"
            kept = None if self.checkpoints is None else folder
            if not ranks.lead(weights.is_file):
                found = replace(self, classes="foreground", checkpoints=kept).fit(examples, replace(run, report=first))
                if ranks.lead(lambda: first.enough):
                    return found
                ranks.lead(lambda: found.save(weights))
            second.before = int(ranks.lead(lambda: read_card(weights).training["steps"]))
            told = replace(self, classes="all", start=weights).fit(examples, replace(run, report=second))
            ranks.lead(lambda: None)  # nobody deletes what another still reads
        parameters = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}
        return replace(told, card=replace(told.card, training={**told.card.training, "parameters": parameters}))

    def _schedule(self, start: Mapping[str, Any]) -> Schedule:
        """Fine-tuning warms up briefly, and is never worse than what it starts from, as far as that can be judged."""
        return Schedule(
            self.steps,
            self.minutes or math.inf,
            self.batch,
            self.loss,
            self.learning_rate,
            warmup=self.warmup or (50 if start else 150),
            validate_every=self.validate_every,
            seed=self.seed,
            judge_start=bool(start) and not start["drawn_anew"],
            statistics=self.statistics,
        )

    def _overview(self, labels: tuple[Label, ...]) -> Overview | None:
        """Return how the weights to start from look from farther away, if what they say of it still holds: for their classes and voxels."""
        card = read_card(self.start) if self.start is not None else None
        if card is None or [label.name for label in card.labels] != [label.name for label in labels]:
            return None
        return card.bricks.overview if card.bricks.voxel_size == self.voxel_size else None

    def _network(self, labels: tuple[Label, ...], crops: Crops, report: Report) -> tuple[Network, dict[str, Any], dict[str, Any]]:
        """Return the network with its first weights, its description, and what is to be said about where these are from."""
        card = read_card(self.start) if self.start is not None else None
        architecture = {**self._sizes(card), "in_channels": 1, "out_channels": len(labels)}
        network = build(architecture)
        random_weights(network, self.seed)
        if self.start is None or card is None:
            return network, architecture, {}
        known, learnt = ([label.name for label in given] for given in (card.labels, labels))
        kept = [known.index(name) for name in learnt] if set(learnt) <= set(known) else None
        shallow = {**architecture, **{k: v for k, v in card.architecture.items() if k == "num_levels"}}
        starting = build(shallow) if shallow != architecture else network
        random_weights(starting, self.seed)
        anew = transfer(starting, read_weights(self.start), kept)
        if starting is not network:
            assert isinstance(network, ResidualUNet3D)
            rng = np.random.default_rng(self.seed)
            deepen(network, starting.state_dict(), [crops(rng)[0] for _ in range(_FEW)])
            report(0.0, f"levels added below: {self.start.name} has {shallow['num_levels']}; now {architecture['num_levels']}")
        if anew:
            report(0.0, f"last layer drawn anew: {self.start.name} knows {', '.join(known)}; now {', '.join(learnt)}")
        elif known != learnt:
            report(0.0, f"of the classes of {self.start.name} only these: {', '.join(learnt)}")
        return network, architecture, {"weights": card.name, "sha256": card.sha256, "drawn_anew": list(anew)}


class _Stage:
    """A report of one stage of two: steps are counted on from those ``before``, and it is remembered whether somebody had enough."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self.before = 0
        self.enough = False

    def __call__(self, fraction: float, text: str = "", **metrics: float) -> None:
        if "step" in metrics:
            metrics["step"] += self.before
        try:
            self._report(fraction, text, **metrics)
        except Enough:
            self.enough = True
            raise


@dataclass(frozen=True, slots=True)
class _Signs(Sequence[int]):
    """+1 where dense is dark, as the network learns it, else -1; asked of each volume when it is first drawn."""

    examples: Sequence[Example]
    known: bool | None

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, i: int) -> int:  # type: ignore[override]
        dark = dense_is_dark(self.examples[i].volume) if self.known is None else self.known
        return 1 if dark else -1


@dataclass(frozen=True, slots=True, eq=False)
class UNetPredictor:
    """A trained network: which one, its card says."""

    network: Network
    card: Card

    @property
    def labels(self) -> tuple[Label, ...]:
        """The classes it tells apart, the background first."""
        return self.card.labels

    @classmethod
    def load(cls, path: Path, card: Card) -> UNetPredictor:
        """Read the weights that the card describes.

        Raises:
            VolvizError: weights and card do not belong together.
        """
        network = build(card.architecture)
        try:
            network.load_state_dict(read_weights(path))
        except RuntimeError as error:
            raise VolvizError(
                f"The weights in {path} are not those that {path.with_suffix('.json').name} describes; fetch both files anew."
            ) from error
        return cls(network, card)

    def predict(self, volume: Volume, run: Run) -> Segmentation:
        """Classify every voxel, in overlapping tiles at the network's voxel size. See `volviz.segment.apply.apply`."""
        provenance = {
            "model": self.card.name,
            "method": self.card.method,
            "weights_sha256": self.card.sha256,
            "notes": list(self.card.assumptions),
        }
        network = self.network if self.card.output == "softmax" else Foreground(self.network, self.card.output)
        return apply(network, volume, run, labels=self.labels, bricks=self.card.bricks, provenance=provenance)

    def save(self, path: Path) -> None:
        """Write weights and card."""
        write_weights(path, self.network.state_dict(), self.card)

    def named(self, name: str) -> UNetPredictor:
        """Return the same predictor under another name."""
        return UNetPredictor(self.network, replace(self.card, name=name))
