"""Set simulated tomograms beside a real one and write docs/simulation.png.

Run `python docs/simulation_figure.py`. The real tomogram, a purified lysosome, is read from ../shared/data if it is there; its voxel
size (12.3 A) and tilt range (+-45 degrees) are guesses, so the comparison is one of character, not of numbers.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import mrcfile
import numpy as np
import numpy.typing as npt
from PIL import Image

from volviz.simulate import Spec, simulate

mpl.use("Agg")
import matplotlib.pyplot as plt

Array = npt.NDArray[np.float32]
ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared/data/tomograms/lysosome.mrc"
# What is known or guessed of the real one, and one envelope as large as it.
LIKE_REAL = Spec(
    shape=(128, 320, 336),
    voxel_size=12.3,
    seed=5,
    virions=0,
    vesicles=1,
    vesicle_radius=(1600.0, 1640.0),
    elongation=0.03,
    bumps=0.02,
    leaflet_width=8.0,
    membrane_contrast=(0.7, 0.8),
    membrane_protein=0.6,
    membrane_grain=0.3,
    debris=25.0,
    debris_contrast=1.0,
    ice_texture=0.15,
    ice_gradient=0.5,
    tilt_range=(-45.0, 45.0),
    tilt_step=3.0,
    defocus=4.0,
    correction="none",
    snr=0.16,
    misalignment=0.7,
    filter="ramp",
    noise_falloff=1.0,
    filter_floor=0.03,
)


def standard(data: npt.NDArray[np.generic]) -> Array:
    """Return mean 0 and standard deviation 1, without the outermost thousandth."""
    values = np.asarray(data, np.float32)
    values = np.clip(values, *np.quantile(values[::3, ::3, ::3], (0.0005, 0.9995)))
    return (values - values.mean()) / values.std()


def radial_power(volume: Array, voxel_size: float) -> tuple[Array, Array]:
    """Return spatial frequencies (1/nm) and the mean power of xy slices there, over its mean."""
    side = min(volume.shape[1:])
    window = np.hanning(side)[:, None] * np.hanning(side)
    power = np.mean([np.abs(np.fft.fft2(s[:side, :side] * window)) ** 2 for s in volume[:: max(1, len(volume) // 24)]], axis=0)
    k = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side))
    bins = np.linspace(0, 0.5, 60)
    total, _ = np.histogram(k, bins, weights=power)
    count, _ = np.histogram(k, bins)
    curve = total / np.maximum(count, 1)
    return (bins[1:] + bins[:-1]) / 2 / voxel_size * 10, curve / curve[2:].mean()


def wedge(volume: Array) -> Array:
    """Return the logarithm of the mean amplitude (kz, kx) of xz slices, zero in the middle."""
    nz, _, nx = volume.shape
    window = np.hanning(nz)[:, None, None] * np.hanning(nx)
    power = (np.abs(np.fft.fft2(volume[:, ::4] * window, axes=(0, 2))) ** 2).mean(axis=1)
    return np.log10(np.fft.fftshift(power) + 1e-6 * power.max())


def main() -> None:
    sample_spec = Spec()
    shown: list[tuple[str, Array, float]] = [("simulated virions", standard(simulate(sample_spec)[0].read()), sample_spec.voxel_size)]
    shown.append(("simulated, like the real one", standard(simulate(LIKE_REAL)[0].read()), LIKE_REAL.voxel_size))
    if REAL.exists():
        with mrcfile.open(REAL, permissive=True) as file:
            shown.append(("real: lysosome", standard(file.data), 12.3))

    figure, axes = plt.subplots(3, 3, figsize=(12, 10.4), gridspec_kw={"height_ratios": [4, 1.7, 3.2]})
    for column, (title, volume, voxel_size) in enumerate(shown):
        axes[0, column].imshow(volume[len(volume) // 2], cmap="gray", vmin=-3, vmax=3)
        axes[0, column].set_title(f"{title}, xy, {voxel_size:g} Å")
        axes[1, column].imshow(volume[:, volume.shape[1] // 2], cmap="gray", vmin=-3, vmax=3)
        axes[1, column].set_title("xz", fontsize=9)
    for axis in axes[:2].flat:
        axis.axis("off")
    styles = ("C0:", "C0-", "C3-")
    for (title, volume, voxel_size), style in zip(shown, styles, strict=False):
        counts, edges = np.histogram(volume, 120, (-5, 5), density=True)
        axes[2, 0].plot((edges[1:] + edges[:-1]) / 2, counts, style, label=title)
        axes[2, 1].semilogy(*radial_power(volume, voxel_size), style, label=title)
    axes[2, 0].set(xlabel="grey value (standard deviations)", title="histogram")
    axes[2, 0].legend(fontsize=7)
    axes[2, 1].set(xlabel="spatial frequency (1/nm)", title="power of xy slices")
    halves = [wedge(volume) for _, volume, _ in shown[1:]]
    # Left half simulated, right half real: the empty wedge must have the same edge.
    middle = halves[0].shape[1] // 2
    joined = np.concatenate([h - np.quantile(h, 0.9) for h in (halves[0][:, :middle], halves[-1][:, -middle:])], axis=1)
    axes[2, 2].imshow(joined, cmap="magma", aspect="auto", vmin=-4, vmax=0.6, extent=(-0.5, 0.5, 0.5, -0.5))
    axes[2, 2].set(xlabel="kx (1/voxel)   left simulated, right real", ylabel="kz", title="log power of xz slices")
    figure.tight_layout()
    out = ROOT / "docs/simulation.png"
    figure.savefig(out, dpi=72)
    # A palette keeps noisy slices small.
    with Image.open(out) as image:
        image.convert("RGB").quantize(56, dither=Image.Dither.NONE).save(out, optimize=True)
    print(f"{out} ({out.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
