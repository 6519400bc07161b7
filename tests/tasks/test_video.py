"""Videos of motions and keyframes, without a window; what is written is decoded again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

import volviz
from tests.render.conftest import bare_scene, virion
from volviz.cli import main
from volviz.core.animation import Keyframe
from volviz.core.camera import Camera
from volviz.core.cleaning import Cleaning
from volviz.core.errors import Cancelled, VolvizError
from volviz.core.motions import Peel, Rocking, Turntable
from volviz.core.project import Project, Source
from volviz.tasks.keyframes import read_animation
from volviz.tasks.render import View

SIZE = (64, 48)


@pytest.fixture(scope="module")
def view() -> View:
    volume, classes = virion(24)
    return View(volume, classes, bare_scene(volume, classes), Camera.framing(volume.grid, aspect=4 / 3))


@pytest.fixture
def session(view: View, tmp_path: Path) -> Path:
    """A session with an animation of the camera, the light and a ramp."""
    folder = tmp_path / "data"
    folder.mkdir()
    volviz.save(view.volume, folder / "f.mrc")
    volviz.save(view.segmentation, folder / "classes")
    later = replace(view.scene.with_ramp("membrane", low=0.8), exposure=1.0)
    animation = (Keyframe(0.0, view.camera, view.scene, "linear"), Keyframe(1.0, view.camera.orbited(80.0, 20.0), later))
    project = Project(Source(str(folder / "f.mrc")), Source(str(folder / "classes")), view.scene, view.camera, animation=animation)
    from volviz.io import save_project

    save_project(project, tmp_path / "s.volviz")
    return tmp_path / "s.volviz"


def pictures(folder: Path) -> np.ndarray:
    """Return the pictures of a folder, by name: (number, height, width, 3)."""
    return np.stack([np.asarray(Image.open(path).convert("RGB")) for path in sorted(folder.glob("*.png"))])


@pytest.mark.parametrize("name", ["x.mp4", "x.webm"])
@pytest.mark.parametrize("motion", [Turntable(seconds=0.8), Rocking(40.0, 0.8, 0.8), Peel("z", 0.8, thickness=0.2)])
def test_every_motion_in_every_format_has_its_size_length_and_pictures(view: View, tmp_path: Path, name: str, motion: object) -> None:
    path = volviz.animate(view.scene, view.volume, view.segmentation, motion, tmp_path / name, size=SIZE, fps=10, camera=view.camera)
    assert path == tmp_path / name
    with av.open(str(path)) as video:
        stream = video.streams.video[0]
        shown = [frame.to_ndarray(format="rgb24").astype(int) for frame in video.decode(stream)]
        assert (stream.width, stream.height) == SIZE
        assert float(stream.average_rate) == 10
        assert video.duration / av.time_base == pytest.approx(0.8, abs=0.02)
    assert len(shown) == 8
    assert np.abs(shown[1] - shown[0]).mean() > 0.2


def test_python_and_the_command_line_draw_the_same_pixels(view: View, session: Path, tmp_path: Path) -> None:
    from volviz.io import open_project

    keyframes = open_project(session).animation
    volume, classes = volviz.open(tmp_path / "data" / "f.mrc"), volviz.open(tmp_path / "data" / "classes")
    volviz.animate(view.scene, volume, classes, keyframes, tmp_path / "python", size=SIZE, fps=6)
    for out, more in (("typed", []), ("named_%03d.png", ["--animation", str(session)])):
        assert main(["render", str(session), "--out", str(tmp_path / out), "--size", "64x48", "--fps", "6", *more]) == 0
    mine = pictures(tmp_path / "python")
    assert len(mine) == 6
    np.testing.assert_array_equal(pictures(tmp_path / "typed"), mine)
    np.testing.assert_array_equal(pictures(tmp_path), mine)
    still = volviz.still(keyframes[-1].scene, volume, classes, size=SIZE, camera=keyframes[-1].camera)[..., :3]
    assert np.abs(mine[-1].astype(int) - still).mean() < 2


def test_a_look_on_the_command_line_is_laid_over_every_keyframe(session: Path, tmp_path: Path) -> None:
    line = ["render", str(session), "--out", str(tmp_path / "out"), "--size", "16x16", "--fps", "4", "--set", "background=1,0,0"]
    assert main(line) == 0
    assert (pictures(tmp_path / "out")[:, 0, 0] == (255, 0, 0)).all()


def test_what_does_not_go_together_is_one_sentence_before_any_work(session: Path, tmp_path: Path, capsys) -> None:
    out = str(tmp_path / "x.mp4")
    for more, words in (
        (["--axis", "x"], "--axis says how --spin or --rock"),
        (["--spin", "90", "--slab", "0.1"], "--slab says how --peel"),
        (["--rock", "120"], "89 degrees"),
        (["--seconds", "-1", "--spin", "90"], "positive number of seconds"),
        (["--camera", "front"], "leave out --camera"),
        (["--animation", str(tmp_path / "no.json")], "is no animation"),
        (["--rock", "10", "--out", str(tmp_path / "x.png")], "is a still"),
    ):
        assert main(["render", str(session), "--out", out, *more]) == 2
        assert words in capsys.readouterr().err
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "s.volviz"]


def test_a_turntable_without_a_camera_keeps_everything_in_the_picture(view: View, tmp_path: Path) -> None:
    look = replace(view.scene, bloom=replace(view.scene.bloom, on=False))
    turn = Turntable(360.0, 1.0, "horizontal")
    volviz.animate(look, view.volume, view.segmentation, turn, tmp_path / "out", size=(80, 60), fps=12)
    shown = pictures(tmp_path / "out").astype(int)
    lit = np.abs(shown - shown[:, :1, :1]).max(axis=3) > 12
    assert lit.any(axis=(1, 2)).all()
    assert not lit[:, [0, -1]].any()
    assert not lit[:, :, [0, -1]].any()
    # A camera far away would keep it in, too.
    rows = np.flatnonzero(lit.any(axis=(0, 2)))
    assert np.ptp(rows) > 30


def test_classes_are_cleaned_as_each_keyframe_says(view: View, tmp_path: Path) -> None:
    scene = replace(view.scene, cleaning={})
    empty = replace(scene, cleaning={name: Cleaning(dust=500.0) for name in scene.ramps})
    keyframes = [Keyframe(0.0, view.camera, scene, "hold"), Keyframe(1.0, view.camera, empty, "hold"), Keyframe(2.0, view.camera, scene)]
    volviz.animate(scene, view.volume, view.segmentation, keyframes[:2], tmp_path / "out", size=SIZE, fps=2)
    before, after = pictures(tmp_path / "out").astype(int)
    assert np.abs(before - before[0, 0]).max() > 60
    assert np.abs(after - after[0, 0]).max() <= 2  # the ground, and its dither


def test_a_cancelled_video_leaves_nothing(view: View, tmp_path: Path) -> None:
    heard: list[str] = []

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        heard.append(text)
        if fraction > 0.5:
            raise Cancelled

    for name in ("x.mp4", "x.webm", "frames", "x_%04d.png"):
        with pytest.raises(Cancelled):
            volviz.spin(view.scene, view.volume, view.segmentation, tmp_path / name, SIZE, 1.0, 6, view.camera, report=report)
    assert list(tmp_path.iterdir()) == []
    assert "picture 3 of 6" in heard


def test_keyframes_that_a_person_writes(view: View, session: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.json"

    def read(*items: object) -> tuple[Keyframe, ...]:
        path.write_text(json.dumps({"keyframes": items}))
        return read_animation(path, view)

    a, b, c = read(
        {"easing": "linear"},
        {"seconds": 4, "camera": "top", "zoom": 2, "set": {"membrane.low": 0.3, "shadow.on": False, "clips.z": [0.1, 0.5]}},
        {"seconds": 2.5, "turn": 30, "camera": {"distance": 900}},
    )
    assert (a.seconds, b.seconds, c.seconds) == (0.0, 2.5, 4.0)
    assert (a.camera, a.scene, a.easing) == (view.camera, view.scene, "linear")
    assert c.camera == view.camera.seen_from("top").zoomed(2)
    assert c.scene.ramps["membrane"].low == 0.3
    assert c.scene.clips.z == (0.1, 0.5)
    assert not c.scene.shadow.on
    up = tuple(float(v) for v in c.camera.axes_xyz[1])
    assert b.camera.orientation == pytest.approx(c.camera.turned(up, 30).orientation)
    assert b.camera.distance == 900
    assert b.scene == c.scene
    for item, words in (
        ({"second": 1}, "'second', which means nothing"),
        ({"seconds": "soon"}, "'seconds'"),
        ({"easing": "bounce"}, "'bounce'"),
        ({"camera": "inside"}, "'inside'"),
        ({"set": {"membrane.lwo": 1}}, "membrane.lwo"),
        ({"zoom": 0}, "'zoom'"),
        (3, "lists no keyframes"),
    ):
        with pytest.raises(VolvizError, match=words):
            read(item)
    path.write_text("[]")
    with pytest.raises(VolvizError, match="is no animation"):
        read_animation(path, view)
    assert read_animation(session, view)[1].scene.exposure == 1.0
