"""Classes that other programs made, in the shapes in which they come, as one segmentation."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import mrcfile
import numpy as np
import pytest
import tifffile
import zarr
from PIL import Image

import volviz
from volviz.cli import main
from volviz.core.errors import VolvizError
from volviz.core.reading import Reading
from volviz.tasks.combine import survey

SHAPE = (20, 24, 28)


def write(path: Path, data: np.ndarray, voxel_size: float = 10.0, origin: tuple[float, float, float] = (0, 0, 0)) -> Path:
    with mrcfile.new(path) as mrc:
        mrc.set_data(data)
        mrc.voxel_size = voxel_size
        mrc.header.origin.x, mrc.header.origin.y, mrc.header.origin.z = origin
    return path


def ball(shape: tuple[int, int, int], centre: tuple[float, float, float], radius: float, size: float = 1.0) -> np.ndarray:
    """A soft ball, 0..1, whose centre and radius are in voxels of size 1."""
    z, y, x = ((np.arange(n) + 0.5) * size - 0.5 for n in shape)
    away = np.sqrt((z[:, None, None] - centre[0]) ** 2 + (y[:, None] - centre[1]) ** 2 + (x - centre[2]) ** 2)
    return np.clip(radius - away, 0, 1).astype(np.float32)


@pytest.fixture
def two() -> tuple[np.ndarray, np.ndarray]:
    """Two balls that do not touch."""
    return ball(SHAPE, (8, 7, 9), 5), 0.8 * ball(SHAPE, (12, 17, 20), 4)


@pytest.fixture
def tomogram(tmp_path: Path, two: tuple[np.ndarray, np.ndarray]) -> Path:
    noise = np.random.default_rng(0).normal(0, 0.3, SHAPE)
    return write(tmp_path / "ts.mrc", (noise - sum(two)).astype(np.float32))


def test_probabilities_of_other_scales_become_classes_and_the_rest_is_background(tmp_path, tomogram, two):
    first = write(tmp_path / "ts_membrane.mrc", two[0])
    second = write(tmp_path / "ts_spikes_probabilities.mrc", np.rint(255 * two[1]).astype(np.uint8))  # which MRC widens
    made = volviz.combine([first, second], onto=volviz.open(tomogram))
    assert [label.name for label in made.labels] == ["background", "membrane", "spikes"]
    soft = made.data[:].astype(int)
    np.testing.assert_allclose(soft.sum(axis=0), 255, atol=2)
    np.testing.assert_allclose(soft[1] / 255, two[0], atol=0.003)
    np.testing.assert_allclose(soft[2] / 255, two[1], atol=0.004)
    np.testing.assert_array_equal(made.data[2, 12, 10:20:3, ::-1], soft[2, 12, 10:20:3, ::-1])


def test_what_claims_more_than_there_is_is_shared_out(tmp_path):
    values = np.full(SHAPE, 0.9, np.float32)
    values[0] = 0
    paths = [write(tmp_path / f"ts_{name}.mrc", values) for name in ("membrane", "lumen", "actin")]
    made = volviz.combine(paths)
    np.testing.assert_array_equal(made.data[:, 5, 5, 5], [0, 85, 85, 85])
    np.testing.assert_array_equal(made.data[:, 0, 5, 5], [255, 0, 0, 0])


@pytest.mark.parametrize(
    ("text", "values", "expected"),
    [
        ("0..255", [0, 51, 255, 300], [0, 0.2, 1, 1]),
        ("1..0", [0, 0.25, 1], [1, 0.75, 0]),
        ("score>2", [2, 100, -100, np.nan], [0.5, 1, 0, 0]),
        ("mask>0.5", [0.5, 0.6, -1], [0, 1, 0]),
        ("label=3", [3, 2, 3.2, 4], [1, 0, 1, 0]),
    ],
)
def test_a_scale_says_what_numbers_mean(text, values, expected):
    reading = Reading.parse(text)
    assert Reading.parse(str(reading)) == reading
    np.testing.assert_allclose(reading.probability(np.array(values)), expected, atol=1e-6)


def test_scores_keep_their_threshold(tmp_path, two):
    scores = 8 * two[0] - 3
    path = write(tmp_path / "ts_scores.mrc", scores.astype(np.float32))
    made = volviz.combine([path], ["membrane"])
    np.testing.assert_array_equal(made.hard() == 1, scores > 0)


def test_labels_become_a_class_each_also_the_small_ones(tmp_path, two):
    labels = np.zeros(SHAPE, np.int8)
    labels[two[0] > 0.5], labels[two[1] > 0.5], labels[19, 23, 27] = 2, 5, 9
    made = volviz.combine([write(tmp_path / "classes.mrc", labels)], ["coat", "core", "speck"])
    np.testing.assert_array_equal(made.hard(), np.select([labels == 2, labels == 5, labels == 9], [1, 2, 3]))


def test_channels_of_a_foreign_ome_zarr_bring_names_and_colours(tmp_path, two):
    root = zarr.create_group(store=str(tmp_path / "pred.zarr"), zarr_format=2)
    root.create_array("0", data=np.stack([1 - sum(two), *two]).astype(np.float32), chunks=(1, 8, 24, 28))
    axes = [{"name": "c", "type": "channel"}, *({"name": a, "type": "space", "unit": "nanometer"} for a in "zyx")]
    scale = [{"type": "scale", "scale": [1, 1.5, 1.5, 1.5]}]
    channels = [{"label": "background", "color": "808080"}, {"label": "Coat", "color": "FF8000"}, {"label": "Core", "color": "0080FF"}]
    root.attrs.update(
        {
            "multiscales": [{"version": "0.4", "axes": axes, "datasets": [{"path": "0", "coordinateTransformations": scale}]}],
            "omero": {"channels": channels},
        }
    )
    made = volviz.combine([tmp_path / "pred.zarr"])
    assert [label.name for label in made.labels] == ["background", "Coat", "Core"]
    assert made.labels[1].color == pytest.approx((1, 128 / 255, 0))
    assert made.grid.voxel_size == (15, 15, 15)
    np.testing.assert_allclose(made.probabilities()[1:], two, atol=0.004)


@pytest.mark.parametrize("kind", ["ilastik", "tiff"])
def test_channels_of_ilastik_and_of_a_tiff(tmp_path, two, kind):
    soft = np.stack([1 - sum(two), *two])
    if kind == "ilastik":
        path = tmp_path / "ts_Probabilities.h5"
        with h5py.File(path, "w") as file:
            data = file.create_dataset("exported_data", data=np.moveaxis(soft, 0, -1).astype(np.float32), chunks=True)
            data.attrs["axistags"] = json.dumps({"axes": [{"key": key} for key in "zyxc"]})
    else:
        path = tmp_path / "ts_Probabilities.tif"
        tifffile.imwrite(path, np.moveaxis(soft, 0, 1).astype(np.float32), imagej=True, metadata={"axes": "ZCYX"})
    made = volviz.combine([path], ["-", "coat", "core"])
    np.testing.assert_allclose(made.probabilities()[1:], two, atol=0.004)


def test_classes_of_another_binning_lie_where_they_are_in_space(tmp_path, tomogram):
    centre = (8.0, 7.0, 9.0)
    coarse = ball((10, 12, 14), centre, 5, size=2.0)
    path = write(tmp_path / "ts_membrane.mrc", coarse, 20.0, (5, 5, 5))  # the first voxel's centre is half a fine voxel further in
    volume = volviz.open(tomogram)
    made = volviz.combine([path], onto=volume)
    assert made.grid == volume.grid
    soft = made.probabilities()[1]
    found = [float((soft.sum(axis=tuple({0, 1, 2} - {a})) * np.arange(SHAPE[a])).sum() / soft.sum()) for a in range(3)]
    np.testing.assert_allclose(found, centre, atol=0.1)
    whole = np.asarray(made.data[:])
    np.testing.assert_array_equal(made.data[:, 3:9, 5:6, 7:20], whole[:, 3:9, 5:6, 7:20])  # whatever piece is read


def test_classes_from_elsewhere_are_refused(tmp_path, tomogram):
    path = write(tmp_path / "other_membrane.mrc", ball((10, 12, 9), (5, 5, 5), 4), 20.0, (5000, 0, 0))
    with pytest.raises(VolvizError, match="do not lie in the same space"):
        volviz.combine([path], onto=volviz.open(tomogram))


def test_a_density_is_not_taken_for_a_class_unasked(tomogram):
    assert [one.role for one in survey([tomogram])] == ["tomogram"]
    with pytest.raises(VolvizError, match="does not look like a class"):
        volviz.combine([tomogram])


def test_the_command_line_combines_a_folder_and_draws_classes(tmp_path, tomogram, two, capsys):
    folder = tmp_path / "classes"
    folder.mkdir()
    for name, values in zip(("membrane", "spikes"), two, strict=True):
        write(folder / f"ts_{name}.mrc", values)
    out = tmp_path / "seg.zarr"
    assert main(["combine", str(folder), "--onto", str(tomogram), "--out", str(out)]) == 0
    made = volviz.open(out)
    assert [label.name for label in made.labels] == ["background", "membrane", "spikes"]
    np.testing.assert_allclose(made.probabilities()[1:], two, atol=0.006)
    assert main(["combine", str(folder), "--classes", "a,b,c", "--out", str(tmp_path / "x.zarr")]) == 2
    assert "2 volumes" in capsys.readouterr().err
    assert not (tmp_path / "x.zarr").exists()
    picture = tmp_path / "p.png"
    drawn = ["--segmentation", *map(str, sorted(folder.iterdir())), "--classes", "coat,core", "--set", "coat.visible=off"]
    assert main(["render", str(tomogram), *drawn, "--out", str(picture), "--size", "64x48"]) == 0
    with Image.open(picture) as image:
        assert np.asarray(image).std() > 1
