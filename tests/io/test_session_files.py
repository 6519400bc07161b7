"""Sessions, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from volviz import io
from volviz.core.animation import Keyframe
from volviz.core.annotations import Stroke, Tag
from volviz.core.camera import Camera
from volviz.core.errors import VolvizError
from volviz.core.project import Bookmark, Project, Source
from volviz.core.scene import Scene
from volviz.io.project import read_project
from volviz.io.sources import LostSources
from volviz.tasks.session import open_session


@pytest.fixture
def project(chiral, soft, tmp_path) -> Project:
    data = tmp_path / "data"
    data.mkdir()
    io.save(chiral, data / "f.mrc")
    io.save(soft, data / "out")
    annotations = (Stroke(((1.0, 2.0, 3.0), (4.0, 5.0, 6.0)), 20.0, "spikes"), Tag(frozenset({"lumen"})))
    return Project(Source(str(data / "f.mrc"), 12.5), Source(str(data / "out")), annotations=annotations)


def test_round_trip(project, tmp_path):
    io.save_project(project, tmp_path / "s.volviz")
    assert io.open_project(tmp_path / "s.volviz") == project
    stored = json.loads((tmp_path / "s.volviz").read_text())["project"]
    assert stored["volume"]["path"] == "data/f.mrc"
    assert stored["segmentation"]["path"] == "data/out"


def test_both_move_together_and_one_alone_does_not(project, tmp_path):
    sessions = tmp_path / "data" / "sessions"
    io.save_project(project, sessions / "s.volviz")
    moved = (tmp_path / "data").rename(tmp_path / "moved")
    found = io.open_project(moved / "sessions" / "s.volviz")
    assert found.volume is not None
    assert Path(found.volume.path) == moved / "f.mrc"
    assert replace(found, volume=project.volume, segmentation=project.segmentation) == project
    (moved / "f.mrc").unlink()
    with pytest.raises(VolvizError, match=r"f\.mrc is missing, which the session s\.volviz needs.*--find FOLDER"):
        io.open_project(moved / "sessions" / "s.volviz")


def test_sessions_without_sources(tmp_path):
    io.save_project(Project(), tmp_path / "s.volviz")
    assert io.open_project(tmp_path / "s.volviz") == Project()
    with pytest.raises(VolvizError, match="--overwrite"):
        io.save_project(Project(), tmp_path / "s.volviz")


def test_what_is_no_session(project, tmp_path):
    path = tmp_path / "s.volviz"
    io.save_project(project, path)
    with pytest.raises(VolvizError, match="is a session"):
        io.open(path)
    good = json.loads(path.read_text())
    newer = {**good, "project": {**good["project"], "version": 99}}
    nonsense = {**good, "project": {**good["project"], "camera": "far away"}}
    for content, words in (
        (json.dumps(newer), "newer volviz"),
        (json.dumps(nonsense), "damaged"),
        ("{}", "not a session"),
        ("[1]", "not a session"),
        ("hello", "not a session"),
        ("\x00\x01", "not a session"),
    ):
        path.write_text(content)
        with pytest.raises(VolvizError, match=words) as caught:
            io.open_project(path)
        assert "\n" not in str(caught.value)
    with pytest.raises(VolvizError, match="cannot be read"):
        io.open_project(tmp_path / "missing.volviz")


@pytest.mark.parametrize("holder", ["camera", "bookmarks", "animation"])
def test_a_session_whose_camera_sees_nothing_is_refused(holder, tmp_path):
    camera = Camera((1.0, 2.0, 3.0), 500.0)
    held = {"camera": camera, "bookmarks": (Bookmark("here", camera),), "animation": (Keyframe(0.0, camera, Scene()),)}
    io.save_project(Project(**{holder: held[holder]}), tmp_path / "s.volviz")
    text = (tmp_path / "s.volviz").read_text()
    assert '"distance": 500.0' in text
    (tmp_path / "s.volviz").write_text(text.replace('"distance": 500.0', '"distance": -5.0'))
    with pytest.raises(VolvizError, match="distance of a camera is a positive length"):
        io.open_project(tmp_path / "s.volviz")


def test_a_session_of_the_first_version_opens(chiral, tmp_path):
    io.save(chiral, tmp_path / "f.mrc")
    first = {
        "version": 1,
        "volume": {"type": "Source", "path": "f.mrc", "voxel_size": 12.5},
        "segmentation": None,
        "scene": {"exposure": 0.5},
        "camera": None,
    }
    (tmp_path / "s.volviz").write_text(json.dumps({"format": "volviz session", "project": first}))
    project = io.open_project(tmp_path / "s.volviz")
    assert project.volume == Source(str(tmp_path / "f.mrc"), 12.5)
    assert project.scene.exposure == 0.5
    assert open_session(tmp_path / "s.volviz").volume.grid.voxel_size == (12.5,) * 3


def test_what_is_not_known_is_left_out_and_said(project, tmp_path):
    path = tmp_path / "s.volviz"
    io.save_project(project, path)
    data = json.loads(path.read_text())
    data["project"]["sparkle"] = 3
    data["project"]["scene"]["fog"] = {"thick": True}
    data["project"]["annotations"].append({"type": "Sphere", "radius": 3.0})
    path.write_text(json.dumps(data))
    read, notes = read_project(path)
    assert read == io.open_project(path) == project
    assert len(notes) == 1
    assert all(word in notes[0] for word in ("s.volviz", "sparkle", "scene.fog", "annotations[2] (Sphere)"))


@pytest.fixture
def scattered(chiral, soft, tmp_path) -> Path:
    """A session whose two files have moved away, each in its own place below one folder."""
    (tmp_path / "old").mkdir()
    io.save(chiral, tmp_path / "old" / "f.mrc")
    io.save(soft, tmp_path / "old" / "out.zarr")
    sources = [Source.of(tmp_path / "old" / name, io.open(tmp_path / "old" / name)) for name in ("f.mrc", "out.zarr")]
    io.save_project(Project(*sources), tmp_path / "s.volviz")
    new = tmp_path / "new"
    (new / "a").mkdir(parents=True)
    (new / "b" / "c").mkdir(parents=True)
    (tmp_path / "old" / "f.mrc").rename(new / "a" / "f.mrc")
    (tmp_path / "old" / "out.zarr").rename(new / "b" / "c" / "out.zarr")
    return tmp_path


def test_what_has_moved_is_found_below_a_folder(scattered):
    with pytest.raises(LostSources) as caught:
        io.open_project(scattered / "s.volviz")
    assert [lost.name for lost in caught.value.lost] == ["f.mrc", "out.zarr"]
    session = open_session(scattered / "s.volviz", find=[scattered / "new"])
    assert session.volume.source == scattered / "new" / "a" / "f.mrc"
    assert session.segmentation is not None
    with pytest.raises(VolvizError, match="no folder"):
        open_session(scattered / "s.volviz", find=[scattered / "nowhere"])


def test_what_lies_beside_a_file_that_was_pointed_to_is_found(scattered):
    (scattered / "new" / "b" / "c" / "out.zarr").rename(scattered / "new" / "a" / "out.zarr")
    session = open_session(scattered / "s.volviz", chosen={"volume": scattered / "new" / "a" / "f.mrc"})
    assert session.project.segmentation.path == str(scattered / "new" / "a" / "out.zarr")


def test_another_file_of_the_same_name_is_not_taken_for_it(scattered, chiral):
    other = replace(chiral, grid=replace(chiral.grid, shape=(6, 20, 16)), data=chiral.data[:6])
    io.save(other, scattered / "new" / "f.mrc")
    assert open_session(scattered / "s.volviz", find=[scattered / "new"]).volume.source == scattered / "new" / "a" / "f.mrc"
    (scattered / "new" / "a" / "f.mrc").unlink()
    with pytest.raises(VolvizError, match=r"16x20x6 voxels \(x, y, z\) instead of 16x20x12"):
        open_session(scattered / "s.volviz", find=[scattered / "new"])
    (scattered / "new" / "f.mrc").rename(scattered / "old" / "f.mrc")
    with pytest.raises(LostSources, match="is another file by now"):
        open_session(scattered / "s.volviz", find=[scattered / "new"])


def test_a_voxel_size_is_kept_only_if_a_person_gave_it(chiral, tmp_path):
    io.save(chiral, tmp_path / "f.mrc")
    opened = io.open(tmp_path / "f.mrc")
    source = Source.of(tmp_path / "f.mrc", opened)
    assert source.seen_as(opened.grid).voxel_size is None
    given = source.seen_as(opened.grid.with_voxel_size(7.5))
    assert given.voxel_size == 7.5
    unknown = replace(opened, grid=replace(opened.grid, voxel_size_known=False))
    assert Source.of("f.mrc", unknown).seen_as(unknown.grid).voxel_size is None
    assert Source.of("f.mrc", unknown).seen_as(unknown.grid.with_voxel_size(10.0)).voxel_size == 10.0
    io.save_project(Project(given), tmp_path / "s.volviz")
    session = open_session(tmp_path / "s.volviz")
    assert session.volume.grid.voxel_size == (7.5,) * 3
    assert session.project.volume.seen_as(opened.grid).voxel_size is None
