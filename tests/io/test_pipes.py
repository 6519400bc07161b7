"""Pipes and devices, which a person may well name, are refused: who reads them waits for ever."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

import volviz
from volviz.cli import main
from volviz.core.errors import VolvizError
from volviz.core.grid import Grid
from volviz.core.volume import Volume
from volviz.segment import models
from volviz.tasks.looks import find_look
from volviz.tasks.render import open_view

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with a name")
NOISE = Volume(Grid((8, 8, 8)), np.zeros((8, 8, 8), np.float32))
READERS = {
    "t.mrc": volviz.open,
    "t.tif": volviz.open,
    "s_segmentation.json": volviz.open,
    "s.volviz": volviz.open_project,
    "s.png": volviz.open_project,
    "a.annotations.json": volviz.read_annotations,
    "a.csv": volviz.read_annotations,
    "a.tbl": lambda path: volviz.read_annotations(path, NOISE),
    "a.star": lambda path: volviz.read_annotations(path, NOISE),
    "look.json": lambda path: find_look(str(path)),
    "v.mrc": open_view,
}


@pytest.fixture
def pipe(tmp_path):
    """Give what makes a pipe. If anybody reads it, it ends at once, so that a test fails rather than waits."""
    writers = []

    def made(name: str) -> Path:
        path = tmp_path / name
        os.mkfifo(path)
        writer = threading.Thread(target=lambda: os.close(os.open(path, os.O_WRONLY)))
        writer.start()
        writers.append((path, writer))
        return path

    yield made
    for path, writer in writers:
        while writer.is_alive():
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))
            writer.join(0.05)


@pytest.mark.parametrize("name", READERS)
def test_a_pipe_is_refused_in_python(name, pipe):
    with pytest.raises(VolvizError, match="is a pipe"):
        READERS[name](pipe(name))


def test_a_pipe_is_refused_on_the_command_line(pipe, capsys):
    for command in (["info"], ["convert", "--overwrite"], ["measure", "--out", "x.csv"]):
        assert main([*command, str(pipe(f"{command[0]}.mrc")), *(["o.tif"] if command[0] == "convert" else [])]) == 2
        assert "is a pipe" in capsys.readouterr().err


def test_pipes_of_weights_are_no_files(pipe):
    for name in ("w.ckpt", "w.safetensors"):
        with pytest.raises(VolvizError, match="no file"):
            models.card(pipe(name))


def test_devices_are_refused(capsys):
    assert main(["info", "/dev/zero"]) == 2
    assert "/dev/zero is a device" in capsys.readouterr().err


def test_a_pipe_is_not_replaced_by_a_file(tmp_path):
    pipe = tmp_path / "out.mrc"
    os.mkfifo(pipe)
    (tmp_path / "link.mrc").symlink_to(pipe)
    for path in (pipe, tmp_path / "link.mrc"):
        with pytest.raises(VolvizError, match="is a device or a pipe"):
            volviz.save(NOISE, path, overwrite=True)
    assert pipe.is_fifo()
    assert (tmp_path / "link.mrc").is_symlink()
