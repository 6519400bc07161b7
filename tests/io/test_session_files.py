"""Sessions, written and read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from volviz import io
from volviz.core.annotations import Stroke, Tag
from volviz.core.errors import VolvizError
from volviz.core.project import Project, Source


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
    with pytest.raises(VolvizError, match=r"f\.mrc is missing, which the session s\.volviz needs"):
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
    strange = {**good, "project": {**good["project"], "camera": "far away"}}
    for content, words in (
        (json.dumps(newer), "newer volviz"),
        (json.dumps(strange), "damaged"),
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
