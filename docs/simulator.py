"""Writes docs/simulator.md from what the code says of every field, and with --picture what random recipes look like.

python docs/simulator.py [--picture] [--pool DIR]
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from volviz.core.segmentation import VIRION_LABELS

PAGE = Path(__file__).with_name("simulator.md")
PICTURE = Path(__file__).with_name("simulator.jpg")
REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "tomograms"
SIDE = 184

HEAD = """\
# The simulator

Made by `docs/simulator.py`; do not edit.

A recipe (`volviz.simulate.Spec`) says what is in a field of ice and how it was recorded. volviz draws it, projects it along tilted beams,
applies the contrast transfer, damage, shifts and noise of every image, and reconstructs it, so the missing wedge, the streaks of gold and
the colour of the noise are not painted but follow. The same recipe gives the same tomogram.

    volviz simulate out.mrc                                        one clear sample
    volviz simulate out.mrc --random --seed 7                      anything
    volviz simulate out.mrc --scene layer --difficulty hard        virions close together in thin ice, noisy
    volviz simulate out.mrc --set spikes=0,60 --set snr=0.1        one field or another
    volviz simulate out.mrc --spec recipe.json                     all from a file
    volviz simulate out.mrc --random --densities DIR               spikes and proteins from real structures

`volviz train unet --simulate N` learns from random recipes: half are preparations of virions with spikes to be seen, the others noise and
crowds, bald vesicles, single large membranes amid protein, cells, and ice without any envelope. Every volume has a voxel size of its own,
from 5 to 16 A, and is resampled to 10 A, the network's.

![Random recipes and real tomograms](simulator.jpg)

*The first sixteen volumes of a pool, their middle slices at 10 A, and the labels (membrane pink, spikes red, lumen blue). Last row: real
tomograms, of which nothing was learnt: two pieces of a lysosome and a microtubule at 10 A, and a cell at its own 31 A.*

## How near to real ones

Radial amplitude of the lysosome between zero frequency and the Nyquist frequency in ten steps, over its root mean square, beside those
of a pool's volumes, all at 10 A:

| | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
|---|---|---|---|---|---|---|---|---|---|---|
| lysosome | 2.42 | 1.28 | 1.03 | 0.85 | 0.64 | 0.44 | 0.28 | 0.19 | 0.13 | 0.06 |
| cell (31 A) | 2.33 | 1.47 | 1.15 | 0.72 | 0.53 | 0.38 | 0.27 | 0.18 | 0.12 | 0.06 |
SPECTRA

The grey values of the lysosome have a skewness of -0.06 and an excess kurtosis of -0.02, those of the cell -0.16 and 1.97; those of the
volumes GREYS. A drawn spike head has 86 % of the mass and 97 % of the volume of
SARS-CoV-2's closed ectodomain (6VXX) at 10 A. What is missing: images of real virions. None are at hand, so whether virions and spikes look
right is judged from published sizes and structures alone.

## What a recipe says

Lengths are in angstrom, angles in degrees, defocus in micrometres of underfocus, exposure in electrons per square angstrom; densities are
relative to protein (1) over ice (0). Every object of a kind draws its own value from a (low, high) range.

| field | default | meaning |
|---|---|---|
"""


def page(spectra: str, greys: str) -> str:
    """Return the page as Markdown, given the measured rows of the table and the range of grey values."""
    from volviz.segment.parameters import documented
    from volviz.simulate import Spec

    told = documented(Spec)
    rows = [f"| `{field.name}` | `{_shown(field.default)}` | {told.get(field.name, '')} |" for field in fields(Spec)]
    return HEAD.replace("SPECTRA", spectra).replace("GREYS", greys) + "\n".join(rows) + "\n"


def measured() -> tuple[str, str]:
    """Return what the page says now of spectra and grey values: they are measured anew with --picture only."""
    text = PAGE.read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line.startswith("| pool, ")]
    greys = text.partition("those of the\nvolumes ")[2].partition(". A drawn spike")[0]
    return "\n".join(rows), greys


def _shown(value: object) -> str:
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in value) or "none" if isinstance(value, tuple) else str(value)


def spectrum(data: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Return the radial amplitude of a volume in ten steps up to the Nyquist frequency, over its root mean square."""
    data = np.clip(data, *np.percentile(data, (0.5, 99.5)))
    n = 80
    window = np.einsum("i,j,k->ijk", *(np.hanning(n),) * 3).astype(np.float32)
    start = (data.shape[0] - n) // 2
    power = np.zeros((n, n, n // 2 + 1))
    for y in range(0, data.shape[1] - n + 1, 40):
        for x in range(0, data.shape[2] - n + 1, 40):
            piece = data[start : start + n, y : y + n, x : x + n] - data.mean()
            power += np.abs(np.fft.rfftn(piece * window)) ** 2
    kz, ky, kx = np.meshgrid(np.fft.fftfreq(n), np.fft.fftfreq(n), np.fft.rfftfreq(n), indexing="ij")
    shell = (np.sqrt(kz**2 + ky**2 + kx**2) / 0.05).astype(int).ravel()
    amplitude = np.sqrt(np.bincount(shell, power.ravel())[:10] / np.bincount(shell)[:10])
    return np.asarray(amplitude / np.sqrt((amplitude**2).mean()))


def _tile(data: npt.NDArray[np.float32], classes: npt.NDArray[np.uint8] | None, text: str) -> Image.Image:
    """Return a middle slice, and beside it the same with its labels."""
    low, high = np.percentile(data, (0.5, 99.5))
    k = data.shape[0] // 2
    grey = np.clip((data[k] - low) / (high - low), 0, 1) * 255
    plain = np.repeat(grey[:, :, None], 3, axis=2)
    pictures = [plain]
    if classes is not None:
        marked = plain.copy()
        for c, label in enumerate(VIRION_LABELS[1:], 1):
            marked[classes[k] == c] = 0.6 * marked[classes[k] == c] + 0.4 * 255 * np.array(label.color)
        pictures.append(marked)
    tile = Image.new("RGB", (2 * SIDE, SIDE))
    for i, picture in enumerate(pictures):
        tile.paste(Image.fromarray(picture[:SIDE, : SIDE if classes is not None else 2 * SIDE].astype(np.uint8)), (i * SIDE, 0))
    ImageDraw.Draw(tile).text((3, 3), text, fill=(255, 220, 0))
    return tile


def draw(pool: Path, volumes: int) -> tuple[str, str]:
    """Write the picture; return the rows of the table and the range of grey values of a pool's volumes."""
    import torch

    from volviz.io import open as open_path
    from volviz.segment.resample import read_resampled, taps
    from volviz.tasks.pool import Pool, fill_pool

    torch.set_num_threads(1)
    fill_pool(pool, volumes, seed=2)
    tiles, spectra, moments = [], [], []
    for number, example in enumerate(Pool(pool)):
        data = np.asarray(example.volume.data, np.float32)
        classes = np.asarray(example.annotations[0].segmentation.data).argmax(axis=0).astype(np.uint8)  # type: ignore[union-attr]
        if number < 16:
            tiles.append(_tile(data, classes, str(number + 1)))
        spectra.append(spectrum(data))
        clipped = np.clip(data, *np.percentile(data, (0.5, 99.5)))
        z = (clipped - clipped.mean()) / clipped.std()
        moments.append(((z**3).mean(), (z**4).mean() - 3))
    for name, voxel, size, corner in (
        ("lysosome", 12.3, 10.0, (10, 20)),
        ("lysosome", 12.3, 10.0, (210, 45)),
        ("empiar11658_cell", 31.36, 31.36, (0, 0)),
        ("microtubule_13pf", 10.52, 10.0, (0, 0)),
    ):
        volume = open_path(next(REAL.glob(f"{name}.*")), voxel_size=voxel)
        grid = volume.grid.resample(size)  # type: ignore[union-attr]
        along = (taps(volume.grid, grid, 0), taps(volume.grid, grid, 1), taps(volume.grid, grid, 2))
        data = read_resampled(volume, along).numpy()[:, corner[0] :, corner[1] :]  # type: ignore[arg-type]
        # The microtubule was saved with dense bright.
        tiles.append(_tile(-data if name.startswith("micro") else data, None, f"real: {name}"))
    sheet = Image.new("RGB", (8 * SIDE, -(-len(tiles) // 4) * SIDE))
    for i, tile in enumerate(tiles):
        sheet.paste(tile, (i % 4 * 2 * SIDE, i // 4 * SIDE))
    sheet.save(PICTURE, quality=56)
    rows = [
        f"| pool, {name} | " + " | ".join(f"{v:.2f}" for v in f(spectra, axis=0)) + " |"
        for name, f in (("least", np.min), ("most", np.max))
    ]
    skew, kurtosis = np.transpose(moments)
    return "\n".join(rows), f"from {skew.min():.2f} to {skew.max():.2f} and from {kurtosis.min():.2f} to {kurtosis.max():.2f}"


def main() -> None:
    """Write the page, and the picture if it is wanted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--picture", action="store_true")
    parser.add_argument("--pool", type=Path)
    parser.add_argument("--volumes", type=int, default=40)
    a = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        rows, greys = draw(a.pool or Path(temporary), a.volumes) if a.picture else measured()
    PAGE.write_text(page(rows, greys), encoding="utf-8")


if __name__ == "__main__":
    main()
