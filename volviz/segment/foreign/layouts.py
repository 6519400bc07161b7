"""Which network some weights belong to: the names and shapes of the tensors tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from volviz.core.errors import VolvizError
from volviz.segment.nn.networks import Network, build

_MOST_LEVELS = 8  # of 128 voxels, one is left at the coarsest
# Which tensor of the first level is in no other layout, the kind of network, and the convolution that meets the density.
_LAYOUTS = (
    ("conv1.conv.weight", "residual-unet", "conv1.conv.weight"),
    ("conv2.conv.weight", "resnet-unet", "conv1.weight"),
    ("SingleConv2.conv.weight", "unet3d", "SingleConv1.conv.weight"),
)


def architecture_of(path: Path, tensors: Mapping[str, Tensor], num_groups: int) -> dict[str, Any]:
    """Return what `volviz.segment.nn.networks.build` needs: the kind of network, its widths, levels and classes.

    How many groups the normalisations have shows nowhere; ``num_groups`` is taken if it divides the features, else the
    largest number below it that does.

    Raises:
        VolvizError: the weights are of no network that volviz has.
    """
    if any(tensor.ndim == 4 for tensor in tensors.values()):
        raise VolvizError(f"{path} holds a network for images, not for volumes; volviz segments volumes.")
    other = next((name for name in tensors if "se_module" in name or "batchnorm" in name), None)
    if other:
        raise VolvizError(f"{path} holds a network with layers that volviz does not have ({other}); it reads U-Nets with group norms.")
    first = "encoders.0.basic_module."
    layout = next((row for row in _LAYOUTS if first + row[0] in tensors), None)
    if layout is None:
        raise VolvizError(f"{path} holds a network that volviz does not know (its first tensor is {next(iter(tensors))}).")
    telling, kind, meeting = layout
    widest = _shape(path, tensors, first + telling)
    levels = len({name.split(".")[1] for name in tensors if name.startswith("encoders.")})
    if levels > _MOST_LEVELS:
        raise VolvizError(f"{path} holds a network of {levels} levels, and {_MOST_LEVELS} are the most that volviz has room for.")
    # A first level as wide as its input has no convolution to meet it.
    channels = _shape(path, tensors, first + meeting)[1] if first + meeting in tensors else widest[0]
    if channels != 1:
        raise VolvizError(f"{path} holds a network for volumes of {channels} channels; volviz has the density alone to give.")
    norms = {len(tensor) for name, tensor in tensors.items() if name.endswith("groupnorm.weight")}
    architecture: dict[str, Any] = {
        "kind": kind,
        "in_channels": channels,
        "out_channels": _shape(path, tensors, "final_conv.weight")[0],
        "f_maps": widest[0],
        "num_levels": levels,
        "num_groups": _groups(norms, num_groups),
    }
    if kind == "resnet-unet":
        architecture["resized"] = "decoders.0.upsampling.upsample.conv_transposed.weight" in tensors
    return architecture


def network_of(path: Path, tensors: Mapping[str, Tensor], architecture: Mapping[str, Any]) -> Network:
    """Return the network of an architecture with these weights.

    Raises:
        VolvizError: one of them is missing, not wanted or of another shape.
    """
    with torch.device("meta"):
        network = build(architecture)
    expected = {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}
    for name in (*expected, *tensors):
        here, there = tuple(tensors[name].shape) if name in tensors else None, expected.get(name)
        if here != there:
            found, wanted = ("none" if shape is None else "x".join(map(str, shape)) or "a number" for shape in (here, there))
            raise VolvizError(
                f"{path} looks like a {architecture['kind']}, but its tensor {name} is {found} where {wanted} was expected: "
                "it was built with options that volviz does not have, or is damaged."
            )
    network.load_state_dict(dict(tensors), assign=True)
    return network


def _groups(norms: set[int], wanted: int) -> int:
    """Return the largest number of groups up to one that divides all features; fewer features than groups are one group."""
    return next(groups for groups in range(wanted, 0, -1) if all(n < groups or n % groups == 0 for n in norms))


def _shape(path: Path, tensors: Mapping[str, Tensor], name: str) -> tuple[int, ...]:
    if name not in tensors or tensors[name].ndim != 5:
        raise VolvizError(f"{path} holds no whole network: its tensor {name} is missing or has an odd shape.")
    return tuple(tensors[name].shape)
