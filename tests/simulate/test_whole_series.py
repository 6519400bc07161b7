"""Fields of the microscope and of what comes after it, seen in whole small tomograms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from volviz.simulate import Spec, simulate
from volviz.simulate.turn import turn, turned_shape

SMALL = Spec(shape=(32, 48, 56), voxel_size=16.0, virions=1, vesicles=0, radius=(180.0, 180.0), elongation=0.0, snr=2.0, ice_gradient=0.0)


def spectrum(data):
    """Return the power (z, y, x) of a volume, zero frequency in the middle of every axis."""
    window = np.einsum("i,j,k->ijk", *(np.hanning(n) for n in data.shape))
    return np.fft.fftshift(np.abs(np.fft.fftn((data - data.mean()) * window)) ** 2)


def frequencies(shape):
    return np.meshgrid(*(np.fft.fftshift(np.fft.fftfreq(n)) for n in shape), indexing="ij")


@pytest.mark.parametrize("degrees", [0.0, 90.0, 30.0, -60.0])
def test_the_wedge_opens_across_the_tilt_axis(degrees):
    """Missing frequencies have kz larger than tan(tilt) times the distance from the tilt axis' plane."""
    spec = replace(SMALL, shape=(40, 56, 56), tilt_axis=degrees, tilt_range=(-45.0, 45.0), misalignment=0.0)
    power = spectrum(simulate(spec)[0].data)
    kz, ky, kx = frequencies(power.shape)
    a = np.radians(degrees)
    # The axis lies from y towards x; what is tilted is the direction across it.
    across = kx * np.cos(a) - ky * np.sin(a)
    band = (np.sqrt(kz**2 + ky**2 + kx**2) < 0.3) & (np.abs(kz) > 0.05)
    missing = band & (np.abs(kz) > 1.6 * np.abs(across))
    there = band & (np.abs(kz) < 0.6 * np.abs(across))
    assert power[missing].mean() < 0.05 * power[there].mean()


def test_labels_stay_on_the_density_whatever_the_tilt_axis():
    for degrees in (0.0, 90.0, 35.0):
        volume, labels = simulate(replace(SMALL, tilt_axis=degrees))
        membrane = labels.probabilities()[1]
        fits = [-np.corrcoef(np.roll(membrane, s, axis).ravel(), volume.data.ravel())[0, 1] for axis in (1, 2) for s in (-2, 2)]
        assert -np.corrcoef(membrane.ravel(), volume.data.ravel())[0, 1] > 1.15 * max(fits)


@pytest.mark.parametrize("degrees", [90.0, 180.0, -90.0])
def test_right_angles_only_move_voxels(degrees):
    volume = np.random.default_rng(0).normal(size=(3, 8, 10)).astype(np.float32)
    frame = turned_shape(volume.shape, degrees)
    there = turn(volume, degrees, frame)
    np.testing.assert_allclose(
        there, np.rot90(volume, -round(degrees / 90), (1, 2)) if frame != volume.shape else volume[:, ::-1, ::-1], atol=1e-6
    )
    np.testing.assert_allclose(turn(there, -degrees, volume.shape), volume, atol=1e-6)


def test_a_turn_there_and_back_keeps_what_is_smooth():
    y, x = np.meshgrid(np.arange(60) - 29.5, np.arange(50) - 24.5, indexing="ij")
    volume = np.exp(-((y - 8) ** 2 + (x + 5) ** 2) / 50)[None].astype(np.float32)
    frame = turned_shape(volume.shape, 30.0)
    assert frame[1] >= 60 * np.cos(np.pi / 6)
    np.testing.assert_allclose(turn(turn(volume, 30.0, frame), -30.0, volume.shape), volume, atol=0.03)


@pytest.mark.parametrize(
    ("low", "high"),
    [
        ({"snr": 0.02}, {"snr": 2.0}),
        ({"misalignment": 4.0}, {"misalignment": 0.0}),
        ({"tilt_range": (-25.0, 25.0)}, {"tilt_range": (-65.0, 65.0)}),
        ({"tilt_step": 12.0}, {"tilt_step": 3.0}),
        ({"membrane_contrast": (0.1, 0.1), "membrane_protein": 0.0}, {"membrane_contrast": (1.2, 1.2), "membrane_protein": 0.0}),
    ],
)
def test_what_makes_a_membrane_hard_to_see(low, high):
    def seen(changed):
        volume, labels = simulate(replace(SMALL, **changed))
        return -float(np.corrcoef(labels.probabilities()[1].ravel(), volume.data.ravel())[0, 1])

    assert seen(low) < 0.9 * seen(high)


@pytest.mark.parametrize("changed", [{"lowpass": 80.0}, {"diffusion": 6}, {"noise_falloff": 3.0}, {"filter": "sirt", "iterations": 3}])
def test_what_takes_away_the_finest_grain(changed):
    def fine(spec):
        power = spectrum(simulate(spec)[0].data)
        radius = np.sqrt(sum(k**2 for k in frequencies(power.shape)))
        return power[radius > 0.35].sum() / power.sum()

    noisy = replace(SMALL, snr=0.2, filter="ramp")
    assert fine(replace(noisy, **changed)) < 0.8 * fine(noisy)


@pytest.mark.parametrize(
    "changed",
    [
        {"scheme": "bidirectional"},
        {"scheme": "continuous"},
        {"defocus": 2.0},
        {"exposure": 500.0},
        {"correction": "none"},
        {"filter_floor": 0.1},
    ],
)
def test_what_else_changes_the_picture_but_not_the_labels(changed):
    before, labels = simulate(replace(SMALL, defocus=6.5))
    after, same = simulate(replace(SMALL, **({"defocus": 6.5} | changed)))
    np.testing.assert_array_equal(labels.data, same.data)
    assert 0.2 < np.corrcoef(before.data.ravel(), after.data.ravel())[0, 1] < 0.9999


def test_gold_is_very_dark_and_streaks_along_the_tilted_direction():
    spec = replace(SMALL, virions=0, free_spikes=0, debris=0.0, gold=1, gold_radius=60.0, seed=3, snr=5.0)
    data = simulate(spec)[0].data
    assert data.min() < -8
    z, y, x = np.unravel_index(data.argmin(), data.shape)
    row, column = data[z, y].copy(), data[z, :, x].copy()
    row[max(0, x - 6) : x + 7], column[max(0, y - 6) : y + 7] = 0, 0
    assert np.abs(row).mean() > 1.3 * np.abs(column).mean()


def test_carbon_covers_its_part_of_the_field():
    spec = replace(SMALL, shape=(32, 96, 96), virions=0, free_spikes=0, debris=0.0, carbon=0.4, seed=2, snr=5.0)
    data = simulate(spec)[0].data
    grain = np.abs(data - data.mean()).mean(axis=0)
    coarse = grain.reshape(12, 8, 12, 8).mean(axis=(1, 3))
    covered = (coarse > (coarse.max() + coarse.min()) / 2).mean()
    assert 0.15 < covered < 0.65
