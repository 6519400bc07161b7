"""Marks as they look on a slice: painted areas in the colours of their classes, and lines that stay thin at every zoom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPolygonF, QTransform

from volviz.core.annotations import Lasso, Mark, Stroke, SurfacePoints, Tag, extent_of
from volviz.core.boxes import Box
from volviz.core.grid import Floats, Triple
from volviz.gui.annotate.sections import areas_of, band_of, outline_of, rectangle_of
from volviz.gui.planes import XY, Plane

PAINT = 0.6  # opacity of strokes and lassos
POINT = 4.0  # radius of a point in its plane, pixels
NEAR = 80.0  # angstrom from its plane to where a point is seen no more
THIN = 0.2  # of a stroke's radius: points of its middle line closer together change nothing that is seen
RING = 15.0  # radius of a ring around a place, pixels
HANDLE = 3.5  # half the side of a handle, pixels
DOT = 0.02  # of a stroke's radius
CROWD = 12  # boxes on a slice from which on only those under the pointer and in the list have handles
TAG_DASH = (5.0, 4.0)


@dataclass(frozen=True, slots=True)
class View:
    """A slice on the screen: its ``plane`` at a ``depth`` (A), and how angstrom become pixels from the top left."""

    plane: Plane
    depth: float
    scale: tuple[float, float]
    offset: tuple[float, float]
    size: tuple[int, int]  # device pixels
    ratio: float  # device pixels to a pixel

    def to_pixels(self, places: Floats) -> Floats:
        """Turn places (n, 2) in angstrom into pixels."""
        return np.asarray(places) * self.scale + self.offset


class Pictures:
    """Pictures of marks on a slice. What did not change since the last one is not painted again.

    Strokes and lassos are painted opaque into a picture of their own, in the order in which they were made, so that the
    later covers the earlier and an erasing one takes away; that is laid over the slice as a whole.
    """

    def __init__(self) -> None:
        self._key: object = None
        self._painted: tuple[Mark, ...] = ()
        self._paint = QImage()
        self._paths: dict[int, tuple[Stroke, Floats, QPainterPath]] = {}

    def painted(self, view: View, marks: tuple[Mark, ...], colors: dict[str, Triple], draft: Mark | None) -> QImage:
        """Return strokes and lassos, opaque on nothing; ``draft`` is not kept."""
        key = (view, tuple(colors.items()))
        known = len(self._painted)
        goes_on = key == self._key and known <= len(marks) and all(a is b for a, b in zip(self._painted, marks, strict=False))
        if not goes_on:
            self._paint = _blank(view)
            if len(self._paths) > 2 * len(marks) + 64:
                self._paths = {}  # most are of strokes that are no more
            known = 0
        if known < len(marks):
            self._put(self._paint, view, marks[known:], colors)
        self._key, self._painted = key, marks
        if draft is None or isinstance(draft, Box | Tag | SurfacePoints):
            return self._paint
        above = self._paint.copy()
        self._put(above, view, (draft,), colors)
        return above

    def _put(self, image: QImage, view: View, marks: Sequence[Mark], colors: dict[str, Triple]) -> None:
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        for mark in marks:
            if isinstance(mark, Stroke):
                self._stroke(painter, view, mark, colors)
            elif isinstance(mark, Lasso):
                painter.setBrush(color_in(colors, mark.label))
                for area in areas_of(mark, view.plane, view.depth):
                    painter.drawPolygon(polygon(view.to_pixels(area)), Qt.FillRule.OddEvenFill)
        painter.end()

    def _stroke(self, painter: QPainter, view: View, stroke: Stroke, colors: dict[str, Triple]) -> None:
        path, line = self._path(stroke, view.plane)
        band = band_of(path, stroke.radius, view.plane, view.depth)
        if band is None:
            return
        mode = QPainter.CompositionMode.CompositionMode_Clear if stroke.erases else QPainter.CompositionMode.CompositionMode_SourceOver
        painter.setCompositionMode(mode)
        painter.setTransform(QTransform(view.scale[0], 0, 0, view.scale[1], *view.offset))
        color = color_in(colors, stroke.label)
        if band.radii is not None:
            painter.setBrush(color)
            for (x, y), radius in zip(band.places, band.radii, strict=True):
                painter.drawEllipse(QPointF(x, y), radius, radius)
        elif np.ptp(band.places, axis=0).max() < DOT * stroke.radius:  # for Qt a line without length is nothing
            painter.setBrush(color)
            painter.drawEllipse(QPointF(*band.places[0]), band.width / 2, band.width / 2)
        else:
            painter.strokePath(line, _pen(color, band.width))
        painter.resetTransform()
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)

    def _path(self, stroke: Stroke, plane: Plane) -> tuple[Floats, QPainterPath]:
        """Return the middle line of a stroke as (n, 3), and as Qt draws it on a plane."""
        kept = self._paths.get(id(stroke))
        if kept is None or kept[0] is not stroke:
            path = np.asarray(stroke.path_xyz, np.float64).reshape(-1, 3)
            line = _line(path[:, [2 - plane.right, 2 - plane.up]], THIN * stroke.radius) if len(path) else QPainterPath()
            kept = self._paths[id(stroke)] = stroke, path, line
        return kept[1], kept[2]


def lines(
    painter: QPainter,
    view: View,
    marks: tuple[Mark, ...],
    colors: dict[str, Triple],
    selected: int | None,
    handles: bool,
    hovered: int | None = None,
) -> None:
    """Draw boxes, tags, points and the edges of lassos; the selected mark stands out, and a box in the hand has ``handles``.

    Of names that would lie over one another the first is written; before all others those of what is ``hovered`` and selected.
    """
    whole: list[str] = []
    words, held = Words(), handles
    if handles and sum(isinstance(mark, Box) and _meets(mark, view) for mark in marks) > CROWD:
        handles = False  # but for the one in the hand
    for index, mark in enumerate(marks):
        chosen = index == selected
        words.rank = 0 if index == hovered else 1 if chosen else 2
        if isinstance(mark, Box):
            _box(painter, view, mark, color_in(colors, mark.label), chosen, handles or (held and words.rank < 2), words)
        elif isinstance(mark, Tag):
            if mark.corners_xyz is None:
                whole.append(_present(mark))
            else:
                _tag(painter, view, mark, colors, chosen, words)
        elif isinstance(mark, SurfacePoints):
            _points(painter, view, mark, color_in(colors, mark.label), chosen, words)
        elif isinstance(mark, Lasso):
            for area in areas_of(mark, view.plane, view.depth):
                _outline(painter, polygon(view.to_pixels(area)), color_in(colors, mark.label), chosen)
        elif chosen:
            extent = extent_of(mark)
            if extent is not None and extent[0][2 - view.plane.normal] <= view.depth <= extent[1][2 - view.plane.normal]:
                _outline(painter, polygon(view.to_pixels(rectangle_of(extent, view.plane))), QColor(255, 255, 255), False, (2.0, 3.0))
    if whole and view.plane is XY:
        words.rank = -1
        words.add(QPointF(8, 18), f"In this volume: {'; '.join(whole)}", QColor(235, 235, 235))
    words.draw(painter)


class Words:
    """Names on a slice, written when everything else is drawn: in the order of their ranks, and none over another."""

    def __init__(self) -> None:
        self.rank = 0  # of what is added next; the lowest come first
        self._found: list[tuple[int, int, QPointF, str, QColor]] = []
        self.written: list[str] = []

    def add(self, at: QPointF, text: str, color: QColor) -> None:
        """Write something with its first letter at a place, if there is room."""
        self._found.append((self.rank, len(self._found), at, text, color))

    def draw(self, painter: QPainter) -> None:
        """Write what has room."""
        font = QFont(painter.font())
        font.setPixelSize(11)
        painter.setFont(font)
        metrics = painter.fontMetrics()
        taken: list[QRect] = []
        for _, _, at, text, color in sorted(self._found, key=lambda word: word[:2]):
            around = metrics.boundingRect(text).translated(at.toPoint()).adjusted(-3, -1, 3, 1)
            if any(around.intersects(other) for other in taken):
                continue
            taken.append(around)
            self.written.append(text)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(0, 0, 0, 165))
            painter.drawRoundedRect(around, 3, 3)
            painter.setPen(QColor.fromRgbF(*((1 + 2 * part) / 3 for part in (color.redF(), color.greenF(), color.blueF()))))
            painter.drawText(at, text)


def box_at(view: View, marks: tuple[Mark, ...], place: QPointF) -> int | None:
    """Return which of the marks is the smallest box around a place on the screen."""
    right, up = ((at - offset) / scale for at, offset, scale in zip((place.x(), place.y()), view.offset, view.scale, strict=True))
    point = {2 - view.plane.right: right, 2 - view.plane.up: up, 2 - view.plane.normal: view.depth}
    found, least = None, float("inf")
    for index, mark in enumerate(marks):
        if isinstance(mark, Box):
            low, high = mark.corners_xyz
            size = (high[2 - view.plane.right] - low[2 - view.plane.right]) * (high[2 - view.plane.up] - low[2 - view.plane.up])
            if size < least and all(low[k] <= value <= high[k] for k, value in point.items()):
                found, least = index, size
    return found


def brush(painter: QPainter, at: QPointF, radius: float, color: QColor | None) -> None:
    """Draw the brush's circle, ``radius`` in pixels; without a colour it is the eraser's."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 150), 3.0))
    painter.drawEllipse(at, radius, radius)
    painter.setPen(QPen(color or QColor(255, 255, 255), 1.4, Qt.PenStyle.SolidLine if color else Qt.PenStyle.DashLine))
    painter.drawEllipse(at, radius, radius)


def asked(painter: QPainter, view: View, point_xyz: Triple, question: str) -> None:
    """Draw a ring around a place where a person is asked something, fainter on slices that pass it by."""
    nearness = 1 - abs(point_xyz[2 - view.plane.normal] - view.depth) / NEAR
    if nearness <= 0:
        return
    ((x, y),) = view.to_pixels(np.array([[point_xyz[2 - view.plane.right], point_xyz[2 - view.plane.up]]]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for grey, opacity, width in ((0, 0.67, 4.5), (255, 1.0, 2.0)):
        painter.setPen(QPen(QColor(grey, grey, grey, round(255 * opacity * nearness)), width))
        painter.drawEllipse(QPointF(x, y), RING, RING)
    if question:
        words = Words()
        words.add(QPointF(x + RING + 5, y + 4), question, QColor(255, 255, 255))
        words.draw(painter)


def _meets(box: Box, view: View) -> bool:
    low, high = box.corners_xyz
    return low[2 - view.plane.normal] <= view.depth <= high[2 - view.plane.normal]


def _box(painter: QPainter, view: View, box: Box, color: QColor, chosen: bool, handles: bool, words: Words) -> None:
    outline = outline_of(box, view.plane, view.depth)
    if outline is None:
        return
    shape = polygon(view.to_pixels(outline))
    _outline(painter, shape, color, chosen)
    bounds = shape.boundingRect()
    words.add(bounds.topLeft() + QPointF(4, 14), f"{box.label} {box.object_id}", color)
    if not handles:
        return
    painter.setPen(QPen(QColor(20, 20, 20), 1))
    painter.setBrush(QColor(255, 255, 255) if chosen else color)
    for _, place in handle_places(bounds):
        painter.drawRect(QRectF(place.x() - HANDLE, place.y() - HANDLE, 2 * HANDLE, 2 * HANDLE))


def handle_places(bounds: QRectF) -> list[tuple[tuple[int, int], QPointF]]:
    """Return the handles of a rectangle on the screen: (right, up), each -1, 0 or 1, and the place; (0, 0) moves it."""
    x = {-1: bounds.left(), 0: bounds.center().x(), 1: bounds.right()}
    y = {-1: bounds.bottom(), 0: bounds.center().y(), 1: bounds.top()}
    # Corners first: in a tiny rectangle they are what one wants.
    order = [(a, b) for a in (-1, 1) for b in (-1, 1)] + [(-1, 0), (1, 0), (0, -1), (0, 1), (0, 0)]
    return [((a, b), QPointF(x[a], y[b])) for a, b in order]


def _tag(painter: QPainter, view: View, tag: Tag, colors: dict[str, Triple], chosen: bool, words: Words) -> None:
    low, high = tag.corners_xyz or ((0.0,) * 3, (0.0,) * 3)
    if not low[2 - view.plane.normal] <= view.depth <= high[2 - view.plane.normal]:
        return
    shape = polygon(view.to_pixels(rectangle_of((low, high), view.plane)))
    color = color_in(colors, min(tag.present)) if len(tag.present) == 1 else QColor(235, 235, 235)
    _outline(painter, shape, color, chosen, TAG_DASH)
    words.add(shape.boundingRect().topLeft() + QPointF(4, 14), _present(tag), color)


def _points(painter: QPainter, view: View, points: SurfacePoints, color: QColor, chosen: bool, words: Words) -> None:
    xyz = np.asarray(points.points_xyz, np.float64).reshape(-1, 3)
    away = np.abs(xyz[:, 2 - view.plane.normal] - view.depth)
    places = view.to_pixels(xyz[:, [2 - view.plane.right, 2 - view.plane.up]])
    for (x, y), far in zip(places, away, strict=True):
        nearness = 1 - far / NEAR
        if nearness <= 0:
            continue
        shade = QColor(color)
        shade.setAlphaF(0.25 + 0.75 * nearness**2)
        painter.setPen(QPen(QColor(255, 255, 255) if chosen else QColor(15, 15, 15, shade.alpha()), 1.2))
        painter.setBrush(shade)
        radius = POINT * (0.45 + 0.55 * nearness)
        painter.drawEllipse(QPointF(x, y), radius, radius)
        if far < NEAR / 8:
            words.add(QPointF(x + 6, y - 4), str(points.object_id), color)


def _outline(painter: QPainter, shape: QPolygonF, color: QColor, chosen: bool, dash: Sequence[float] = ()) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(0, 0, 0, 140), 3.6 if chosen else 2.8))
    painter.drawPolygon(shape)
    pen = QPen(color, 2.2 if chosen else 1.8 if dash else 1.4)
    if dash:
        pen.setDashPattern(list(dash))
    painter.setPen(pen)
    painter.drawPolygon(shape)


def _present(tag: Tag) -> str:
    return ", ".join(sorted(tag.present)) or "nothing"


def _blank(view: View) -> QImage:
    image = QImage(*view.size, QImage.Format.Format_RGBA8888_Premultiplied)
    image.setDevicePixelRatio(view.ratio)
    image.fill(Qt.GlobalColor.transparent)
    return image


def overlay(view: View, paint: QImage) -> QImage:
    """Return a picture that begins with the painted areas, half seen through."""
    image = _blank(view)
    painter = QPainter(image)
    painter.setOpacity(PAINT)
    painter.drawImage(0, 0, paint)
    painter.end()
    return image


def color_in(colors: dict[str, Triple], name: str) -> QColor:
    """Return the colour of a class as Qt has it."""
    return QColor.fromRgbF(*colors.get(name, (0.8, 0.8, 0.8)))


def _pen(color: QColor, width: float) -> QPen:
    return QPen(QBrush(color), width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)


def polygon(places: Floats) -> QPolygonF:
    """Return places (n, 2) in pixels as Qt has them."""
    return QPolygonF([QPointF(x, y) for x, y in places])


def _line(places: Floats, spacing: float) -> QPainterPath:
    """Return a line through places, but for those that lie closer to the one before than a spacing."""
    path = QPainterPath(QPointF(*places[0]))
    last = places[0]
    for place in places[1:-1]:
        if abs(place[0] - last[0]) + abs(place[1] - last[1]) > spacing:
            path.lineTo(place[0], place[1])
            last = place
    path.lineTo(places[-1][0], places[-1][1])
    return path
