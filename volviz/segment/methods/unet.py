"""The bundled method: a residual 3D U-Net, taught by dense labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import torch

from volviz.core.annotations import Annotation, Dense, Example
from volviz.core.density import dense_is_dark
from volviz.core.errors import VolvizError
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.card import Card, read_weights, write_weights
from volviz.segment.device import torch_device, torch_dtype
from volviz.segment.nn.augment import Augmentation
from volviz.segment.nn.crops import Crops, dense_labels
from volviz.segment.nn.fit import Progress, Schedule, fit
from volviz.segment.nn.foreground import Foreground
from volviz.segment.nn.networks import Network, build
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.nn.validate import f1_scores
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks


@dataclass(frozen=True, slots=True)
class UNet:
    """Residual 3D U-Net (Nguyen et al. 2022; Lee et al. 2017), Dice and cross entropy on soft labels."""

    needs: ClassVar[tuple[type[Annotation], ...]] = (Dense,)

    f_maps: int = 16
    """Features at the finest level; they double with each level."""
    num_levels: int = 4
    """Levels of resolution, each half as fine as the one above."""
    num_groups: int = 2
    """Groups of features that are normalised together."""
    voxel_size: float = 10.0
    """A at which the network sees every tomogram."""
    crop: int = 64
    """Edge of the training cubes in voxels."""
    batch: int = 2
    """Cubes per step."""
    steps: int = 20_000
    """Steps after which the learning rate has fallen to a hundredth."""
    minutes: float = 0.0
    """Stop after so long if the steps take longer; 0 for no limit."""
    learning_rate: float = 2e-3
    """Highest step size of AdamW."""
    held_out: int = 8
    """The first examples, kept for choosing the best weights and never trained on."""
    seed: int = 0
    """Decides the first weights and the order of the crops."""
    start: Path | None = None
    """Weights to start from (.safetensors) instead of random ones."""
    checkpoints: Path | None = None
    """Folder for checkpoints and the learning curve; a run that finds a checkpoint there goes on from it."""

    def fit(self, examples: Sequence[Example], run: Run) -> UNetPredictor:
        """Learn from densely labelled volumes. All must have the same classes; the sequence may grow meanwhile.

        Raises:
            VolvizError: an example lacks dense labels, or there are too few of them.
            Cancelled: checkpoints remain.
        """
        if len(examples) < self.held_out + 1:
            raise VolvizError(
                f"{len(examples)} labelled tomograms are too few when {self.held_out} are held out: give more, or hold out fewer."
            )
        device = torch_device(run.device)
        dtype = torch_dtype(run.precision, device)
        labels = dense_labels(examples[0]).labels
        network = ResidualUNet3D(1, len(labels), self.f_maps, self.num_levels, self.num_groups)
        random_weights(network, self.seed)
        if self.start is not None:
            network.load_state_dict(read_weights(self.start))
        network = network.to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        crops = Crops(examples, self.crop, self.batch, self.voxel_size, Augmentation(), _Signs(examples, run.dense_is_dark), self.held_out)
        judged = [crops.source(i) for i in range(max(1, self.held_out))]
        names = [label.name for label in labels]
        schedule = Schedule(self.steps, self.minutes or float("inf"), self.learning_rate, seed=self.seed)
        progress = fit(
            network,
            crops,
            lambda trained: f1_scores(trained, judged, names, dtype),
            schedule,
            dtype=dtype,
            report=run.report,
            folder=self.checkpoints,
        )
        network.half().float()  # what is saved is what was judged
        return UNetPredictor(network.cpu(), self._card(labels, len(examples), progress))

    def _card(self, labels: tuple[Label, ...], examples: int, progress: Progress) -> Card:
        architecture = {"in_channels": 1, "out_channels": len(labels), "f_maps": self.f_maps, "num_levels": self.num_levels}
        parameters = {k: str(v) if isinstance(v, Path) else v for k, v in asdict(self).items()}
        return Card(
            name="unet",
            method="unet",
            architecture={**architecture, "num_groups": self.num_groups},
            labels=labels,
            bricks=Bricks(self.voxel_size, multiple=2 ** (self.num_levels - 1), tile=192, overlap=64, statistics="volume"),
            training={"parameters": parameters, "examples": examples, "steps": progress.step, "best_step": progress.best_step},
            scores={"held_out": progress.best_scores},
        )


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
