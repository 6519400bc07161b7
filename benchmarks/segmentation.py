"""How fast the network classifies a tomogram, alone and with everything around it.

    make bench            (or: python benchmarks/segmentation.py --json results.json)

The tomogram is a simulated one of virions, 128x256x256.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from volviz.core.volume import Volume
from volviz.simulate import Spec, simulate


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def segmenting(volume: Volume) -> dict[str, float]:
    import torch

    from volviz.segment.models import load
    from volviz.segment.protocol import Run

    predictor = load("unet")
    whole = seconds(lambda: predictor.predict(volume, Run(device="cpu")))
    network = predictor.network.to(memory_format=torch.channels_last_3d, dtype=torch.bfloat16)  # type: ignore[attr-defined]
    tile = torch.zeros(1, 1, 128, 128, 128, dtype=torch.bfloat16).to(memory_format=torch.channels_last_3d)
    with torch.inference_mode():
        network(tile)
        bare = min(seconds(lambda: network(tile)) for _ in range(3)) / 128**3
    voxels = float(np.prod(volume.grid.shape))
    return {"seconds_per_megavoxel": 1e6 * whole / voxels, "whole_over_bare_network": whole / (bare * voxels)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    volume, _ = simulate(Spec(shape=(128, 256, 256), seed=7))
    figures = {
        "segmentation": segmenting(volume),
        "memory": {"peak_gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6},
    }
    for group, values in figures.items():
        for name, value in values.items():
            print(f"{group:<14} {name:<28} {value:8.3f}")
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
