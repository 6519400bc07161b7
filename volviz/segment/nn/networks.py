"""The networks behind one switch: a card names the kind and its sizes, and gets the network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from torch import Tensor

from volviz.core.errors import VolvizError
from volviz.segment.card import Card
from volviz.segment.nn.densenet import SkipDenseNet3D
from volviz.segment.nn.resnet_unet import ResNetUNet3D
from volviz.segment.nn.unet import ResidualUNet3D
from volviz.segment.nn.unet3d import UNet3D

Architecture = Literal["residual-unet", "unet3d", "dense"]
Network = ResidualUNet3D | UNet3D | SkipDenseNet3D

KINDS: Mapping[str, type[Network]] = {
    "residual-unet": ResidualUNet3D,
    "unet3d": UNet3D,
    "dense": SkipDenseNet3D,
    "resnet-unet": ResNetUNet3D,
}

# Sizes that nobody chose: volviz's own for the residual U-Net, those that were published for the others.
SIZES: Mapping[str, Mapping[str, int]] = {
    "residual-unet": {"f_maps": 16, "num_levels": 4, "num_groups": 2},
    "unet3d": {"f_maps": 32, "num_levels": 4, "num_groups": 8},
    "dense": {"f_maps": 32, "num_levels": 4, "num_groups": 4},
}

_TOLD = {"kind": "architecture", "f_maps": "f-maps", "num_levels": "num-levels", "num_groups": "num-groups"}


def build(architecture: Mapping[str, Any]) -> Network:
    """Return the network that a card describes: its ``kind`` (without one, a residual U-Net) and its sizes.

    Raises:
        VolvizError: there is no such kind, or its sizes do not fit together.
    """
    sizes = dict(architecture)
    kind = sizes.pop("kind", "residual-unet")
    if kind not in KINDS:
        raise VolvizError(f"There is no network '{kind}'; there are: {', '.join(KINDS)}. A newer volviz may know it.")
    try:
        return KINDS[kind](**sizes)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        told = ", ".join(f"{name} {value}" for name, value in sizes.items())
        raise VolvizError(f"No {kind} has {told}; groups must divide features, and there must be at least one level.") from error


def sizes_of(wanted: Mapping[str, Any], start: Card | None) -> dict[str, Any]:
    """Return kind and sizes of a network: as wanted where that is not None, else those of the weights to start from, or the usual ones.

    A residual U-Net may have more levels than the weights to start from.

    Raises:
        VolvizError: the weights to start from are of another kind or size than is wanted.
    """
    given = {name: value for name, value in wanted.items() if value is not None}
    if start is None:
        kind = given.get("kind", "residual-unet")
        return {"kind": kind, **SIZES[kind], **given}
    there = {"kind": "residual-unet", **start.architecture}
    deeper = there["kind"] == "residual-unet" and given.get("num_levels", 0) > there.get("num_levels", 0)
    for name, value in given.items():
        if there.get(name) != value and not (deeper and name == "num_levels"):
            raise VolvizError(
                f"The weights to start from have {_TOLD[name]} {there.get(name)}, not {value}: leave --{_TOLD[name]} out, or start anew."
            )
    return {**there, **given}


def transfer(network: Network, weights: Mapping[str, Tensor], kept: Sequence[int] | None) -> tuple[str, ...]:
    """Load weights into a network; return the layers that keep their random weights because their classes are others.

    ``kept`` has for each class of the network its number among those of the weights; None where these do not know all of them.

    Raises:
        VolvizError: the weights are of another network.
    """
    own = network.state_dict()
    heads = {k for k in own if any(k.startswith(f"{head}.") for head in network.head)}
    if kept is not None and len(network.head) == 1:  # a layer with its classes first; several hold them otherwise
        weights = {k: w[list(kept)] if k in heads and len(w) > max(kept) else w for k, w in weights.items()}
        same_classes = True
    else:
        same_classes = kept is not None and list(kept) == list(range(len(kept)))
    fresh = {k for k in heads if not same_classes or k not in weights or own[k].shape != weights[k].shape}
    try:
        network.load_state_dict({**weights, **{k: own[k] for k in fresh}})
    except RuntimeError as error:
        raise VolvizError("The weights to start from are not those that their card describes; fetch both files anew.") from error
    return tuple(head for head in network.head if any(k.startswith(f"{head}.") for k in fresh))
