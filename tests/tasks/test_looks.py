"""Looks with a name."""

import json

import pytest

from volviz.core.errors import VolvizError
from volviz.core.scene import Ramp, Scene
from volviz.tasks.looks import find_look, looks

SCENE = Scene(ramps={"membrane": Ramp(), "spikes": Ramp(), "lumen": Ramp()})


@pytest.mark.parametrize("name", looks())
def test_every_bundled_look_applies_and_changes_something(name):
    look = looks()[name]
    assert look.title
    assert look.about
    applied = look.apply(Scene(ramps=SCENE.ramps, exposure=1.5))
    assert applied.exposure == 1.5  # what a look does not mention stays
    for path, value in look.settings.items():
        head, _, field = path.partition(".")
        part = applied.ramps.get(head) or getattr(applied, head)
        found = getattr(part, field) if field else part
        assert (list(found) if isinstance(found, tuple) else found) == value


def test_a_look_leaves_out_classes_that_are_not_there():
    scene = Scene(ramps={"ribosome": Ramp()})
    assert find_look("print").apply(scene).background == (1.0, 1.0, 1.0)
    assert list(find_look("membrane").apply(scene).ramps) == ["ribosome"]


def test_a_look_from_a_file(tmp_path):
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"settings": {"spikes.low": 0.125}}))
    assert find_look(str(path)).apply(SCENE).ramps["spikes"].low == 0.125


@pytest.mark.parametrize("text", ["", "[]", '{"settings": 3}', '{"title": "x"}', "\x00"])
def test_a_file_that_is_no_look(tmp_path, text):
    path = tmp_path / "odd.json"
    path.write_text(text)
    with pytest.raises(VolvizError, match="is not a look"):
        find_look(str(path))


def test_an_unknown_look_names_those_there_are():
    with pytest.raises(VolvizError, match="choose one of membrane, paper, print, virion"):
        find_look("sparkling")
