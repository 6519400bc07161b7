"""The microscope: tilt series, contrast transfer, noise, and weighted back-projection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage, sparse

from volviz.core.grid import Floats, Shape
from volviz.core.report import Report
from volviz.simulate.bodies import Array
from volviz.simulate.spec import Spec

WAVELENGTH = 0.01969
"""A, of electrons at 300 kV."""
SPHERICAL_ABERRATION = 2.7e7
"""A."""
MEAN_FREE_PATH = 3000.0
"""A, of inelastic scattering in ice at 300 kV."""


class Projector:
    """Line integrals of a volume (z, y, x) along tilted beams, and their exact adjoint.

    The tilt axis is y, so all y-slices share one two-dimensional geometry: one sparse matrix with linear interpolation on
    the detector. A positive tilt moves what lies at larger z towards larger x of the image: u = x cos t + z sin t.
    """

    def __init__(self, shape: Shape, tilts: Floats) -> None:
        nz, _, nx = shape
        self.shape = shape
        self.tilts = tilts
        # As even or odd as the volume, so that untilted voxels fall on pixels.
        self.width = nx + 2 * int(np.ceil((np.hypot(nz, nx) - nx) / 2 + 1))
        z = np.arange(nz)[:, None] - (nz - 1) / 2
        x = np.arange(nx)[None, :] - (nx - 1) / 2
        voxels = np.arange(nz * nx, dtype=np.int32)
        rows, weights = [], []
        for i, t in enumerate(np.radians(tilts)):
            u = (x * np.cos(t) + z * np.sin(t) + (self.width - 1) / 2).ravel()
            first = np.floor(u).astype(np.int32)
            rows += [first + i * self.width, first + 1 + i * self.width]
            weights += [(1 - (u - first)).astype(np.float32), (u - first).astype(np.float32)]
        size = (len(tilts) * self.width, nz * nx)
        entries = (np.concatenate(weights), (np.concatenate(rows), np.tile(voxels, 2 * len(tilts))))
        self._forward = sparse.csr_matrix(entries, shape=size, dtype=np.float32)

    def project(self, volume: Array) -> Array:
        """Return images (tilt, u, y) of a volume (z, y, x), in density times voxels."""
        nz, ny, nx = self.shape
        columns = np.ascontiguousarray(volume.transpose(0, 2, 1)).reshape(nz * nx, ny)
        return np.asarray(self._forward @ columns, dtype=np.float32).reshape(len(self.tilts), self.width, ny)

    def backproject(self, images: Array) -> Array:
        """Return the adjoint of `project`: images (tilt, u, y) smeared back into a volume (z, y, x)."""
        nz, ny, nx = self.shape
        columns = self._forward.T @ images.reshape(len(self.tilts) * self.width, ny)
        return np.asarray(columns, dtype=np.float32).reshape(nz, nx, ny).transpose(0, 2, 1)


def tilt_angles(spec: Spec) -> Floats:
    """Return the tilts (n,) in degrees, ascending."""
    low, high = spec.tilt_range
    return np.asarray(low + spec.tilt_step * np.arange(int(np.floor((high - low) / spec.tilt_step + 1e-6)) + 1), dtype=np.float64)


def exposures(spec: Spec, tilts: Floats) -> Floats:
    """Return the exposure (n,) in electrons per square angstrom that each tilt has seen by the middle of its image."""
    if spec.scheme == "dose-symmetric":
        order = np.argsort(np.abs(tilts), kind="stable")
    elif spec.scheme == "bidirectional":
        upward, downward = np.flatnonzero(tilts >= 0), np.flatnonzero(tilts < 0)[::-1]
        order = np.concatenate([upward, downward])
    else:
        order = np.arange(len(tilts))
    rank = np.empty(len(tilts))
    rank[order] = np.arange(len(tilts))
    return np.asarray((rank + 0.5) * spec.exposure / len(tilts))


def ctf(frequency: Floats, defocus: float, amplitude_contrast: float) -> Floats:
    """Return the contrast transfer at spatial frequencies (1/A) for a defocus in micrometres, positive where dense is dark.

    sin(pi L d k^2 - pi/2 Cs L^3 k^4 + asin(A)) at 300 kV: Rohou and Grigorieff, J. Struct. Biol. 192 (2015), equation 2.
    """
    k2 = frequency**2
    phase = np.pi * WAVELENGTH * defocus * 1e4 * k2 - np.pi / 2 * SPHERICAL_ABERRATION * WAVELENGTH**3 * k2**2
    return np.asarray(np.sin(phase + np.arcsin(amplitude_contrast)))


def damage(frequency: Floats, exposure: float) -> Floats:
    """Return what is left of an amplitude after an exposure: Grant and Grigorieff, eLife 4 (2015) e06980, equation 3."""
    critical = 0.24499 * np.maximum(frequency, 1e-4) ** -1.6649 + 2.8141
    return np.asarray(np.exp(-exposure / (2 * critical)))


def reconstruction_filter(width: int, spec: Spec) -> Array:
    """Return the weighting of `scipy.fft.rfftfreq(width)` before back-projection: a ramp, apodised or SIRT-like."""
    f = np.asarray(np.maximum(fft.rfftfreq(width) * 2, spec.filter_floor), dtype=np.float32)
    if spec.filter == "hamming":
        return np.asarray(f * (0.54 + 0.46 * np.cos(np.pi * f)), dtype=np.float32)
    if spec.filter == "sirt":
        # What n Landweber steps with the smallest frequency's step do to a back-projection, whose transfer is 1/f.
        alpha = 0.03 / np.maximum(f, 0.03)
        return np.asarray(f * (1 - (1 - alpha) ** spec.iterations), dtype=np.float32)
    return f


@dataclass(frozen=True, slots=True, eq=False)
class TiltSeries:
    """Images (tilt, u, y) with dense dark, split into what the specimen gave and the noise, and their tilts in degrees."""

    signal: Array
    noise: Array
    tilts: Floats


def record(density: Array, heavy: Array, projector: Projector, spec: Spec, *, rng: np.random.Generator, report: Report) -> TiltSeries:
    """Return the tilt series of a specimen (z, y, x): ``heavy`` is matter that the signal-to-noise ratio does not count."""
    tilts = projector.tilts
    clear = projector.project(density)
    dark = projector.project(heavy) if heavy.any() else None
    report(0.3, "imaging")
    count, width, ny = clear.shape
    padded = (fft.next_fast_len(width + 16, real=True), fft.next_fast_len(ny + 16, real=True))
    ku = fft.fftfreq(padded[0], spec.voxel_size)[:, None]
    ky = fft.rfftfreq(padded[1], spec.voxel_size)[None, :]
    k = np.hypot(ku, ky)
    seen = exposures(spec, tilts)
    signal, beads = np.empty_like(clear), None if dark is None else np.empty_like(clear)
    thickness = slow_thickness((width, ny), rng)
    for i, tilt in enumerate(tilts):
        transfer = ctf(k, max(0.3, spec.defocus + rng.normal(0, spec.defocus_error)), spec.amplitude_contrast)
        if spec.correction == "flip":
            transfer = np.abs(transfer)
        elif spec.correction == "wiener":
            transfer = transfer**2 / (transfer**2 + 0.1) * 1.1
        shift = rng.normal(0, spec.misalignment, 2) * spec.voxel_size
        response = transfer * damage(k, seen[i]) * np.exp(-2j * np.pi * (ku * shift[0] + ky * shift[1]))
        # What was lost to inelastic scattering on the longer way does not interfere.
        response *= -np.exp(-0.5 * spec.ice_thickness / MEAN_FREE_PATH * (1 / np.cos(np.radians(tilt)) - 1))
        signal[i] = _filtered(clear[i], response, padded)
        if dark is not None and beads is not None:
            beads[i] = _filtered(dark[i], response, padded)
    strength = np.sqrt(max(float(np.var(signal)), faintest(spec)))
    if beads is not None:
        signal += beads
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    if spec.noise_falloff:
        falloff = np.exp(-spec.noise_falloff * (k * 2 * spec.voxel_size) ** 2)
        for i in range(count):
            noise[i] = _filtered(noise[i], falloff, padded)
    grow = np.exp(0.5 * spec.ice_thickness / MEAN_FREE_PATH / np.cos(np.radians(tilts))).astype(np.float32)
    noise *= grow[:, None, None]
    noise *= np.float32(strength / np.sqrt(spec.snr)) / max(float(noise.std()), 1e-9)
    if spec.ice_gradient:
        signal -= np.float32(spec.ice_gradient * strength) * thickness / np.cos(np.radians(tilts)).astype(np.float32)[:, None, None]
    report(1.0, "imaging")
    return TiltSeries(signal, noise, tilts)


def faintest(spec: Spec) -> float:
    """Return the least signal variance for which noise is measured out: what a faint bilayer would give.

    Bland ice has next to no signal; its noise must not vanish with it.
    """
    return float((0.15 * 100 / spec.voxel_size) ** 2)


def slow_thickness(shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Return slow changes of the film's thickness over an image, mean 0 and standard deviation 1."""
    coarse = ndimage.zoom(rng.standard_normal((4, 4)), (shape[0] / 4, shape[1] / 4), order=3, mode="nearest", grid_mode=True)
    image = np.asarray(coarse[: shape[0], : shape[1]], dtype=np.float32)
    image -= image.mean()
    image /= max(float(image.std()), 1e-6)
    return image


def reconstruct(series: TiltSeries, projector: Projector, spec: Spec, report: Report) -> Array:
    """Return the weighted back-projection (z, y, x) of a tilt series."""
    images = series.signal + series.noise
    images -= images.mean(axis=(1, 2), keepdims=True)
    size = fft.next_fast_len(2 * images.shape[1], real=True)
    weights = reconstruction_filter(size, spec)
    for i in range(len(images)):
        spectrum = fft.rfft(images[i], size, axis=0)
        images[i] = fft.irfft(spectrum * weights[:, None], size, axis=0)[: images.shape[1]]
    report(0.3, "reconstructing")
    volume = projector.backproject(images)
    report(1.0, "reconstructing")
    return volume


def _filtered(image: Array, response: Floats, padded: tuple[int, int]) -> Array:
    spectrum = fft.rfft2(image, padded)
    return np.asarray(fft.irfft2(spectrum * response.astype(np.complex64), padded)[: image.shape[0], : image.shape[1]], dtype=np.float32)
