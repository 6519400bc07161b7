"""OME-Zarr of others and our own, checked with plain zarr."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume
from volviz.io.lazy import LazyArray
from volviz.io.pyramid import block_mean
from volviz.io.units import angstroms_per


def image(
    path: Path,
    data: np.ndarray,
    axes: str,
    scale: list[float],
    *,
    version: str = "0.4",
    unit: str | None = "angstrom",
    translation: list[float] | None = None,
    common: list[float] | None = None,
) -> Path:
    group = zarr.create_group(store=str(path), zarr_format=2 if version == "0.4" else 3)
    group.create_array("s0", shape=data.shape, dtype=data.dtype, chunks=tuple(min(3, n) for n in data.shape))[...] = data
    named = [{"name": a, "type": {"t": "time", "c": "channel"}.get(a, "space")} for a in axes]
    for axis in named:
        if axis["type"] == "space" and unit:
            axis["unit"] = unit
    transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
    if translation:
        transforms.append({"type": "translation", "translation": translation})
    scales: dict[str, Any] = {"axes": named, "datasets": [{"path": "s0", "coordinateTransformations": transforms}]}
    if common:
        scales["coordinateTransformations"] = [{"type": "scale", "scale": common}]
    if version == "0.4":
        group.attrs["multiscales"] = [{**scales, "version": version}]
    else:
        group.attrs["ome"] = {"version": version, "multiscales": [scales]}
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_both_versions_units_and_translations(tmp_path, ramp, version):
    path = image(tmp_path / "x.zarr", ramp, "zyx", [2.0, 1.5, 1.4], version=version, unit="nanometer", translation=[0.0, -3.0, 10.0])
    volume = io.open(path)
    np.testing.assert_array_equal(volume.read(), ramp)
    assert volume.grid == Grid((2, 3, 4), (20, 15, 14), (0, -30, 100))
    assert volume.name == "x"
    for inside in ("s0", "zarr.json" if version == "0.5" else ".zattrs"):
        again = io.open(path / inside)
        assert again.grid == volume.grid


def test_transformations_of_all_levels_come_after(tmp_path, ramp):
    volume = io.open(image(tmp_path / "x.zarr", ramp, "zyx", [2, 2, 2], translation=[1, 1, 1], common=[5, 5, 5]))
    assert volume.grid == Grid((2, 3, 4), (10, 10, 10), (5, 5, 5))


def test_axes_in_another_order(tmp_path, ramp):
    volume = io.open(image(tmp_path / "x.zarr", ramp.transpose(2, 0, 1), "xzy", [4, 2, 3], translation=[40, 20, 30]))
    np.testing.assert_array_equal(volume.read(), ramp)
    assert volume.grid == Grid((2, 3, 4), (2, 3, 4), (20, 30, 40))
    assert any("order x, z, y" in note for note in volume.notes)


def test_channels_and_times(tmp_path):
    data = np.arange(2 * 3 * 24, dtype=np.int16).reshape(2, 3, 2, 3, 4)
    path = image(tmp_path / "x.zarr", data, "tczyx", [1, 1, 8, 8, 8])
    first = io.open(path)
    np.testing.assert_array_equal(first.read(), data[0, 0])
    assert any("6 volumes" in note for note in first.notes)
    np.testing.assert_array_equal(io.open(path, index=4).read(), data[1, 1])
    with pytest.raises(VolvizError, match="0 to 5"):
        io.open(path, index=6)
    flat = io.open(image(tmp_path / "flat.zarr", data[0, 0, 0], "yx", [8, 8]))
    assert flat.grid == Grid((1, 3, 4), (8, 8, 8))


@pytest.mark.parametrize(
    ("unit", "scale", "known"),
    [(None, 14.08, True), (None, 1.0, False), ("angstrom", 1.0, False), ("nanometer", 1.0, False), ("pixel", 14.08, False)],
)
def test_voxel_sizes_not_to_believe(tmp_path, ramp, unit, scale, known):
    volume = io.open(image(tmp_path / "x.zarr", ramp, "zyx", [scale] * 3, unit=unit))
    assert volume.grid.voxel_size_known is known
    assert volume.grid.voxel_size == ((scale,) * 3 if known else (1, 1, 1))
    assert len(volume.notes) == 1


def test_a_bare_array_and_a_series(tmp_path, ramp):
    zarr.create_array(store=str(tmp_path / "bare.zarr"), shape=ramp.shape, dtype=ramp.dtype)[...] = ramp
    bare = io.open(tmp_path / "bare.zarr")
    np.testing.assert_array_equal(bare.read(), ramp)
    assert not bare.grid.voxel_size_known
    zarr.create_group(store=str(tmp_path / "series.zarr"), zarr_format=3)
    image(tmp_path / "series.zarr" / "0", ramp, "zyx", [9, 9, 9], version="0.5")
    assert io.open(tmp_path / "series.zarr").grid.voxel_size == (9, 9, 9)


def test_damaged_ones_are_refused(tmp_path, ramp):
    zarr.create_group(store=str(tmp_path / "empty.zarr"))
    image(tmp_path / "axes.zarr", ramp, "zy", [1, 1])
    image(tmp_path / "size.zarr", ramp, "zyx", [0, 1, 1])
    image(tmp_path / "lost.zarr", ramp, "zyx", [5, 5, 5]).joinpath("s0", ".zarray").unlink()
    (tmp_path / "json.zarr").mkdir()
    (tmp_path / "json.zarr" / "zarr.json").write_text("{")
    group = zarr.open_group(image(tmp_path / "none.zarr", ramp, "zyx", [5, 5, 5]))
    group.attrs["multiscales"] = [{**group.attrs["multiscales"][0], "datasets": []}]
    for name in ("empty", "axes", "size", "lost", "json", "none"):
        with pytest.raises(VolvizError, match="OME-Zarr") as caught:
            io.open(tmp_path / f"{name}.zarr")
        assert "\n" not in str(caught.value)


def test_a_damaged_piece_is_a_sentence_when_it_is_read(tmp_path, ramp):
    path = image(tmp_path / "x.zarr", ramp, "zyx", [5, 5, 5])
    chunk = next(p for p in sorted((path / "s0").iterdir()) if not p.name.startswith("."))
    chunk.write_bytes(b"cut short")
    with pytest.raises(VolvizError, match=r"x\.zarr.* is damaged"):
        io.open(path).read()


def test_numbers_that_are_not_real_are_refused(tmp_path, ramp):
    with pytest.raises(VolvizError, match="complex64"):
        io.open(image(tmp_path / "x.zarr", ramp.astype(np.complex64), "zyx", [5, 5, 5]))


@pytest.mark.parametrize("dtype", [np.longlong, np.int64, np.dtype(">i2")])
def test_every_name_of_a_type_is_written(tmp_path, ramp, dtype):
    io.save(Volume(Grid(ramp.shape), ramp.astype(dtype)), tmp_path / "x.zarr")
    np.testing.assert_array_equal(io.open(tmp_path / "x.zarr").read(), ramp)


def test_units():
    for unit, factor in {
        "angstrom": 1, "Å": 1, "\u212b": 1, "nanometer": 10, "nm": 10, "micrometer": 1e4, "µm": 1e4, "\u03bcm": 1e4, "\\u00B5m": 1e4,
        "picometer": 0.01, "millimeter": 1e7, "meter": 1e10, "inch": 2.54e8, "yard": 9.144e9, "yottameter": 1e34,
    }.items():  # fmt: skip
        assert angstroms_per(unit) == pytest.approx(factor, rel=1e-12)
    for unit in ("pixel", "", None, "second"):
        assert angstroms_per(unit) is None


@given(st.permutations(range(4)), st.data())
def test_lazy_slices_are_those_of_numpy(order, data):
    stored = np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5)
    fixed = {order[0]: 1}
    shown = stored.take(1, axis=order[0]).transpose([sorted(order[1:]).index(a) for a in order[1:]])
    lazy = LazyArray(_Strict(stored), order[1:], fixed)
    assert lazy.shape == shown.shape
    bound = st.none() | st.integers(-7, 7)
    key = tuple(
        data.draw(st.integers(-n, n - 1) | st.builds(slice, bound, bound, st.none() | st.integers(-3, 3).filter(bool))) for n in shown.shape
    )
    np.testing.assert_array_equal(lazy[key], shown[key])
    np.testing.assert_array_equal(lazy[..., key[2]], shown[..., key[2]])
    np.testing.assert_array_equal(lazy[key[0]], shown[key[0]])
    np.testing.assert_array_equal(np.asarray(lazy), shown)


class _Strict:
    """As zarr: whole numbers and forward slices only."""

    def __init__(self, data: np.ndarray) -> None:
        self._data, self.shape, self.dtype = data, data.shape, data.dtype

    def __getitem__(self, key: tuple[int | slice, ...]) -> np.ndarray:
        assert all(isinstance(k, int) or (k.step in {None, 1} and k.start >= 0) for k in key)
        return self._data[key]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.tuples(*[st.integers(1, 6)] * 3),
    st.tuples(*[st.floats(0.3, 60)] * 3),
    st.tuples(*[st.floats(-9e3, 9e3)] * 3),
    st.sampled_from(["i1", "u1", "i2", ">u2", "i4", "f2", "f4"]),
    st.booleans(),
)
def test_round_trip(tmp_path, shape, size, origin, dtype, known):
    data = np.random.default_rng(0).integers(0, 120, shape).astype(dtype)
    grid = Grid(shape, size if known else (1, 1, 1), origin, voxel_size_known=known)
    io.save(Volume(grid, data), tmp_path / "x.zarr", overwrite=True)
    back = io.open(tmp_path / "x.zarr")
    np.testing.assert_array_equal(back.data[:], data)
    np.testing.assert_allclose(back.grid.voxel_size, grid.voxel_size, rtol=1e-10)
    np.testing.assert_allclose(back.grid.origin, grid.origin, rtol=1e-10)
    assert back.grid.voxel_size_known is known


def test_levels_are_means_and_lie_in_place(tmp_path):
    data = np.random.default_rng(0).normal(size=(1, 9, 300)).astype(np.float32)
    io.save(Volume(Grid(data.shape, (8, 8, 8), (100, 200, 300)), data), tmp_path / "x.zarr")
    group = zarr.open_group(tmp_path / "x.zarr", mode="r")
    assert [group[str(i)].shape for i in range(3)] == [(1, 9, 300), (1, 5, 150), (1, 3, 75)]
    np.testing.assert_allclose(group["1"][0, :4, :], data[0, :8].reshape(4, 2, 150, 2).mean(axis=(1, 3)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(group["1"][0, 4, :], data[0, 8].reshape(150, 2).mean(axis=1), rtol=1e-5, atol=1e-6)
    level = io.open(tmp_path / "x.zarr" / "2")
    assert level.grid.voxel_size == (8, 32, 32)
    # The first voxel of a level has its centre in the middle of the voxels it stands for.
    assert level.grid.origin == (100, 200 + 12, 300 + 12)
    assert group.attrs["ome"]["version"] == "0.5"
    assert group["0"].metadata.zarr_format == 3
    assert group["0"].metadata.dimension_names == ("z", "y", "x")


def test_block_means_cover_the_ends():
    values = np.arange(2 * 5 * 3, dtype=np.uint8).reshape(2, 5, 3)
    mean = block_mean(values, (2, 2, 1))
    assert mean.shape == (1, 3, 3)
    np.testing.assert_allclose(mean[0, 2], values[:, 4].mean(axis=0))
    np.testing.assert_allclose(mean[0, 0], values[:, :2].mean(axis=(0, 1)))


def test_the_chiral_phantom_survives(chiral, tmp_path):
    io.save(chiral, tmp_path / "f.zarr")
    back = io.open(tmp_path / "f.zarr")
    assert back.grid == chiral.grid
    np.testing.assert_array_equal(back.read(), chiral.data)


@pytest.mark.parametrize("kind", ["probability", "score"])
def test_segmentations(soft, tmp_path, kind):
    io.save(replace(soft, kind=kind), tmp_path / "s.zarr")
    back = io.open(tmp_path / "s.zarr")
    assert isinstance(back, Segmentation)
    np.testing.assert_array_equal(back.data[:], soft.data)
    assert (back.grid, back.labels, back.kind, back.name) == (soft.grid, soft.labels, kind, "ts_01")
    assert back.provenance == soft.provenance
    assert back.source == soft.source
    group = zarr.open_group(tmp_path / "s.zarr", mode="r")
    np.testing.assert_array_equal(group["0"][...], soft.data)
    hard = replace(soft, kind=kind).hard()
    np.testing.assert_array_equal(group["labels/classes/0"][...], np.where(hard == 255, 0, hard))
    assert [c["label"] for c in group.attrs["ome"]["omero"]["channels"]] == ["background", "membrane", "spikes", "lumen"]
    assert group.attrs["ome"]["omero"]["channels"][2]["color"] == "".join(f"{round(255 * c):02X}" for c in soft.labels[2].color)
    assert group["labels"].attrs["ome"]["labels"] == ["classes"]
    assert group["labels/classes"].attrs["ome"]["image-label"]["properties"][3] == {"label-value": 3, "name": "lumen"}


def test_what_came_from_mrc_goes_back_in_place(raw_mrc, ramp, tmp_path):
    volume = io.open(raw_mrc(ramp, starts=(-2, 5, 7), cell=(40, 30, 20)))
    io.save(volume, tmp_path / "x.zarr")
    io.save(io.open(tmp_path / "x.zarr"), tmp_path / "x.mrc")
    back = io.open(tmp_path / "x.mrc")
    assert back.header["placement"] == volume.header["placement"]
    assert back.grid == volume.grid


def test_only_a_zarr_is_replaced(chiral, soft, tmp_path):
    home = tmp_path / "home.zarr"
    home.mkdir()
    (home / "thesis.tex").write_text("precious")
    for value in (chiral, soft):
        with pytest.raises(VolvizError, match="is no zarr"):
            io.save(value, home, overwrite=True)
        io.save(value, tmp_path / "x.zarr", overwrite=True)
        with pytest.raises(VolvizError, match="--overwrite"):
            io.save(value, tmp_path / "x.zarr")
        io.save(value, tmp_path / "x.zarr", overwrite=True)
    assert (home / "thesis.tex").read_text() == "precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["home.zarr", "x.zarr"]


def test_no_chunk_is_unpacked_or_packed_more_than_once(tmp_path, monkeypatch):
    from zarr.codecs import ZstdCodec

    counted = {"unpacked": 0, "packed": 0}

    def counting(name, what):
        plain = getattr(ZstdCodec, name)

        async def called(*args, **kwargs):
            counted[what] += 1
            return await plain(*args, **kwargs)

        monkeypatch.setattr(ZstdCodec, name, called)

    counting("_decode_single", "unpacked")
    counting("_encode_single", "packed")
    monkeypatch.setattr("volviz.io.values.SLAB_BYTES", 2**16)  # a section is more than that

    group = zarr.create_group(str(tmp_path / "c.zarr"), zarr_format=3)
    array = group.create_array("0", shape=(2, 3, 70, 130, 150), chunks=(2, 3, 32, 64, 64), dtype="f4")
    array[:] = np.random.default_rng(0).normal(0, 1, array.shape)
    axes = [*({"name": n, "type": "other"} for n in "tc"), *({"name": n, "type": "space", "unit": "angstrom"} for n in "zyx")]
    scale = [{"type": "scale", "scale": [1, 1, 10, 10, 10]}]
    scales = [{"name": "x", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}]
    group.update_attributes({"ome": {"version": "0.5", "multiscales": scales}})
    volume = io.open(tmp_path / "c.zarr", index=4)
    counted["unpacked"] = 0
    io.save(volume, tmp_path / "c.mrc")
    assert counted["unpacked"] == 3 * 3 * 3
    np.testing.assert_array_equal(io.open(tmp_path / "c.mrc").read(), array[1, 1])

    data = np.random.default_rng(0).integers(0, 256, (2, 140, 150, 160), np.uint8)
    data[0] = 255 - data[1]
    counted["packed"] = 0
    io.save(Segmentation(Grid(data.shape[1:], (10, 10, 10)), data, VIRION_LABELS[:2], name="s"), tmp_path / "s.zarr")
    sampled = 2 * 3**3
    finest, next_level = 2**3, 1
    assert counted["packed"] <= sampled + 3 * (finest + next_level)
    np.testing.assert_array_equal(np.asarray(io.open(tmp_path / "s.zarr").data[:]), data)
