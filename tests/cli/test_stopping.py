"""Ctrl-C at awkward moments: one sentence and status 130, whatever it meets on its way."""

import os
import signal
import subprocess
import sys

import pytest

from volviz.cli import main

PROGRAM = """
import atexit, signal, sys
from volviz.cli import commands, main

def interrupt():
    signal.raise_signal(signal.SIGINT)

def plainly(arguments):
    interrupt()

def in_text(arguments):
    exec("interrupt()")  # as where dataclasses are made: Python remembers a KeyboardInterrupt that passes, and dies of it at the end

def in_a_driver(arguments):
    try:
        interrupt()
    except KeyboardInterrupt as error:
        raise RuntimeError("argument 2: KeyboardInterrupt") from error

def at_the_end(arguments):
    atexit.register(interrupt)

def in_the_background(arguments):
    interrupt()
    print("went on")

commands.info = globals()[sys.argv.pop(1)]
if commands.info is in_the_background:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
sys.exit(main())
"""
STOPPED = "volviz: Stopped; nothing half-done was left behind.\n"


@pytest.mark.parametrize(
    ("when", "status", "said"),
    [
        ("plainly", 130, STOPPED),
        ("in_text", 130, STOPPED),
        ("in_a_driver", 130, STOPPED),
        ("at_the_end", 0, ""),
        ("in_the_background", 0, ""),
    ],
)
def test_an_interrupt_is_one_sentence_and_a_status(when, status, said, tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    command = [sys.executable, "-m", "program", when, "info", "t.mrc"]  # Python ends otherwise when it is told to run a module
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (status, said)
    assert done.stdout == ("went on\n" if when == "in_the_background" else "")


@pytest.mark.parametrize("module", ["volviz.cli.running", "logging", "volviz.core.failures", "argparse", "volviz.cli.commands"])
def test_an_interrupt_while_volviz_itself_is_imported_is_the_same_sentence(module, tmp_path):
    (tmp_path / "early.py").write_text(
        "import signal, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {module!r}:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Finder())\n"
        "from volviz.cli import main\n"
        "sys.exit(main())\n"
    )
    command = [sys.executable, str(tmp_path / "early.py"), "info", "t.mrc"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr, done.stdout) == (130, STOPPED, "")


def test_who_calls_it_has_the_signals_back(tmp_path):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert main(["info", str(tmp_path / "nothing.mrc")]) == 2
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
