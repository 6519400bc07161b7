"""Uniform blocks, defined once: this file gives the bytes (std140) and the GLSL that reads them.

Lengths are in nanometres from the low corner of the box of whole voxels; axes are those of the world (x, y, z).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from OpenGL import GL

from volviz.core.cuts import MOST_PLANES

GROUPS = 4  # textures of four channels: raw and up to 15 classes

# GLSL type: (number of components, alignment, numpy type).
_TYPES: dict[str, tuple[int, int, type[np.float32] | type[np.int32]]] = {
    "float": (1, 4, np.float32),
    "int": (1, 4, np.int32),
    "vec2": (2, 8, np.float32),
    "ivec2": (2, 8, np.int32),
    "vec3": (3, 16, np.float32),
    "ivec3": (3, 16, np.int32),
    "vec4": (4, 16, np.float32),
}


@dataclass(frozen=True, slots=True)
class Member:
    """One value of a block, or an array of ``count``; ``note`` is its comment in GLSL."""

    name: str
    type: str
    note: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """A uniform block: its members in the order of memory."""

    name: str
    binding: int
    members: tuple[Member, ...]

    @property
    def dtype(self) -> np.dtype[Any]:
        """Its memory as the std140 rules of the OpenGL specification (7.6.2.2) lay it out."""
        at, names, formats, offsets = 0, [], [], []
        for member in self.members:
            components, alignment, scalar = _TYPES[member.type]
            if member.count:
                # An array's elements are rounded up to 16 bytes; all arrays here are of vec4, which need no padding.
                if member.type != "vec4":
                    raise ValueError(f"{self.name}.{member.name}: arrays are of vec4")
                alignment = 16
            at = -(-at // alignment) * alignment
            names.append(member.name)
            formats.append((scalar, (member.count, 4) if member.count else (components,) if components > 1 else ()))
            offsets.append(at)
            at += 4 * components * max(1, member.count)
        return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": -(-at // 16) * 16})

    def pack(self, values: Mapping[str, Any]) -> bytes:
        """Return the bytes of a full set of values.

        Raises:
            KeyError: a member was given no value, or a value has no member.
        """
        if set(values) != {m.name for m in self.members}:
            raise KeyError(f"{self.name}: {sorted(set(values) ^ {m.name for m in self.members})}")
        out = np.zeros((), self.dtype)
        for name, value in values.items():
            out[name] = value
        return out.tobytes()

    @property
    def glsl(self) -> str:
        """Its declaration. The instance has the block's name in small letters: ``view.eye``."""
        return self._declared(self.name.lower())

    @property
    def copied_glsl(self) -> str:
        """Its declaration and a variable of the instance's name that holds a copy of it.

        A software driver reads a block anew wherever one of its members stands, in every turn of a loop; what it copied
        stays in registers or close by. A card has its blocks as close as that.
        """
        name, block = self.name.lower(), f"{self.name.lower()}_block"
        fields = "\n".join(f"    {m.type} {m.name}{f'[{m.count}]' if m.count else ''};" for m in self.members)
        values = ", ".join(f"{block}.{m.name}" for m in self.members)
        return f"{self._declared(block)}\nstruct {self.name}Copy {{\n{fields}\n}};\n{self.name}Copy {name} = {self.name}Copy({values});"

    def _declared(self, instance: str) -> str:
        lines = [f"    {m.type} {m.name}{f'[{m.count}]' if m.count else ''};  // {m.note}" for m in self.members]
        return "\n".join([f"layout(std140, binding = {self.binding}) uniform {self.name} {{", *lines, f"}} {instance};"])


class Buffer:
    """A block's place in the memory of the GPU; written only when its bytes change."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.id = int(GL.glGenBuffers(1))
        self._bytes = b""

    def write(self, values: Mapping[str, Any]) -> None:
        """Set all members and bind the block."""
        new = self.block.pack(values)
        if new != self._bytes:
            GL.glBindBuffer(GL.GL_UNIFORM_BUFFER, self.id)
            GL.glBufferData(GL.GL_UNIFORM_BUFFER, len(new), new, GL.GL_DYNAMIC_DRAW)
            self._bytes = new
        GL.glBindBufferBase(GL.GL_UNIFORM_BUFFER, self.block.binding, self.id)

    def delete(self) -> None:
        """Give it back to the driver."""
        GL.glDeleteBuffers(1, [self.id])


BOX = Block(
    "Box",
    0,
    (
        Member("extent", "vec3", "edge lengths, nm"),
        Member("cell", "float", "edge of a cell of the light volume, nm (geometric mean)"),
        Member("voxel", "vec3", "edge lengths of a voxel, nm"),
        Member("brick", "float", "edge of a brick, voxels"),
        Member("shape", "ivec3", "voxels"),
        Member("bricks", "ivec3", "bricks"),
        Member("light_shape", "ivec3", "cells of the light volume, padding included"),
        Member("light_extent", "vec3", "edge lengths of the light volume, padding included, nm"),
        Member("part", "ivec3", "voxels of a part of a cut volume, of the whole of another"),
        Member("parts", "ivec3", "parts along each axis"),
    ),
)

VIEW = Block(
    "View",
    1,
    (
        Member("eye", "vec3", "where the camera is, nm"),
        Member("step", "float", "distance between samples, nm"),
        Member("across", "vec3", "from the left to the right of a square picture at the target, nm"),
        Member("termination", "float", "opacity at which a ray ends"),
        Member("upward", "vec3", "from the bottom to the top of the picture at the target, nm"),
        Member("phase", "float", "shift of the sampling noise of this frame, 0..1"),
        Member("forward", "vec3", "from the eye to the target, nm"),
        Member("orthographic", "int", "1 if the rays are parallel"),
        Member("picture", "vec2", "size of the whole picture, pixels"),
        Member("offset", "ivec2", "lower left pixel of this tile in the picture"),
        Member("subpixel", "vec2", "shift of this frame's rays, pixels"),
        Member("frame", "int", "number of the frame, seeds random numbers"),
    ),
)

LOOK = Block(
    "Look",
    2,
    (
        Member("low", "vec4", "value of each channel where its ramp begins", GROUPS),
        Member("scale", "vec4", "1 / (high - low)", GROUPS),
        Member("opacity", "vec4", "extinction at the top of the ramp, 1/nm; 0 hides", GROUPS),
        Member("color", "vec4", "linear colour of each channel", 4 * GROUPS),
        Member("to_light", "vec3", "unit direction to the light"),
        Member("light_slope", "float", "tangent of the half-angle of the light"),
        Member("tint", "vec3", "share of light that neither occlusion nor shadow takes away"),
        Member("intensity", "float", "of the light"),
        Member("occlusion_radius", "float", "nm"),
        Member("occlusion_strength", "float", "0 if off"),
        Member("shadow_reach", "float", "nm"),
        Member("shadow_strength", "float", "0 if off"),
        Member("multiply", "int", "1 if the raw ramp multiplies every class"),
        Member("together", "int", "1 if all classes are drawn as one"),
        Member("zero", "float", "stored value of a score of zero"),
        Member("contrast", "vec2", "stored density shown black in a projection, 1 / (white - black)"),
        Member("usual", "float", "stored density that is the mean of the volume"),
        Member("uncertainty", "float", "how far the colours of uncertain samples fade, 0..1"),
        Member("uncertainty_scale", "float", "1 / the largest entropy"),
        Member("uncertainty_margin", "int", "1 if it is measured by the margin instead of the entropy"),
        Member("order", "vec4", "channels from front to back in a sample of the paper's", GROUPS),
        Member("mirrored", "vec4", "1 for scores whose ramp has a mirror image below zero", GROUPS),
        Member("negative", "vec4", "linear colour of each channel below zero", 4 * GROUPS),
        Member("clip_low", "vec3", "low corner of the box that is left, nm"),
        Member("clip_count", "int", "planes that cut something away"),
        Member("clip_high", "vec3", "high corner of the box that is left, nm"),
        Member("clip_plane", "vec4", "unit normal and offset (nm): what lies beyond is cut away", MOST_PLANES),
        Member("slice_at", "vec3", "where planes of density cut each axis, nm; below zero there is none"),
        Member("slice_opacity", "float", "of these planes"),
        Member("slice_grey", "vec2", "stored density they show black, 1 / (white - black)"),
    ),
)

BLOCKS = (BOX, VIEW, LOOK)


def glsl(*, copied: bool = False) -> str:
    """Return the text that shaders include as ``blocks.glsl``; ``copied`` suits software drivers."""
    texts = (block.copied_glsl if copied else block.glsl for block in BLOCKS)
    return "\n\n".join(["// Written by volviz/render/blocks.py.", *texts]) + "\n"
