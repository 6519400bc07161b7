"""How things look, and that a session survives being written down."""

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.annotations import Stroke, SurfacePoints, Tag
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.json import from_json, to_json
from volviz.core.project import Bookmark, Keyframe, Project, Source
from volviz.core.scene import Light, Ramp, RawLook, Scene

number = st.floats(allow_nan=False, allow_infinity=False)
triple = st.tuples(number, number, number)
ramps = st.builds(Ramp, number, number, triple, number, st.booleans())
scenes = st.builds(
    Scene,
    ramps=st.dictionaries(st.text(max_size=8), ramps, max_size=4),
    raw=st.builds(RawLook, number, number, st.booleans(), number, st.booleans()),
    light=st.builds(Light, triple, st.sampled_from(["camera", "world"])),
    exposure=number,
    background=triple,
)
cameras = st.builds(Camera, triple, number, orthographic_height=st.none() | number)
annotations = st.one_of(
    st.builds(Stroke, st.lists(triple, max_size=3).map(tuple), number, st.text(max_size=5)),
    st.builds(Tag, st.frozensets(st.text(max_size=5), max_size=3), st.none() | st.tuples(triple, triple)),
    st.builds(SurfacePoints, st.lists(triple, max_size=3).map(tuple), st.integers(), st.text(max_size=5)),
)
projects = st.builds(
    Project,
    st.none() | st.builds(Source, st.text(max_size=9), st.none() | number),
    scene=scenes,
    camera=st.none() | cameras,
    annotations=st.lists(annotations, max_size=3).map(tuple),
    bookmarks=st.lists(st.builds(Bookmark, st.text(max_size=5), cameras), max_size=2).map(tuple),
    animation=st.lists(st.builds(Keyframe, number, cameras, scenes), max_size=2).map(tuple),
)
SCENE = Scene(ramps={"membrane": Ramp(), "spikes": Ramp(low=0.3)})


@given(projects)
def test_a_project_survives_json(project):
    assert from_json(Project, json.loads(json.dumps(to_json(project)))) == project


def test_a_whole_number_is_good_enough_where_a_length_is_meant():
    assert from_json(Ramp, {"low": 0, "high": 1}).high == 1.0


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"low": "dark"}, "Ramp.low cannot be 'dark'"),
        ({"color": [1, 2]}, r"Ramp.color cannot be \[1, 2\]"),
        ({"sparkle": 1}, "does not know"),
        ([], r"Ramp cannot be \[\]"),
        ({"visible": 1}, "Ramp.visible cannot be 1"),
    ],
)
def test_nonsense_is_refused_with_its_place(data, says):
    with pytest.raises(VolvizError, match=says):
        from_json(Ramp, data)


def test_a_scene_does_not_change_under_its_reader():
    mine = {"membrane": Ramp()}
    scene = Scene(ramps=mine)
    mine["spikes"] = Ramp()
    assert list(scene.ramps) == ["membrane"]
    with pytest.raises(TypeError):
        scene.ramps["lumen"] = Ramp()
    with pytest.raises(FrozenInstanceError):
        scene.exposure = 1.0


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        ("membrane.low", "0.25", lambda s: s.ramps["membrane"].low == 0.25),
        ("spikes.visible", "off", lambda s: s.ramps["spikes"].visible is False),
        ("membrane.color", "1, 0.5, 0", lambda s: s.ramps["membrane"].color == (1, 0.5, 0)),
        ("bloom.on", "no", lambda s: s.bloom.on is False),
        ("light.fixed_to", "world", lambda s: s.light.fixed_to == "world"),
        ("exposure", "-1", lambda s: s.exposure == -1),
    ],
)
def test_one_field_is_set_as_a_person_writes_it(path, text, value):
    assert value(SCENE.set(path, text))


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("capsid.low", "0.2", "choose one of: membrane, spikes"),
        ("membrane.hue", "0.2", "there are: low, high"),
        ("membrane.low", "dark", "is no value for membrane.low"),
        ("bloom.on", "7", "takes on or off"),
        ("light.direction_xyz", "1 2", "takes 3 numbers"),
        ("light.fixed_to", "moon", "no value"),
        ("light", "1", "names no setting"),
    ],
)
def test_what_cannot_be_set_says_why(path, text, says):
    with pytest.raises(VolvizError, match=says):
        SCENE.set(path, text)
