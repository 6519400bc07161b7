"""The networks behind one switch: a card names the kind and its sizes, and gets the network."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from volviz.core.errors import VolvizError
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
