"""The learning curve, as numbers and as a picture."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from volviz.core.atomic import replacing

Line = Sequence[tuple[float, float]]

_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 900, 330, 64, 170, 34, 44
# Drawn larger and then averaged: smooth lines.
_FINE = 2
_COLORS = ("#4269d0", "#e0734a", "#3a9b6b", "#a463c9", "#b08a1e", "#6b7280")
_INK, _GRID = "#333333", "#dddddd"


@dataclass(frozen=True, slots=True)
class Panel:
    """One diagram: lines by name over the same axis. Without ``span`` (lowest, highest) it spans what the lines do."""

    title: str
    x_name: str
    lines: Mapping[str, Line]
    span: tuple[float, float] | None = None


def log_row(path: Path, row: Mapping[str, float | str]) -> None:
    """Add a row to a curve (.csv); rows of its step or later, left by a run that was interrupted, are replaced."""
    rows = [old for old in _rows(path) if float(old["step"]) < float(row["step"])]
    names = list(dict.fromkeys([*row, *(name for old in rows for name in old)]))
    with replacing(path, overwrite=True) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
        writer.writerow({k: round(v, 6) if isinstance(v, float) else v for k, v in row.items()})


def read_curve(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Return what `log_row` wrote: for each column but the step its values, as pairs (step, value)."""
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in _rows(path):
        for name, value in row.items():
            if name != "step" and value:
                lines.setdefault(name, []).append((float(row["step"]), float(value)))
    return lines


def draw_curve(curve: Path, picture: Path) -> None:
    """Draw the loss and the scores of a curve (.csv) over the steps, as a PNG."""
    lines = read_curve(curve)
    scores = {name.removeprefix("f1."): line for name, line in lines.items() if name not in {"seconds", "loss", "rate"}}
    draw([Panel("Loss", "step", {"loss": lines.get("loss", [])}), Panel("F1 on what is held out", "step", scores, (0, 1))], picture)


def draw(panels: Sequence[Panel], picture: Path) -> None:
    """Draw panels below one another into a PNG; it appears whole."""
    image = Image.new("RGB", (_WIDTH * _FINE, _HEIGHT * _FINE * len(panels)), "white")
    for i, panel in enumerate(panels):
        _draw_panel(ImageDraw.Draw(image), panel, i * _HEIGHT)
    with replacing(picture, overwrite=True) as beside:
        image.resize((_WIDTH, _HEIGHT * len(panels)), Image.Resampling.BOX).save(beside, "PNG")


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Return round numbers from low to high, about so many."""
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [k * step for k in range(first, math.floor(high / step + 1e-9) + 1)]


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _draw_panel(pen: ImageDraw.ImageDraw, panel: Panel, top: int) -> None:
    points = [point for line in panel.lines.values() for point in line]
    x_low, x_high = _span([x for x, _ in points])
    y_low, y_high = panel.span or _span([y for _, y in points])
    left, right, upper, lower = _LEFT, _WIDTH - _RIGHT, top + _TOP, top + _HEIGHT - _BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        across, up = (x - x_low) / (x_high - x_low), (y - y_low) / (y_high - y_low)
        return (left + across * (right - left)) * _FINE, (lower - up * (lower - upper)) * _FINE

    def write(x: float, y: float, text: str, anchor: str, color: str = _INK, size: int = 13) -> None:
        pen.text((x * _FINE, y * _FINE), text, color, ImageFont.load_default(size * _FINE), anchor)

    write(left, top + 10, panel.title, "lt", size=15)
    for value in ticks(y_low, y_high):
        pen.line([at(x_low, value), at(x_high, value)], _GRID, _FINE)
        write(left - 6, at(0, value)[1] / _FINE, f"{value:g}", "rm")
    for value in ticks(x_low, x_high, 8):
        write(at(value, y_low)[0] / _FINE, lower + 6, f"{value:g}", "mt")
    write((left + right) / 2, lower + 24, panel.x_name, "mt")
    for i, (name, line) in enumerate(panel.lines.items()):
        color = _COLORS[i % len(_COLORS)]
        if len(line) > 1:
            pen.line([at(x, y) for x, y in line], color, 2 * _FINE, joint="curve")
        for x, y in line if len(line) < 30 else line[-1:]:
            px, py = at(x, y)
            pen.ellipse([px - 3 * _FINE, py - 3 * _FINE, px + 3 * _FINE, py + 3 * _FINE], color)
        last = f" {line[-1][1]:.3g}" if line else ""
        write(right + 14, upper + 8 + 20 * i, f"{name}{last}", "lm", color)


def _span(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values, default=0.0), max(values, default=1.0)
    room = 0.04 * (high - low) or 0.5
    return low - room, high + room
