"""What marks say: where they are, what they are called, and boxes that follow an object through its sections."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volviz.core.annotations import ERASED, Box, Lasso, Mask, Section, Stroke, SurfacePoints, Tag, extent_of, labels_of, relabelled
from volviz.core.grid import Grid
from volviz.core.inks import annotation_labels
from volviz.core.json import from_json, to_json
from volviz.core.scene import Scene
from volviz.core.segmentation import Label, Segmentation

BOX = Box(((40.0, 60.0, 100.0), (0.0, 20.0, 0.0)), "virion", 3)


def test_corners_come_in_any_order() -> None:
    assert BOX.corners_xyz == ((0.0, 20.0, 0.0), (40.0, 60.0, 100.0))
    assert BOX.section_at(30.0) == Section(30.0, (0.0, 20.0), (40.0, 60.0))
    assert BOX.section_at(-1.0) is None
    assert BOX.section_at(101.0) is None


def test_an_adjusted_section_leaves_the_middle_as_it_was_and_goes_over_into_it() -> None:
    tapered = BOX.with_section(Section(90.0, (10.0, 30.0), (30.0, 50.0)))
    assert tapered.section_at(50.0) == Section(50.0, (0.0, 20.0), (40.0, 60.0))
    assert tapered.section_at(70.0) == Section(70.0, (5.0, 25.0), (35.0, 55.0))
    assert tapered.section_at(100.0) == Section(100.0, (10.0, 30.0), (30.0, 50.0))
    assert tapered.corners_xyz == BOX.corners_xyz
    again = tapered.with_section(Section(90.0, (12.0, 30.0), (30.0, 50.0)))
    assert len(again.sections) == 2
    assert again.section_at(95.0).low == (12.0, 30.0)


def test_the_middle_section_adjusted_leaves_the_ends() -> None:
    bulged = BOX.with_section(Section(50.0, (-10.0, 20.0), (40.0, 60.0)))
    assert [s.at for s in bulged.sections] == [0.0, 50.0, 100.0]
    assert bulged.corners_xyz[0] == (-10.0, 20.0, 0.0)
    assert bulged.section_at(0.0).low == (0.0, 20.0)


def test_a_face_takes_its_sections_along() -> None:
    tapered = BOX.with_section(Section(90.0, (10.0, 30.0), (30.0, 50.0)))
    wider = tapered.with_face(0, True, 44.0)
    assert wider.section_at(50.0).high == (44.0, 60.0)
    assert wider.section_at(90.0).high == (34.0, 50.0)
    longer = tapered.with_face(2, True, 200.0)
    assert [s.at for s in longer.sections] == [100.0, 180.0]
    assert longer.section_at(180.0).low == (10.0, 30.0)
    assert BOX.with_face(1, False, 1000.0).corners_xyz[0][1] == 60.0


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_sections_lie_across_any_axis(axis: str) -> None:
    k = "xyz".index(axis)
    others = [i for i in range(3) if i != k]
    low, high = (np.array(corner) for corner in BOX.corners_xyz)
    end = float(high[k])
    narrow = (low + high)[others] / 2 - 5, (low + high)[others] / 2 + 5
    tapered = BOX.with_section(Section(end, tuple(narrow[0]), tuple(narrow[1]), axis))
    assert tapered.corners_xyz == BOX.corners_xyz
    assert tapered.adjusted == (axis,)
    middle = (low[k] + high[k]) / 2
    assert tapered.section_at(middle, axis).low == tuple(low[others])
    three_quarters = tapered.section_at((middle + end) / 2, axis)
    np.testing.assert_allclose(three_quarters.low, (low[others] + narrow[0]) / 2)
    np.testing.assert_allclose(tapered.outline(axis, end)[[0, 2]], narrow)
    # From the side it is a trapezium: as wide as the section where that lies.
    side = "xyz"[others[0]]
    seen = tapered.outline(side, float((low + high)[others[0]] / 2))
    along = [i for i in range(3) if "xyz"[i] != side].index(k)
    width = seen[np.abs(seen[:, along] - end) < 1e-9][:, 1 - along]
    np.testing.assert_allclose(sorted(width), [narrow[0][1], narrow[1][1]])


def test_sections_along_two_axes_leave_what_both_leave() -> None:
    both = BOX.with_section(Section(100.0, (10.0, 20.0), (30.0, 60.0))).with_section(Section(60.0, (0.0, 0.0), (40.0, 50.0), "y"))
    assert both.adjusted == ("y", "z")
    # Near the corner where both are narrow: half way (z = 75) from the middle, and half way (y = 50).
    outline = both.outline("x", 20.0)
    assert outline[np.abs(outline[:, 0] - 50.0) < 0.5][:, 1].max() == pytest.approx(75.0, abs=2.5)
    assert outline[np.abs(outline[:, 0] - 30.0) < 0.5][:, 1].max() == pytest.approx(100.0, abs=0.1)
    top = both.outline("z", 75.0)
    assert top[:, 0].min() == pytest.approx(5.0)
    assert top[:, 1].max() == pytest.approx(50.0, abs=0.6)
    np.testing.assert_allclose(both.moved((1.0, 2.0, 3.0)).outline("z", 78.0), top + np.array([1.0, 2.0]))


@pytest.mark.parametrize("first", ["x", "y"])
def test_a_section_pulled_wider_than_those_of_another_direction_leave_is_as_wide_as_it_says(first: str) -> None:
    # On one side view the object is narrower; then it is pulled out again where it is seen from above.
    narrow = Section(20.0, (25.0, 0.0), (55.0, 80.0), "x") if first == "x" else Section(40.0, (5.0, 0.0), (30.0, 80.0), "y")
    box = BOX.with_section(narrow)
    pulled = box.with_section(Section(30.0, (-4.0, 16.0), (44.0, 64.0)))
    found = pulled.outline("z", 30.0)
    assert found.min(axis=0) == pytest.approx((-4, 16))
    assert found.max(axis=0) == pytest.approx((44, 64))
    x, y = found.T
    assert abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))) / 2 == pytest.approx(48 * 48)  # nothing is cut off
    # Nothing gives way to a rectangle within what is left.
    inward = box.with_section(Section(30.0, (15.0, 30.0), (25.0, 50.0)))
    assert [s for s in inward.sections if s.axis == first] == [s for s in box.sections if s.axis == first]


def test_sections_of_earlier_versions_are_read() -> None:
    old = {"z": 20.0, "low_xy": [1.0, 2.0], "high_xy": [30.0, 40.0]}
    assert from_json(Section, old) == Section(20.0, (1.0, 2.0), (30.0, 40.0), "z")
    assert from_json(Section, to_json(Section(20.0, (1.0, 2.0), (30.0, 40.0), "y"))).axis == "y"


def test_a_box_moves_with_all_it_has() -> None:
    grid = Grid((2, 2, 2), (10.0, 10.0, 10.0))
    box = Box(BOX.corners_xyz, "a", sections=(Section(10.0, (0.0, 20.0), (40.0, 60.0)),), mask=Mask.of(grid, np.ones((2, 2, 2))))
    moved = box.moved((1.0, 2.0, 3.0))
    assert moved.corners_xyz == ((1.0, 22.0, 3.0), (41.0, 62.0, 103.0))
    assert moved.sections == (Section(13.0, (1.0, 22.0), (41.0, 62.0)),)
    assert moved.mask.grid.origin == (3.0, 2.0, 1.0)


@given(st.lists(st.booleans(), min_size=24, max_size=24))
def test_a_mask_is_its_voxels(inside: list[bool]) -> None:
    values = np.asarray(inside).reshape(2, 3, 4)
    mask = Mask.of(Grid((2, 3, 4)), values)
    np.testing.assert_array_equal(mask.inside, values)
    assert mask == Mask.of(Grid((2, 3, 4)), mask.inside)


def test_a_mask_needs_its_grid() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        Mask.of(Grid((2, 3, 4)), np.ones(23, bool))


def test_extents() -> None:
    assert extent_of(Stroke(((0.0, 5.0, 1.0), (4.0, 2.0, 1.0)), 2.0, "a")) == ((-2.0, 0.0, -1.0), (6.0, 7.0, 3.0))
    outline = ((0.0, 0.0, 8.0), (4.0, 0.0, 8.0), (0.0, 4.0, 8.0))
    assert extent_of(Lasso(outline, "z", 6.0, "a")) == ((0.0, 0.0, 5.0), (4.0, 4.0, 11.0))
    assert extent_of(SurfacePoints(((1.0, 2.0, 3.0),), 1, "a")) == ((1.0, 2.0, 3.0), (1.0, 2.0, 3.0))
    assert extent_of(Tag(frozenset({"a"}), ((4.0, 0.0, 0.0), (0.0, 1.0, 1.0)))) == ((0.0, 0.0, 0.0), (4.0, 1.0, 1.0))
    assert extent_of(Tag(frozenset({"a"}))) is None


def test_names() -> None:
    assert labels_of(Stroke((), 1.0, ERASED)) == ()
    assert Stroke((), 1.0, ERASED).erases
    assert relabelled(Stroke((), 1.0, ERASED), ERASED, "a").label == ERASED
    assert relabelled(BOX, "virion", "vesicle").label == "vesicle"
    assert relabelled(BOX, "spikes", "vesicle") is BOX
    assert relabelled(Tag(frozenset({"a", "b"})), "a", "c") == Tag(frozenset({"b", "c"}))


@pytest.mark.parametrize(
    ("found", "offered"),
    [
        (("background", "membrane"), ["background", "membrane", "spikes", "lumen"]),
        (("background", "lumen", "membrane"), ["background", "membrane", "spikes", "lumen"]),
        (("background", "actin"), ["background", "actin"]),
        (("background", "membrane", "actin"), ["background", "membrane", "actin"]),
    ],
)
def test_classes_of_virions_that_were_not_found_are_still_to_be_marked(found: tuple[str, ...], offered: list[str]) -> None:
    labels = tuple(Label(name, (0.1, 0.2, 0.3)) for name in found)
    segmentation = Segmentation(Grid((1, 1, 1), (1.0, 1.0, 1.0)), np.zeros((len(found), 1, 1, 1), np.uint8), labels)
    given = annotation_labels((), segmentation, Scene(), ())
    assert [label.name for label in given] == offered
    assert all(label.color == (0.1, 0.2, 0.3) for label in given[1:] if label.name in found)
    assert [label.name for label in annotation_labels(labels, segmentation, Scene(), ())] == list(found)  # chosen by a person
