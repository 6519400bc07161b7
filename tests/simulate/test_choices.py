"""Fields from text and JSON, and what they refuse."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from volviz.core.errors import VolvizError
from volviz.simulate import Spec, checked, parse, random_spec


def test_settings_are_read_as_their_field_takes_them():
    settings = [
        "spikes=20,40",
        "radius=400, 480.5",
        "snr=0.1",
        "scheme=bidirectional",
        "dark=off",
        "shape=20,30,40",
        "debris_densities=a.mrc,b.map",
        "gold=3",
    ]
    values = dict(parse(setting) for setting in settings)
    assert values == {
        "spikes": (20, 40),
        "radius": (400.0, 480.5),
        "snr": 0.1,
        "scheme": "bidirectional",
        "dark": False,
        "shape": (20, 30, 40),
        "debris_densities": ("a.mrc", "b.map"),
        "gold": 3,
    }
    assert Spec(**values).spikes == (20, 40)


def test_every_field_survives_json():
    spec = random_spec(5)
    for name, value in json.loads(json.dumps(spec.to_json())).items():
        assert checked(name, value) == getattr(spec, name)
    assert len(fields(Spec)) == len(spec.to_json())


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("spikes", "NAME=VALUE"),
        ("capsids=3", "has no 'capsids'"),
        ("spikes=20", "two whole numbers"),
        ("spikes=1.5,3", "two whole numbers"),
        ("snr=loud", "takes a number"),
        ("snr=nan", "takes a number"),
        ("gold=1.5", "a whole number"),
        ("dark=maybe", "on or off"),
        ("scheme=sideways", "bidirectional"),
    ],
)
def test_settings_that_make_no_sense_are_refused_in_a_sentence(setting, words):
    with pytest.raises(VolvizError, match=words):
        parse(setting)


@pytest.mark.parametrize("value", [True, "5", [400], [400, "x"], None])
def test_values_of_json_are_checked(value):
    with pytest.raises(VolvizError, match="radius of a simulation takes two numbers"):
        checked("radius", value)
