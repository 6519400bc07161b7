"""What all tests share."""

from __future__ import annotations

import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from volviz.core.grid import Grid
from volviz.core.volume import Volume

# A shared machine is slow now and then; how long a property takes says nothing about whether it holds.
settings.register_profile("volviz", deadline=None)
settings.load_profile("volviz")

# A shell tells what it starts in the background to ignore Ctrl-C, and that is handed on to the programs that tests start and stop.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
WINDOW_LIBRARIES = {"PySide6", "vispy", "superqt", "pytestqt"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--no-window", action="store_true", help="block PySide6 and vispy, and leave out the tests of the window")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--no-window"):
        # The boundary is real if it can be deleted: below the window nothing may notice that Qt is not there.
        sys.meta_path.insert(0, _Blocker())
        for name in [n for n in sys.modules if n.split(".")[0] in WINDOW_LIBRARIES]:
            del sys.modules[name]


class _Blocker:
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".", maxsplit=1)[0] in WINDOW_LIBRARIES:
            raise ModuleNotFoundError(f"{name} is blocked by --no-window", name=name)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    if config.getoption("--no-window") and collection_path.name == "gui":
        return True
    return None


@pytest.fixture
def shared_data() -> Path:
    """The folder of real and simulated volumes beside the checkout, where there is one."""
    if not SHARED.is_dir():
        pytest.skip("the folder ../shared/data with real volumes is not beside this checkout")
    return SHARED


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A context in which every file ends after so many bytes: what writes hears of it from the system, as of a full disk."""
    resource = pytest.importorskip("resource")

    @contextmanager
    def ending(after: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (after, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return ending


@pytest.fixture
def chiral() -> Volume:
    """A thick letter F with a dot before it: no turn or mirror maps it onto itself. Bright = dense."""
    data = np.zeros((12, 20, 16), np.float32)
    data[4:8, 3:17, 4:6] = 1  # the stem, along y
    data[4:8, 15:17, 6:12] = 1  # the long arm, at the top, towards +x
    data[4:8, 9:11, 6:9] = 1  # the short arm
    data[9:11, 3:5, 12:14] = 1  # the dot, at higher z, low y, high x
    return Volume(Grid(data.shape, (10.0, 10.0, 10.0), (5.0, -20.0, 40.0)), data, name="chiral")


@pytest.fixture(scope="session")
def grey_levels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package tests/plugin as an installer leaves it: a folder for the path, with the module and the .dist-info of its wheel."""
    folder = tmp_path_factory.mktemp("plugin")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=Path(__file__).parent / "plugin", check=True, capture_output=True, timeout=300)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"
