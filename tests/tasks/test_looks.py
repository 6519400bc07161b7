"""Looks with a name."""

import json
from dataclasses import replace

import pytest

from volviz.core.cuts import Clips
from volviz.core.errors import VolvizError
from volviz.core.scene import Light, Ramp, RawLook, Scene
from volviz.tasks.looks import delete_look, find_look, look_of, looks, ramp_from_text, ramp_to_text, save_look

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


@pytest.fixture
def own_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return tmp_path / "data" / "volviz" / "looks"


def test_a_look_of_one_s_own_brings_all_of_it_to_another_scene_and_stays_off_its_data(own_folder):
    ramp = Ramp(0.2, 0.7, (0.1, 0.2, 0.3), 1.25, visible=False, negative=(0.0, 0.5, 1.0))
    mine = Scene(
        ramps={**SCENE.ramps, "spikes": ramp}, together=Ramp(low=0.35), exposure=-1.5, mode="surface", raw=RawLook(low=-2, invert=False)
    )
    path = save_look(look_of(mine), "My spikes")
    assert path == own_folder / "My spikes.json"
    other = replace(SCENE, clips=Clips(x=(0.2, 0.6)), raw=RawLook(invert=True))
    found = find_look("My spikes").apply(other)
    assert found.clips == other.clips
    assert found.raw == RawLook(low=-2, invert=True)
    assert replace(found, clips=mine.clips, raw=mine.raw) == mine
    assert looks()["My spikes"].title == "My spikes"
    with pytest.raises(VolvizError, match="already"):
        save_look(look_of(SCENE), "My spikes")
    assert find_look("My spikes").apply(SCENE).exposure == -1.5
    delete_look("My spikes")
    assert "My spikes" not in looks()


@pytest.mark.parametrize("name", ["", "../outside", "a/b", "paper", ".hidden"])
def test_names_that_a_look_cannot_have(own_folder, name):
    with pytest.raises(VolvizError):
        save_look(look_of(SCENE), name)
    assert not own_folder.exists()


def test_the_look_of_a_class_goes_through_text():
    ramp = Ramp(0.2, 0.7, (0.1, 0.2, 0.3), 1.25, negative=(0.0, 0.5, 1.0))
    assert ramp_from_text(ramp_to_text(ramp), Ramp()) == ramp
    for text in ("", "hello", "[1]", '{"type": "Light"}', '{"rampLow": "x", "rampHigh": 1}'):
        with pytest.raises(VolvizError, match="holds no look of a class"):
            ramp_from_text(text, Ramp())


# As the files of nanovis/nano-oetzi-webgpu are (data/ts_16_256).
PRESET = {"rampLow": 0.1, "rampHigh": 0.15, "color": {"x": 207, "y": 31, "z": 97}, "comment": "spikes"}
SESSION = {
    "ambient_occlusion": True,
    "ao_radius": 1.0,
    "ao_strength": 0.8999999761581421,
    "bloom": False,
    "clear_color": {"x": 0, "y": 51, "z": 255},
    "clip_offset": 0.5,
    "clip_plane": 3,
    "clipping": True,
    "enable_volume_c": False,
    "shadow_strength": 0.5,
    "shadows": False,
}


def test_a_folder_of_nano_oetzi_is_a_look(tmp_path):
    for name, content in (
        ("tf-spike", PRESET),
        ("tf-memb", {**PRESET, "rampHigh": 0.05, "comment": "membrane"}),
        ("tf-in", {**PRESET, "rampLow": 0.7, "comment": "tf-2"}),
        ("tf-raw", PRESET),
        ("strange", {**PRESET, "comment": ""}),
        ("session", SESSION),
        ("config", {"files": []}),
    ):
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    look = find_look(str(tmp_path))
    scene = look.apply(replace(SCENE, light=Light(size=3.0)))
    assert (scene.ramps["spikes"].low, scene.ramps["spikes"].high) == (0.1, 0.15)
    assert scene.ramps["spikes"].color == pytest.approx((207 / 255, 31 / 255, 97 / 255), abs=1e-4)
    assert scene.ramps["membrane"].high > scene.ramps["membrane"].low == 0.1  # their upper end may lie below the lower one
    assert (scene.ramps["lumen"].low, scene.ramps["lumen"].visible) == (0.7, False)
    assert (scene.occlusion.on, scene.occlusion.strength) == (True, 0.9)
    assert (scene.shadow.on, scene.shadow.strength, scene.bloom.on) == (False, 0.5, False)
    assert scene.background == pytest.approx((0, 0.2, 1), abs=1e-4)
    assert scene.clips.z == (0.0, 0.75)
    assert scene.light.size == 3.0
    assert any("tf-raw" in note for note in look.notes)
    assert any("strange" in note for note in look.notes)


def test_a_preset_of_nano_oetzi_is_laid_over_the_class_that_is_asked_for(tmp_path):
    old = Ramp(opacity=2.0, visible=False)
    new = ramp_from_text(json.dumps(PRESET), old)
    assert (new.low, new.high, new.opacity, new.visible) == (0.1, 0.15, 2.0, False)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({**PRESET, "rampLow": None}))
    with pytest.raises(VolvizError, match="damaged"):
        find_look(str(path))
    (tmp_path / "empty").mkdir()
    with pytest.raises(VolvizError, match="no look of Nano-Oetzi"):
        find_look(str(tmp_path / "empty"))
