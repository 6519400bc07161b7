"""Every trap of the format, one file each."""

from __future__ import annotations

import bz2
import gzip
import itertools

import numpy as np
import pytest

from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.volume import Volume


def said(volume: Volume, *words: str) -> bool:
    return any(all(word in note for word in words) for note in volume.notes)


@pytest.mark.parametrize(("mode", "dtype"), [(0, "i1"), (1, "i2"), (2, "f4"), (6, "u2"), (12, "f2")])
@pytest.mark.parametrize("order", ["<", ">"])
def test_modes_and_byte_orders(raw_mrc, ramp, mode, dtype, order):
    volume = io.open(raw_mrc(ramp, mode, order=order, cell=(40, 30, 20)))
    assert volume.data.dtype.newbyteorder("=") == np.dtype(dtype)
    assert volume.grid.voxel_size == (10, 10, 10)
    np.testing.assert_array_equal(volume.read(), ramp)


@pytest.mark.parametrize(("mode", "words"), [(3, "complex"), (4, "complex"), (101, "4-bit"), (7, "unknown kind")])
def test_modes_that_are_refused(raw_mrc, ramp, mode, words):
    with pytest.raises(VolvizError, match=words) as caught:
        io.open(raw_mrc(ramp, mode))
    assert str(caught.value).count(". ") == 0  # one sentence


@pytest.mark.parametrize("stamp", [b"\0\0\0\0", b"\x44\x41\0\0", b"abcd"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_bad_stamps_do_not_matter(raw_mrc, ramp, stamp, order):
    volume = io.open(raw_mrc(ramp, 1, order=order, stamp=stamp))
    np.testing.assert_array_equal(volume.read(), ramp)
    assert (stamp == b"\x44\x41\0\0" and order == "<") or said(volume, "machine stamp") or said(volume, "The machine stamp")


def test_a_stamp_that_lies_is_caught_even_for_bytes(raw_mrc, ramp):
    # Mode 0 is 0 in both byte orders: only the dimensions can tell.
    volume = io.open(raw_mrc(ramp, 0, order=">", stamp=b"DD\0\0"))
    np.testing.assert_array_equal(volume.read(), ramp)
    assert said(volume, "wrong byte order")


@pytest.mark.parametrize("axes", list(itertools.permutations((1, 2, 3))))
def test_axis_maps(raw_mrc, axes):
    truth = np.arange(24, dtype=np.float32).reshape(2, 3, 4)  # z, y, x
    spatial = [3 - axis for axis in axes[::-1]]  # sections, rows, columns as axes of (z, y, x)
    starts = {1: 10, 2: -20, 3: 7}
    path = raw_mrc(truth.transpose(spatial), axes=axes, starts=tuple(starts[a] for a in axes), intervals=(4, 3, 2), cell=(8, 9, 10))
    volume = io.open(path)
    np.testing.assert_array_equal(volume.read(), truth)
    assert volume.grid.voxel_size == (5, 3, 2)
    assert volume.grid.origin == (7 * 5, -20 * 3, 10 * 2)
    assert said(volume, "axes in the order") == (axes != (1, 2, 3))


def test_an_impossible_axis_map_is_ignored(raw_mrc, ramp):
    volume = io.open(raw_mrc(ramp, axes=(1, 1, 3)))
    np.testing.assert_array_equal(volume.read(), ramp)
    assert said(volume, "axis order", "ignored")


@pytest.mark.parametrize(
    ("origin", "starts", "expected"),
    [
        ((5.0, 0.0, -7.5), (1, 2, 3), (-7.5, 0.0, 5.0)),  # a set origin rules
        ((0.0, 0.0, 0.0), (-21, 0, 12), (120.0, 0.0, -210.0)),  # else the starts
        ((0.0, 0.0, 0.0), (0, 41, 0), (0.0, 0.0, 0.0)),  # unless they exceed ten times the size
        ((0.0, 0.0, 0.0), (0, 40, 0), (0.0, 400.0, 0.0)),
        ((float("nan"), 0.0, 0.0), (1, 0, 0), (0.0, 0.0, 10.0)),  # an origin that is no number was never set
        ((1e30, 0.0, 0.0), (1, 0, 0), (0.0, 0.0, 10.0)),
    ],
)
def test_origin_or_starts(raw_mrc, ramp, origin, starts, expected):
    assert io.open(raw_mrc(ramp, cell=(40, 30, 20), origin=origin, starts=starts)).grid.origin == expected


def test_before_2000_the_origin_meant_something_else(raw_mrc, ramp):
    volume = io.open(raw_mrc(ramp, 0, word=b"\0\0\0\0", origin=(5, 5, 5), cell=(40, 30, 20)))
    assert volume.grid.origin == (0, 0, 0)
    assert said(volume, "'MAP '")


@pytest.mark.parametrize(
    ("cell", "intervals", "known", "size"),
    [
        ((0, 0, 0), None, False, (1, 1, 1)),
        ((4, 3, 2), None, False, (1, 1, 1)),  # exactly 1
        ((40, 30, 20), (0, 0, 0), False, (1, 1, 1)),
        ((-40, 30, 20), None, False, (1, 1, 1)),
        ((float("nan"), 30, 20), None, False, (1, 1, 1)),
        ((4, 3, 4), None, True, (2, 1, 1)),  # anisotropic: somebody meant it
        ((56.32, 42.24, 28.16), None, True, (14.08, 14.08, 14.08)),
        ((40, 30, 20), (8, 6, 4), True, (5, 5, 5)),  # a cell larger than the map
        ((40, 30, 20), (4, 3, 1), True, (10, 10, 10)),  # an image stack with the cell of a volume
        ((40, 30, 10), (4, 3, 1), True, (10, 10, 10)),  # an image stack
        ((4e-30, 3e-30, 2e-30), None, False, (1, 1, 1)),
        ((4e30, 3e30, 2e30), None, False, (1, 1, 1)),
    ],
)
def test_voxel_size(raw_mrc, ramp, cell, intervals, known, size):
    volume = io.open(raw_mrc(ramp, cell=cell, intervals=intervals))
    assert volume.grid.voxel_size_known is known
    assert volume.grid.voxel_size == size
    assert said(volume, "--voxel-size") is not known


def test_a_person_knows_better(raw_mrc, ramp):
    volume = io.open(raw_mrc(ramp, starts=(-2, 0, 4)), voxel_size=12.5)
    assert volume.grid.voxel_size == (12.5, 12.5, 12.5)
    assert volume.grid.voxel_size_known
    assert volume.grid.origin == (50, 0, -25)
    assert not said(volume, "--voxel-size")
    assert said(volume, "set to 12.5")
    for nonsense in (0, -3, float("nan"), float("inf")):
        with pytest.raises(VolvizError, match="positive length"):
            io.open(raw_mrc(ramp), voxel_size=nonsense)


@pytest.mark.parametrize(
    ("word", "imod", "unsigned"),
    [
        (b"MAP ", (0, 0), False),
        (b"MAP\0", (0, 0), False),
        (b"MAP ", (1146047817, 0), True),
        (b"MAP ", (1146047817, 1), False),
        (b"MAP ", (1146047817, 6), True),
        (b"\0\0\0\0", (0, 0), True),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_sign_of_bytes(raw_mrc, word, imod, unsigned, order):
    data = np.array([[[1, 127, -128, -1]]], np.int8).repeat(2, axis=0)
    volume = io.open(raw_mrc(data, 0, word=word, imod=imod, order=order, name="bytes.mrc"))
    assert volume.data.dtype == (np.uint8 if unsigned else np.int8)
    assert volume.read()[0, 0].tolist() == ([1, 127, 128, 255] if unsigned else [1, 127, -128, -1])
    assert said(volume, "unsigned") is unsigned


def test_extended_header_there_and_not_there(raw_mrc, ramp):
    there = io.open(raw_mrc(ramp, extended=b"x" * 160))
    np.testing.assert_array_equal(there.read(), ramp)
    assert there.header["extended"] == b"x" * 160
    absent = io.open(raw_mrc(ramp, declared=160, name="absent.mrc"))
    np.testing.assert_array_equal(absent.read(), ramp)
    assert said(absent, "160 bytes that is not in the file")
    negative = io.open(raw_mrc(ramp, declared=-5, name="negative.mrc"))
    np.testing.assert_array_equal(negative.read(), ramp)


def test_stacks_images_and_stacks_of_volumes(raw_mrc):
    data = np.arange(48, dtype=np.float32).reshape(4, 3, 4)
    stack = io.open(raw_mrc(data, space_group=0))
    assert stack.grid.shape == (4, 3, 4)
    image = io.open(raw_mrc(data[:1], space_group=0, name="image.mrc"))
    assert image.grid.shape == (1, 3, 4)
    assert said(image, "one slice")
    path = raw_mrc(data, space_group=401, intervals=(4, 3, 2), cell=(40, 30, 20), name="volumes.mrc")
    first = io.open(path)
    assert said(first, "2 volumes", "--index")
    np.testing.assert_array_equal(first.read(), data[:2])
    assert first.grid.voxel_size == (10, 10, 10)
    second = io.open(path, index=1)
    np.testing.assert_array_equal(second.read(), data[2:])
    assert not said(second, "--index")
    for index in (2, -1):
        with pytest.raises(VolvizError, match="2 volumes, 0 to 1"):
            io.open(path, index=index)
    odd = io.open(raw_mrc(data, space_group=401, intervals=(4, 3, 3), name="odd.mrc"))
    assert odd.grid.shape == (4, 3, 4)
    assert said(odd, "no multiple")


def test_header_statistics(raw_mrc, ramp):
    good = io.open(raw_mrc(ramp, stats=(0, 23, 11.5)))
    assert good.header["statistics"][:3] == (0, 23, 11.5)
    for stats in ((0, 0, 0), (0, -1, -2), (5, 3, 4), (0, 10, 11), (float("nan"), 1, 0)):
        stale = io.open(raw_mrc(ramp, stats=stats))
        assert stale.header["statistics"] is None
        assert said(stale, "minimum")


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, ".gz"), (bz2.compress, ".bz2"), (gzip.compress, "")])
def test_compressed_files_by_content(raw_mrc, ramp, tmp_path, pack, suffix):
    plain = raw_mrc(ramp, cell=(40, 30, 20), name="ts.mrc").read_bytes()
    path = tmp_path / f"packed.mrc{suffix}"
    path.write_bytes(pack(plain))
    volume = io.open(path)
    np.testing.assert_array_equal(volume.read(), ramp)
    assert volume.name == "packed"
    assert volume.grid.voxel_size == (10, 10, 10)
    path.write_bytes(pack(plain)[:-20])
    with pytest.raises(VolvizError, match=r"damaged or cut short"):
        io.open(path)


def test_a_compressed_file_that_is_something_else(tmp_path):
    path = tmp_path / "backup.mrc.gz"
    path.write_bytes(gzip.compress(b"dear diary " * 1000))
    with pytest.raises(VolvizError, match="not an MRC file"):
        io.open(path)


def test_suffixes_do_not_matter(raw_mrc, ramp):
    for name in ("a.map", "b.rec", "c.tif", "d", "e.zip", "f.mrc.json"):
        np.testing.assert_array_equal(io.open(raw_mrc(ramp, name=name)).read(), ramp)
    np.testing.assert_array_equal(io.open(raw_mrc(ramp, word=b"\0\0\0\0", name="no_mark")).read(), ramp)


def test_what_is_no_tomogram(raw_mrc, ramp, tmp_path):
    whole = raw_mrc(ramp, cell=(40, 30, 20)).read_bytes()
    text = tmp_path / "text.mrc"
    text.write_text("This is not a tomogram.\n" * 200)
    short = tmp_path / "short.mrc"
    short.write_text("hello")
    cut = tmp_path / "cut.mrc"
    cut.write_bytes(whole[:-8])
    empty = tmp_path / "empty.mrc"
    empty.touch()
    folder = tmp_path / "folder.mrc"
    folder.mkdir()
    zeros = tmp_path / "zeros.mrc"
    zeros.write_bytes(bytes(4096))
    other = tmp_path / "notes.txt"
    other.write_text("something else\n" * 500)
    damaged = tmp_path / "damaged.mrc"
    damaged.write_bytes(b"\xff" * 16 + whole[16:])
    for path, words in (
        (tmp_path / "missing.mrc", "no file"),
        (text, "not an MRC file"),
        (short, "shorter than the header"),
        (cut, "cut short"),
        (empty, "empty"),
        (folder, "is a folder"),
        (zeros, "not an MRC file"),
        (other, "neither MRC, OME-Zarr, TIFF nor HDF5"),
        (damaged, "damaged"),
    ):
        with pytest.raises(VolvizError, match=words) as caught:
            io.open(path)
        assert str(path) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [1e-30, 1e30, float("nan"), float("inf"), 0.0, -1.0])
def test_a_voxel_size_that_none_can_have_is_refused(raw_mrc, ramp, size):
    with pytest.raises(VolvizError, match="between 2 and 20"):
        io.open(raw_mrc(ramp), voxel_size=size)
