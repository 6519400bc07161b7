"""From somebody's file of weights to a predictor, and what had to be assumed on the way."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from volviz.core.segmentation import BACKGROUND, VIRION_LABELS, Label
from volviz.segment.card import Card
from volviz.segment.foreign.checkpoint import read_checkpoint, tensors_of
from volviz.segment.foreign.layouts import architecture_of, network_of
from volviz.segment.methods.unet import UNetPredictor
from volviz.segment.tiles import Bricks, Output, Scale

_COLORS = ((0.86, 0.67, 0.73), (0.24, 0.40, 0.82), (0.84, 0.19, 0.32), (0.93, 0.75, 0.30), (0.35, 0.70, 0.45), (0.60, 0.45, 0.75))


@dataclass(frozen=True, slots=True)
class _Program:
    """What a program does by default, and so what its files do not say. ``one`` and ``many`` are for one channel and more."""

    name: str
    num_groups: int
    one: Output
    many: Output
    scale: Scale
    scaled: str
    dense_is_dark: bool | None


def read_foreign(path: Path) -> UNetPredictor:
    """Read a checkpoint of Nano-Oetzi or pytorch-3dunet. Nothing in the file is run, and it is never changed.

    The file tells the network's kind, widths, levels and classes. What it does not tell is in the card's ``assumptions``,
    which every result repeats.

    Raises:
        VolvizError: it holds something else, or wants to import something.
    """
    content = read_checkpoint(path)
    tensors = tensors_of(path, content)
    # Lightning's name for weights, or bare ones of the layout that Nano-Oetzi uses.
    lightning = "state_dict" in content or ("model_state_dict" not in content and "encoders.0.basic_module.conv1.conv.weight" in tensors)
    program = _nano_oetzi(content) if lightning else _pytorch_3dunet(path)
    architecture = architecture_of(path, tensors, program.num_groups)
    network = network_of(path, tensors, architecture)
    channels, groups = architecture["out_channels"], architecture["num_groups"]
    output = program.one if channels == 1 else program.many
    sign = " and not inverted" if program.dense_is_dark is None else ""
    assumption = (
        f"{path.name} is taken for weights of {program.name}, which do not say how they want a tomogram: the density was "
        f"{program.scaled} at its own voxel size{sign}, with {groups} groups in a normalisation and a {output} at the end."
    )
    virions = program.name == "Nano-Oetzi" and channels == len(VIRION_LABELS)
    card = Card(
        name=path.stem,
        method="unet",
        architecture=architecture,
        labels=VIRION_LABELS if virions else _labels(channels, output),
        bricks=Bricks(voxel_size=None, multiple=network.multiple, dense_is_dark=program.dense_is_dark, scale=program.scale),
        output=output,
        normalisation=program.scaled,
        training={"program": program.name, "file": path.name},
        limits=(assumption,),
        assumptions=(assumption,),
        license="that of whoever trained it",
        sha256=_digest(path),
    )
    return UNetPredictor(network, card)


def _nano_oetzi(content: Mapping[str, Any]) -> _Program:
    """Return what the published code does: a single class is learnt from soft labels, without an activation, unless its settings say so."""
    asked = _settings(content)
    sigmoid = asked.get("loss") == "bce" or asked.get("last_act") == "sigmoid"
    return _Program("Nano-Oetzi", 2, "sigmoid" if sigmoid else "clamp", "softmax", "min-max", "scaled to 0..1 over the whole volume", True)


def _pytorch_3dunet(path: Path) -> _Program:
    """Return the program's defaults, or what the recipe beside the weights says."""
    recipe = _recipe(path)
    many: Output = "sigmoid" if recipe.get("final_sigmoid") == "true" else "softmax"
    groups = max(1, int(recipe.get("num_groups", 8)))
    return _Program("pytorch-3dunet", groups, "sigmoid", many, "standard", "scaled to mean 0 and deviation 1", None)


def _labels(channels: int, output: Output) -> tuple[Label, ...]:
    """Return the background and as many structures as have a channel: numbered, as nobody says what they are."""
    structures = channels if output != "softmax" else channels - 1
    names = ["foreground"] if structures == 1 else [f"class {i}" for i in range(1, structures + 1)]
    return (BACKGROUND, *(Label(name, _COLORS[i % len(_COLORS)]) for i, name in enumerate(names)))


def _settings(content: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings of the training program, as far as they are words."""
    hyper = content.get("hyper_parameters")
    found = hyper.get("hparams", hyper) if isinstance(hyper, Mapping) else hyper
    values = found if isinstance(found, Mapping) else getattr(found, "__dict__", {})
    return {str(k): v.lower() for k, v in values.items() if isinstance(v, str)}


def _recipe(path: Path) -> dict[str, str]:
    """Return what the recipe beside the weights (their name with .yml or .yaml) says of what shapes do not tell."""
    for suffix in (".yml", ".yaml"):
        recipe = path.with_suffix(suffix)
        if recipe.is_file():
            text = recipe.read_text(encoding="utf-8", errors="replace")
            found = re.findall(r"^\s*(num_groups|final_sigmoid)\s*:\s*(\d+|true|false)\b", text, re.MULTILINE | re.IGNORECASE)
            return {key: value.lower() for key, value in found}
    return {}


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
