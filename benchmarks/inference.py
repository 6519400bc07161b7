"""What inference costs over the bare network, beside MONAI's sliding window with the same network, tiles and weights.

    python benchmarks/inference.py --size 256 --f-maps 4 [--rounds 2] [--json results.json]

Each of bare network, volviz and MONAI runs in a process of its own, one after the other, round by round. Seconds are
those of the processor on a CPU, which other programs disturb least, and of the clock on a GPU; per tile voxel they are
divided by the bare network's. Memory is the peak of the process, less that of the bare network on one tile. Each
holds the density once: MONAI as a tensor, volviz as pages of the file, which are counted while they are held.

MONAI is no part of volviz's dependencies: pip install --no-deps monai. With a GPU, the seconds for a tomogram of
360x1440x1024 voxels of 6.1 A are printed too (the bundled model, from memory to memory).
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.device import torch_device, torch_dtype
from volviz.segment.models import card, load
from volviz.segment.nn.unet import ResidualUNet3D, random_weights
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks, Tiling

PAPER = Grid((360, 1440, 1024), (6.13, 6.13, 6.13))


def cost(work: Callable[[], object], device: torch.device) -> tuple[float, float]:
    """Return seconds of the clock and of the processor."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - clock, time.process_time() - processor


def network_of(f_maps: int, device: torch.device) -> nn.Module:
    network = ResidualUNet3D(1, 4, f_maps, 4, 2)
    random_weights(network, 0)
    placed: nn.Module = network.eval().to(device=device, memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return placed


def one(kind: str, path: Path, f_maps: int, overlap: int) -> dict[str, float]:
    """Measure one of the three in this process."""
    device = torch_device("auto")
    dtype = torch_dtype("auto", device)
    network = network_of(f_maps, device)
    values = np.load(path, mmap_mode="r")
    bricks = Bricks(tile=card("unet").bricks.tile, overlap=overlap, statistics="volume")
    tilings = [Tiling.along(n, bricks) for n in values.shape]
    sizes = [t.size for t in tilings]
    count = int(np.prod([len(t.starts) for t in tilings]))

    @torch.inference_mode()
    def forward(x: Tensor) -> Tensor:
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            return network(x.contiguous(memory_format=torch.channels_last_3d)).float().softmax(dim=1)  # type: ignore[no-any-return]

    work: Callable[[], Any]
    if kind == "bare":
        tile = torch.zeros(1, 1, *sizes, device=device)
        count = 1
        forward(tile)
        work = lambda: forward(tile)  # noqa: E731
    elif kind == "volviz":
        volume = Volume(Grid(values.shape, (10.0, 10.0, 10.0)), values)
        work = lambda: apply(network, volume, Run(dense_is_dark=True), labels=VIRION_LABELS, bricks=bricks)  # noqa: E731
    else:
        from monai.inferers import sliding_window_inference

        tensor = torch.from_numpy(np.load(path))[None, None]
        weight = window(sizes, overlap)

        def work() -> Tensor:
            return sliding_window_inference(  # type: ignore[return-value]
                tensor, sizes, 1, forward, overlap=[overlap / n for n in sizes], roi_weight_map=weight, sw_device=device, device="cpu"
            )

    with torch.inference_mode():
        clock, processor = cost(work, device)
    voxels = count * float(np.prod(sizes))
    # Not ru_maxrss, which begins with the peak of the process that started this one.
    peak = 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
    return {"clock": clock, "processor": processor, "tile_voxels": voxels, "peak": peak, "gpu": float(device.type == "cuda")}


def window(sizes: list[int], overlap: int) -> Tensor:
    """Return the ramps that volviz blends with, without its normalisation and never zero, as MONAI wants them."""
    ramps = []
    for n in sizes:
        unused = overlap // 4
        ramp = np.clip((np.arange(n) - unused + 1) / (overlap - 2 * unused), 1e-3, 1)
        ramps.append(np.minimum(ramp, ramp[::-1]))
    z, y, x = ramps
    return torch.from_numpy((z[:, None, None] * y[:, None] * x).astype(np.float32))


def measured(kind: str, arguments: argparse.Namespace, path: Path) -> dict[str, float]:
    options = ["--one", kind, "--volume", str(path), "--f-maps", str(arguments.f_maps), "--overlap", str(arguments.overlap)]
    done = subprocess.run([sys.executable, __file__, *options], check=True, capture_output=True, text=True, env=os.environ)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def compare(arguments: argparse.Namespace) -> dict[str, float]:
    kinds = ["bare", "volviz", *(["monai"] if importlib.util.find_spec("monai") else [])]
    rounds: dict[str, list[dict[str, float]]] = {kind: [] for kind in kinds}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noise.npy"
        shape = (arguments.size,) * 3
        stored = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        random = np.random.default_rng(0)
        for plane in stored:
            plane[...] = random.standard_normal(shape[1:], dtype=np.float32)
        stored.flush()
        for _ in range(arguments.rounds):
            for kind in kinds:
                rounds[kind].append(measured(kind, arguments, path))
    unit = "clock" if rounds["bare"][0]["gpu"] else "processor"
    per_voxel = {kind: median(r[unit] / r["tile_voxels"] for r in found) for kind, found in rounds.items()}
    peak = {kind: median(r["peak"] for r in found) for kind, found in rounds.items()}
    seconds = {kind: median(r[unit] for r in found) for kind, found in rounds.items()}
    voxels = float(arguments.size) ** 3
    figures: dict[str, float] = {}
    for kind in kinds[1:]:
        figures[f"{kind}: seconds"] = seconds[kind]
        figures[f"{kind}: time over the bare network, per tile voxel"] = per_voxel[kind] / per_voxel["bare"]
        figures[f"{kind}: time over the bare network, per voxel of the volume"] = seconds[kind] / voxels / per_voxel["bare"]
        figures[f"{kind}: bytes per voxel over the bare network"] = (peak[kind] - peak["bare"]) / voxels
    if "monai" in kinds:
        figures["time, volviz over MONAI (target 1.05)"] = seconds["volviz"] / seconds["monai"]
        figures["extra memory, volviz over MONAI (target 0.5)"] = (peak["volviz"] - peak["bare"]) / (peak["monai"] - peak["bare"])
    return figures


def large() -> float:
    """Return the seconds for a tomogram as large as the paper's, on the GPU."""
    random = np.random.default_rng(0)
    values = np.empty(PAPER.shape, np.float32)
    for plane in values:
        plane[...] = random.standard_normal(PAPER.shape[1:], dtype=np.float32)
    predictor = load("unet")
    run = Run(device="cuda", dense_is_dark=True)
    predictor.predict(Volume(Grid((64, 64, 64), PAPER.voxel_size), values[:64, :64, :64]), run)
    return cost(lambda: predictor.predict(Volume(PAPER, values), run), torch.device("cuda"))[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512, help="voxels along each axis")
    parser.add_argument("--f-maps", type=int, default=16, help="width of the network: 16 is the bundled one's, 4 is quick")
    parser.add_argument("--overlap", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    parser.add_argument("--one", choices=["bare", "volviz", "monai"], help=argparse.SUPPRESS)
    parser.add_argument("--volume", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(one(arguments.one, arguments.volume, arguments.f_maps, arguments.overlap)))
        return
    figures = compare(arguments)
    if torch.cuda.is_available():
        figures["seconds for 360x1440x1024 voxels of 6.1 A"] = large()
    for name, value in figures.items():
        print(f"{name:<70} {value:10.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
