"""From nothing to a picture in Python: simulate a virion, segment it, light it, save it.

python examples/first_picture.py first_picture.png
"""

from __future__ import annotations

import sys
from dataclasses import replace

from PIL import Image

import volviz
from volviz.core.camera import Camera
from volviz.simulate import Spec


def main(out: str = "first_picture.png", width: int = 960) -> None:
    # Any tomogram would do: volume = volviz.open("ts_16.mrc")
    volume, _ = volviz.simulate(Spec(shape=(80, 96, 96), virions=1, vesicles=0, radius=(240.0, 260.0), seed=3))
    classes = volviz.segment(volume)

    scene = volviz.Scene.of(volume, classes)  # every ramp estimated from the data
    scene = scene.with_ramp("lumen", visible=False)
    scene = replace(scene, shadow=replace(scene.shadow, strength=1.0), exposure=0.25)

    camera = Camera.framing(volume.grid, view="front").turned((1.0, 0.0, 0.0), -25.0)
    picture = volviz.still(scene, volume, classes, size=(width, width), camera=camera)
    Image.fromarray(picture).save(out)


if __name__ == "__main__":
    main(*sys.argv[1:2])
