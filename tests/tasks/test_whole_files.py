"""Tasks that leave files: whole or not at all, and in place."""

import mrcfile
import numpy as np
import pytest

import volviz
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.grid import Grid, Region, bricks
from volviz.core.segmentation import VIRION_LABELS, Segmentation
from volviz.core.volume import Volume
from volviz.segment import models
from volviz.segment.results import Streamed
from volviz.tasks import demo
from volviz.tasks.render import open_classes, open_view
from volviz.tasks.segment import segment_file, stem_of
from volviz.tasks.simulate import simulate_file

SMALL = {"shape": (24, 48, 48), "virions": 1, "vesicles": 0, "radius": (120.0, 140.0), "seed": 5}


def stop_at(limit: float):
    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if fraction >= limit:
            raise Cancelled

    return report


def test_a_simulated_tomogram_and_its_labels_lie_on_the_same_voxels(tmp_path):
    tomogram, labels, _ = simulate_file(tmp_path / "s.mrc", SMALL)
    a, b = volviz.open(tomogram), volviz.open(labels)
    assert a.grid == b.grid
    inside, outside = a.read()[b.read() == 1].mean(), a.read()[b.read() == 0].mean()
    assert inside < outside  # dark = dense


def test_the_same_seed_gives_the_same_file(tmp_path):
    first, *_ = simulate_file(tmp_path / "a.mrc", SMALL)
    second, *_ = simulate_file(tmp_path / "b.mrc", SMALL)
    with mrcfile.open(first) as a, mrcfile.open(second) as b:
        np.testing.assert_array_equal(a.data, b.data)


@pytest.mark.parametrize("limit", [0.0, 0.5, 0.9])
def test_a_cancelled_simulation_leaves_nothing(tmp_path, limit):
    with pytest.raises(Cancelled):
        simulate_file(tmp_path / "s.mrc", SMALL, report=stop_at(limit))
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_knows_its_parameters(tmp_path):
    with pytest.raises(VolvizError, match="has no 'capsids'"):
        simulate_file(tmp_path / "s.mrc", {"capsids": 3})


@pytest.mark.parametrize("out", ["folder", "seg.zarr"])
@pytest.mark.parametrize("limit", [0.0, 0.3])
def test_a_cancelled_segmentation_leaves_nothing(tmp_path, out, limit):
    tomogram, labels, _ = simulate_file(tmp_path / "s.mrc", {**SMALL, "shape": (24, 180, 48)})  # two tiles
    with pytest.raises(Cancelled):
        segment_file(tomogram, tmp_path / out, report=stop_at(limit))
    assert sorted(tmp_path.iterdir()) == sorted([tomogram, labels])


@pytest.mark.parametrize("out", ["folder", "seg.zarr"])
def test_files_hold_what_memory_would(tmp_path, out):
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    volume = volviz.open(tomogram)
    result = volviz.open(segment_file(tomogram, tmp_path / out))
    held = volviz.segment(volume)
    assert result.grid == volume.grid
    assert result.labels == held.labels
    assert np.abs(np.asarray(result.data[:]).astype(int) - np.asarray(held.data).astype(int)).max() <= 1
    assert result.source == tomogram


def test_a_segmentation_of_another_tomogram_is_refused(tmp_path):
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    other, *_ = simulate_file(tmp_path / "other.mrc", {**SMALL, "shape": (24, 48, 40)})
    result = segment_file(tomogram, tmp_path / "seg")
    with pytest.raises(VolvizError, match="was made from another tomogram"):
        open_classes(result, volviz.open(other))
    with pytest.raises(VolvizError, match="does not look like a class"):
        open_classes(tomogram, volviz.open(tomogram))
    assert open_view(result).volume.source == tomogram  # the one it was made from


def test_the_sign_of_the_density_holds_for_the_picture_too(tmp_path):
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    assert open_view(tomogram, dense_is_dark=False).scene.raw.invert is False
    assert open_view(tomogram, dense_is_dark=True).scene.raw.invert is True


@pytest.mark.parametrize(("name", "stem"), [("ts_16.mrc", "ts_16"), ("a.b.rec.gz", "a.b"), ("plain", "plain"), (".hidden", ".hidden")])
def test_results_are_called_after_their_tomogram(tmp_path, name, stem):
    grid = volviz.Grid((1, 1, 1))
    assert stem_of(volviz.Volume(grid, np.zeros((1, 1, 1), np.float32), source=tmp_path / name)) == stem


def test_the_demo_goes_the_whole_way(tmp_path, monkeypatch):
    monkeypatch.setattr(demo, "SAMPLE", SMALL)
    monkeypatch.setattr(demo, "STILL_SIZE", (96, 54))
    monkeypatch.setattr(demo, "VIDEO_SIZE", (64, 36))
    monkeypatch.setattr(demo, "VIDEO_SECONDS", 0.5)
    files = demo.demo_files(tmp_path / "out")
    assert all(path.is_file() and path.stat().st_size > 200 for path in files.values())
    with pytest.raises(VolvizError, match="is there already"):
        demo.demo_files(tmp_path / "out")
    demo.demo_files(tmp_path / "out", overwrite=True)


class Views:
    """A predictor whose spread is what it is told, in as many bricks as it likes."""

    labels = VIRION_LABELS

    def predict(self, volume, run):
        run.sink.begin(volume.grid, self.labels, "probability", {})
        if run.spread is not None:
            run.spread.begin(volume.grid)
        for region in bricks(volume.grid.shape, (5, *volume.grid.shape[1:])):
            data = np.zeros((4, *region.shape), np.uint8)
            data[0], data[2] = 155, 100
            run.sink.write(region, data)
            if run.spread is not None:
                run.spread.write(region, np.full(region.shape, 0.25, np.float32))
        run.sink.finish()
        if run.spread is not None:
            run.spread.finish()
        return Segmentation(volume.grid, Streamed((4, *volume.grid.shape)), self.labels)


@pytest.mark.parametrize(("kind", "augment", "value"), [("margin", 1, 1 - 55 / 255), ("spread", 4, 0.25)])
@pytest.mark.parametrize(("out", "beside"), [("seg", "seg/s_uncertainty.mrc"), ("seg.zarr", "seg_uncertainty.zarr")])
def test_uncertainty_is_a_volume_on_the_voxels_of_the_tomogram(tmp_path, monkeypatch, kind, augment, value, out, beside):
    monkeypatch.setattr(models, "load", lambda _: Views())
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    segment_file(tomogram, tmp_path / out, uncertainty=kind, augment=augment)
    written = volviz.open(tmp_path / beside)
    assert isinstance(written, volviz.Volume)
    assert written.grid == volviz.open(tomogram).grid
    assert np.allclose(written.read(), value, atol=1e-3)
    with pytest.raises(VolvizError, match="there already"):
        segment_file(tomogram, tmp_path / out, uncertainty=kind, augment=augment)


@pytest.mark.parametrize(("out", "beside"), [("seg", "seg/s_uncertainty.mrc"), ("seg.zarr", "seg_uncertainty.zarr")])
def test_a_new_result_leaves_no_uncertainty_of_an_older_one(tmp_path, monkeypatch, out, beside):
    monkeypatch.setattr(models, "load", lambda _: Views())
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    segment_file(tomogram, tmp_path / out, uncertainty="margin")
    with pytest.raises(VolvizError, match="there already"):
        segment_file(tomogram, tmp_path / out)
    with pytest.raises(Cancelled):
        segment_file(tomogram, tmp_path / out, overwrite=True, report=stop_at(0.0))
    assert (tmp_path / beside).exists()  # the older result is still there, and this belongs to it
    segment_file(tomogram, tmp_path / out, overwrite=True)
    assert not (tmp_path / beside).exists()
    volviz.open(tmp_path / out)
    segment_file(tomogram, tmp_path / out, uncertainty="margin", overwrite=True)
    segment_file(tomogram, tmp_path / out, uncertainty="margin", overwrite=True)
    assert (tmp_path / beside).exists()


def test_what_lies_where_an_uncertainty_would_is_not_taken_for_one(tmp_path, monkeypatch):
    monkeypatch.setattr(models, "load", lambda _: Views())
    tomogram, *_ = simulate_file(tmp_path / "s.mrc", SMALL)
    mine = tmp_path / "seg_uncertainty.zarr" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("not to be removed")
    with pytest.raises(VolvizError, match="no zarr"):
        segment_file(tomogram, tmp_path / "seg.zarr", overwrite=True)
    assert mine.exists()


def test_classes_that_a_new_result_does_not_have_go_with_the_older_one(tmp_path):
    volume = Volume(Grid((4, 5, 6)), np.zeros((4, 5, 6), np.float32), name="v")
    out = tmp_path / "seg"
    for labels in (VIRION_LABELS, VIRION_LABELS[:2]):
        data = np.zeros((len(labels), 4, 5, 6), np.uint8)
        data[0] = 255
        volviz.save(Segmentation(volume.grid, data, labels, name="v"), out, overwrite=True)
        (out / "v_notes.mrc").write_text("mine")
    names = ["v_background.mrc", "v_labels.mrc", "v_membrane.mrc", "v_notes.mrc", "v_segmentation.json"]
    assert sorted(path.name for path in out.iterdir()) == names


def test_a_region_or_slices_outside_are_refused_before_a_model_is_loaded(monkeypatch):
    monkeypatch.setattr(models, "load", lambda _: pytest.fail("a model was loaded"))
    volume = Volume(Grid((24, 48, 48), (10.0, 10.0, 10.0)), np.zeros((24, 48, 48), np.float32))
    with pytest.raises(VolvizError, match=r"region 30:40,0:10,0:10 .* outside the volume of 24 x 48 x 48"):
        volviz.segment(volume, region=Region((30, 0, 0), (40, 10, 10)))
    with pytest.raises(VolvizError, match="none from 24 up to 30"):
        volviz.segment(volume, z=(24, 30))
    classes = Segmentation(volume.grid, np.zeros((4, 24, 48, 48), np.uint8), VIRION_LABELS)
    with pytest.raises(VolvizError, match="outside the volume"):
        volviz.mesh(classes, region=Region((0, 48, 0), (4, 50, 10)))


def test_one_view_has_no_spread_and_nothing_is_left(tmp_path):
    tomogram, labels, _ = simulate_file(tmp_path / "s.mrc", SMALL)
    with pytest.raises(VolvizError, match="--augment 4"):
        segment_file(tomogram, tmp_path / "seg", uncertainty="spread")
    assert sorted(tmp_path.iterdir()) == sorted([tomogram, labels])


@pytest.mark.parametrize("out", ["folder", "seg.zarr"])
def test_a_cancelled_segmentation_leaves_no_uncertainty(tmp_path, out):
    tomogram, labels, _ = simulate_file(tmp_path / "s.mrc", SMALL)
    for uncertainty, augment in (("margin", 1), ("spread", 4)):
        with pytest.raises(Cancelled):
            segment_file(tomogram, tmp_path / out, uncertainty=uncertainty, augment=augment, report=stop_at(0.9))
        assert sorted(tmp_path.iterdir()) == sorted([tomogram, labels])


@pytest.mark.parametrize(
    ("options", "words"),
    [({"size": (0, 5)}, "0 x 5"), ({"size": (32.5, 24)}, "32.5"), ({"quality": "best"}, "cached or exact"), ({"bits": 12}, "8 or 16")],
)
def test_pictures_that_cannot_be_are_refused_in_python(options, words):
    volume = Volume(Grid((8, 8, 8)), np.zeros((8, 8, 8), np.float32))
    with pytest.raises(VolvizError, match=words):
        volviz.still(volviz.Scene.of(volume), volume, **options)


@pytest.mark.parametrize(
    ("options", "words"), [({"bits": 7}, "8 or 16"), ({"augment": 3}, "1, 4 or 8"), ({"device": "tpu"}, "cuda or cpu")]
)
def test_segmenting_that_cannot_be_is_refused_in_python(options, words):
    with pytest.raises(VolvizError, match=words):
        volviz.segment(Volume(Grid((8, 8, 8)), np.zeros((8, 8, 8), np.float32)), **options)
