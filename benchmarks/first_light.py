"""How fast the whole way is: frames, light, segmentation. Ratios from one run, because machines are shared and differ.

    make bench            (or: python benchmarks/first_light.py --json results.json)

Frames are those of a simulated tomogram of virions with its own labels, 128x256x256, turning; the median of eight.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from volviz.core.camera import Camera
from volviz.core.estimate import first_camera
from volviz.core.scene import Scene
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.simulate import Spec, simulate

FRAMES = 8


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rendering(volume: Volume, classes: Segmentation, size: tuple[int, int]) -> dict[str, float]:
    from volviz.render.gl.context import headless  # before OpenGL: it says which platform that is on

    from OpenGL import GL  # isort: skip

    from volviz.render.gl.target import Target
    from volviz.render.renderer import Renderer

    # Lit from a fixed place: a light that goes with the camera is computed anew in every frame of a turn.
    scene = Scene.of(volume, classes)
    scene = replace(scene, light=replace(scene.light, fixed_to="world"))
    flat = replace(
        scene,
        occlusion=replace(scene.occlusion, on=False),
        shadow=replace(scene.shadow, on=False),
        bloom=replace(scene.bloom, on=False),
    )
    camera = first_camera(volume, classes, size[0] / size[1])
    with headless():
        every, straight = Renderer(), Renderer(skip=False)
        target = Target(size)

        def frame(renderer: Renderer, look: Scene, view: Camera) -> float:
            def draw() -> None:
                renderer.draw(look, view, size, target.framebuffer)
                GL.glFinish()

            return seconds(draw)

        for renderer in (every, straight):
            renderer.load(volume, classes)
            frame(renderer, scene, camera)  # uploads, compiles, lights
        turning = [camera.turned((0.0, 1.0, 0.0), 40.0 * i) for i in range(FRAMES)]
        lit = statistics.median(frame(every, scene, view) for view in turning)
        frame(every, flat, camera)
        unlit = statistics.median(frame(every, flat, view) for view in turning)
        no_skip = statistics.median(frame(straight, scene, view) for view in turning)
        ramp = statistics.median(frame(every, scene.with_ramp("membrane", low=0.3 + 0.02 * i), camera) for i in range(FRAMES))
        for renderer in (every, straight):
            renderer.release()
    return {
        "frame_seconds": lit,
        "lit_over_unlit": lit / unlit,
        "without_skipping_over_with": no_skip / lit,
        "ramp_moved_over_frame": ramp / lit,
    }


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
    volume, classes = simulate(Spec(shape=(128, 256, 256), seed=7))
    figures = {
        "512x512": rendering(volume, classes, (512, 512)),
        "1280x720": rendering(volume, classes, (1280, 720)),
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
