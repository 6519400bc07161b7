from __future__ import annotations

import numpy as np

from volviz.core.annotations import Dense, Example
from volviz.core.grid import Grid
from volviz.core.segmentation import Label, Segmentation
from volviz.core.volume import Volume
from volviz.segment.nn.augment import Augmentation
from volviz.segment.nn.crops import Crops


def test_crops_keep_density_and_labels_together_at_the_networks_voxel_size() -> None:
    # Labels are a function of the density here, so that any mirror, turn or shift of one alone would show.
    grid = Grid((40, 44, 48), (5.0, 5.0, 5.0))
    smooth = np.random.default_rng(2).normal(size=(10, 11, 12)).repeat(4, 0).repeat(4, 1).repeat(4, 2)
    membrane = smooth < 0
    classes = np.stack([~membrane, membrane]).astype(np.float32)
    labels = (Label("background"), Label("membrane"))
    example = Example(Volume(grid, smooth.astype(np.float32)), [Dense(Segmentation.of_probabilities(grid, classes, labels))])
    none = Augmentation(0, 0, 0, 0, 0, 0, 0, 0)
    crops = Crops([example], 16, 10.0, none)
    for step in range(15):
        density, (ice, membrane_there) = crops(np.random.default_rng((1, step)))
        assert density.shape == ice.shape == (16, 16, 16)
        assert density[membrane_there > 0.99].max() < density[ice > 0.99].min()
