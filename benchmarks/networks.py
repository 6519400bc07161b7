"""The three networks at equal wall time on the same simulated tomograms: a table, and their learning curves.

    python benchmarks/networks.py --minutes 30 --out networks

One after another, each on one thread of a CPU (or on the GPU), with the same cubes in the same order. On a machine that
others use too, let them learn side by side (--side-by-side), so that each has the same share of it at any time, and look
at the CPU minutes: they say how much of the wall time each network really had. Where time is short, --easy leaves out what is
hard to learn, and --narrow 2 gives every network half its features, which is four times as many steps.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from volviz.core.annotations import Example
from volviz.segment.methods.unet import UNet
from volviz.segment.nn.curve import Panel, draw, read_curve
from volviz.segment.nn.networks import SIZES
from volviz.segment.protocol import Run
from volviz.tasks.pool import Pool, fill_pool, kind_of


def examples(arguments: argparse.Namespace) -> Sequence[Example]:
    """Return the simulated tomograms, or only the good preparations among them."""
    pool = Pool(arguments.pool)
    return [pool[i] for i in range(len(pool)) if kind_of(i)[0] == "easy"] if arguments.easy else pool


def teach(arguments: argparse.Namespace, kind: str) -> dict[str, object]:
    """Train one network and return its row of the table."""
    torch.set_num_threads(1)
    folder = arguments.out
    method = UNet(
        kind,  # type: ignore[arg-type]
        f_maps=SIZES[kind]["f_maps"] // arguments.narrow,
        crop=arguments.crop,
        batch=arguments.batch,
        minutes=arguments.minutes,
        steps=1_000_000,
        warmup=20,
        validate_every=arguments.validate_every,
        held_out=arguments.held_out,
        tested=arguments.tested,
        checkpoints=folder / kind,
    )
    wall, cpu = time.monotonic(), time.process_time()
    predictor = method.fit(examples(arguments), Run(device=arguments.device, precision=arguments.precision, dense_is_dark=None))
    seconds, card = time.process_time() - cpu, predictor.card
    predictor.save(folder / f"{kind}.safetensors")
    return {
        "network": kind,
        "parameters": sum(p.numel() for p in predictor.network.parameters()),
        "steps": card.training["steps"],
        "best_step": card.training["best_step"],
        "wall_minutes": (time.monotonic() - wall) / 60,
        "cpu_minutes": seconds / 60,
        **{f"test {name.removeprefix('f1.')}": value for name, value in card.scores.get("test", {}).items()},
    }


def table(rows: list[dict[str, object]]) -> str:
    """Return Markdown."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    lines = [names, ["---"] * len(names)]
    for row in rows:
        values = [row.get(name, "") for name in names]
        lines.append([f"{v:.3f}" if isinstance(v, float) else str(v) for v in values])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def curves(folder: Path) -> None:
    """Draw the learning curves of all networks over the minutes."""
    losses, scores = {}, {}
    for kind in SIZES:
        read = read_curve(folder / kind / "curve.csv")
        minutes = {step: seconds / 60 for step, seconds in read["seconds"]}
        losses[kind] = [(minutes[step], value) for step, value in read.get("loss", [])]
        scores[kind] = [(minutes[step], value) for step, value in read["macro_f1"]]
    draw([Panel("Loss", "minutes", losses), Panel("Macro F1 on what is held out", "minutes", scores, (0, 1))], folder / "networks.png")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("networks"), help="folder for models, curves and the table")
    parser.add_argument("--pool", type=Path, help="folder with simulated tomograms (default: made in the folder of --out)")
    parser.add_argument("--volumes", type=int, default=4, help="simulated tomograms in the pool")
    parser.add_argument("--easy", action="store_true", help="learn from the good preparations in the pool alone")
    parser.add_argument("--narrow", type=int, default=1, metavar="N", help="divide the features of every network by N")
    parser.add_argument("--minutes", type=float, default=1.0, help="wall time of each network")
    parser.add_argument("--crop", type=int, default=32)
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--validate-every", type=int, default=20)
    parser.add_argument("--held-out", type=int, default=1)
    parser.add_argument("--tested", type=int, default=1)
    parser.add_argument("--side-by-side", action="store_true", help="all at the same time, each in a process of its own")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--precision", choices=["auto", "float32", "bfloat16", "float16"], default="auto")
    arguments = parser.parse_args()
    folder = arguments.out
    arguments.pool = arguments.pool or folder / "pool"
    fill_pool(arguments.pool, arguments.volumes, seed=3)
    with multiprocessing.get_context("spawn").Pool(len(SIZES) if arguments.side_by_side else 1) as workers:
        rows = workers.map(partial(teach, arguments), SIZES, chunksize=1)
    (folder / "networks.json").write_text(json.dumps({"settings": {k: str(v) for k, v in vars(arguments).items()}, "rows": rows}, indent=2))
    curves(folder)
    print(table(rows))


if __name__ == "__main__":
    main()
