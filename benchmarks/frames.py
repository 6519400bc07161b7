"""How fast volviz draws: frames, the first one, a ramp that moves, light; memory, and how much of a volume is seen.

    make bench            (or: python benchmarks/frames.py --json results.json)
    python benchmarks/frames.py --volume v.npy --size 512x512 --frames 6

The second form times one volume, (z, y, x, 4) bytes of raw density and three classes, and prints a line of JSON that
stands beside other programs' in one table. The volume is a cube of edge n about the origin, seen in perspective from 1.6 n
away under 39.6 degrees, turning by 7.45 degrees a frame. All four channels are drawn, the density as a haze, with ambient
occlusion, soft shadows and a light fixed to the volume, in full resolution and a sample every voxel. A frame is the time
from the call to pixels in the memory of the processor. CPU time is what to compare on a machine that others use too.

On a graphics card the volumes of the paper's Table 3 are timed too. A card never ran this where nothing says so in
``benchmarks/results/``.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import phantom

from volviz.core.camera import Camera
from volviz.core.density import lowpassed_contrast
from volviz.core.grid import Grid
from volviz.core.scene import Bloom, Light, Ramp, RawLook, Scene
from volviz.core.segmentation import BACKGROUND, Label, Segmentation
from volviz.core.volume import Volume
from volviz.render.gl.context import Headless

FIELD, DISTANCE, FIRST_TURN, TURN, TILT = 2 * math.degrees(math.atan(0.36)), 1.6, 0.4, 0.13, -0.35
# Raw density, membrane, spikes, lumen: ramp, extinction per voxel at its top, colour.
LOW, HIGH = (0.62, 0.35, 0.30, 0.30), (0.95, 0.90, 0.85, 0.85)
EXTINCTION = (0.015, 0.10, 0.9, 0.35)
COLORS = ((0.75, 0.75, 0.75), (0.35, 0.62, 0.95), (0.98, 0.55, 0.20), (0.55, 0.85, 0.40))
NAMES = ("membrane", "spikes", "lumen")
VOXEL = 10.0  # angstrom: extinction per voxel is extinction per nanometre
LIGHT = Light((0.5, 0.8, -0.45), "world")

Size = tuple[int, int]


@dataclass(frozen=True)
class Case:
    """A volume and a look to time."""

    name: str
    volume: Volume
    classes: Segmentation
    scene: Scene


def case(name: str, data: phantom.Bytes, *, classes: int = 3, haze: bool = True) -> Case:
    """Wrap bytes: with ``haze`` the density is a drawn channel, else it multiplies the classes."""
    grid = Grid((data.shape[0], data.shape[1], data.shape[2]), (VOXEL, VOXEL, VOXEL))
    volume = Volume(grid, data[..., 0])
    contrast = lowpassed_contrast(volume, 0.0, False)
    low, high = ((255 * v - contrast.mean) / contrast.deviation for v in (LOW[0], HIGH[0]))
    labels = [Label(n, c) for n, c in zip(NAMES, COLORS[1:], strict=True)][:classes]
    drawn = np.moveaxis(data[..., 1 : 1 + classes], -1, 0)
    background = 255 - np.minimum(drawn.sum(axis=0, dtype=np.uint16), 255).astype(np.uint8)
    scene = Scene(
        {label.name: Ramp(LOW[i], HIGH[i], label.color, EXTINCTION[i]) for i, label in enumerate(labels, start=1)},
        raw=RawLook(low, high, invert=False, lowpass=0.0, multiply=not haze, haze=haze),
        density=Ramp(low, high, COLORS[0], EXTINCTION[0]),
        light=LIGHT,
        bloom=Bloom(on=False),
    )
    return Case(name, volume, Segmentation(grid, np.stack([background, *drawn]), (BACKGROUND, *labels)), scene)


def camera_of(grid: Grid, frame: float) -> Camera:
    """Return the camera of a frame."""
    x, y, z = (float(v) for v in grid.center_xyz)
    away = Camera((x, y, z), DISTANCE * max(grid.shape) * VOXEL, field_of_view=FIELD)
    return away.turned((1.0, 0.0, 0.0), math.degrees(TILT)).turned((0.0, 1.0, 0.0), math.degrees(FIRST_TURN + TURN * frame))


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Return the milliseconds of the clock and of all processor cores that a work takes."""
    cpu, wall = sum(os.times()[:2]), time.perf_counter()
    work()
    return 1e3 * (time.perf_counter() - wall), 1e3 * (sum(os.times()[:2]) - cpu)


class Bench:
    """Draws a case into a target of its own and reads the pixels."""

    def __init__(self, what: Case, size: Size, **options: Any) -> None:
        from OpenGL import GL

        from volviz.render.gl.target import Target
        from volviz.render.renderer import Renderer

        self.case, self.size = what, size
        self.renderer = Renderer(**options)
        self.renderer.load(what.volume, what.classes)
        self.target = Target(size, GL.GL_RGBA8)

    def frame(self, number: float = 0, scene: Scene | None = None, *, moving: bool = False) -> tuple[float, float]:
        """Time a frame from the call to pixels."""

        def draw() -> None:
            camera = camera_of(self.case.volume.grid, number)
            self.renderer.draw(scene or self.case.scene, camera, self.size, self.target.framebuffer, moving=moving)
            self.target.read()

        return timed(draw)

    def settled(self, scene: Scene | None = None) -> float:
        """Renew all that a scene asks for, light too, with the smallest of pictures; return the milliseconds of processor time."""
        camera = camera_of(self.case.volume.grid, 0)
        return timed(lambda: self.renderer.image(scene or self.case.scene, camera, (8, 8), samples=1))[1]

    def close(self) -> None:
        """Give all back."""
        self.renderer.release()
        self.target.delete()


def report(what: Case, size: Size, frames: int) -> dict[str, Any]:
    """Time everything that is asked of a case."""
    bench = Bench(what, size)
    first = bench.frame()
    bench.settled()
    turning = [bench.frame(i + 1) for i in range(frames)]
    # A ramp under the hand: moving pictures, each of another ramp, timed until it is on the screen.
    ramps = [what.scene.with_ramp(NAMES[0], low=LOW[1] + 0.01 * (i + 1)) for i in range(5)]
    for i in range(4):
        bench.frame(i, moving=True)
    moving = [bench.frame(i, moving=True) for i in range(5)]
    drag = [bench.frame(0, ramp, moving=True) for ramp in ramps]
    bench.settled()
    turned = replace(what.scene, light=replace(LIGHT, direction_xyz=(-0.5, 0.8, 0.45)))
    light = bench.settled(turned) - bench.settled(turned)
    out = {
        "case": what.name,
        "size": f"{size[0]}x{size[1]}",
        "first_ms": first[0],
        "ms": [wall for wall, _ in turning],
        "cpu": [cpu for _, cpu in turning],
        "moving_ms": float(np.median([wall for wall, _ in moving])),
        "ramp_ms": float(np.median([wall for wall, _ in drag])),
        "light_cpu_ms": light,
        "bytes": bench.renderer.bytes,
        "occupied": bench.renderer.occupied,
        "binning": bench.renderer.binning,
    }
    bench.close()
    return out


HEAD = ("case", "size", "median ms", "p99 ms", "CPU ms", "first ms", "moving ms", "ramp ms", "light CPU ms", "MB", "occupied")


def row(r: dict[str, Any]) -> str:
    """Return a line of the table."""
    cells = [r["case"], r["size"], *(f"{np.percentile(r['ms'], p):.0f}" for p in (50, 99)), f"{np.median(r['cpu']):.0f}"]
    cells += [f"{r[k]:.0f}" for k in ("first_ms", "moving_ms", "ramp_ms", "light_cpu_ms")]
    cells += [f"{r['bytes'] / 1e6:.0f}", f"{100 * r['occupied']:.0f} %"]
    return "| " + " | ".join(cells) + " |"


def ratios(what: Case, size: Size, frames: int) -> dict[str, float]:
    """Return what the parts are worth, each against the usual frame, turn by turn."""
    unlit = replace(what.scene, occlusion=replace(what.scene.occlusion, on=False), shadow=replace(what.scene.shadow, on=False))
    hidden = replace(what.scene, ramps={name: replace(ramp, visible=False) for name, ramp in what.scene.ramps.items()})
    hidden = replace(hidden, density=replace(hidden.density, visible=False))
    glowing = replace(what.scene, bloom=Bloom())
    bench, straight = Bench(what, size), Bench(what, size, skip=False)
    kinds: dict[str, tuple[Bench, Scene]] = {
        "usual": (bench, what.scene),
        "without skipping": (straight, what.scene),
        "unlit": (bench, unlit),
        "with bloom": (bench, glowing),
        "nothing visible": (bench, hidden),
    }
    out = {}
    for name, (on, scene) in kinds.items():
        on.settled(scene)
        out[name] = float(np.median([on.frame(i + 1, scene)[1] for i in range(frames)]))
    for each in (bench, straight):
        each.close()
    return {name: value / out["usual"] for name, value in out.items()}


def table3() -> list[tuple[Case, Size]]:
    """Return the volumes and pictures of the paper's Table 3; its classes count the background."""
    block = phantom.virion(256)
    return [
        (case(f"Table 3: 1024x1440x{depth}, {classes + 1} classes", data, classes=classes, haze=False), size)
        for depth in (227, 500)
        for data in [phantom.tiled(block, (depth, 1440, 1024))]
        for classes in (1, 3)
        for size in ((1920, 1080), (3840, 2160))
    ]


def external(path: Path, size: Size, frames: int) -> None:
    """Time one volume as other programs are timed."""
    what = case(path.stem, np.load(path))
    for mode, scene in (("", what.scene), (" + bloom", replace(what.scene, bloom=Bloom()))):
        bench = Bench(replace(what, scene=scene), size)
        first = bench.frame()
        bench.settled()
        times = [bench.frame(i + 1) for i in range(frames)]
        line = {
            "peer": "volviz",
            "mode": f"4 channels, ambient occlusion + soft shadow{mode}",
            "size": f"{size[0]}x{size[1]}",
            "first": first[0],
            "ms": [wall for wall, _ in times],
            "cpu": [cpu for _, cpu in times],
            "note": "light computed before, as it does not move with the camera",
        }
        print(json.dumps(line), flush=True)
        bench.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--volume", type=Path, help="time this (z, y, x, 4) array of bytes alone, and print JSON lines")
    parser.add_argument("--size", default="512x512", help="of the picture, with --volume")
    parser.add_argument("--frames", type=int, default=8, help="whose median is taken")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    width, height = (int(n) for n in arguments.size.split("x"))
    with Headless():
        from volviz.render.gl.timer import in_software

        if arguments.volume:
            external(arguments.volume, (width, height), arguments.frames)
            return
        one, crowded = phantom.virion(), phantom.crowd(256, 3)
        foggy = case("virion in visible haze", one)
        foggy = replace(foggy, scene=replace(foggy.scene, density=replace(foggy.scene.density, low=-3.0)))
        cases = [case("virion", one), case("27 virions", crowded), foggy]
        work = [(c, size) for c in cases for size in ((512, 512), (1280, 720))]
        print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}", flush=True)
        results = []
        for what, size in work:
            results.append(report(what, size, arguments.frames))
            print(row(results[-1]), flush=True)
        software = in_software()
        if software:
            print("No graphics card here: the paper's Table 3 is left out.", file=sys.stderr)
        else:
            for what, size in table3():
                results.append(report(what, size, 48))
                print(row(results[-1]), flush=True)
        shares = ratios(cases[0], (512, 512), arguments.frames)
        print("\nCPU time against the usual frame of the virion: " + ", ".join(f"{k} {v:.2f}" for k, v in shares.items()))
    if arguments.json:
        arguments.json.write_text(json.dumps({"software": software, "frames": results, "ratios": shares}, indent=1) + "\n")


if __name__ == "__main__":
    main()
