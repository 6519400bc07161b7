"""Projection, contrast transfer, noise, reconstruction."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from volviz.core.report import silent
from volviz.simulate import Spec
from volviz.simulate.denoise import diffuse, lowpass
from volviz.simulate.microscope import (
    SPHERICAL_ABERRATION,
    WAVELENGTH,
    Projector,
    ctf,
    damage,
    exposures,
    reconstruct,
    reconstruction_filter,
    record,
    tilt_angles,
)

PLAIN = Spec(shape=(32, 24, 48), voxel_size=10.0, ice_gradient=0.0, misalignment=0.0)


def test_back_projection_is_the_adjoint_of_projection():
    rng = np.random.default_rng(0)
    projector = Projector((13, 6, 21), np.array([-55.0, -10.0, 0.0, 33.0]))
    volume = rng.standard_normal((13, 6, 21)).astype(np.float32)
    images = rng.standard_normal((4, projector.width, 6)).astype(np.float32)
    there = np.vdot(projector.project(volume).astype(np.float64), images)
    back = np.vdot(volume.astype(np.float64), projector.backproject(images))
    assert there == pytest.approx(back, rel=1e-4)


def test_projection_keeps_all_mass_at_every_tilt():
    volume = np.random.default_rng(1).random((9, 5, 17)).astype(np.float32)
    images = Projector(volume.shape, np.array([-66.0, 0.0, 45.0])).project(volume)
    np.testing.assert_allclose(images.sum(axis=(1, 2)), volume.sum(), rtol=1e-5)


def test_untilted_image_is_the_sum_over_z():
    volume = np.random.default_rng(2).random((8, 5, 16)).astype(np.float32)
    projector = Projector(volume.shape, np.array([0.0]))
    start = (projector.width - 16) // 2
    image = projector.project(volume)[0, start : start + 16]
    np.testing.assert_allclose(image.T, volume.sum(axis=0), rtol=1e-4)


def test_tilt_axis_is_y_and_a_positive_tilt_takes_high_z_to_high_x():
    volume = np.zeros((21, 9, 41), np.float32)
    volume[18, 2, 20] = 1  # 8 voxels above the axis, on it in x
    projector = Projector(volume.shape, np.array([-30.0, 0.0, 30.0]))
    images = projector.project(volume)
    assert [int(image.sum(axis=0).argmax()) for image in images] == [2, 2, 2]
    u = (images.sum(axis=2) * np.arange(projector.width)).sum(axis=1) - (projector.width - 1) / 2
    np.testing.assert_allclose(u, [-4, 0, 4], atol=1e-4)


def test_reconstruction_puts_a_point_where_it_was_dark():
    volume = np.zeros((32, 24, 48), np.float32)
    volume[10, 7, 31] = 100
    spec = replace(PLAIN, snr=1e9, defocus=0.6, defocus_error=0.0, exposure=1.0)
    projector = Projector(volume.shape, tilt_angles(spec))
    series = record(volume, np.zeros_like(volume), projector, spec, rng=np.random.default_rng(0), report=silent)
    out = reconstruct(series, projector, spec, silent)
    assert np.unravel_index(out.argmin(), out.shape) == (10, 7, 31)
    assert -out.min() > 2 * out.max()


def test_contrast_transfer_vanishes_where_the_formula_says():
    defocus, amplitude = 3.0, 0.07
    a = np.pi / 2 * SPHERICAL_ABERRATION * WAVELENGTH**3
    b = np.pi * WAVELENGTH * defocus * 1e4
    for n in (1, 2, 3):
        # b s - a s^2 + asin(A) = n pi, solved for s = k^2.
        s = (b - np.sqrt(b**2 - 4 * a * (n * np.pi - np.arcsin(amplitude)))) / (2 * a)
        assert ctf(np.sqrt(s), defocus, amplitude) == pytest.approx(0, abs=1e-9)
    assert ctf(np.zeros(1), defocus, amplitude)[0] == pytest.approx(amplitude)
    assert ctf(np.array([0.01]), defocus, amplitude)[0] > amplitude


def test_zeros_of_the_transfer_are_in_the_images():
    spec = replace(PLAIN, shape=(8, 128, 128), voxel_size=6.0, snr=1e12, correction="none", defocus=3.0, defocus_error=0.0)
    spec = replace(spec, tilt_range=(-1.0, 1.0), tilt_step=1.0, exposure=0.0)
    density = np.zeros(spec.shape, np.float32)
    density[4, 64, 64] = 1000
    projector = Projector(spec.shape, np.array([0.0]))
    image = record(density, np.zeros_like(density), projector, spec, rng=np.random.default_rng(0), report=silent).signal[0]
    k = np.fft.rfftfreq(image.shape[1], spec.voxel_size)
    amplitude = np.abs(np.fft.rfft2(image))[0]
    first_zero = np.sqrt(1 / (WAVELENGTH * 3e4))  # amplitude contrast and Cs move it by a few percent
    band = (k > 0.7 * first_zero) & (k < 1.2 * first_zero)
    zero = k[band][amplitude[band].argmin()]
    exact = k[band][np.abs(ctf(k[band], 3.0, spec.amplitude_contrast)).argmin()]
    assert abs(zero - exact) <= k[1] * 1.01


@pytest.mark.parametrize("snr", [0.1, 2.0])
@pytest.mark.parametrize("falloff", [0.0, 1.5])
def test_noise_has_the_stated_ratio(snr, falloff):
    spec = replace(PLAIN, snr=snr, noise_falloff=falloff, spike_contrast=1.0)
    density = ndimage.gaussian_filter(np.random.default_rng(3).standard_normal(spec.shape), 1).astype(np.float32) * 20
    projector = Projector(spec.shape, tilt_angles(spec))
    heavy = np.zeros_like(density)
    heavy[10:20, 10:14, 10:14] = 1000
    alone = record(density, 0 * heavy, projector, spec, rng=np.random.default_rng(0), report=silent)
    assert alone.signal.var() / alone.noise.var() == pytest.approx(snr, rel=0.02)
    with_gold = record(density, heavy, projector, spec, rng=np.random.default_rng(0), report=silent)
    assert with_gold.noise.var() == pytest.approx(alone.noise.var(), rel=1e-3)


def test_noise_grows_with_the_way_through_the_ice():
    spec = replace(PLAIN, ice_thickness=3000.0)
    projector = Projector(spec.shape, tilt_angles(spec))
    zero = np.zeros(spec.shape, np.float32)
    noise = record(zero, zero, projector, spec, rng=np.random.default_rng(0), report=silent).noise
    flat = len(noise) // 2
    # Twice the thickness at 60 degrees: e times fewer electrons.
    assert noise[0].var() / noise[flat].var() == pytest.approx(np.e, rel=0.15)


def test_wedge_is_empty():
    rng = np.random.default_rng(4)
    spec = replace(PLAIN, shape=(64, 8, 64), tilt_range=(-50.0, 50.0), tilt_step=2.0, filter="ramp", snr=1.0)
    projector = Projector(spec.shape, tilt_angles(spec))
    density = rng.standard_normal(spec.shape).astype(np.float32)
    series = record(density, np.zeros_like(density), projector, spec, rng=rng, report=silent)
    out = reconstruct(series, projector, spec, silent)
    window = np.hanning(64)
    power = (np.abs(np.fft.fftn(out * window[:, None, None] * window, axes=(0, 2))) ** 2).mean(axis=1)
    kz, kx = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), indexing="ij")
    angle = np.degrees(np.arctan2(np.abs(kz), np.abs(kx)))
    ring = (np.hypot(kz, kx) > 0.1) & (np.hypot(kz, kx) < 0.4)
    assert power[ring & (angle > 60)].mean() < 0.02 * power[ring & (angle < 45)].mean()


def test_order_of_exposure():
    tilts = np.array([-60.0, -30.0, 0.0, 30.0, 60.0])
    spec = replace(PLAIN, exposure=100.0)
    assert exposures(replace(spec, scheme="dose-symmetric"), tilts).argmin() == 2
    np.testing.assert_allclose(exposures(replace(spec, scheme="continuous"), tilts), [10, 30, 50, 70, 90])
    np.testing.assert_allclose(exposures(replace(spec, scheme="bidirectional"), tilts), [90, 70, 10, 30, 50])
    late = damage(np.array([0.0, 0.02, 0.05]), 100.0)
    assert late[0] > 0.99
    assert late[1] > late[2]


@pytest.mark.parametrize("name", ["ramp", "hamming", "sirt"])
def test_filters_remove_the_mean_and_amplify_detail(name):
    weights = reconstruction_filter(256, replace(PLAIN, filter=name))
    assert weights[0] == 0
    assert weights[30] > weights[5] > 0


def test_sirt_like_filter_is_the_ramp_after_many_iterations():
    ramp = reconstruction_filter(256, replace(PLAIN, filter="ramp"))
    many = reconstruction_filter(256, replace(PLAIN, filter="sirt", iterations=2000))
    few = reconstruction_filter(256, replace(PLAIN, filter="sirt", iterations=5))
    np.testing.assert_allclose(many, ramp, atol=1e-3)
    assert few[100] < 0.5 * ramp[100]


def test_lowpass_halves_the_amplitude_at_its_resolution():
    x = np.arange(240)
    wave = np.broadcast_to(np.cos(2 * np.pi * x * 10 / 60), (8, 8, 240)).astype(np.float32)
    out = lowpass(wave, 10.0, 60.0)
    assert np.ptp(out[4, 4, 60:180]) / np.ptp(wave[4, 4, 60:180]) == pytest.approx(0.5, abs=0.01)


def test_diffusion_keeps_edges_and_removes_noise():
    rng = np.random.default_rng(5)
    step = np.zeros((24, 24, 24), np.float32)
    step[:, :, 12:] = 20
    noisy = step + rng.standard_normal(step.shape).astype(np.float32)
    out = diffuse(noisy, 8)
    assert out[4:-4, 4:-4, 2:8].std() < 0.5 * noisy[4:-4, 4:-4, 2:8].std()
    assert (out[:, :, 13] - out[:, :, 10]).mean() > 0.9 * 20
    assert out.sum() == pytest.approx(noisy.sum(), rel=1e-4)
