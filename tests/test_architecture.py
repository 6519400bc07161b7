"""The shape of the house: who may import whom, how long a file may be, what a wheel must carry, what starts fast."""

import ast
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "volviz").rglob("*.py"))
LONGEST = 400


def run(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, env={**os.environ, **environment}, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_contracts():
    lint = shutil.which("lint-imports", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert lint, "import-linter belongs to the development tools and is not installed"
    done = subprocess.run([lint, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_file_is_one_room(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_nothing_below_the_faces_imports_the_root():
    # The linter does not see it, and it would make the lazy public API a dependency of its own parts.
    for path in SOURCES:
        if path.parent == ROOT / "volviz" or path.is_relative_to(ROOT / "volviz" / "cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert "volviz" not in names, path
            assert not (isinstance(node, ast.ImportFrom) and node.module == "volviz"), path


@pytest.mark.parametrize("command", ["import volviz", "import volviz.cli.parser as p; p.build_parser()"])
def test_starting_imports_nothing_heavy(command):
    heavy = {"torch", "PySide6", "vispy", "OpenGL", "skimage", "scipy", "zarr", "mrcfile", "av"}
    loaded = run(f"{command}; import sys; print(*{{m.split('.')[0] for m in sys.modules}})").split()
    assert not heavy & set(loaded)


def test_help_names_every_command():
    said = run("import sys; from volviz.cli import main; sys.argv = ['volviz', '--help']; main()")
    commands = "open demo info convert simulate segment clean mesh measure annotations train evaluate render"
    for command in commands.split():
        assert f"    {command} " in said or f"    {command}\n" in said


def test_the_public_api_is_there_and_verbs_are_not_hidden_by_subpackages():
    said = run(
        "import volviz, volviz.segment.protocol, volviz.simulate.spec, volviz.measure.objects\n"
        "assert all(hasattr(volviz, n) for n in volviz.__all__)\n"
        "print(*sorted(n for n in "
        "('open','save','segment','simulate','still','spin','evaluate','measure') if callable(getattr(volviz, n))))"
    )
    assert said.split() == ["evaluate", "measure", "open", "save", "segment", "simulate", "spin", "still"]


def test_the_wheel_carries_shaders_looks_and_weights(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True, capture_output=True, timeout=300
    )
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
        assert not any(name.startswith(("tests/", "docs/")) for name in archive.namelist())
    found = run(
        "import volviz.assets as a\n"
        "for n in ('shaders/march.frag', 'shaders/include', 'resources/presets/virion.json', 'resources/weights/unet.safetensors',\n"
        "          'README.md', 'docs/gallery/virions.jpg'):\n"
        "    print(a.asset(n))",
        PYTHONPATH=str(site),
        PYTHONSAFEPATH="1",
    )
    assert all(line.startswith(str(site)) for line in found.splitlines()), found
    checkout = {str(p.relative_to(ROOT)) for p in (ROOT / "shaders").rglob("*") if p.is_file()}
    assert checkout == {str(p.relative_to(site / "volviz")) for p in (site / "volviz" / "shaders").rglob("*") if p.is_file()}
