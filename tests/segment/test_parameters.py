from __future__ import annotations

from volviz.segment.methods.unet import UNet
from volviz.segment.parameters import parameters


def test_settings_are_titled_in_words_that_are_not_abbreviated() -> None:
    titles = {parameter.name: parameter.title for parameter in parameters(UNet)}
    assert titles["f_maps"] == "Feature maps"
    assert titles["num_levels"] == "Number of levels"
    assert titles["learning_rate"] == "Learning rate"
