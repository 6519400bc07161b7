"""Long work in a process of its own, for a window that must not stutter: it reports, hears that it may stop, and never outlives its caller.

Training in a thread of the window takes Python's lock at every one of many small steps, and the window waits for it each time. What is
called here is the same function that the command line calls; only what it reports goes through a pipe.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import queue
import signal
import struct
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from volviz.core.errors import Cancelled, Enough, VolvizError
from volviz.core.failures import sentence
from volviz.core.report import Report

LISTENING_SECONDS = 0.1
GRACE_SECONDS = 6.0  # that a process has to stop by itself
ORPHAN_SECONDS = 20.0  # the same, when nobody waits for it any more
REPORTS_PER_SECOND = 10
_TAIL = 4000  # characters of what a process said last
_SIZE = struct.Struct("<Q")


class Elsewhere(Exception):  # noqa: N818 - where, not what
    """The traceback of what failed in the other process: the cause of what is raised in this one."""


def call_apart(
    function: Callable[..., Any], arguments: Mapping[str, Any], report: Report, *, enough: Callable[[], bool] = lambda: False, log: Path
) -> None:
    """Call ``function(**arguments, report=...)`` in another process, and wait for it.

    What it reports goes to ``report``; `Cancelled` from that ends the process. When ``enough`` says so, the next report there raises
    `Enough`. What it prints goes to the file ``log``. Function and arguments must be such as can be pickled.

    Raises:
        VolvizError: from the function; or the process ended without a word, of which the sentence says the reason.
        RuntimeError: the function failed; its traceback is the message of the cause, `Elsewhere`.
        Cancelled: by ``report``, or by the function when it had enough and nothing to keep.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    with (
        log.open("wb") as said,
        subprocess.Popen(
            [sys.executable, "-m", "volviz.tasks.apart"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            env=environment,
            start_new_session=sys.platform != "win32",
        ) as child,
    ):
        heard: queue.Queue[dict[str, Any] | None] = queue.Queue()
        listener = threading.Thread(target=_listen, args=(child.stdout, heard), daemon=True)
        listener.start()
        try:
            request = pickle.dumps((function, dict(arguments)))
            _tell(child, _SIZE.pack(len(request)) + request)
            _follow(child, heard, report, enough, log)
        finally:
            _end(child)


def _follow(
    child: subprocess.Popen[bytes], heard: queue.Queue[dict[str, Any] | None], report: Report, enough: Callable[[], bool], log: Path
) -> None:
    last: tuple[float, str] = (0.0, "starting")
    asked = False
    while True:
        if enough() and not asked:
            asked = True
            _tell(child, b"enough\n")
        try:
            message = heard.get(timeout=LISTENING_SECONDS)
        except queue.Empty:
            report(*last)
            continue
        if message is None:
            code = child.wait()
            raise VolvizError(_reason(code, log))
        if "done" in message:
            return
        if "cancelled" in message:
            raise Cancelled
        if "error" in message:
            raise VolvizError(message["error"])
        if "failed" in message:
            *_, last_line = message["failed"].strip().splitlines()
            raise RuntimeError(last_line) from Elsewhere(message["failed"])
        last = float(message["fraction"]), str(message["text"]) or last[1]
        report(*last, **message["metrics"])


def _listen(stream: IO[bytes] | None, heard: queue.Queue[dict[str, Any] | None]) -> None:
    assert stream is not None
    try:
        for line in stream:
            heard.put(json.loads(line))
    except ValueError:  # closed, or half a line of a process that was killed
        pass
    heard.put(None)


def _tell(child: subprocess.Popen[bytes], message: bytes) -> None:
    assert child.stdin is not None
    try:
        child.stdin.write(message)
        child.stdin.flush()
    except OSError:  # it has ended; what it said last tells why
        pass


def _end(child: subprocess.Popen[bytes]) -> None:
    """Let a process stop by itself, and stop it if it does not."""
    if child.poll() is None:
        _tell(child, b"cancel\n")
        try:
            child.wait(GRACE_SECONDS)
        except subprocess.TimeoutExpired:
            _kill(child)
    if child.stdin is not None:
        with suppress(OSError):
            child.stdin.close()


def _kill(child: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        child.kill()
    else:
        os.killpg(child.pid, signal.SIGKILL)  # with the processes that it started
    child.wait()


def _reason(code: int, log: Path) -> str:
    try:
        tail = log.read_text(encoding="utf-8", errors="replace")[-_TAIL:].strip()
    except OSError:
        tail = ""
    last = tail.splitlines()[-1] if tail else ""
    if code == -9:
        why = "the system stopped it, most likely for want of memory: make the batch, the crop or the network smaller"
    elif code < 0:
        why = f"it crashed ({signal.Signals(-code).name}): try the CPU, or a smaller network"
    else:
        why = f"it ended with status {code}"
    return f"The process that did the work is gone; {why}. What was kept before remains." + (f" It said last: {last}" if last else "")


# What follows runs in the other process.


class _Wish:
    """What the caller wants of this process."""

    def __init__(self) -> None:
        self.cancelled = False
        self.enough = False

    def listen(self, stream: IO[bytes]) -> None:
        """Hear what comes, and end the process if the caller is gone and the work does not stop."""
        for line in stream:
            self.enough |= line.strip() == b"enough"
            self.cancelled |= line.strip() == b"cancel"
        self.cancelled = True
        time.sleep(ORPHAN_SECONDS)
        for worker in multiprocessing.active_children():
            worker.kill()
        os._exit(1)


def _whole(source: IO[bytes], count: int) -> bytes:
    """Read so many bytes, of which a pipe gives a part at a time."""
    parts = bytearray()
    while len(parts) < count and (part := source.read(count - len(parts))):
        parts += part
    return bytes(parts)


def _serve() -> None:
    # Not `sys.stdin`: Python could not end while a thread waits in its buffer.
    source = open(0, "rb", buffering=0, closefd=False)  # noqa: SIM115 - for as long as the process lives
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # what libraries print is no message
    if sys.platform != "win32":
        os.nice(5)  # pictures come first
    lock = threading.Lock()

    def say(**message: Any) -> None:
        with lock:
            out.write(json.dumps(message).encode() + b"\n")

    wish = _Wish()
    last = 0.0

    def report(fraction: float, text: str = "", **metrics: float) -> None:
        nonlocal last
        if wish.cancelled:
            raise Cancelled
        if wish.enough:
            wish.enough = False
            raise Enough
        now = time.monotonic()
        if metrics or now - last > 1 / REPORTS_PER_SECOND:
            last = now
            try:
                say(fraction=float(fraction), text=text, metrics={name: float(value) for name, value in metrics.items()})
            except BrokenPipeError:  # the caller is gone, and the listener has not heard of it yet
                raise Cancelled from None

    try:
        (size,) = _SIZE.unpack(_whole(source, _SIZE.size))
        function, arguments = pickle.loads(_whole(source, size))  # noqa: S301 - from the process that started this one
        threading.Thread(target=wish.listen, args=(source,), daemon=True).start()
        function(**arguments, report=report)
        say(done=True)
    except Cancelled:
        with suppress(BrokenPipeError):
            say(cancelled=True)
    except MemoryError:
        say(error="There is not enough memory for this; make the batch, the crop or the network smaller.")
    except BaseException as error:  # whatever it was, the person must hear of it
        said = sentence(error)
        say(**({"failed": traceback.format_exc()} if said is None else {"error": said}))


if __name__ == "__main__":
    _serve()
