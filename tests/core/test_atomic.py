"""Outputs appear whole or not at all."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from volviz.core.atomic import check_folder, partial_name, replacing
from volviz.core.errors import Cancelled, VolvizError


def test_a_file_appears_when_the_block_ends(tmp_path):
    path = tmp_path / "new" / "x.mrc.gz"
    with replacing(path) as partial:
        assert partial.parent == path.parent
        assert partial.name.startswith(".x.")
        assert partial.name.endswith(".part.mrc.gz")
        partial.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt, ValueError, SystemExit])
@pytest.mark.parametrize("folder", [False, True])
def test_nothing_is_left_of_what_failed(tmp_path, error, folder):
    def fail(path: Path, **options: bool) -> None:
        with replacing(path, **options) as partial:
            if folder:
                partial.mkdir()
            (partial / "inner" if folder else partial).write_text("half")
            raise error

    old = tmp_path / "x.mrc"
    old.write_text("old")
    with pytest.raises(error):
        fail(old, overwrite=True)
    assert old.read_text() == "old"
    with pytest.raises(error):
        fail(tmp_path / "new" / "y")
    assert list(tmp_path.iterdir()) == [old]


def test_an_error_of_the_system_is_a_sentence(tmp_path):
    with pytest.raises(VolvizError, match=r"x.mrc could not be written \(no space left on device\)"), replacing(tmp_path / "x.mrc"):
        raise OSError(28, "No space left on device")


def test_numpy_does_not_keep_the_reason(tmp_path, full_disk):
    with (
        full_disk(5000),
        pytest.raises(VolvizError, match=r"x.bin could not be written \(no space left on device\)"),
        replacing(tmp_path / "x.bin") as partial,
        partial.open("wb") as file,
    ):
        np.zeros(100_000).tofile(file)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_unless_asked(tmp_path):
    path = tmp_path / "x.mrc"
    path.write_text("old")
    with pytest.raises(VolvizError, match=re.escape(f"{path} is there already")), replacing(path):
        pytest.fail("the block was entered")
    with replacing(path, overwrite=True) as partial:
        partial.write_text("new")
    assert path.read_text() == "new"
    if sys.platform != "win32":
        (tmp_path / "dangling.mrc").symlink_to(tmp_path / "nowhere")
        with pytest.raises(VolvizError, match="is there already"), replacing(tmp_path / "dangling.mrc"):
            pytest.fail("the block was entered")


def test_folders_that_take_no_files(tmp_path):
    (tmp_path / "file").write_text("")
    for folder, words in (
        (tmp_path / "a" / "b", "does not exist"),
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "b", "does not exist"),
    ):
        with pytest.raises(VolvizError, match=words):
            check_folder(tmp_path / folder)
    check_folder(tmp_path / "a")
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="the administrator may write anywhere")
def test_a_folder_without_permission(tmp_path):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(VolvizError, match="permission denied"):
            check_folder(tmp_path)
    finally:
        tmp_path.chmod(0o700)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="only Linux has a folder in which even the administrator cannot write")
def test_a_folder_nobody_can_write_to():
    with pytest.raises(VolvizError, match="Nothing can be written into the folder /proc"):
        check_folder(Path("/proc"))


def test_hidden_names_differ(tmp_path):
    assert len({partial_name(tmp_path / "x.mrc") for _ in range(50)}) == 50


def test_what_is_half_written_when_the_process_ends_goes_with_it(tmp_path):
    code = """
import sys, threading, time
from pathlib import Path
from volviz.core.atomic import replacing

began = threading.Event()

def work():
    with replacing(Path(sys.argv[1]) / "x.mrc") as partial:
        partial.write_text("half")
        began.set()
        time.sleep(60)

threading.Thread(target=work, daemon=True).start()
began.wait()
assert len(list(Path(sys.argv[1]).iterdir())) == 1
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=120)
    assert list(tmp_path.iterdir()) == []
