"""Programs compile in every variant, errors name files, and Python and GLSL agree about memory."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys
from dataclasses import fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
import pytest
from OpenGL import GL

from volviz.assets import asset
from volviz.render import blocks
from volviz.render.gl import program
from volviz.render.shaders import SCREEN, Shaders, Variant

ENTRIES = sorted(p.name for p in asset("shaders").iterdir() if p.suffix in {".frag", ".comp"})


def vertices_of(name: str) -> list[str]:
    own = name.replace(".frag", ".vert")
    return [] if name.endswith(".comp") else [own if (asset("shaders") / own).is_file() else SCREEN]


def variants(words: set[str]) -> list[Variant]:
    """Return every value of every field that a text mentions, together with every value of every other: mistakes take two."""
    values: dict[str, tuple[Any, ...]] = {}
    for name, hint in get_type_hints(Variant).items():
        if name.upper() in words:
            assert hint is bool or get_origin(hint) is Literal, f"which values can Variant.{name} have?"
            values[name] = (False, True) if hint is bool else get_args(hint)
    pairs = itertools.combinations_with_replacement(values, 2)
    return list(dict.fromkeys([Variant(), *(Variant(**{a: v, b: w}) for a, b in pairs for v in values[a] for w in values[b])]))


def test_the_march_has_every_variant_and_a_mip_has_one() -> None:
    generated = {"blocks.glsl": blocks.glsl()}
    words = {name: set(re.findall(r"\w+", program.Source(name, {}, generated).text)) for name in ENTRIES}
    assert {f.name.upper() for f in fields(Variant)} <= words["march.frag"]
    assert len(variants(words["march.frag"])) >= 4
    assert variants(words["bloom_down.frag"]) == [Variant()]


@pytest.mark.parametrize("name", ENTRIES)
@pytest.mark.parametrize(("groups", "splits"), [(1, 1), (2, 1), (3, 1), (4, 1), (1, 2), (4, 5)])
def test_every_entry_point_compiles_in_every_variant(gl: None, name: str, groups: int, splits: int) -> None:
    shaders = Shaders(groups, splits)
    text = program.Source(name, {}, {"blocks.glsl": blocks.glsl()}).text
    for variant in variants(set(re.findall(r"\w+", text))):
        shaders.get(*vertices_of(name), name, variant=variant)
    shaders.delete()


def test_entry_points_of_the_march_are_short() -> None:
    for name in ("march.frag", "march.comp"):
        assert len(asset(f"shaders/{name}").read_text().splitlines()) < 20


def test_every_include_is_used() -> None:
    text = "".join(p.read_text() for p in asset("shaders").rglob("*.*"))
    for path in (asset("shaders") / "include").iterdir():
        assert f'"{path.name}"' in text, path.name


@pytest.mark.parametrize("block", blocks.BLOCKS, ids=lambda b: b.name)
def test_the_driver_places_every_member_where_python_does(gl: None, block: blocks.Block) -> None:
    # A shader that reads every member, so that the driver drops none.
    prefix = block.name.lower()
    reads = []
    for m in block.members:
        index = f"[{m.count - 1}]" if m.count else ""
        first = "" if m.type in {"float", "int"} else ".x"
        reads.append(f"float({prefix}.{m.name}{index}{first})")
    text = f"layout(local_size_x = 1) in;\nlayout(rgba32f, binding = 0) uniform writeonly image2D u_to;\n{block.glsl}\n"
    text += f"void main() {{ imageStore(u_to, ivec2(0), vec4({' + '.join(reads)})); }}\n"
    made = program.Program("test.comp", generated={"test.comp": text})
    names = [f"{block.name}.{m.name}{'[0]' if m.count else ''}" for m in block.members]
    indices = [GL.glGetProgramResourceIndex(made.id, GL.GL_UNIFORM, name) for name in names]
    assert GL.GL_INVALID_INDEX not in indices
    for member, index in zip(block.members, indices, strict=True):
        got = np.zeros(2, np.int32)
        GL.glGetProgramResourceiv(made.id, GL.GL_UNIFORM, index, 2, [GL.GL_OFFSET, GL.GL_ARRAY_STRIDE], 2, np.zeros(1, np.int32), got)
        assert got[0] == block.dtype.fields[member.name][1], member.name
        assert got[1] == (16 if member.count else 0)
    at = GL.glGetUniformBlockIndex(made.id, block.name)
    size = np.zeros(1, np.int32)
    GL.glGetActiveUniformBlockiv(made.id, at, GL.GL_UNIFORM_BLOCK_DATA_SIZE, size)
    assert size[0] <= block.dtype.itemsize
    made.delete()


def test_a_block_wants_all_its_members() -> None:
    with pytest.raises(KeyError, match="eye"):
        blocks.VIEW.pack({"step": 1.0})


def test_includes_come_once_and_circles_are_named() -> None:
    files = {
        "a.frag": '#include "one.glsl"\n#include "two.glsl"\nvoid main() {}\n',
        "one.glsl": "float one() { return 1.0; }\n",
        "two.glsl": '#include "one.glsl"\nfloat two() { return 2.0 * one(); }\n',
        "loop.glsl": '#include "pool.glsl"\n',
        "pool.glsl": '#include "loop.glsl"\n',
    }
    source = program.Source("a.frag", {"N": 3}, files)
    assert source.text.count("float one()") == 1
    assert "#define N 3" in source.text
    with pytest.raises(program.ShaderError, match=r"loop.glsl -> pool.glsl -> loop.glsl"):
        program.Source("loop.glsl", {}, files)


def test_a_mistake_in_an_include_is_reported_where_it_stands(gl: None) -> None:
    files = {
        "a.frag": '// a comment\n#include "bad.glsl"\nlayout(location = 0) out vec4 o;\nvoid main() { o = vec4(f()); }\n',
        "bad.glsl": "float f() {\n    return missing;\n}\n",
    }
    with pytest.raises(program.ShaderError, match=r"bad\.glsl:2\b"):
        program.Program("a.frag", generated=files)
    files["bad.glsl"] = "#if 0\n#endif\nfloat f() {\n    float x = vec3(1.0);\n    return x;\n}\n"
    with pytest.raises(program.ShaderError, match=r"bad\.glsl:4\b"):
        program.Program("a.frag", generated=files)
    files["bad.glsl"] = "float f() { return 1.0; }\n"
    files["a.frag"] = files["a.frag"].replace("vec4(f())", "missing")
    with pytest.raises(program.ShaderError, match=r"a\.frag:4\b"):
        program.Program("a.frag", generated=files)


def test_drawing_needs_neither_torch_nor_windows() -> None:
    code = (
        "import sys, volviz.render\n"
        "found = [m for m in ('torch', 'PySide6', 'vispy', 'skimage', 'scipy') if m in sys.modules]\n"
        "sys.exit(len(found))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False).returncode == 0


def test_the_environment_names_a_platform_only_where_there_is_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    from volviz.render.gl import gl_env

    for name in ("PYOPENGL_PLATFORM", "EGL_PLATFORM", "QT_XCB_GL_INTEGRATION", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DISPLAY", ":7")
    gl_env()
    assert os.environ["PYOPENGL_PLATFORM"] == "egl"
    assert "EGL_PLATFORM" not in os.environ
    monkeypatch.delenv("DISPLAY")
    gl_env()
    assert os.environ["EGL_PLATFORM"] == "surfaceless"
