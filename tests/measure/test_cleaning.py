"""Classes cleaned: every step against a reference, sums, places exact, nothing of the source touched."""

import numpy as np
import pytest
from scipy import ndimage

from volviz.core.cleaning import Cleaning
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid, Region
from volviz.core.segmentation import Label, Segmentation
from volviz.measure import cleaning as module
from volviz.measure.cleaned import changes, cleaning_of
from volviz.measure.cleaning import diameters
from volviz.tasks.clean import Cleaner, clean

CORNERS = np.ones((3, 3, 3))
SHAPE = (20, 26, 22)


class OnDisk:
    """Data that are read when sliced and are no numpy array."""

    def __init__(self, data):
        self.shape, self.dtype, self._data = data.shape, data.dtype, data

    def __getitem__(self, key):
        return np.array(self._data[key])


def random(seed=0, bits=8, voxel_size=(10.0, 10.0, 10.0), shape=SHAPE) -> Segmentation:
    """Three soft classes in blobs of all sizes, and what they leave to the background."""
    r = np.random.default_rng(seed)
    blobs = np.stack([ndimage.gaussian_filter(r.normal(size=shape), 1.1) for _ in range(3)])
    classes = np.clip((blobs / blobs.std() - 0.7) * 0.6, 0, 1)
    classes /= np.maximum(1, classes.sum(axis=0))
    return Segmentation.of_probabilities(Grid(shape, voxel_size), np.stack([1 - classes.sum(axis=0), *classes]), bits=bits)


def sums_to_one(segmentation: Segmentation, source: Segmentation) -> None:
    """Hold the sums of stored values to what rounding made of them in the source, and never to more than one."""
    sums, before = (np.asarray(s.data[:]).astype(int).sum(axis=0) for s in (segmentation, source))
    assert (sums <= np.maximum(before, source.most)).all()
    assert (np.abs(sums - source.most) <= 3).all()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("voxel_size", [(10.0, 10.0, 10.0), (20.0, 8.0, 13.0)])
@pytest.mark.parametrize("seed", [1, 2])
def test_dust_is_what_scipy_finds_too_small(seed, voxel_size, bits):
    source = random(seed, bits, voxel_size)
    data = source.data.copy()
    cleaned = clean(source, {"spikes": Cleaning(dust=4.0, level=0.4)})
    before = source.data[2]
    core = before >= np.ceil(0.4 * source.most)
    labels, count = ndimage.label(core, CORNERS)
    volumes = np.bincount(labels.ravel()) * np.prod(voxel_size) / 1000
    large = (6 * volumes / np.pi) ** (1 / 3) >= 4.0
    large[0] = False
    assert 3 < large.sum() < count - 3
    after = np.asarray(cleaned.data[2])
    assert ((after > 0) & core == large[labels]).all()
    kept = after > 0
    assert (after[kept] == before[kept]).all()  # soft values stay what they are, below the level too
    assert (after[kept] < np.ceil(0.4 * source.most)).any()
    assert (np.asarray(cleaned.data[0]).astype(int) - source.data[0] == before.astype(int) - after).all()
    for channel in (1, 3):
        assert (cleaned.data[channel] == data[channel]).all()
    sums_to_one(cleaned, source)
    assert (source.data == data).all()


def test_the_diameter_is_that_of_a_sphere_of_the_same_volume():
    z, y, x = np.indices((41, 41, 41)) - 20
    ball = (x**2 + y**2 + z**2 <= 15**2).sum()
    (diameter,) = diameters(np.array([ball]), Grid((41, 41, 41), (10.0, 10.0, 10.0)))
    assert diameter == pytest.approx(30, abs=0.2)
    (stretched,) = diameters(np.array([ball]), Grid((41, 41, 41), (20.0, 10.0, 5.0)))
    assert stretched == pytest.approx(diameter)


def test_an_object_of_just_the_diameter_stays():
    source = random()
    data = np.zeros_like(source.data)
    data[0] = 255
    data[:, 5, 5, 5] = (0, 255, 0, 0)
    source = Segmentation(source.grid, data)
    diameter = float(np.cbrt(6 / np.pi))
    assert clean(source, {"membrane": Cleaning(dust=diameter - 1e-6, level=0.5)}).data[1].max() == 255
    assert clean(source, {"membrane": Cleaning(dust=diameter + 1e-6, level=0.5)}).data[1].max() == 0


def test_hysteresis_keeps_what_reaches_the_high_level_somewhere():
    source = random(3)
    cleaned = clean(source, {"membrane": Cleaning(hysteresis=0.75, level=0.3)})
    core = source.data[1] >= np.ceil(0.3 * 255)
    labels, count = ndimage.label(core, CORNERS)
    peaks = ndimage.maximum(source.data[1], labels, np.arange(count + 1))
    stays = peaks >= np.ceil(0.75 * 255)
    stays[0] = False
    assert 2 < stays.sum() < count - 2
    assert (((cleaned.data[1] > 0) & core) == stays[labels]).all()


def test_dust_and_hysteresis_have_to_be_passed_both():
    source = random(3)
    both, dust, high = (
        np.asarray(clean(source, {"membrane": Cleaning(dust=d, hysteresis=h, level=0.3)}).data[1])
        for d, h in ((2.0, 0.9), (2.0, 0.0), (0.0, 0.9))
    )
    assert (both == np.minimum(dust, high)).all()
    assert (both != dust).any()
    assert (both != high).any()


@pytest.mark.parametrize("disk", [False, True])
def test_trim_empties_exact_sections(disk):
    source = random(voxel_size=(20.0, 10.0, 10.0))
    given = Segmentation(source.grid, OnDisk(source.data)) if disk else source
    cleaned = clean(given, {"lumen": Cleaning(trim=(6.0, 3.1))})
    after = np.asarray(cleaned.data[3])
    assert not after[:3].any()
    assert not after[-2:].any()
    assert (after[3:-2] == source.data[3, 3:-2]).all()
    assert (after[[2, -2]] != source.data[3, [2, -2]]).any()
    sums_to_one(cleaned, source)
    assert not clean(source, {"lumen": Cleaning(dust=1, trim=(30.0, 30.0), level=0.5)}).data[3].any()


def test_what_trim_leaves_is_cleaned_as_if_the_volume_ended_there():
    source = random(4)
    how = {"dust": 4.0, "smooth": 0.8, "holes": 2.0, "level": 0.4}
    cleaned = clean(source, {"membrane": Cleaning(trim=(5.0, 3.0), **how)})
    part = Segmentation(source.grid.crop(Region((5, 0, 0), (17, *SHAPE[1:]))), source.data[:, 5:17])
    alone = clean(part, {"membrane": Cleaning(**how)})
    assert (cleaned.data[1, 5:17] == alone.data[1]).all()


@pytest.mark.parametrize("slab", [1, 10**9])
def test_smoothing_is_a_gaussian_that_takes_no_more_than_the_background(slab, monkeypatch):
    monkeypatch.setattr(module, "SLAB_VOXELS", slab)
    source = random(voxel_size=(20.0, 10.0, 5.0))
    cleaned = clean(source, {"membrane": Cleaning(smooth=1.5)})
    wanted = ndimage.gaussian_filter(source.data[1].astype(np.float32), [0.75, 1.5, 3.0], mode="nearest")
    room = source.data[1].astype(int) + source.data[0]
    assert (np.abs(np.asarray(cleaned.data[1]) - np.minimum(np.rint(wanted), room)) <= 1).all()
    assert (wanted > room + 1).any()
    sums_to_one(cleaned, source)


def shell(classes: int = 2) -> Segmentation:
    """A soft ball of the first class with a small cavity and a large one, and a dent that is open."""
    grid = Grid((32, 32, 32), (10.0, 10.0, 10.0))
    z, y, x = np.indices(grid.shape)

    def ball(centre, radius):
        return np.clip(radius + 0.5 - np.sqrt((z - centre[0]) ** 2 + (y - centre[1]) ** 2 + (x - centre[2]) ** 2), 0, 1)

    soft = 0.9 * ball((16, 16, 16), 13) * (1 - ball((16, 16, 10), 2)) * (1 - ball((16, 16, 19), 5)) * (1 - ball((16, 3, 16), 2))
    labels = (Label("background"), *(Label(f"class {i}") for i in range(1, classes)))
    rest = [np.zeros_like(soft)] * (classes - 2)
    return Segmentation.of_probabilities(grid, np.stack([1 - soft, soft, *rest]), labels)


def test_small_cavities_are_filled_softly_and_others_are_not():
    source = shell()
    after = np.asarray(clean(source, {"class 1": Cleaning(holes=6.0, level=0.5)}).data[1])
    before = source.data[1]
    assert before[16, 16, 10] == 0
    assert after[14:19, 14:19, 8:13].min() > 200  # no dimple is left
    assert after[16, 16, 19] == 0  # 10 nm wide
    assert (after[:, :6] == before[:, :6]).all()  # a way leads out
    assert (after >= before).all()
    assert (np.asarray(clean(source, {"class 1": Cleaning(holes=12.0, level=0.5)}).data[1])[16, 16, 19]) > 200


def test_a_cavity_is_not_filled_where_another_class_lies():
    source = shell(3)
    data = source.data.copy()
    data[2, 16, 16, 10], data[0, 16, 16, 10] = 255, 0
    after = np.asarray(clean(Segmentation(source.grid, data, source.labels), {"class 1": Cleaning(holes=6.0, level=0.5)}).data[:])
    assert after[1, 16, 16, 10] == 0
    assert after[1, 16, 16, 11] > 200
    assert (after.astype(int).sum(axis=0) <= 255).all()


def test_classes_that_grow_into_the_same_background_share_it():
    source = random(6)
    wanted = {"membrane": Cleaning(smooth=0.4), "spikes": Cleaning(smooth=3.0), "lumen": Cleaning(holes=3.0, level=0.2)}
    cleaned = clean(source, wanted)
    whole = np.asarray(cleaned.data[:])
    alone = np.stack([np.asarray(clean(source, {name: how}).data[i + 1]) for i, (name, how) in enumerate(wanted.items())])
    over = alone.astype(int).sum(axis=0) > 255
    assert over.any()
    sums_to_one(cleaned, source)
    assert (whole[1:, ~over] == alone[:, ~over]).all()
    for key in ((2, 5), (slice(1, None), slice(3, 9)), (0, ..., 4), (slice(None), 3, slice(2, 5), slice(None)), ...):
        np.testing.assert_array_equal(cleaned.data[key], whole[key])


@pytest.mark.parametrize("key", [1, 0, (2, slice(3, 5)), (slice(1, None), slice(3, 9)), (slice(None), 4), (slice(0, 2), ..., 3), ...])
def test_slices_of_cleaned_classes_are_those_of_the_whole(key):
    source = random()
    cleaned = clean(Segmentation(source.grid, OnDisk(source.data)), {"spikes": Cleaning(dust=4.0, level=0.4)})
    np.testing.assert_array_equal(cleaned.data[key], np.asarray(cleaned.data)[key])


def test_scores_lose_what_is_positive_and_keep_what_is_below_zero():
    r = np.random.default_rng(0)
    data = np.clip(ndimage.gaussian_filter(r.normal(size=(2, *SHAPE)), (0, 1, 1, 1)) * 320 + 128, 0, 255).astype(np.uint8)
    source = Segmentation(Grid(SHAPE, (10.0,) * 3), data, (Label("hot"), Label("cold")), "score")
    cleaned = np.asarray(clean(source, {"hot": Cleaning(dust=4.0, level=0.3)}).data[:])
    assert (cleaned[1] == data[1]).all()
    assert (cleaned[0][data[0] <= 128] == data[0][data[0] <= 128]).all()
    lost = cleaned[0] != data[0]
    assert (cleaned[0][lost] == 128).all()
    assert lost.any()
    assert (cleaned[0] > 200).any()


def test_where_two_cleanings_differ_is_in_bricks_and_complete():
    source = random(2, shape=(40, 70, 140))
    one, other = (clean(source, {"spikes": Cleaning(dust=d, level=0.4)}) for d in (3.0, 3.5))
    for old, new in ((one, other), (source, one), (other, source)):
        inside = np.zeros(source.shape, bool)
        for region in changes(old, new):
            inside[region.slices] = True
        differ = (np.asarray(old.data[:]) != np.asarray(new.data[:])).any(axis=0)
        assert differ.any()
        assert inside[differ].all()
    assert changes(one, one) == []


def test_only_the_class_that_is_changed_is_worked_on(monkeypatch):
    source = random()
    cleaner = Cleaner(source)
    first = cleaner.clean({n: Cleaning(dust=3.0, level=0.4) for n in ("membrane", "spikes")})
    worked = []
    monkeypatch.setattr(module, "prepare", lambda *_: worked.append("prepare"))
    second = cleaner.clean({"membrane": Cleaning(dust=3.0, level=0.4), "spikes": Cleaning(dust=5.0, hysteresis=0.6, level=0.4)})
    assert worked == []
    assert second.data.cleaned[1] is first.data.cleaned[1]
    assert (second.data.cleaned[2] != first.data.cleaned[2]).any()
    _, count = ndimage.label(source.data[2] >= 102, CORNERS)
    assert cleaner.counts("spikes", Cleaning(dust=0.1, level=0.4)) == (count, count)
    assert 0 < cleaner.counts("spikes", Cleaning(dust=4.0, level=0.4))[0] < count
    assert cleaner.counts("spikes", Cleaning(dust=5.0, level=0.6)) is None
    assert cleaner.counts("lumen", Cleaning(dust=5.0, level=0.6)) is None


def test_the_same_cleaning_is_not_done_twice_and_says_what_was_done():
    source = random()
    wanted = {"membrane": Cleaning(smooth=1.0), "spikes": Cleaning(dust=3.0, level=0.4)}
    cleaned = clean(source, wanted)
    assert clean(cleaned, wanted) is cleaned
    assert cleaning_of(cleaned) == wanted
    assert cleaned.provenance["cleaning"]["spikes"]["dust"] == 3.0
    assert clean(source, {}) is source
    assert clean(source, {"membrane": Cleaning()}) is source


def test_a_level_that_is_not_given_is_the_estimated_beginning_of_the_ramp():
    from volviz.core.estimate import automatic_low

    source = random()
    low = round(automatic_low(source, "spikes"), 3)
    assert cleaning_of(clean(source, {"spikes": Cleaning(dust=3.0)})) == {"spikes": Cleaning(dust=3.0, level=low)}


def test_a_class_that_is_not_there_is_named():
    with pytest.raises(VolvizError, match=r"no class called 'capsid'.*membrane, spikes, lumen"):
        clean(random(), {"capsid": Cleaning(dust=3.0)})


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"dust": -1.0}, "dust takes a length in nanometres"),
        ({"smooth": 1e9}, r"smooth takes a length in nanometres from 0 \(off\) to 100, not 1e\+09"),
        ({"smooth": float("inf")}, "smooth takes a length"),
        ({"trim": (1.0, -2.0)}, "trim takes two depths"),
        ({"hysteresis": 1.5}, "hysteresis takes a probability"),
        ({"level": 2.0}, "level takes a probability"),
    ],
)
def test_nonsense_is_refused(fields, says):
    with pytest.raises(VolvizError, match=says):
        Cleaning(**fields)
