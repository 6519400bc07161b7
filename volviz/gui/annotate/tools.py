"""The tools by name: what menus, buttons and keys say of them."""

from __future__ import annotations

from typing import Literal

Tool = Literal["scribble", "erase", "box", "points", "lasso", "tag"]
TOOLS: tuple[Tool, ...] = ("scribble", "erase", "box", "points", "lasso", "tag")
PAINTING: frozenset[str] = frozenset({"scribble", "erase"})
TITLES: dict[Tool, str] = {"scribble": "Scribble", "erase": "Erase", "box": "Box", "points": "Points", "lasso": "Lasso", "tag": "Tag"}
TIPS: dict[Tool, str] = {
    "scribble": "Paint over a few voxels of a class with a round brush; [ and ] change its size",
    "erase": "Take back what strokes and lassos painted; [ and ] change the size of the brush",
    "box": "Put a box around an object by two corners, then drag its faces and corners on any slice",
    "points": "Put points on the surface of an object; N goes on to the next object",
    "lasso": "Draw an outline around an area of a class; around part of a selected box it is that object's mask",
    "tag": "Say that a class is present somewhere in a region: drag a rectangle on a slice",
}
TOOL_KEYS: dict[Tool, str] = {"scribble": "P", "erase": "E", "box": "Shift+B", "points": "Shift+P", "lasso": "Shift+L", "tag": "Shift+T"}
