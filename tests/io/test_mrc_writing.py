"""What is written lies where it was read, also for programs that are not volviz."""

from __future__ import annotations

import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path

import mrcfile
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mrc_bytes import mrc_bytes

from volviz import io
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.volume import Volume

CHECKS = [HealthCheck.function_scoped_fixture]
sides = st.integers(1, 9)
sizes = st.floats(0.25, 60, width=32).filter(lambda v: v != 1)
origins = st.floats(-5000, 5000, width=32).filter(lambda v: v == 0 or abs(v) > 1e-2)
dtypes = st.sampled_from(["i1", "i2", "u2", "f2", "f4", ">i2", ">f4"])


@settings(max_examples=60, suppress_health_check=CHECKS)
@given(st.tuples(sides, sides, sides), st.tuples(sizes, sizes, sizes), st.tuples(origins, origins, origins), dtypes, st.randoms())
def test_round_trip_and_mrcfile_agrees(tmp_path, shape, size, origin, dtype, random):
    data = np.random.default_rng(random.randrange(2**32)).integers(0, 100, shape).astype(dtype)
    path = tmp_path / "x.mrc"
    io.save(Volume(Grid(shape, size, origin), data), path, overwrite=True)
    back = io.open(path)
    np.testing.assert_array_equal(back.read(), data.astype(np.float32))
    np.testing.assert_allclose(back.grid.voxel_size, size, rtol=1e-6)
    np.testing.assert_allclose(back.grid.origin, origin, rtol=1e-6, atol=1e-6)
    assert back.data.dtype == np.dtype(dtype).newbyteorder("=")
    with mrcfile.open(path) as other:
        np.testing.assert_array_equal(other.data.reshape(shape), data)
        np.testing.assert_allclose([other.voxel_size[a] for a in "zyx"], size, rtol=1e-5)
        np.testing.assert_allclose([other.header.origin[a] for a in "zyx"], origin, rtol=1e-6)
        np.testing.assert_allclose(other.header.dmean, data.astype(float).mean(), rtol=1e-5)
        np.testing.assert_allclose(other.header.rms, data.astype(float).std(), rtol=1e-4, atol=1e-5)
    # mrcfile's own check overflows in half precision.
    assert dtype == "f2" or mrcfile.validate(path)


@settings(max_examples=60, suppress_health_check=CHECKS)
@given(
    st.permutations((1, 2, 3)),
    st.tuples(*[st.integers(-60, 60)] * 3),
    st.tuples(*[st.sampled_from([0.0, -7.25, 400.0])] * 3),
    st.sampled_from([(0.0, 0.0, 0.0), (40.0, 30.0, 20.0), (8.0, 9.0, 10.0)]),
    st.sampled_from("<>"),
)
def test_results_lie_on_their_source_whatever_field_said_so(tmp_path, axes, starts, origin, cell, order):
    truth = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    stored = truth.transpose([3 - axis for axis in axes[::-1]])
    path = tmp_path / "source.mrc"
    fields = {"axes": axes, "starts": [starts[a - 1] for a in axes], "origin": origin, "cell": cell, "intervals": (4, 3, 2)}
    path.write_bytes(mrc_bytes(stored, 2, order=order, **fields))
    volume = io.open(path)
    io.save(replace(volume, data=volume.data[:] * 2), tmp_path / "result.mrc", overwrite=True)
    result = io.open(tmp_path / "result.mrc")
    assert result.grid == volume.grid
    np.testing.assert_array_equal(result.read(), 2 * truth)
    with mrcfile.open(tmp_path / "result.mrc", permissive=True) as other:
        head = other.header
        assert (int(head.mapc), int(head.mapr), int(head.maps)) == (1, 2, 3)
        assert (int(head.nxstart), int(head.nystart), int(head.nzstart)) == starts
        assert tuple(float(head.origin[a]) for a in "xyz") == origin
        assert tuple(float(head.cella[a]) for a in "xyz") == cell
        assert (int(head.mx), int(head.my), int(head.mz)) == (4, 3, 2)


@pytest.mark.parametrize(("starts", "origin"), [((-512, -512, -128), (0, 0, 0)), ((0, 0, 0), (-70.5, 12, 3)), ((3, 4, 5), (9, 8, 7))])
def test_parts_and_other_voxel_sizes_stay_in_place(raw_mrc, tmp_path, starts, origin):
    data = np.zeros((128, 8, 64), np.int8)
    volume = io.open(raw_mrc(data, 0, starts=starts, origin=origin, cell=(640, 80, 1280)))
    for changed in (volume.crop(Region((8, 2, 1), (100, 8, 60))), replace(volume, grid=volume.grid.with_voxel_size(6.5))):
        io.save(changed, tmp_path / "part.mrc", overwrite=True)
        back = io.open(tmp_path / "part.mrc").grid
        np.testing.assert_allclose(back.origin, changed.grid.origin, atol=1e-3)
        np.testing.assert_allclose(back.voxel_size, changed.grid.voxel_size, rtol=1e-6)
        with mrcfile.open(tmp_path / "part.mrc") as other:
            assert bool(other.header.nxstart) is (starts == (-512, -512, -128))  # the source's own way of saying it


def test_the_chiral_phantom_survives(chiral, tmp_path):
    for name in ("f.mrc", "f.rec", "f.map", "f.mrc.gz"):
        io.save(chiral, tmp_path / name)
        back = io.open(tmp_path / name)
        assert back.grid == chiral.grid
        np.testing.assert_array_equal(back.read(), chiral.data)
        assert back.name == "f"


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        (np.array([0, 1], bool), "i1"),
        (np.array([0, 255], np.uint8), "i2"),
        (np.array([0, 100], np.uint8), "i1"),
        (np.array([0, 40000], np.int64), "u2"),
        (np.array([-3, 300], np.int32), "i2"),
        (np.array([-3, 70000], np.int32), "f4"),
        (np.array([0.5, 1.5], np.float64), "f4"),
    ],
)
def test_other_types_become_the_narrowest_that_loses_nothing(tmp_path, values, dtype):
    io.save(Volume(Grid((1, 1, 2), (5, 5, 5)), values.reshape(1, 1, 2)), tmp_path / "x.mrc")
    back = io.open(tmp_path / "x.mrc")
    assert back.data.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(back.read().ravel(), values)


def test_integers_that_do_not_fit(tmp_path):
    with pytest.raises(VolvizError, match="do not fit an MRC file"):
        io.save(Volume(Grid((1, 1, 1)), np.array([[[2**40]]])), tmp_path / "x.mrc")
    assert list(tmp_path.iterdir()) == []


def test_extended_header_is_kept_if_the_shape_is(raw_mrc, ramp, tmp_path):
    volume = io.open(raw_mrc(ramp, extended=b"symmetry" * 20, space_group=4, cell=(40, 30, 20)))
    io.save(volume, tmp_path / "same.mrc")
    with mrcfile.open(tmp_path / "same.mrc") as other:
        assert other.extended_header.tobytes() == b"symmetry" * 20
        assert other.header.ispg == 4
    io.save(volume.crop(Region((0, 0, 0), (1, 3, 4))), tmp_path / "part.mrc")
    with mrcfile.open(tmp_path / "part.mrc") as other:
        assert other.header.nsymbt == 0
        assert other.header.ispg == 1


def test_unknown_voxel_size_stays_unknown(tmp_path):
    io.save(Volume(Grid((2, 3, 4), voxel_size_known=False), np.zeros((2, 3, 4), np.float32)), tmp_path / "x.mrc")
    assert not io.open(tmp_path / "x.mrc").grid.voxel_size_known


def test_names_that_are_taken_or_mean_nothing(chiral, tmp_path):
    path = tmp_path / "f.mrc"
    path.write_text("precious")
    with pytest.raises(VolvizError, match="--overwrite"):
        io.save(chiral, path)
    assert path.read_text() == "precious"
    for name in ("f.txt", "f.nii", "f"):
        with pytest.raises(VolvizError, match="does not know how to write"):
            io.save(chiral, tmp_path / name)
    (tmp_path / "folder.mrc").mkdir()
    with pytest.raises(VolvizError, match="is a folder"):
        io.save(chiral, tmp_path / "folder.mrc", overwrite=True)


def test_saving_over_its_own_source(chiral, tmp_path):
    io.save(chiral, tmp_path / "f.mrc")
    again = io.open(tmp_path / "f.mrc")
    io.save(again, tmp_path / "f.mrc", overwrite=True)
    np.testing.assert_array_equal(io.open(tmp_path / "f.mrc").read(), chiral.data)


@pytest.mark.parametrize("name", ["x.mrc", "x.mrc.gz", "x.zarr", "x.tif", "new/x.mrc"])
@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt])
def test_interrupted_work_leaves_nothing(chiral, tmp_path, name, error):
    calls = []

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        calls.append(fraction)
        if len(calls) > 1:
            raise error

    with pytest.raises(error):
        io.save(chiral, tmp_path / name, report=report)
    assert list(tmp_path.iterdir()) == []


FULL_DISK = """
import resource, signal, sys
import numpy as np
from pathlib import Path
from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
import volviz.io.tiff, volviz.io.zarr_writer
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
folder = Path(sys.argv[1])
noise = np.random.default_rng(0).integers(0, 255, (64, 64, 64)).astype(np.float32)
grid = Grid(noise.shape, (9, 9, 9))
segmentation = Segmentation(grid, np.random.default_rng(1).integers(0, 255, (4, 64, 64, 64)).astype(np.uint8), name="s")
volume = Volume(grid, noise)
jobs = [(volume, "x.mrc"), (volume, "x.mrc.gz"), (volume, "x.zarr"), (volume, "x.tif"), (segmentation, "s"), (segmentation, "s.zarr")]
for value, name in jobs:
    try:
        io.save(value, folder / name)
    except VolvizError as error:
        assert "free some space" in str(error) and "\\n" not in str(error), error
    else:
        sys.exit(f"{name} was written")
    left = list(folder.rglob("*"))
    assert not left, left
"""


@pytest.mark.skipif(sys.platform == "win32", reason="limits of file size are POSIX's")
def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_warning_of_mrcfile(chiral, tmp_path):
    io.save(chiral, tmp_path / "x.mrc")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with mrcfile.open(tmp_path / "x.mrc", permissive=False) as other:
            assert other.is_volume()
