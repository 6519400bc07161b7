"""Weights on disk: a safetensors file, and beside it a model card (.json) that says what it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from volviz.core.atomic import make_folders, replacing
from volviz.core.errors import VolvizError
from volviz.core.segmentation import Label
from volviz.segment.tiles import Bricks, Faint, Output, Overview

if TYPE_CHECKING:
    from torch import Tensor

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Card:
    """What somebody must know before believing a model, and a program to run it."""

    name: str
    method: str
    """Which segmenter made it: the key by which its predictor's class is found."""
    architecture: Mapping[str, Any]
    labels: tuple[Label, ...]
    bricks: Bricks = field(default_factory=Bricks)
    output: Output = "softmax"
    """What makes probabilities of what the network says; but for a softmax the background has no channel of its own."""
    normalisation: str = "z-score of the density clipped to the volume's 0.5 and 99.5 percentiles, cut at +-5"
    training: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    scores: Mapping[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    """What nobody knows of how it was trained; said with every result."""
    license: str = ""
    sha256: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"format": FORMAT, **asdict(self)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Card:
        """Read what `to_json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        if content["format"] != FORMAT:
            raise ValueError(f"format {content['format']}")
        rest = {k: v for k, v in content.items() if k != "format"}
        labels = tuple(Label(d["name"], tuple(d["color"]), d["identifier"]) for d in rest.pop("labels"))
        bricks = dict(rest.pop("bricks"))
        assumptions = tuple(rest.pop("assumptions", ()))
        low, high = bricks.pop("voxel_size_range")
        overview = Overview(**found) if (found := bricks.pop("overview", None)) else None
        faint = Faint(**found) if (found := bricks.pop("faint", None)) else None
        for rule in (overview, faint):
            if rule and rule.label not in (label.name for label in labels):
                raise ValueError(f"no class {rule.label}")
        return cls(
            labels=labels,
            bricks=Bricks(voxel_size_range=(low, high), overview=overview, faint=faint, **bricks),
            limits=tuple(rest.pop("limits")),
            assumptions=assumptions,
            **rest,
        )


def read_card(weights: Path) -> Card:
    """Read the card beside a weights file.

    Raises:
        VolvizError: there is none, or it is not one.
    """
    path = weights.with_suffix(".json")
    if not path.is_file():
        raise VolvizError(f"{weights.name} has no model card: {path.name} must lie beside it.")
    try:
        return Card.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VolvizError(f"{path} is no model card that this volviz reads; fetch the model anew or update volviz.") from error


def read_weights(path: Path) -> dict[str, Tensor]:
    """Read tensors as float32.

    Raises:
        VolvizError: this is no safetensors file.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        # Other threads go on while bytes are read; within `load_file` they would wait for the disk.
        return {k: v.to(torch.float32) if v.is_floating_point() else v for k, v in load(path.read_bytes()).items()}
    except (OSError, SafetensorError) as error:
        raise VolvizError(f"{path} holds no weights in safetensors form; check the file, or fetch it anew.") from error


def write_weights(path: Path, weights: Mapping[str, Tensor], card: Card) -> None:
    """Write tensors and the card beside them, in half precision if that loses nothing. Both appear whole or not at all.

    Raises:
        VolvizError: the place is not writable.
    """
    import torch
    from safetensors.torch import save

    half = all(torch.equal(v.half().float(), v.float()) for v in weights.values() if v.is_floating_point())
    tensors = {k: (v.half() if half and v.is_floating_point() else v).detach().cpu().contiguous() for k, v in weights.items()}
    content = save(tensors)
    card = replace(card, sha256=hashlib.sha256(content).hexdigest())
    make_folders(path.parent)
    # The card is moved last and only if the weights were: with another's it would be no card of theirs.
    with replacing(path.with_suffix(".json"), overwrite=True) as beside, replacing(path, overwrite=True) as partial:
        beside.write_bytes(_text_of(card))
        partial.write_bytes(content)


def write_card(weights: Path, card: Card) -> None:
    """Write the card of a weights file beside it."""
    with replacing(weights.with_suffix(".json"), overwrite=True) as partial:
        partial.write_bytes(_text_of(card))


def _text_of(card: Card) -> bytes:
    return (json.dumps(card.to_json(), indent=2) + "\n").encode()
