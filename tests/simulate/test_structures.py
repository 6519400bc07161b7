"""Real structures as spikes and free protein."""

from __future__ import annotations

import numpy as np
import pytest

import volviz
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.io import save
from volviz.simulate import Spec
from volviz.simulate.structures import structure
from volviz.tasks.simulate import densities_in


def box(shape=(24, 26, 28), voxel=10.0, known=True):
    """Return a map of a brick 40 x 80 x 120 A (z, y, x) with a little noise around it."""
    data = np.random.default_rng(0).normal(0, 0.5, shape).astype(np.float32)
    data[10:14, 9:17, 8:20] = 200
    return Volume(Grid(shape, (voxel,) * 3, voxel_size_known=known), data)


def test_a_density_map_keeps_its_size_and_its_place_is_its_middle():
    made = structure("brick.mrc", {"brick.mrc": box()}).centred().particle(8.0)
    solid = (np.argwhere(made.density > 0.5) - made.anchor) * made.voxel_size
    np.testing.assert_allclose(np.ptp(solid, axis=0), (40, 80, 120), atol=12)
    np.testing.assert_allclose(solid.mean(axis=0), 0, atol=2)
    inside = made.density[tuple(np.rint(made.anchor).astype(int))]
    assert inside > 0.9  # no gaps between the voxels of a coarse map


def test_maps_that_cannot_be_used_are_refused_in_a_sentence():
    flat = Volume(Grid((10, 10, 10), (5.0, 5.0, 5.0)), np.zeros((10, 10, 10), np.float32))
    huge = Volume(Grid((8, 8, 300), (5.0, 5.0, 5.0)), np.zeros((8, 8, 300), np.float32))
    for volume, words in ((flat, "no protein"), (huge, "256 voxels"), (box(known=False), "voxel size")):
        with pytest.raises(VolvizError, match=words):
            structure("a.mrc", {"a.mrc": volume})
    with pytest.raises(VolvizError, match="not opened"):
        structure("b.mrc", {})


def test_a_folder_of_structures_gives_spikes_and_protein(tmp_path):
    with pytest.raises(VolvizError, match=r"no atomic model \(.pdb\) and no density map"):
        densities_in(tmp_path)
    rng = np.random.default_rng(0)
    atoms = rng.normal(0, 1, (500, 3)) * (20, 20, 50)
    (tmp_path / "head.pdb").write_text(
        "".join(f"ATOM  {i:5d}  CA  ALA A{i % 999:4d}    {x:8.3f}{y:8.3f}{z:8.3f}\n" for i, (x, y, z) in enumerate(atoms))
    )
    save(box(), tmp_path / "brick.mrc")
    (tmp_path / "notes.txt").write_text("not a structure")
    found = densities_in(tmp_path)
    assert [name.rpartition("/")[2] for names in found.values() for name in names] == ["head.pdb", "brick.mrc"]

    spec = Spec(
        shape=(24, 48, 48), virions=1, vesicles=0, radius=(120.0, 130.0), spikes=(8, 8), debris=300.0, debris_size=(30.0, 40.0), snr=5.0
    )
    drawn, labels = volviz.simulate(spec)
    real, real_labels = volviz.simulate(Spec(**{**spec.to_json(), **found}))
    assert not np.array_equal(drawn.data, real.data)
    for each in (labels, real_labels):
        assert (each.hard() == 2).sum() > 100
    again, _ = volviz.simulate(Spec(**{**spec.to_json(), **found}))
    np.testing.assert_array_equal(again.data, real.data)


def test_the_drawn_heads_have_the_size_and_mass_of_the_real_one(shared_data):
    """At 10 A, 22 % of the maximum: SARS-CoV-2's closed ectodomain (6VXX), on the same stalk."""
    from volviz.simulate.spikes import spike, spike_of_structure

    path = shared_data / "densities" / "6vxx.pdb"
    if not path.exists():
        pytest.skip("6vxx.pdb is not beside the checkout")
    rng = np.random.default_rng(0)
    real = spike_of_structure(structure(str(path), {}).upright(), 225.0, 10.0, rng)
    for kind in ("closed", "open"):
        drawn = spike(kind, 225.0, 1.0, 10.0, rng)
        for measure in (lambda p: (p.density > 0.22).sum(), lambda p: p.density.sum()):
            assert measure(drawn) == pytest.approx(measure(real), rel=0.25)
