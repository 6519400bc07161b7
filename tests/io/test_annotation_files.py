"""Annotations as JSON of their own."""

import json

import pytest

from volviz.core.annotations import ERASED, Box, Lasso, Mask, Section, Stroke, SurfacePoints, Tag
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.segmentation import Label
from volviz.io.annotations import open_annotations, save_annotations

MASK = Mask(Grid((2, 2, 3), (17.0, 9.0, 12.0), (-300.0, 5.0, 7.0)), (3, 4, 5))
MARKS = (
    Stroke(((1.5, 2.0, -3.25), (4.0, 5.0, 6.0)), 30.0, "spikes"),
    Stroke(((1.5, 2.0, -3.25),), 12.5, ERASED),
    Lasso(((0.0, 0.0, 5.0), (9.0, 0.0, 5.0), (0.0, 9.0, 5.0)), "z", 14.0, "lumen", 3),
    Tag(frozenset({"spikes", "lumen"}), ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))),
    Box(((0.0, 0.0, 0.0), (50.0, 60.0, 70.0)), "membrane", 3, (Section(20.0, (1.0, 2.0), (30.0, 40.0)),), MASK),
    SurfacePoints(((9.0, 8.0, 7.0),), 2, "membrane"),
)


def test_they_come_back_as_they_were(tmp_path):
    labels = (Label("background"), Label("spikes", (0.1, 0.2, 0.3)))
    save_annotations(MARKS, tmp_path / "a.annotations.json", labels=labels, tomogram="ts_16")
    back = open_annotations(tmp_path / "a.annotations.json")
    assert (back.annotations, back.labels, back.tomogram) == (MARKS, labels, "ts_16")
    data = json.loads((tmp_path / "a.annotations.json").read_text())
    assert (data["format"], data["version"], data["unit"]) == ("volviz annotations", 2, "angstrom")
    assert data["annotations"][0] == {"type": "Stroke", "path_xyz": [[1.5, 2.0, -3.25], [4.0, 5.0, 6.0]], "radius": 30.0, "label": "spikes"}
    with pytest.raises(VolvizError, match="is there already"):
        save_annotations(MARKS, tmp_path / "a.annotations.json")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "other"}, "no annotations"),
        ({"version": 99}, "newer volviz"),
        ({"unit": "nm"}, "newer volviz"),
        ({"annotations": [{"type": "Stroke", "radius": 1.0, "label": "x"}]}, "lacks its 'path_xyz'"),
        ({"annotations": [{"type": "Blob"}]}, "damaged"),
    ],
)
def test_what_is_no_such_file_is_said(tmp_path, change, words):
    path = tmp_path / "a.annotations.json"
    save_annotations(MARKS, path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(VolvizError, match=words):
        open_annotations(path)
    path.write_text("{")
    with pytest.raises(VolvizError, match="no annotations"):
        open_annotations(path)
