"""Files that others made. The facts were read from their headers by hand."""

from __future__ import annotations

from pathlib import Path

import mrcfile
import numpy as np
import pytest

from volviz import io
from volviz.core.errors import VolvizError
from volviz.core.volume import Volume

# name: shape (z, y, x), voxel size (z, y, x), origin (z, y, x), type, mean as the header or another reader has it
FACTS = {
    "EMD-3001.map": ((73, 25, 43), (33.03 / 72, 4.71 / 12, 17.93 / 40), (0, -4.71, -21 * 17.93 / 40), "f4", 0.0005329666892066598),
    "EMD-3001.map.bz2": ((73, 25, 43), (33.03 / 72, 4.71 / 12, 17.93 / 40), (0, -4.71, -21 * 17.93 / 40), "f4", 0.0005329666892066598),
    "EMD-3197.map": ((20, 20, 20), (11.4, 11.4, 11.4), (0, 0, -22.8), "f4", 0.7836120128631592),
    "emd_3197.map.gz": ((20, 20, 20), (11.4, 11.4, 11.4), (0, 0, -22.8), "f4", 0.7836120128631592),
    "emd_5625.map": ((56, 56, 56), (4.23, 4.23, 4.23), (-118.44, -118.44, -118.44), "f4", 0.25216206908226013),
    "fake_ccp4_XYZ.map": ((4, 3, 2), (10, 20 / 3, 5), (0, 0, 0), "f4", 1.0),
    "fake_ccp4_ZYX.map": ((4, 3, 2), (10, 20 / 3, 5), (0, 0, 0), "f4", 1.0),
    "TS_run1.rec": ((10, 8, 6), (13.48, 13.48, 13.48), (0, 0, 0), "i1", 9.477083206176758),
    "input_mrc.mrc": ((4, 4, 4), (14.08, 14.08, 14.08), (0, 0, 0), "f4", 2.5),
    "signed_ints.mrc": ((4, 4, 4), (14.08, 14.08, 14.08), (0, 0, 0), "i1", -0.5),
    "unsigned_ints.mrc": ((4, 4, 4), (14.08, 14.08, 14.08), (0, 0, 0), "i1", -0.5),
    "large_probability_map.mrc": ((4, 4, 4), None, (0, 0, 0), "f4", 0.3848339319229126),
    "input_omezarr.zarr": ((4, 4, 4), (14.08, 14.08, 14.08), (0, 0, 0), "f4", 2.5),
}
REFUSED = {"corrupt_header.map": "cut short or its header is wrong"}


@pytest.fixture
def fixtures(shared_data: Path) -> Path:
    return shared_data / "fixtures"


@pytest.mark.parametrize("name", FACTS)
def test_facts(fixtures, name):
    shape, size, origin, dtype, mean = FACTS[name]
    volume = io.open(fixtures / name)
    assert isinstance(volume, Volume)
    assert volume.grid.shape == shape
    assert volume.grid.voxel_size_known is (size is not None)
    np.testing.assert_allclose(volume.grid.voxel_size, size or (1, 1, 1), rtol=1e-6)
    np.testing.assert_allclose(volume.grid.origin, origin, rtol=1e-6)
    assert np.dtype(volume.data.dtype).newbyteorder("=") == np.dtype(dtype)
    assert volume.read().mean(dtype=float) == pytest.approx(mean, rel=1e-5)


@pytest.mark.parametrize("name", REFUSED)
def test_refusals(fixtures, name):
    with pytest.raises(VolvizError, match=REFUSED[name]) as caught:
        io.open(fixtures / name)
    assert "\n" not in str(caught.value)


def test_nothing_was_forgotten(fixtures):
    assert {path.name for path in fixtures.iterdir()} == {*FACTS, *REFUSED}


def test_two_axis_orders_of_the_same_data(fixtures):
    one, other = io.open(fixtures / "fake_ccp4_XYZ.map"), io.open(fixtures / "fake_ccp4_ZYX.map")
    np.testing.assert_array_equal(one.read(), other.read())
    assert one.grid == other.grid


def test_axis_order_against_the_file_itself(fixtures):
    # columns z, rows x, sections y: mrcfile gives [y][x][z]
    with mrcfile.open(fixtures / "EMD-3001.map", permissive=True) as file:
        np.testing.assert_array_equal(io.open(fixtures / "EMD-3001.map").read(), file.data.transpose(2, 0, 1))


@pytest.mark.parametrize("name", [n for n in FACTS if not n.endswith(".zarr")])
@pytest.mark.parametrize("suffix", [".mrc", ".zarr", ".tif"])
def test_saved_again_in_place(fixtures, tmp_path, name, suffix):
    volume = io.open(fixtures / name)
    io.save(volume, tmp_path / f"again{suffix}")
    back = io.open(tmp_path / f"again{suffix}")
    np.testing.assert_array_equal(back.read(), volume.read())
    np.testing.assert_allclose(back.grid.voxel_size, volume.grid.voxel_size, rtol=1e-6)
    np.testing.assert_allclose(back.grid.origin, volume.grid.origin, rtol=1e-6)
    assert back.grid.voxel_size_known is volume.grid.voxel_size_known


def test_real_tomograms(shared_data):
    cell = io.open(shared_data / "tomograms" / "empiar11658_cell.mrc")
    assert cell.grid.shape == (128, 256, 256)
    assert cell.grid.voxel_size == (31.36, 31.36, 31.36)
    assert cell.notes == ()
    microtubule = io.open(shared_data / "tomograms" / "microtubule_13pf.tif")
    assert microtubule.grid.shape == (36, 206, 94)
    assert microtubule.grid.voxel_size == (10.52, 10.52, 10.52)
    assert isinstance(microtubule.data, np.memmap)
    lysosome = io.open(shared_data / "tomograms" / "lysosome.mrc")
    assert not lysosome.grid.voxel_size_known
    assert len(lysosome.notes) == 1
    with pytest.raises(VolvizError, match="neither MRC, OME-Zarr, TIFF nor HDF5"):
        io.open(shared_data / "tomograms" / "lysosome_membrane_circles.csv")
