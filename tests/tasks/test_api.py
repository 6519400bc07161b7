"""What the functions of `volviz` say about themselves, and what they answer to what people give them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.core.annotations import Stroke, SurfacePoints

SHAPE = (12, 16, 20)
GRID = volviz.Grid(SHAPE, (10.0, 10.0, 10.0), (5.0, -70.0, 100.0))
MARKS = (Stroke(((120.0, 10.0, 40.0),), 20.0, "rim"), SurfacePoints(((150.0, 0.0, 50.0),), 1, "spikes"))


@pytest.fixture
def soft() -> volviz.Segmentation:
    """A ball, as lumen."""
    z, y, x = np.indices(SHAPE)
    ball = np.clip(4.5 - np.sqrt((z - 6) ** 2 + (y - 8) ** 2 + (x - 9) ** 2), 0, 1)
    return volviz.Segmentation.of_probabilities(GRID, np.stack([1 - ball, 0 * ball, 0 * ball, ball]))


class Tensor:
    """An array of another library: it has a shape, and numbers of a type that numpy does not know."""

    shape = SHAPE
    dtype = "tensor.float32"

    def __getitem__(self, key: object) -> object:
        raise AssertionError(key)


@pytest.mark.parametrize("data", [Tensor(), np.zeros(SHAPE).tolist(), "ts_16.mrc"])
def test_data_that_are_no_array_are_refused_where_they_are_given(data):
    for make in (lambda: volviz.Volume(GRID, data), lambda: volviz.Segmentation(GRID, data)):
        with pytest.raises(ValueError, match=r"an array as numpy has them, not a .*(Tensor|list|str); numpy\.asarray makes one"):
            make()


def test_densities_are_real_numbers():
    with pytest.raises(ValueError, match="not complex64; give its real part"):
        volviz.Volume(GRID, np.zeros(SHAPE, np.complex64))


@pytest.mark.parametrize("shape", [(8, 8), (1, 8, 8, 8), 8])
def test_a_grid_says_which_axes_it_has(shape):
    with pytest.raises(ValueError, match=r"three axes, \(z, y, x\), not as "):
        volviz.Grid(shape)
    with pytest.raises(ValueError, match=r"three numbers, \(z, y, x\), not "):
        volviz.Grid(SHAPE, shape)


def test_probabilities_that_are_none_do_not_pass_for_nothing(soft):
    broken = soft.probabilities()
    broken[3, 6, 8, 9] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        volviz.Segmentation.of_probabilities(GRID, broken)
    np.testing.assert_array_equal(volviz.Segmentation.of_probabilities(GRID, soft.probabilities().tolist()).data, soft.data)


@pytest.mark.parametrize("call", [volviz.Scene.of, volviz.segment, lambda it: volviz.still(volviz.Scene(), it)])
def test_what_is_no_tomogram_is_told_how_to_become_one(call, soft):
    for it in (soft, np.zeros(SHAPE)):
        with pytest.raises(TypeError, match=r"no volviz\.Volume: volviz\.open returns one"):
            call(it)


def test_an_array_is_not_saved_without_its_voxel_size(tmp_path):
    with pytest.raises(TypeError, match=r"the type ndarray and no volviz\.Volume or a volviz\.Segmentation"):
        volviz.save(np.zeros(SHAPE, np.float32), tmp_path / "a.mrc")
    assert not list(tmp_path.iterdir())


def test_one_name_is_one_name_and_not_its_letters(soft, tmp_path):
    assert [one.name for one in volviz.mesh(soft, classes="lumen")] == ["lumen"]
    assert [one.label for one in volviz.measure(soft, classes="lumen")] == ["lumen"]
    assert [label.name for label in volviz.arrange(soft, "lumen").drawn] == ["lumen"]
    path = tmp_path / "ball.mrc"
    volviz.save(volviz.Volume(GRID, soft.probabilities()[3]), path)
    found = volviz.combine(path, "ball", "0..1")
    assert [label.name for label in found.drawn] == ["ball"]
    np.testing.assert_array_equal(found.data[1], soft.data[3])


def test_choices_that_there_are_not_are_named(soft, tmp_path):
    surfaces = volviz.mesh(soft)
    volume = volviz.Volume(GRID, np.zeros(SHAPE, np.float32), name="ts")
    wrong = {
        "angstrom or nm, not 'm'": lambda: volviz.save_meshes(surfaces, tmp_path / "a.ply", unit="m"),
        "no surface to write": lambda: volviz.save_meshes([], tmp_path / "a.ply"),
        "4 or 5, not 3": lambda: volviz.write_annotations(MARKS, tmp_path / "a.star", volume, relion=3),
        "8 or 16, not 7": lambda: volviz.Segmentation.of_probabilities(GRID, soft.probabilities(), bits=7),
        "small, good, high or best, not 'ultra'": lambda: volviz.spin(volviz.Scene(), volume, soft, tmp_path / "a.mp4", quality="ultra"),
        "hold, not 'bouncing'": lambda: volviz.Keyframe(0.0, volviz.Camera(), volviz.Scene(), "bouncing"),
        "in .annotations.json, in .mrc or .zarr for a label volume": lambda: volviz.write_annotations(MARKS, tmp_path / "a.txt", volume),
    }
    for words, call in wrong.items():
        with pytest.raises(volviz.VolvizError) as why:
            call()
        assert words in str(why.value)
    assert not list(tmp_path.iterdir())


def test_a_precision_that_there_is_not_is_refused():
    from volviz.segment.device import torch_device, torch_dtype

    with pytest.raises(volviz.VolvizError, match="auto, float32, bfloat16 or float16, not 'double'"):
        torch_dtype("double", torch_device("cpu"))


def test_annotations_that_were_read_are_written_again(tmp_path):
    first, second = str(tmp_path / "a.annotations.json"), str(tmp_path / "b.annotations.json")
    volviz.write_annotations(MARKS, first, labels=[volviz.Label("rim", (0.1, 0.9, 0.1))])
    found = volviz.read_annotations(first)
    assert volviz.write_annotations(found, second) == ()
    again = volviz.read_annotations(Path(second))
    assert (again.annotations, again.labels) == (MARKS, found.labels)
    assert found.labels[0].color == (0.1, 0.9, 0.1)
