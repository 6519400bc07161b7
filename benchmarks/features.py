"""What features of voxels cost, beside scikit-image's, and what a whole volume takes in memory.

    python benchmarks/features.py [--size 128] [--rounds 3] [--memory 256 512] [--json results.json]

Nanoseconds of the processor for a channel of a voxel (or of the clock on a GPU), volviz and scikit-image's
`multiscale_basic_features` in turns, one thread each, the least of the rounds. With --memory, what a forest's prediction takes beyond the
process with its libraries loaded, for cubes of noise on disk of so many voxels a side, the result going to disk too. With a
GPU, the seconds for 1024x1440x360 voxels, features and forest.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from skimage.feature import multiscale_basic_features

from volviz.core.annotations import Example, Stroke
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.segment.methods.scribble_forest import ScribbleForest, ScribbleForestPredictor
from volviz.segment.nn.features import ALL, channels, compute, halo
from volviz.segment.protocol import Run

PAPER = Grid((360, 1440, 1024), (6.13, 6.13, 6.13))


def cost(work: Callable[[], object]) -> float:
    """Return seconds of the processor."""
    before = time.process_time()
    work()
    return time.process_time() - before


def speed(size: int, rounds: int) -> list[dict[str, object]]:
    """Return a row for each library."""
    torch.set_num_threads(1)
    around = halo(ALL)
    density = np.random.default_rng(0).standard_normal((size + 2 * around,) * 3, dtype=np.float32)
    inner = np.ascontiguousarray(density[(slice(around, -around),) * 3])
    given = torch.from_numpy(density)
    works: dict[str, Callable[[], object]] = {
        "volviz": lambda: compute(given, ALL),
        # Scales doubling from 0.7 to 11.2, intensity, edges and texture: as many scales as it takes to cover the same range.
        "scikit-image": lambda: multiscale_basic_features(inner, sigma_min=0.7, sigma_max=11.2),
    }
    counts = {
        "volviz": channels(ALL),
        "scikit-image": multiscale_basic_features(inner[:8, :8, :8], sigma_min=0.7, sigma_max=11.2).shape[-1],
    }
    taken = {name: min(cost(work) for _ in range(rounds)) for name, work in works.items()}
    rows = [
        {
            "library": name,
            "channels": counts[name],
            "s per megavoxel": t / size**3 * 1e6,
            "ns per channel-voxel": t / size**3 / counts[name] * 1e9,
        }
        for name, t in taken.items()
    ]
    rows[1]["times volviz"] = float(rows[1]["ns per channel-voxel"]) / float(rows[0]["ns per channel-voxel"])  # type: ignore[arg-type]
    return rows


def forest() -> ScribbleForestPredictor:
    """Return a forest that tells noise from darker noise."""
    rng = np.random.default_rng(0)
    halves = np.repeat([0.0, -1.0], 40)[None, :, None]
    volume = Volume(Grid((80, 80, 80), (10, 10, 10)), (halves + rng.standard_normal((80, 80, 80))).astype(np.float32))
    marks = [
        Stroke(((50.0, y, z), (750.0, y, z)), 20.0, name) for y, name in ((200.0, "background"), (600.0, "lumen")) for z in (200.0, 600.0)
    ]
    return ScribbleForest(trees=100).fit([Example(volume, marks)], Run(device="cpu", dense_is_dark=True))


def predict_on_disk(size: int) -> None:
    """Print the mebibytes that a prediction from disk to disk takes beyond what was there before."""
    from volviz.io.zarr_writer import ZarrSink

    def peak() -> int:
        return 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

    predictor = forest()
    with tempfile.TemporaryDirectory() as folder:
        rng = np.random.default_rng(0)
        noise = np.lib.format.open_memmap(f"{folder}/noise.npy", "w+", np.float32, (size,) * 3)
        for plane in noise:
            plane[:] = rng.standard_normal(plane.shape)
        del noise
        small = Volume(Grid((64, 64, 64), (10, 10, 10)), rng.standard_normal((64, 64, 64), dtype=np.float32))
        predictor.predict(small, Run(device="cpu", dense_is_dark=True, sink=ZarrSink(Path(folder) / "small.zarr", small)))
        volume = Volume(Grid((size,) * 3, (10, 10, 10)), np.load(f"{folder}/noise.npy", mmap_mode="r"))
        before = peak()
        predictor.predict(volume, Run(device="cpu", dense_is_dark=True, sink=ZarrSink(Path(folder) / "found.zarr", volume)))
        print((peak() - before) / 2**20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--predict", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.predict:
        predict_on_disk(arguments.predict)
        return
    results: dict[str, object] = {"speed": speed(arguments.size, arguments.rounds)}
    for row in results["speed"]:  # type: ignore[attr-defined]
        print("  ".join(f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()), flush=True)
    memory = {}
    for size in arguments.memory:
        done = subprocess.run([sys.executable, __file__, "--predict", str(size)], capture_output=True, text=True, check=True)
        memory[size] = float(done.stdout)
        print(f"{size}^3: {memory[size]:.0f} MiB beyond the process before", flush=True)
    results["memory"] = memory
    if torch.cuda.is_available():
        density = torch.randn(PAPER.shape, dtype=torch.float32).numpy()
        predictor, started = forest(), time.perf_counter()
        predictor.predict(Volume(PAPER, density), Run(device="cuda", dense_is_dark=True))
        results["seconds on the GPU"] = time.perf_counter() - started
        print(f"{PAPER.shape}: {results['seconds on the GPU']:.1f} s on the GPU, features and forest")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
