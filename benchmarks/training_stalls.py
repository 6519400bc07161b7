"""How much a window stutters while a network learns: in a thread of the window, and in a process of its own.

A heartbeat of 10 ms runs in a Qt event loop; what counts is how late its beats are. Idle first, then with the same small training (the
smallest useful U-Net on noise) in a thread, then through `volviz.tasks.apart`, all in this one run, so that other work on the machine
meets each alike. Prints JSON: late beats by their 50th, 95th and 99th percentile and the worst, in ms, and the ratios to idle.

    python benchmarks/training_stalls.py --seconds 20
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

BEAT_MS = 10
PERCENTILES = (50, 95, 99)


def learn(folder: Path, report) -> None:
    """Teach a small U-Net on noise until told to stop."""
    from volviz.core.annotations import Dense, Example
    from volviz.core.grid import Grid
    from volviz.core.segmentation import Segmentation
    from volviz.core.volume import Volume
    from volviz.segment.methods.unet import UNet
    from volviz.segment.protocol import Run

    grid = Grid((64, 64, 64), (10.0, 10.0, 10.0))
    rng = np.random.default_rng(0)
    soft = rng.dirichlet(np.ones(4), grid.shape).transpose(3, 0, 1, 2)
    example = Example(Volume(grid, rng.normal(size=grid.shape).astype(np.float32)), [Dense(Segmentation.of_probabilities(grid, soft))])
    method = UNet(f_maps=8, num_levels=3, crop=32, batch=2, steps=10**6, validate_every=10**6, held_out=0)
    method.fit([example], Run(device="cpu", report=report))


def beats(seconds: float) -> list[float]:
    """Run an event loop for so long and return how late each beat was, in ms."""
    from PySide6.QtCore import QCoreApplication, Qt, QTimer

    app = QCoreApplication.instance() or QCoreApplication([])
    late: list[float] = []
    last = time.perf_counter()

    def beat() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, 1000 * (now - last) - BEAT_MS))
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(beat)
    timer.start(BEAT_MS)
    QTimer.singleShot(round(1000 * seconds), app.quit)
    app.exec()
    return late


def during(seconds: float, apart: bool) -> list[float]:
    """Return the beats while it learns, from its first step on."""
    from volviz.core.errors import Cancelled
    from volviz.tasks.apart import call_apart

    started, stop = threading.Event(), threading.Event()

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if metrics:
            started.set()
        if stop.is_set():
            raise Cancelled

    def work() -> None:
        with tempfile.TemporaryDirectory() as folder:
            try:
                if apart:
                    call_apart(learn, {"folder": Path(folder)}, report, log=Path(folder) / "log")
                else:
                    learn(Path(folder), report)
            except Cancelled:
                pass

    thread = threading.Thread(target=work)
    thread.start()
    if not started.wait(300):
        raise SystemExit("the training did not begin")
    try:
        return beats(seconds)
    finally:
        stop.set()
        thread.join()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    found = {"idle": beats(seconds), "process": during(seconds, apart=True), "thread": during(seconds, apart=False)}
    told = {
        name: {**{f"p{p}": round(float(np.percentile(late, p)), 2) for p in PERCENTILES}, "worst": round(max(late), 1)}
        for name, late in found.items()
    }
    ratios = {name: round((told[name]["p99"] + BEAT_MS) / (told["idle"]["p99"] + BEAT_MS), 2) for name in ("process", "thread")}
    print(json.dumps({"late_ms": told, "p99_over_idle": ratios, "cores": os.cpu_count(), "load": os.getloadavg()}, indent=2))


if __name__ == "__main__":
    # The other process imports this file by its name.
    import training_stalls

    training_stalls.main()
