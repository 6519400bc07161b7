"""Files as other programs write them, and what their networks compute, both from the description of their layouts."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as f

State = dict[str, Tensor]


class _Drawn:
    """Weights drawn as they are named."""

    def __init__(self, seed: int) -> None:
        self.state: State = {}
        self.generator = torch.Generator().manual_seed(seed)

    def tensor(self, name: str, *shape: int) -> None:
        fan = max(1, torch.Size(shape[1:]).numel())
        self.state[name] = torch.randn(*shape, generator=self.generator) * (2 / fan) ** 0.5

    def norm_conv(self, name: str, channels: int, width: int) -> None:
        self.state[f"{name}.groupnorm.weight"] = 1 + 0.1 * torch.randn(channels, generator=self.generator)
        self.state[f"{name}.groupnorm.bias"] = 0.1 * torch.randn(channels, generator=self.generator)
        self.tensor(f"{name}.conv.weight", width, channels, 3, 3, 3)

    def last(self, classes: int, width: int) -> State:
        self.tensor("final_conv.weight", classes, width, 1, 1, 1)
        self.state["final_conv.bias"] = 0.1 * torch.randn(classes, generator=self.generator)
        return self.state


def old_residual(width: int, levels: int, classes: int, seed: int = 0) -> State:
    """Nano-Oetzi, and pytorch-3dunet until the end of 2022."""
    w, drawn = [width * 2**i for i in range(levels)], _Drawn(seed)

    def block(name: str, channels: int, out: int) -> None:
        for k, before in ((1, channels), (2, out), (3, out)):
            drawn.norm_conv(f"{name}.basic_module.conv{k}", before, out)

    for i in range(levels):
        block(f"encoders.{i}", w[i - 1] if i else 1, w[i])
    for j, (below, here) in enumerate(zip(w[:0:-1], w[-2::-1], strict=True)):
        drawn.tensor(f"decoders.{j}.upsampling.upsample.weight", below, here, 3, 3, 3)
        drawn.tensor(f"decoders.{j}.upsampling.upsample.bias", here)
        block(f"decoders.{j}", here, here)
    return drawn.last(classes, width)


def new_residual(width: int, levels: int, classes: int, seed: int = 0, *, resized: bool = True) -> State:
    """The residual network of pytorch-3dunet since then; the way up changed a year later."""
    w, drawn = [width * 2**i for i in range(levels)], _Drawn(seed)

    def block(name: str, channels: int, out: int) -> None:
        if channels != out:
            drawn.tensor(f"{name}.basic_module.conv1.weight", out, channels, 1, 1, 1)
            drawn.tensor(f"{name}.basic_module.conv1.bias", out)
        for k in (2, 3):
            drawn.norm_conv(f"{name}.basic_module.conv{k}", out, out)

    for i in range(levels):
        block(f"encoders.{i}", w[i - 1] if i else 1, w[i])
    for j, (below, here) in enumerate(zip(w[:0:-1], w[-2::-1], strict=True)):
        if resized:
            drawn.tensor(f"decoders.{j}.upsampling.upsample.conv_transposed.weight", below, here, 3, 3, 3)
        else:
            drawn.tensor(f"decoders.{j}.upsampling.upsample.weight", below, here, 3, 3, 3)
            drawn.tensor(f"decoders.{j}.upsampling.upsample.bias", here)
        block(f"decoders.{j}", here, here)
    return drawn.last(classes, width)


def plain(width: int, levels: int, classes: int, seed: int = 0) -> State:
    """UNet3D of pytorch-3dunet."""
    w, drawn = [width * 2**i for i in range(levels)], _Drawn(seed)
    for i in range(levels):
        before = w[i - 1] if i else 1
        between = max(before, w[i] // 2)
        drawn.norm_conv(f"encoders.{i}.basic_module.SingleConv1", before, between)
        drawn.norm_conv(f"encoders.{i}.basic_module.SingleConv2", between, w[i])
    for j, (below, here) in enumerate(zip(w[:0:-1], w[-2::-1], strict=True)):
        drawn.norm_conv(f"decoders.{j}.basic_module.SingleConv1", below + here, here)
        drawn.norm_conv(f"decoders.{j}.basic_module.SingleConv2", here, here)
    return drawn.last(classes, width)


def logits(state: State, x: Tensor, groups: int) -> Tensor:
    """What the network of a state gives for x (n, 1, z, y, x), step by step."""

    def gc(x: Tensor, name: str) -> Tensor:
        weight, bias = state[f"{name}.groupnorm.weight"], state[f"{name}.groupnorm.bias"]
        x = f.group_norm(x, groups if len(weight) >= groups else 1, weight, bias)
        return f.conv3d(x, state[f"{name}.conv.weight"], padding=1)

    def block(x: Tensor, name: str) -> Tensor:
        name = f"{name}.basic_module"
        if f"{name}.SingleConv1.conv.weight" in state:
            return f.relu(gc(f.relu(gc(x, f"{name}.SingleConv1")), f"{name}.SingleConv2"))
        if f"{name}.conv1.conv.weight" in state:
            x = f.relu(gc(x, f"{name}.conv1"))
        elif f"{name}.conv1.weight" in state:
            x = f.conv3d(x, state[f"{name}.conv1.weight"], state[f"{name}.conv1.bias"])
        return f.relu(gc(f.relu(gc(x, f"{name}.conv2")), f"{name}.conv3") + x)

    features = []
    levels = len({name.split(".")[1] for name in state if name.startswith("encoders.")})
    for i in range(levels):
        x = block(f.max_pool3d(x, 2) if i else x, f"encoders.{i}")
        features.append(x)
    for j in range(levels - 1):
        skip, up = features[levels - 2 - j], f"decoders.{j}.upsampling.upsample"
        size = skip.shape[2:]
        if f"{up}.conv_transposed.weight" in state:
            raised = f.conv_transpose3d(x, state[f"{up}.conv_transposed.weight"], stride=2, padding=1)
            x = skip + f.interpolate(raised, size=size, mode="nearest")
        elif f"{up}.weight" in state:
            x = skip + f.conv_transpose3d(x, state[f"{up}.weight"], state[f"{up}.bias"], stride=2, padding=1, output_padding=1)
        else:
            x = torch.cat([skip, f.interpolate(x, size=size, mode="nearest")], dim=1)
        x = block(x, f"decoders.{j}")
    return f.conv3d(x, state["final_conv.weight"], state["final_conv.bias"])


def lightning(path: Path, state: State, **settings: Any) -> Path:
    """Write a checkpoint as PyTorch Lightning 1.2.5 does: callbacks by their classes, settings as argparse gives them."""
    home = "pytorch_lightning.callbacks"
    kinds = {f"{home}.early_stopping": "EarlyStopping", f"{home}.model_checkpoint": "ModelCheckpoint"}
    parsing = "pytorch_lightning.utilities.parsing"
    modules = {name: ModuleType(name) for name in ("pytorch_lightning", home, *kinds, parsing.rpartition(".")[0], parsing)}
    attributes = type("AttributeDict", (dict,), {"__module__": parsing})
    modules[parsing].AttributeDict = attributes  # type: ignore[attr-defined]
    for name, kind in kinds.items():
        setattr(modules[name], kind, type(kind, (), {"__module__": name}))
    stopping, best = (getattr(modules[name], kind) for name, kind in kinds.items())
    content = {
        "epoch": 49,
        "global_step": 12_345,
        "pytorch-lightning_version": "1.2.5",
        "state_dict": {f"model.{name}": value for name, value in state.items()},
        "callbacks": {
            stopping: {"wait_count": 3, "patience": 50, "best_score": torch.tensor(0.1)},
            best: {"monitor": "val_loss", "best_model_score": torch.tensor(0.1158), "best_model_path": "/scratch/best.ckpt"},
        },
        "optimizer_states": [{"state": {0: {"step": 5, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-3, "params": [0]}]}],
        "lr_schedulers": [{"factor": 0.5, "best": 0.1, "mode_worse": float("inf")}],
        "native_amp_scaling_state": {"scale": 65536.0},
        "hparams_name": "hparams",
        "hyper_parameters": attributes(hparams=argparse.Namespace(model="rsunet", tile_sz=128, **settings)),
    }
    sys.modules.update(modules)
    try:
        torch.save(content, path)
    finally:
        for name in modules:
            del sys.modules[name]
    return path


def wolny(path: Path, state: State, *, prefix: str = "", zipped: bool = True) -> Path:
    """Write a checkpoint as pytorch-3dunet does; before PyTorch 1.6 files were no archives."""
    content = {
        "num_epochs": 7,
        "num_iterations": 70_000,
        "model_state_dict": {f"{prefix}{name}": value for name, value in state.items()},
        "best_eval_score": 0.83,
        "optimizer_state_dict": {"state": {}, "param_groups": [{"lr": 2e-4, "betas": (0.9, 0.999), "params": [0, 1]}]},
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path
