"""What the documents say is so."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import volviz
from volviz.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[1]


def run(*command: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, *command], cwd=cwd, capture_output=True, text=True, env={**os.environ, "COLUMNS": "100"}, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="argparse words its help differently in every Python; the page is that of 3.11")
def test_the_page_of_the_command_line_is_what_help_says(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'docs')!r}); import command_line; print(command_line.page(), end='')"
    assert run("-c", code, cwd=tmp_path) == (ROOT / "docs" / "command-line.md").read_text(encoding="utf-8"), "python docs/command_line.py"


def test_the_page_of_the_simulator_says_what_the_fields_say(tmp_path):
    code = f"import sys; sys.path.insert(0, {str(ROOT / 'docs')!r}); import simulator; print(simulator.page(*simulator.measured()), end='')"
    assert run("-c", code, cwd=tmp_path) == (ROOT / "docs" / "simulator.md").read_text(encoding="utf-8"), "python docs/simulator.py"


def test_the_readme_names_commands_and_files_that_exist():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    _, commands = build_parser()
    for word in re.findall(r"bin/volviz (\w+)", text):
        assert word in commands or word.startswith("ts_16")
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / target).is_file(), target
    for line in re.search(r"```\n(shaders/.*?)```", text, re.DOTALL)[1].splitlines():
        for name in re.findall(r"(\w+)/", line.split("  ")[0] + "  " + line[:16]):
            assert (ROOT / name).is_dir() or (ROOT / "volviz" / name).is_dir(), name
    for name in re.findall(r"volviz\.(\w+)\(", text):
        assert hasattr(volviz, name), name


@pytest.mark.parametrize("path", sorted((ROOT / "examples").glob("*.py")), ids=lambda p: p.stem)
def test_every_example_runs(path, tmp_path):
    if path.stem == "probabilities":
        run("-m", "volviz", "simulate", "t.mrc", "--shape", "24", "48", "48", "--virions", "0", cwd=tmp_path)
        run("-m", "volviz", "segment", "t.mrc", "--out", "results", cwd=tmp_path)
        assert "lumen" in run(str(path), "t.mrc", "results", cwd=tmp_path)
    elif path.stem == "gallery":
        run(str(path), "--small", "--only", "virions", "modes", "cut", cwd=tmp_path)
        assert all((tmp_path / "gallery" / f"{name}.jpg").stat().st_size > 5000 for name in ("virions", "modes", "cut"))
    else:
        run(str(path), "out.png", cwd=tmp_path)
        assert (tmp_path / "out.png").stat().st_size > 10_000


def test_the_gallery_has_its_pictures_and_they_are_small():
    text = (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((gallery/\w+\.jpg)\)", text))
    assert shown == {f"gallery/{path.name}" for path in (ROOT / "docs" / "gallery").iterdir()}
    assert all((ROOT / "docs" / name).stat().st_size < 200_000 for name in shown)
    drawn = set(re.findall(r'^    "(\w+)": \w+,$', (ROOT / "examples" / "gallery.py").read_text(encoding="utf-8"), re.MULTILINE))
    assert {f"gallery/{name}.jpg" for name in drawn} == shown


def test_the_walk_through_the_window_names_pictures_and_keys_that_exist():
    text = (ROOT / "docs" / "window.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((window/\w+\.jpg)\)", text))
    assert shown == {f"window/{path.name}" for path in (ROOT / "docs" / "window").iterdir()}
    assert all((ROOT / "docs" / name).stat().st_size < 200_000 for name in shown)
    table = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "volviz" / "gui" / "actions").glob("*.py"))
    for key in re.findall(r"`((?:Ctrl\+)?(?:Shift\+)?(?:[A-Z0-9]|F\d+))`", text):
        assert f'"{key}"' in table, key
    for word in ("Show me around", "Documentation", "Reset layout", "Show everything"):
        assert f'"{word}"' in table, word


def test_the_page_on_scribbles_has_its_pictures_and_they_are_small():
    text = (ROOT / "docs" / "scribbling.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"\]\((scribbling/\w+\.jpg)\)", text))
    assert shown == {f"scribbling/{path.name}" for path in (ROOT / "docs" / "scribbling").iterdir()}
    assert all((ROOT / "docs" / name).stat().st_size < 200_000 for name in shown)
    gui = ROOT / "volviz" / "gui"
    table = "".join(path.read_text(encoding="utf-8") for path in (*(gui / "actions").glob("*.py"), gui / "annotate" / "tools.py"))
    for title, key in re.findall(r"\*([^*\n]+)\* \(`([A-Z]|Ctrl\+[A-Z])`", text):
        assert f'"{key}"' in table, title
