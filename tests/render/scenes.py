"""Scenes at random: every field of every part of a `Scene`, found by its type, so that a new one is not left out."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from volviz.core.cuts import Plane
from volviz.core.grid import Grid, Region
from volviz.core.scene import Scene

COLORS = {"color", "negative", "background", "background_top"}
FRACTIONS = {"x", "y", "z", "amount"}  # of the volume: ends of the clip box, places of slices; how far what is uncertain fades
LONGEST = 3  # of what there may be any number of


def at_random(rng: np.random.Generator, scene: Scene, grid: Grid, share: float = 0.5) -> Scene:
    """Return the scene with this share of its settings replaced by values that a person could give them."""
    changed = _changed(rng, scene, share, grid)
    assert isinstance(changed, Scene)
    return changed


def _changed(rng: np.random.Generator, value: Any, share: float, grid: Grid) -> Any:
    hints = get_type_hints(type(value))
    new: dict[str, Any] = {}
    for f in fields(value):
        old = getattr(value, f.name)
        whole = is_dataclass(old) or isinstance(old, Mapping)  # its own fields are replaced one by one
        new[f.name] = _value(rng, hints[f.name], f.name, old, share, grid) if whole or rng.random() < share else old
    return type(value)(**new)


def _value(rng: np.random.Generator, hint: Any, name: str, old: Any, share: float, grid: Grid) -> Any:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in {Union, types.UnionType}:
        chosen = inner[rng.integers(len(inner))]
        return None if chosen is type(None) else _value(rng, chosen, name, old, share, grid)
    if origin is Literal:
        return inner[rng.integers(len(inner))]
    if isinstance(old, Mapping):
        return {key: _changed(rng, each, share, grid) for key, each in old.items()}
    if hint is Plane:
        low, high = grid.bounds_xyz
        return Plane(tuple(rng.uniform(low, high)), tuple(rng.normal(size=3)), bool(rng.random() < 0.8))
    if hint is Region:
        start = [int(rng.integers(0, n // 2 + 1)) for n in grid.shape]
        return Region((start[0], start[1], start[2]), grid.shape)
    if is_dataclass(hint):
        return _changed(rng, old if is_dataclass(old) else hint(), share, grid)
    if hint is bool:
        return bool(rng.random() < 0.5)
    if hint is float and name in FRACTIONS:
        return round(float(rng.random()), 3)
    if hint is float:
        plain = float(old) if isinstance(old, float) and old else 1.0
        return round(plain * float(rng.uniform(0.2, 2.0)), 3)
    if origin is tuple and inner[-1] is Ellipsis:
        return tuple(_value(rng, inner[0], name, None, share, grid) for _ in range(rng.integers(LONGEST + 1)))
    if origin is tuple and all(kind is float for kind in inner):
        if name in COLORS:
            values = rng.random(len(inner))
        elif name in FRACTIONS:
            values = np.sort(rng.choice(np.linspace(0, 1, 11), len(inner), replace=False))
        elif len(inner) == 2:
            values = np.sort(rng.normal(size=2) * 2)
        else:
            values = rng.normal(size=len(inner))
        return tuple(round(float(v), 3) for v in values)
    raise TypeError(f"{name}: teach tests/render/scenes.py to make a {hint}")
