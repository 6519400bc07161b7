"""What somebody who scribbles waits for: from a stroke to new planes and a new neighbourhood, and what the session takes in memory.

    python benchmarks/live.py [--size 256] [--strokes 12] [--features all] [--virion-size 128] [--json results.json]

A simulated preparation, repeated until it is a cube of so many voxels a side, is scribbled in by a seeded hand. First all
features are computed and kept; then strokes come one after another, each as soon as the one before it is answered. Seconds
of the clock and of all processors; the least of the clock says what a machine without other work would need. Then the
rest of the volume, and how far what was found from half precision lies from what the forest finds from single precision.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from placed import Hand, scribble

from volviz.core.annotations import Example
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.segment.methods.scribble_forest import ScribbleForest
from volviz.segment.protocol import Run
from volviz.simulate import random_spec
from volviz.tasks.live import Event, Learnt, Live, Wrote
from volviz.tasks.simulate import simulate


def peak() -> float:
    """Return the most memory (MiB) that the process had at any time."""
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1024


class Watch:
    """Hears the events, and stops the time."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.quick: list[tuple[float, float]] = []  # clock and processors, of quick answers: the forest and the views
        self.whole = False

    def __call__(self, event: Event) -> None:
        with self._changed:
            if isinstance(event, Learnt | Wrote) and event.quick:
                self.quick.append((time.perf_counter(), time.process_time()))
            self.whole |= isinstance(event, Learnt) and not event.quick
            self._changed.notify_all()

    def wait(self, parts: int) -> None:
        """Wait for so many answers."""
        with self._changed:
            self._changed.wait_for(lambda: len(self.quick) >= parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--strokes", type=int, default=12)
    parser.add_argument("--features", default="all")
    parser.add_argument("--virion-size", type=int, default=128)
    parser.add_argument("--whole", action="store_true", help="wait for the whole volume, too")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    size, small = arguments.size, arguments.virion_size
    density, truth = simulate(random_spec(5, difficulty="easy", scene="virions", shape=(min(small, 96), small, small)))
    times, cut = [-(-size // n) for n in density.grid.shape], (slice(size),) * 3
    grid = Grid((size,) * 3, density.grid.voxel_size)
    method = ScribbleForest(features=arguments.features)
    strokes = scribble(np.tile(truth.hard(), times)[cut], grid, VIRION_LABELS, Hand(strokes=arguments.strokes))
    strokes = [strokes[i] for i in np.argsort(np.arange(len(strokes)) % (arguments.strokes // 4), kind="stable")]  # of each class in turn
    found: dict[str, object] = {"size": size, "strokes": len(strokes), "features": arguments.features}
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/density.npy", np.tile(density.read(), times)[cut])
        volume = Volume(grid, np.load(f"{folder}/density.npy", mmap_mode="r"), name="repeated")
        warm = Volume(Grid((48,) * 3, grid.voxel_size), volume.read(Region((0, 0, 0), (48,) * 3)))
        with Live(warm, method, device="cpu", dense_is_dark=True) as live:
            live.wait()
        before, watch = peak(), Watch()
        with Live(volume, method, listen=watch, device="cpu", dense_is_dark=True) as live:
            clock, cpu = time.perf_counter(), time.process_time()
            live.wait()
            found["features ahead, s"] = time.perf_counter() - clock, time.process_time() - cpu
            live.learn(strokes[:4])
            watch.wait(5)
            answers = []
            for count in range(5, len(strokes) + 1):
                x, y, z = strokes[count - 1].path_xyz[0]
                watch.quick.clear()
                clock, cpu = time.perf_counter(), time.process_time()
                live.look((x, y, z))
                live.learn(strokes[:count])
                watch.wait(5)
                answers.append([(c - clock, p - cpu) for c, p in watch.quick[:5]])
            table = np.array(answers)  # (stroke, part, clock or processors)
            for number, name in enumerate(("forest", "z plane", "y plane", "x plane", "neighbourhood")):
                row = [*np.median(table[:, number], axis=0), table[:, number, 0].min()]
                found[name] = dict(zip(("clock", "processors", "least clock"), row, strict=True))
                print(f"{name}: {row[0]:.2f} s of the clock ({row[2]:.2f} the least), {row[1]:.2f} s of the processors after the stroke")
            if arguments.whole:
                clock, cpu = time.perf_counter(), time.process_time()
                halves = live.result()
                found["the rest, s"] = time.perf_counter() - clock, time.process_time() - cpu
        found["peak MiB beyond the process"] = peak() - before
        if arguments.whole:
            region = Region(tuple(n // 2 - 48 for n in grid.shape), tuple(n // 2 + 48 for n in grid.shape))  # type: ignore[arg-type]
            run = Run(device="cpu", dense_is_dark=True, region=region)
            predictor = method.fit([Example(volume, strokes)], run)
            single = predictor.predict(volume, run)
            part = np.asarray(halves.data[(slice(None), *region.slices)]).astype(int)
            apart = np.abs(part - np.asarray(single.data))
            found["same class"] = float((part.argmax(axis=0) == single.hard()).mean())
            found["votes apart"] = float(apart.mean() / 255), float(np.percentile(apart, 99.9) / 255)
    for name, value in found.items():
        print(f"{name}: {value}")
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
