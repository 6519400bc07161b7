"""How things look, and that a session survives being written down."""

import json
from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.annotations import Box, Lasso, Mask, Section, Stroke, SurfacePoints, Tag
from volviz.core.camera import Camera
from volviz.core.cleaning import Cleaning
from volviz.core.cuts import Clips, Plane
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.guides import Guides, Slices
from volviz.core.json import from_json, to_json
from volviz.core.project import Bookmark, Keyframe, Project, Source
from volviz.core.scene import Light, Ramp, RawLook, Scene, Uncertainty
from volviz.core.segmentation import Label

number = st.floats(allow_nan=False, allow_infinity=False)
triple = st.tuples(number, number, number)
parts = st.tuples(st.floats(0, 0.5), st.floats(0.5, 1, exclude_min=True))
directions = st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(0.1, 9))
ramps = st.builds(Ramp, number, number, triple, number, st.booleans(), st.none() | triple)
lengths = st.floats(0, 1e3)
cleanings = st.builds(
    Cleaning, lengths, lengths, st.floats(0, 100), st.floats(0, 1), st.tuples(lengths, lengths), st.none() | st.floats(0, 1)
)
scenes = st.builds(
    Scene,
    ramps=st.dictionaries(st.text(max_size=8), ramps, max_size=4),
    cleaning=st.dictionaries(st.text(max_size=8), cleanings, max_size=4),
    raw=st.builds(RawLook, number, number, st.booleans(), number, st.booleans()),
    light=st.builds(Light, triple, st.sampled_from(["camera", "world"])),
    exposure=number,
    background=triple,
    mode=st.sampled_from(["classes", "raw", "maximum", "average", "surface"]),
    blending=st.sampled_from(["mixed", "paper"]),
    together=st.none() | ramps,
    uncertainty=st.builds(Uncertainty, number, st.sampled_from(["entropy", "margin"])),
    density=ramps,
    contrast=st.none() | st.tuples(number, number),
    clips=st.builds(Clips, st.booleans(), parts, parts, parts, st.lists(st.builds(Plane, triple, directions), max_size=6).map(tuple)),
    guides=st.builds(Guides, *[st.booleans()] * 3, st.floats(0.2, 5)),
    slices=st.builds(Slices, *[st.none() | st.floats(0, 1)] * 3, number, parts),
)
cameras = st.builds(Camera, triple, number, orthographic_height=st.none() | number)
pair = st.tuples(number, number)
masks = st.builds(Mask.of, st.just(Grid((2, 1, 3), (9.0, 8.0, 7.5))), st.lists(st.booleans(), min_size=6, max_size=6))
sections = st.lists(st.builds(Section, number, pair, pair), max_size=3).map(tuple)
annotations = st.one_of(
    st.builds(Box, st.tuples(triple, triple), st.text(max_size=5), st.integers(), sections, st.none() | masks),
    st.builds(
        Lasso,
        st.lists(triple, max_size=3).map(tuple),
        st.sampled_from("xyz"),
        number,
        st.text(max_size=5),
        st.none() | st.integers(),
    ),
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
    annotation_labels=st.lists(st.builds(Label, st.text(max_size=5), triple), max_size=2).map(tuple),
    bookmarks=st.lists(st.builds(Bookmark, st.text(max_size=5), cameras), max_size=2).map(tuple),
    animation=st.lists(st.builds(Keyframe, number, cameras, scenes), max_size=2).map(tuple),
)
SCENE = Scene(ramps={"membrane": Ramp(), "spikes": Ramp(low=0.3)})


@given(projects)
def test_a_project_survives_json(project):
    assert from_json(Project, json.loads(json.dumps(to_json(project)))) == project


def test_a_look_from_before_cuts_and_guides_opens_without_them():
    old = {name: value for name, value in to_json(SCENE).items() if name not in {"clips", "slices", "guides"}}
    scene = from_json(Scene, old)
    assert scene == SCENE
    assert not any((scene.clips.cuts, scene.slices.shown, scene.guides.shown))


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
        ("mode", "Maximum", lambda s: s.mode == "maximum"),
        ("together", "on", lambda s: s.together == Ramp()),
        ("together.low", "0.25", lambda s: s.together == Ramp(low=0.25)),
        ("contrast", "-1 3.5", lambda s: s.contrast == (-1, 3.5)),
        ("membrane.negative", "0 0 1", lambda s: s.ramps["membrane"].negative == (0, 0, 1)),
        ("uncertainty.measure", "margin", lambda s: s.uncertainty.measure == "margin"),
        ("clips.x", "0.2,0.8", lambda s: s.clips.x == (0.2, 0.8)),
        ("clips.on", "off", lambda s: s.clips.on is False),
        (
            "clips.planes",
            "1 2 3 0 0 1; 4,5,6 1,0,0",
            lambda s: s.clips.planes == (Plane((1, 2, 3), (0, 0, 1)), Plane((4, 5, 6), (1, 0, 0))),
        ),
        ("guides.scale_bar", "on", lambda s: s.guides.scale_bar is True),
        ("slices.x", "0.25", lambda s: s.slices.x == 0.25),
        ("slices.y", "none", lambda s: s.slices.y is None),
        ("slices.contrast", "-2 4", lambda s: s.slices.contrast == (-2, 4)),
        ("clips.planes", "none", lambda s: s.clips.planes == ()),
        ("membrane.dust", "20", lambda s: s.cleaning == {"membrane": Cleaning(dust=20.0)}),
        ("spikes.trim", "5, 10", lambda s: s.cleaning["spikes"].trim == (5, 10)),
        ("spikes.level", "0.4", lambda s: s.cleaning["spikes"].level == 0.4),
        ("cleaning.smooth", "1.5", lambda s: s.cleaning == dict.fromkeys(("membrane", "spikes"), Cleaning(smooth=1.5))),
    ],
)
def test_one_field_is_set_as_a_person_writes_it(path, text, value):
    assert value(SCENE.set(path, text))


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("capsid.low", "0.2", "choose one of: membrane, spikes"),
        ("membrane.hue", "0.2", "there are: low, high.*dust, holes"),
        ("membrane.dust", "-1", "nanometres from 0"),
        ("membrane.dust", "small", "no value for membrane.dust; it takes a number"),
        ("membrane.trim", "5", "takes 2 numbers"),
        ("membrane.level", "high", "takes a number or none"),
        ("cleaning.soap", "5", "there are: dust, holes"),
        ("cleaning", "on", "names no setting"),
        ("membrane.low", "dark", "is no value for membrane.low"),
        ("bloom.on", "7", "takes on or off"),
        ("light.direction_xyz", "1 2", "takes 3 numbers"),
        ("light.fixed_to", "moon", "no value"),
        ("light", "1", "names no setting"),
        ("mode", "mip", "takes classes, raw, maximum, average or surface"),
        ("blending", "7", "takes mixed or paper"),
        ("together", "7", "takes on or none"),
        ("together.hue", "7", "there are: low, high"),
        ("contrast", "1", "takes 2 numbers or none"),
        ("exposure", "nan", "takes a number"),
        ("exposure.x", "1", "write exposure=VALUE"),
        ("clips.x", "0.8,0.2", "the smaller first"),
        ("clips.x", "0.8", "takes 2 numbers"),
        ("clips.z", "0,1.5", "fractions of the volume from 0 to 1"),
        ("guides.size", "99", "from 0.2 to 5"),
        ("guides.box", "big", "takes on or off"),
        ("slices.x", "1.5", "a fraction of the volume from 0 to 1"),
        ("slices.z", "middle", "takes a fraction of the volume from 0 to 1, or none"),
        ("slices.contrast", "3 -3", "the one shown black first"),
        ("clips.planes", "1 2 3", "takes six numbers for every plane"),
        ("clips.planes", "1 2 3 0 0 0", "a direction other than 0 0 0"),
        ("clips.planes", ";".join(["1 2 3 0 0 1"] * 7), "6 cutting planes at most"),
    ],
)
def test_what_cannot_be_set_says_why(path, text, says):
    with pytest.raises(VolvizError, match=says):
        SCENE.set(path, text)


@pytest.mark.parametrize(("path", "first"), [("together", "on"), ("contrast", "1 2"), ("membrane.negative", "1 0 0")])
def test_what_may_be_absent_can_be_taken_away(path, first):
    assert SCENE.set(path, first) != SCENE
    assert SCENE.set(path, first).set(path, "none") == SCENE


def test_a_session_from_before_a_field_existed_opens_with_its_default():
    old = to_json(SCENE)
    for name in ("cleaning", "mode", "blending", "together", "uncertainty", "density", "contrast"):
        del old[name]
    for ramp in old["ramps"].values():
        del ramp["negative"]
    assert from_json(Scene, old) == SCENE


def test_a_cleaning_that_was_reset_leaves_no_trace():
    scene = SCENE.set("membrane.dust", "20").set("spikes.trim", "1 2")
    assert scene.with_cleaning("membrane", dust=0.0).set("spikes.trim", "0 0") == SCENE


def test_what_is_cleaned_depends_on_a_ramp_only_where_objects_end_at_it():
    scene = SCENE.with_cleaning("membrane", smooth=1.0).with_cleaning("spikes", dust=5.0)
    assert scene.cleans == {"membrane": Cleaning(smooth=1.0), "spikes": Cleaning(dust=5.0, level=0.3)}
    moved = scene.set("membrane.low", "0.1").set("membrane.level", "0.2").set("spikes.high", "0.7")
    assert moved.cleans == scene.cleans
    assert scene.set("spikes.low", "0.4").cleans["spikes"].level == 0.4
    assert scene.set("spikes.level", "0.2").set("spikes.low", "0.4").cleans["spikes"].level == 0.2
    assert scene.set("spikes.low", "-0.5").cleans["spikes"].level == 0.0


@pytest.mark.parametrize(
    ("path", "text", "says"),
    [
        ("membrane.opacity", "-1", "membrane.opacity takes a number from 0 on, not -1"),
        ("membrane.color", "255 0 0", "membrane.color takes 3 numbers from 0 to 1, not 255 0 0"),
        ("background", "2 2 2", "from 0 to 1"),
        ("light.size", "100", "light.size takes a number from 0 to 90"),
        ("raw.lowpass", "1e9", "from 0 to 1000"),
        ("shadow.strength", "-0.1", "from 0 on"),
        ("uncertainty.amount", "2", "from 0 to 1"),
    ],
)
def test_numbers_beyond_what_can_be_drawn_are_refused(path, text, says):
    with pytest.raises(VolvizError, match=says):
        SCENE.set(path, text)
    assert SCENE.set("background", "1 1 1").set("light.size", "90").light.size == 90
