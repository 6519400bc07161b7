from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from running import SMALL, TWO, Written, constant, noise, run_on, smooth
from torch import Tensor

from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks, Tiling


def test_classes_of_16_bits_are_those_of_8_and_finer() -> None:
    volume = noise((9, 20, 34))
    coarse = run_on(volume, smooth)
    fine = run_on(volume, smooth, bits=16)
    assert (coarse.data.dtype, fine.data.dtype) == (np.uint8, np.uint16)
    assert np.abs(np.asarray(fine.data) / 257.0 - coarse.data).max() <= 0.51
    assert len(np.unique(fine.data)) > 5000
    assert np.abs(np.asarray(fine.data, dtype=np.int64).sum(axis=0) - 65535).max() <= 1
    again = Written()
    assert run_on(volume, smooth, bits=16, sink=again).bits == 16
    assert {data.dtype for _, data in again.parts} == {np.dtype(np.uint16)}
    np.testing.assert_array_equal(again.joined(), fine.data)


@pytest.mark.parametrize("bricks", [Bricks(), Bricks(tile=192, overlap=64), Bricks(tile=16, overlap=4), Bricks(tile=8, overlap=8)])
def test_weights_sum_to_one_at_every_voxel_of_every_depth(bricks: Bricks) -> None:
    for depth in range(1, 700):
        tiling = Tiling.along(depth, bricks)
        total = np.zeros(tiling.starts[-1] + tiling.size)
        for start, window in zip(tiling.starts, tiling.window, strict=True):
            total[start : start + tiling.size] += window
        assert np.allclose(total, 1, atol=1e-6)
        assert tiling.size <= bricks.tile
        assert 0 <= len(total) - depth < bricks.multiple
        assert all(n % bricks.multiple == 0 for n in (*tiling.starts, tiling.size))
        assert min(tiling.window[0, 0], tiling.window[-1, -1]) > 0.4  # neither end of the volume hangs on a sliver of weight
        assert all(tiling.final(k) >= tiling.starts[k + 1] for k in range(len(tiling.starts) - 1))


def test_a_constant_network_gives_that_constant_up_to_every_border() -> None:
    logits = (0.3, -1.2, 0.0, 2.0)
    expected = torch.tensor(logits).softmax(0).mul(255).round().to(torch.uint8).numpy()
    for depth in (1, 7, 8, 9, 15, 16, 17, 24, 31, 33, 100):
        volume = Volume(Grid((depth, 3, 18), (10, 10, 10)), np.zeros((depth, 3, 18), np.float32))
        found = np.asarray(run_on(volume, constant(logits), Bricks(tile=16, overlap=4), labels=VIRION_LABELS).data)
        assert (found == expected[:, None, None, None]).all(), depth


@given(st.lists(st.integers(0, 10), min_size=4, max_size=4).filter(lambda v: sum(v) > 0))
@settings(deadline=None, max_examples=12)
def test_a_constant_that_lies_between_two_bytes_is_rounded_alike_everywhere(parts: list[int]) -> None:
    p = np.maximum(np.asarray(parts) / sum(parts), 1e-7)
    found = np.asarray(run_on(noise((40, 37, 50), 11.0), constant(tuple(np.log(p))), Bricks(tile=16, overlap=4), labels=VIRION_LABELS).data)
    assert (found == found[:, :1, :1, :1]).all()
    assert abs(int(found[:, 0, 0, 0].astype(int).sum()) - 255) <= 2


@given(st.tuples(*[st.integers(1, 70)] * 3), st.sampled_from([10.0, 7.3, 14.0, 22.0, (8.0, 12.0, 10.0)]))
@settings(deadline=None, max_examples=25)
def test_bytes_sum_to_one_and_every_voxel_is_written_once(shape: tuple[int, int, int], voxel: Any) -> None:
    sink = Written()
    volume = noise(shape, voxel)
    result = run_on(volume, smooth, sink=sink)
    assert sink.ended == "finished"
    assert sink.grid == result.grid == volume.grid
    data = sink.joined()
    assert (np.abs(data.astype(int).sum(axis=0) - 255) <= 2).all()
    with pytest.raises(ValueError, match="handed to a sink"):
        result.probabilities()
    assert (np.asarray(run_on(volume, smooth).data) == data).all()


def test_two_tilings_of_a_local_function_agree() -> None:
    volume = noise((50, 61, 40))
    one = run_on(volume, smooth, Bricks(tile=128)).probabilities()
    other = run_on(volume, smooth, Bricks(tile=24, overlap=8)).probabilities()
    inside = (slice(None), *[slice(2, -2)] * 3)
    difference = np.abs(one - other)[inside]
    assert difference.mean() < 0.01
    # The blend still lets in a little of each tile's outermost voxels, which lack their neighbours.
    assert np.quantile(difference, 0.999) < 0.15


@pytest.mark.parametrize("voxel", [10.0, 7.0, 18.5, (8.0, 12.0, 10.0)])
@pytest.mark.parametrize(
    "region", [Region((0, 0, 0), (60, 70, 50)), Region((33, 20, 10), (47, 21, 50)), Region((59, 69, 49), (60, 70, 50))]
)
def test_a_region_is_the_crop_of_the_whole(voxel: Any, region: Region) -> None:
    volume = noise((60, 70, 50), voxel)
    whole, part = run_on(volume, smooth), run_on(volume, smooth, region=region)
    assert part.grid == volume.grid.crop(region)
    assert (np.asarray(part.data) == np.asarray(whole.data)[(slice(None), *region.slices)]).all()


def test_a_region_that_reaches_beyond_is_cut_and_one_outside_refused() -> None:
    volume = noise((40, 30, 20))
    part = run_on(volume, smooth, region=Region((30, 0, 5), (99, 2**30, 9)))
    assert part.grid == volume.grid.crop(Region((30, 0, 5), (40, 30, 9)))
    with pytest.raises(VolvizError, match=r"region 40:50,0:9,0:9 .* outside the volume of 40 x 30 x 20 voxels"):
        run_on(volume, smooth, region=Region((40, 0, 0), (50, 9, 9)))


@pytest.mark.parametrize(("voxel", "radius"), [(10.0, 60.0), (7.0, 60.0), (14.0, 70.0), (31.36, 160.0), ((8.0, 13.0, 10.0), 70.0)])
def test_there_and_back_keeps_positions_in_angstrom(voxel: Any, radius: float) -> None:
    size = np.broadcast_to(np.asarray(voxel, float), 3)
    shape = tuple(int(n) for n in np.ceil(9 * radius / size))
    grid = Grid(shape, tuple(size), (500.0, -300.0, 40.0))
    centre = grid.center_xyz + np.asarray((0.4 * size[2], -0.7 * size[1], 1.3 * size[0]))
    points = grid.to_world(np.moveaxis(np.indices(shape), 0, -1))
    blob = np.exp(-0.5 * ((points - centre) ** 2).sum(-1) / radius**2).astype(np.float32)

    def read_out(x: Tensor) -> Tensor:
        return torch.cat([torch.zeros_like(x), 3 * x], dim=1)

    found = run_on(Volume(grid, blob), read_out, Bricks(tile=40, overlap=8)).probabilities()[1]
    weight = np.clip(found - np.median(found) - 0.02, 0, None)
    at = (points * weight[..., None]).sum((0, 1, 2)) / weight.sum()
    # The reference is what the same read-out gives without any resampling.
    z = (blob - blob.mean()) / blob.std()
    straight = 1 / (1 + np.exp(-3 * np.clip(z, -5, 5)))
    reference = np.clip(straight - np.median(straight) - 0.02, 0, None)
    expected = (points * reference[..., None]).sum((0, 1, 2)) / reference.sum()
    assert (np.abs(at - expected) < 0.1 * size[::-1]).all()
    assert (np.abs(at - centre) < 0.1 * size[::-1]).all()


def test_a_volume_outside_the_range_is_upsampled_no_further_and_says_so() -> None:
    seen: list[int] = []

    def watch(x: Tensor) -> Tensor:
        seen.append(x.shape[2])
        return smooth(x)

    result = run_on(noise((20, 20, 20), 31.36), watch)
    assert seen == [32]  # 20 * 1.6, where 10 A would be 63
    assert result.provenance["voxel_size"] == pytest.approx([19.6] * 3)
    (sentence,) = result.provenance["notes"]
    assert "31.36 A is coarser" in sentence
    assert "guess" in sentence
    assert run_on(noise((20, 20, 20), 12.0), smooth).provenance["notes"] == []
    assert "finer" in run_on(noise((40, 40, 40), 2.0), smooth).provenance["notes"][0]


def test_an_unknown_voxel_size_is_taken_to_be_the_models_and_says_so() -> None:
    grid = Grid((20, 30, 20), voxel_size_known=False)
    heard: list[str] = []
    volume = Volume(grid, noise((20, 30, 20)).data)
    result = run_on(volume, smooth, report=lambda fraction, text="", **metrics: heard.append(text))
    assert result.grid == grid
    assert "10 A was assumed" in result.provenance["notes"][0] == heard[0]


def test_the_sign_of_density_is_turned_to_the_trained_one() -> None:
    volume = noise((20, 20, 20))
    bright = Volume(volume.grid, -np.asarray(volume.data))
    dark = run_on(volume, smooth)
    turned = apply(smooth, bright, Run(precision="float32", dense_is_dark=False), labels=TWO, bricks=SMALL)
    assert np.abs(np.asarray(dark.data).astype(int) - np.asarray(turned.data)).max() <= 1
    assert turned.provenance["dense_is_dark"] is False


@pytest.mark.parametrize("after", [0, 1, 5])
def test_cancel_stops_within_one_tile_and_leaves_nothing(after: int) -> None:
    tiles = 0

    def count(x: Tensor) -> Tensor:
        nonlocal tiles
        tiles += 1
        return smooth(x)

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if tiles >= after:
            raise Cancelled

    sink = Written()
    with pytest.raises(Cancelled):
        run_on(noise((80, 80, 80)), count, sink=sink, report=report)
    assert tiles <= after + torch.get_num_threads() - 1  # those that ran beside it
    assert sink.ended in {"aborted", ""}
    assert sink.parts == []


def test_finished_slabs_leave_before_the_last_tile_is_read() -> None:
    tiles = 0
    seen: list[int] = []

    def count(x: Tensor) -> Tensor:
        nonlocal tiles
        tiles += 1
        return smooth(x)

    class Watch(Written):
        def write(self, region: Region, data: np.ndarray) -> None:
            seen.append(tiles)

    run_on(noise((400, 20, 20)), count, sink=Watch())
    assert seen[0] <= 4
    assert seen[-1] == tiles
    assert seen == sorted(seen)


MEASURE = """
import sys
from pathlib import Path
import numpy as np, torch
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS
from volviz.core.volume import Volume
from volviz.segment.apply import apply
from volviz.segment.protocol import Run
from volviz.segment.tiles import Bricks

class Slices:
    shape, dtype = tuple(map(int, sys.argv[1:])), np.dtype(np.float32)

    def __getitem__(self, key):
        z, y, x = (range(n)[k] for n, k in zip(self.shape, key))
        return np.zeros((len(z), len(y), len(x)), np.float32) + np.asarray(z, np.float32)[:, None, None] / 100

def segment(volume):
    network = lambda x: torch.cat([x, -x, x, -x], dim=1)
    run = Run(device="cpu", dense_is_dark=True, precision="float32")
    apply(network, volume, run, labels=VIRION_LABELS, bricks=Bricks(tile=64, overlap=16))

# Not ru_maxrss, which begins with the peak of the process that started this one.
peak = lambda: 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
segment(Volume(Grid((80, 80, 80), (10, 10, 10)), Slices()[:80, :80, :80]))
before = peak()
segment(Volume(Grid(Slices.shape, (10, 10, 10)), Slices()))
print((peak() - before) / np.prod(Slices.shape))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the peak of a process is told in other units elsewhere")
def test_memory_stays_below_twelve_bytes_per_voxel_with_the_result_in_memory() -> None:
    shape = (400, 160, 160)
    done = subprocess.run([sys.executable, "-c", MEASURE, *map(str, shape)], capture_output=True, text=True, check=True)
    per_voxel = float(done.stdout)
    assert 4 < per_voxel < 12


def test_cuda_without_cuda_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(VolvizError, match="--device cpu"):
        run_on(noise((8, 8, 8)), smooth, device="cuda")


def test_a_read_only_memory_map_is_read_without_a_word(tmp_path: Path) -> None:
    volume = noise((20, 20, 20))
    np.save(tmp_path / "v.npy", volume.data)
    mapped = Volume(volume.grid, np.load(tmp_path / "v.npy", mmap_mode="r"))
    assert (np.asarray(run_on(mapped, smooth).data) == np.asarray(run_on(volume, smooth).data)).all()


def test_one_hot_voxel_does_not_set_the_contrast() -> None:
    volume = noise((30, 30, 30))
    beads = np.array(volume.data)
    beads[3:5, 3:5, 3:5] = -1e5
    clean, dirty = run_on(volume, smooth).probabilities(), run_on(Volume(volume.grid, beads), smooth).probabilities()
    assert np.abs(clean - dirty)[:, 10:, 10:, 10:].max() < 0.06
