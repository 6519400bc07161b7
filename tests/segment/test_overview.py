from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from running import Written, constant, noise, run_on
from torch import Tensor

from volviz.core.errors import Cancelled
from volviz.core.grid import Region
from volviz.core.segmentation import VIRION_LABELS
from volviz.segment.tiles import Bricks, Overview

NEAR = Bricks(tile=32, overlap=8)
FAR = replace(NEAR, overview=Overview(2.0, "lumen"))


def blobs(x: Tensor) -> Tensor:
    """Four classes from the density smoothed over three voxels, which at another voxel size is another thing."""
    mean = torch.nn.functional.avg_pool3d(x, 3, 1, 1, count_include_pad=False)
    return torch.cat([-4 * mean, mean - 0.5, x - 2, 6 * mean], dim=1)


@pytest.mark.parametrize(("logits", "times"), [((0.3, -1.2, 0.0, 2.0), 2), ((2.0, -1.2, 0.0, 0.3), 1)])
def test_odds_above_even_are_multiplied_and_others_change_nothing(logits: tuple[float, ...], times: int) -> None:
    p = torch.tensor(logits).softmax(0).numpy()
    found = run_on(noise((20, 24, 40)), constant(logits), FAR, labels=VIRION_LABELS, bits=16).probabilities()
    odds = (p[3] + 1e-3) / (p[0] + 1e-3)
    lumen = (p[0] + p[3]) * odds**times / (1 + odds**times)
    assert found[3] == pytest.approx(np.full(found[3].shape, lumen), abs=1e-3)
    assert found[1] == pytest.approx(np.full(found[1].shape, p[1]), abs=1e-4)


def test_membrane_and_spikes_stay_and_lumen_never_becomes_less() -> None:
    volume = noise((30, 44, 50), 12.3)
    near = np.asarray(run_on(volume, blobs, NEAR, labels=VIRION_LABELS).data)
    found = np.asarray(run_on(volume, blobs, FAR, labels=VIRION_LABELS).data)
    np.testing.assert_array_equal(near[1:3], found[1:3])
    assert (found[3].astype(int) - near[3] >= -1).all()
    assert (found[3].astype(int) - near[3] > 20).any()


@pytest.mark.parametrize("voxel", [7.0, 10.0, (10.0, 13.0, 15.5)])
def test_a_region_is_the_crop_of_the_whole(voxel: float | tuple[float, float, float]) -> None:
    volume = noise((40, 60, 50), voxel)
    whole = np.asarray(run_on(volume, blobs, FAR, labels=VIRION_LABELS).data)
    region = Region((7, 11, 0), (33, 50, 29))
    found = run_on(volume, blobs, FAR, labels=VIRION_LABELS, region=region, sink=(sink := Written()))
    assert np.abs(sink.joined().astype(int) - whole[(slice(None), *region.slices)]).max() <= 1
    assert found.provenance["overview"] == {"coarser": 2.0, "label": "lumen"}


def test_it_comes_first_reports_go_on_and_cancelling_leaves_nothing() -> None:
    heard: list[float] = []
    sizes: list[tuple[int, ...]] = []

    def watch(x: Tensor) -> Tensor:
        sizes.append(tuple(x.shape[2:]))
        return blobs(x)

    volume = noise((48, 48, 48))
    run_on(volume, watch, FAR, labels=VIRION_LABELS, report=lambda f, text="", **_: heard.append(f))
    assert sizes[0] == (24, 24, 24)
    assert len(sizes) == 9
    assert heard == sorted(heard)

    def stop(fraction: float, text: str = "", **metrics: float) -> None:
        if fraction > 0:
            raise Cancelled

    sink = Written()
    with pytest.raises(Cancelled):
        run_on(volume, blobs, FAR, labels=VIRION_LABELS, sink=sink, report=stop)
    assert sink.ended == "aborted"
    assert sink.parts == []
