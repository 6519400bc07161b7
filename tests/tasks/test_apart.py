"""Work in another process: what it says arrives, it stops when told to, and its end is never silent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pieces
import pytest

from volviz.core.errors import Cancelled, VolvizError
from volviz.tasks import apart
from volviz.tasks.apart import call_apart

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")

PATIENCE = 60


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_is_done_elsewhere_is_reported_here(tmp_path: Path) -> None:
    heard: list[tuple[str, dict[str, float]]] = []
    out = tmp_path / "pid"
    call_apart(pieces.count, {"to": 5, "path": out}, lambda f, t="", **m: heard.append((t, m)), log=tmp_path / "log")
    assert [m for _, m in heard if m] == [{"square": i * i} for i in range(5)]
    assert "number 4" in [text for text, _ in heard]
    assert int(out.read_text()) != os.getpid()
    assert (tmp_path / "log").read_text() == "a library that chatters on standard output\n"  # and no word of a bad end


def test_a_sentence_arrives_as_one_and_a_bug_with_its_traceback(tmp_path: Path) -> None:
    with pytest.raises(VolvizError, match="The batch is too large"):
        call_apart(pieces.refuse, {}, lambda *_, **__: None, log=tmp_path / "log")
    with pytest.raises(RuntimeError, match=r"^KeyError: 'a bug'$") as raised:
        call_apart(pieces.fail, {}, lambda *_, **__: None, log=tmp_path / "log")
    assert "pieces.py" in str(raised.value.__cause__)  # what is shown as details and copied


@pytest.mark.parametrize(("how", "why"), [(signal.SIGKILL, "want of memory"), (signal.SIGSEGV, "SIGSEGV")])
def test_a_process_that_is_gone_is_told_of_in_a_sentence(tmp_path: Path, how: int, why: str) -> None:
    with pytest.raises(VolvizError, match=f"{why}.*the last words"):
        call_apart(pieces.die, {"how": how}, lambda *_, **__: None, log=tmp_path / "log")


def test_enough_is_heard_once_and_what_there_is_can_be_kept(tmp_path: Path) -> None:
    seen: list[float] = []
    call_apart(pieces.go_on, {"path": tmp_path / "end"}, lambda f, *_, **m: seen.extend(m), enough=lambda: bool(seen), log=tmp_path / "log")
    assert (tmp_path / "end").read_text() == "enough"


@pytest.mark.parametrize("work", [pieces.go_on, pieces.hang])
def test_a_cancelled_process_ends_even_if_it_hears_nothing(tmp_path: Path, work: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "GRACE_SECONDS", 1.0 if work is pieces.hang else PATIENCE)

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        if metrics:
            raise Cancelled

    with pytest.raises(Cancelled):
        call_apart(work, {"path": tmp_path / "end"}, report, log=tmp_path / "log")
    assert not alive(int((tmp_path / "end.pid").read_text()))
    assert work is pieces.hang or (tmp_path / "end").read_text() == "Cancelled"


def test_it_does_not_outlive_its_caller(tmp_path: Path) -> None:
    code = f"""
        import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})
        from pathlib import Path
        import pieces
        from volviz.tasks.apart import call_apart
        call_apart(pieces.go_on, {{"path": Path({str(tmp_path / "end")!r})}}, lambda *_, **__: None, log=Path({str(tmp_path / "log")!r}))
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    caller = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], env=environment)
    pid = tmp_path / "end.pid"
    wait(lambda: pid.exists() and pid.read_text() != "")
    caller.kill()
    caller.wait()
    wait(lambda: not alive(int(pid.read_text())))
    assert (tmp_path / "end").read_text() == "Cancelled"
