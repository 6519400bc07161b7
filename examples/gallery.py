"""The pictures of docs/gallery.md: what volviz can draw, each from data that this script makes or is given.

python examples/gallery.py --out docs/gallery
python examples/gallery.py --out docs/gallery --only real cleaned --lysosome lysosome.mrc

Some minutes on two cores: two tomograms are simulated and segmented by the bundled network first. ``--small`` is quick.
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

import volviz
from volviz.core.camera import Camera
from volviz.core.cuts import Clips, Plane
from volviz.core.estimate import first_camera
from volviz.core.guides import Guides, Slices
from volviz.core.scene import Ramp, Scene, Uncertainty
from volviz.core.segmentation import Segmentation
from volviz.core.stages import Panel
from volviz.core.volume import Volume
from volviz.simulate import Spec
from volviz.tasks.comparison import lettered
from volviz.tasks.looks import find_look

Pixels = npt.NDArray[np.uint8]
MOST_BYTES = 200_000  # of a picture in the repository
CROWD = Spec(seed=7)
SINGLE = Spec(shape=(96, 112, 112), virions=1, vesicles=0, radius=(300.0, 320.0), spikes=(30, 34), seed=11)
SMALL = Spec(shape=(40, 48, 48), virions=1, vesicles=0, radius=(110.0, 120.0), spikes=(8, 9), seed=3)


@dataclass(frozen=True)
class Specimen:
    """A tomogram, its soft classes, and the look and place that volviz begins with; which guides a picture has it says itself."""

    volume: Volume
    classes: Segmentation
    scene: Scene

    def camera(self, aspect: float) -> Camera:
        """Return where one looks from first."""
        return first_camera(self.volume, self.classes, aspect)


class Studio:
    """Makes the specimens when they are first wanted, and draws them in a size."""

    def __init__(self, width: int, small: bool, lysosome: Path | None) -> None:
        self.width, self.small, self.lysosome = width, small, lysosome

    def size(self, share: float = 1.0, aspect: float = 16 / 9) -> tuple[int, int]:
        """Return the pixels of a picture, a share of the gallery's width across."""
        width = round(share * self.width)
        return width, round(width / aspect)

    @cache  # noqa: B019 - one studio, as long as the script
    def simulated(self, spec: Spec) -> Specimen:
        """Return a tomogram that was never measured, and what the network makes of it."""
        volume, _ = volviz.simulate(SMALL if self.small else spec)
        classes = volviz.segment(volume)
        return Specimen(volume, classes, _look(volume, classes))

    @cache  # noqa: B019
    def real(self) -> Specimen:
        """Return the lysosome, and what the network makes of it."""
        assert self.lysosome is not None
        volume = volviz.open(self.lysosome)
        grid = replace(volume.grid, voxel_size=(12.3,) * 3, voxel_size_known=True)  # its header does not know; from the camera
        volume = replace(volume, grid=grid)
        classes = volviz.segment(volume)
        return Specimen(volume, classes, _look(volume, classes))

    def still(self, of: Specimen, scene: Scene, camera: Camera | None = None, share: float = 1.0, **rest: object) -> Pixels:
        """Draw one look."""
        size = self.size(share)
        return volviz.still(scene, of.volume, of.classes, size=size, camera=camera or of.camera(size[0] / size[1]), **rest)

    def panels(self, of: Specimen, panels: list[Panel] | Scene, camera: Camera, aspect: float = 16 / 9) -> Pixels:
        """Draw several looks from one place, or the stages of the light of one."""
        return volviz.compare(panels, of.volume, of.classes, size=self.size(aspect=aspect), camera=camera)


def virions(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    return studio.still(crowd, crowd.scene)


def virion(studio: Studio) -> Pixels:
    one = studio.simulated(SINGLE)
    view = one.camera(16 / 9).orbited(25, 30).zoomed(1.15)
    return studio.still(one, one.scene.with_ramp("lumen", visible=False), view)


def stages(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    return studio.panels(crowd, crowd.scene, crowd.camera(16 / 9).zoomed(1.5, (0.08, 0.12)))


def cached_exact(studio: Studio) -> Pixels:
    one = studio.simulated(SINGLE)
    view = one.camera(1.25)
    size = studio.size(0.5, 1.25)
    drawn = []
    for title, quality in (("a  cached light, as in the window", "cached"), ("b  light evaluated at every sample", "exact")):
        picture = volviz.still(one.scene, one.volume, one.classes, size=size, camera=view, quality=quality)
        drawn.append(lettered(picture, title, one.scene.background))
    return np.concatenate(drawn, axis=1)


def modes(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    scene = crowd.scene
    together = Ramp(low=0.4, high=1.0, color=(0.83, 0.78, 0.66), opacity=0.6)
    chosen = [
        Panel("soft classes", scene),
        Panel("all classes as one", replace(scene, together=together)),
        Panel("surface", replace(scene, mode="surface")),
        Panel("raw density", replace(scene, mode="raw")),
        Panel("maximum", replace(scene, mode="maximum")),
        Panel("average", replace(scene, mode="average")),
    ]
    return studio.panels(crowd, chosen, crowd.camera(4 / 3))


def cut(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    grid = crowd.volume.grid
    x, y, z = (float(v) for v in grid.center_xyz)
    scene = replace(
        crowd.scene,
        clips=Clips(planes=(Plane((x, y, z), (0.0, 0.0, 1.0)),)),
        slices=Slices(z=0.32),
        guides=Guides(axes=True, box=True, scale_bar=True),
    )
    size = studio.size()
    view = Camera.framing(grid, aspect=size[0] / size[1])
    return studio.still(crowd, scene, view)


def uncertainty(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    chosen = [
        Panel("colour of the classes", crowd.scene),
        Panel("grey where the network is unsure", replace(crowd.scene, uncertainty=Uncertainty(amount=1.0))),
    ]
    return studio.panels(crowd, chosen, crowd.camera(1.0), aspect=2.0)


def paper_page(studio: Studio) -> Pixels:
    crowd = studio.simulated(CROWD)
    scene = find_look("print").apply(crowd.scene)
    view = crowd.camera(16 / 9)
    return studio.still(crowd, replace(scene, guides=Guides(scale_bar=True)), replace(view, orthographic_height=view.height))


def real(studio: Studio) -> Pixels:
    found = studio.real()
    look = replace(found.scene.with_ramp("spikes", visible=False).with_ramp("lumen", visible=False), slices=Slices(z=0.42))
    cut_open = replace(look, clips=Clips(z=(0.35, 0.6)), guides=Guides(scale_bar=True))
    size = studio.size()
    return studio.still(found, cut_open, Camera.framing(found.volume.grid, aspect=size[0] / size[1]).zoomed(1.15))


def cleaned(studio: Studio) -> Pixels:
    found = studio.real()
    scene = replace(found.scene.with_ramp("lumen", visible=False), guides=Guides(scale_bar=True))
    tidy = scene.with_cleaning("spikes", dust=10.0).with_cleaning("membrane", dust=30.0)
    chosen = [Panel("as the network sees it", scene), Panel("without dust", tidy)]
    return studio.panels(found, chosen, Camera.framing(found.volume.grid).zoomed(1.15), aspect=2.0)


PICTURES: dict[str, Callable[[Studio], Pixels]] = {
    "virions": virions,
    "virion": virion,
    "stages": stages,
    "cached_exact": cached_exact,
    "modes": modes,
    "cut": cut,
    "uncertainty": uncertainty,
    "print": paper_page,
    "real": real,
    "cleaned": cleaned,
}
REAL = {"real", "cleaned"}  # need the lysosome


def _look(volume: Volume, classes: Segmentation) -> Scene:
    return replace(Scene.of(volume, classes), guides=Guides())


def save(picture: Pixels, path: Path) -> None:
    """Write a JPEG in the best quality that the repository has room for."""
    for quality in range(92, 40, -4):
        data = io.BytesIO()
        Image.fromarray(picture[..., :3]).save(data, "JPEG", quality=quality, optimize=True, subsampling=0)
        if len(data.getvalue()) < MOST_BYTES:
            break
    path.write_bytes(data.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("gallery"))
    parser.add_argument("--only", choices=PICTURES, nargs="+", help="draw these, instead of all for which there are data")
    parser.add_argument("--width", type=int, default=1280, help="of the pictures, in pixels")
    parser.add_argument("--small", action="store_true", help="of a small specimen in small size, to see that all works")
    parser.add_argument("--lysosome", type=Path, help="the real tomogram that the pictures 'real' and 'cleaned' show")
    arguments = parser.parse_args()
    studio = Studio(320 if arguments.small else arguments.width, arguments.small, arguments.lysosome)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name in arguments.only or [n for n in PICTURES if n not in REAL or arguments.lysosome]:
        save(PICTURES[name](studio), arguments.out / f"{name}.jpg")
        print(f"{arguments.out / name}.jpg", flush=True)


if __name__ == "__main__":
    main()
