"""How long the window lets people wait: to start, from a drop to pictures, and while it works.

    xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/window.py --json window.json
    python benchmarks/window.py --only start --repeats 9

Every figure is a time in seconds beside that of something bare in the same run, in turns, because a machine that others
use too is never the same twice: compare the ratios, of the least and of the median. Each measurement is a process of its own.

start    of the command `volviz` until its window is painted and has done what was asked of its event loop, over the same for
         an empty QMainWindow after `import PySide6, vispy, numpy`; "furnished" is when every panel and slice has been built
         too. With byte code, which pip makes, and else the first start
drop     from the drop of a tomogram until its slices, and until its first picture in 3D, are on the screen
stalls   gaps between the beats of a timer of 5 ms, while a tomogram is segmented, while a forest learns from one stroke after
         another (beside a window that only draws them), and while a file of 3 GB is opened, over those of the same window at
         rest, and over those while it draws the same picture twice a second. "own" is what is left of a gap without the
         time in which the window's thread had work and no processor: others' load does not count
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SAMPLE = Path(os.environ.get("VOLVIZ_BENCHMARK", Path(__file__).resolve().parents[2] / "shared/data/benchmark")) / "virions_a.mrc"
LARGE = (800, 1000, 1000)  # voxels of float32
BEAT_MS = 5
PHASE_SECONDS = 8.0
PATIENCE_SECONDS = 240.0
STROKES, STROKE_MS = 4, 1500  # of each class, and the time between two of them
REDRAW_MS = 500  # as often as the window draws what it segments


def bare() -> dict[str, float]:
    """An empty window after the three imports."""
    import numpy  # noqa: F401, ICN001
    import PySide6  # noqa: F401
    import vispy  # noqa: F401
    from PySide6.QtWidgets import QApplication, QMainWindow

    app = QApplication([])
    window = QMainWindow()
    window.resize(1280, 800)
    return _shown(app, window)


def start() -> dict[str, float]:
    """The command, with nothing to open: measured from where it gives way to the event loop."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    from volviz.cli import main

    found: dict[str, float] = {}
    turn = QApplication.exec

    def measured(_app: QApplication) -> int:
        QApplication.exec = turn  # type: ignore[method-assign]
        app = QApplication.instance()
        window: Any = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, QMainWindow))
        found.update(_shown(app, window))
        _until(app, lambda: not window.lacking)
        found.update(furnished=_since_start(), furnished_cpu=time.process_time())
        return 0

    QApplication.exec = measured  # type: ignore[assignment,method-assign]
    main([])
    return found


def drop(path: Path) -> dict[str, float]:
    """A tomogram dropped on a window that is ready."""
    from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
    from PySide6.QtGui import QDropEvent

    app, window = _window()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    left = Qt.MouseButton.LeftButton
    event = QDropEvent(QPointF(200, 200), Qt.DropAction.CopyAction, data, left, Qt.KeyboardModifier.NoModifier)
    views, before = window.slices.views, window.viewport.draws
    began, cpu = time.perf_counter(), time.process_time()
    window.dropEvent(event)
    _until(app, lambda: all(view.shown for view in views))
    app.processEvents()
    slices = time.perf_counter() - began
    slices_cpu = time.process_time() - cpu
    _until(app, lambda: window.viewport.draws > before)
    found = {"first_slice": slices, "first_slice_cpu": slices_cpu, "first_picture": time.perf_counter() - began}
    return {**found, "first_picture_cpu": time.process_time() - cpu}


def segmenting(path: Path) -> dict[str, Any]:
    """Beats at rest, while the picture is drawn again and again, and while the tomogram is segmented."""
    app, window = _window()
    window.open_paths([path])
    _rest(app, window)
    found = {"rest": _beats(app, PHASE_SECONDS), "redrawn": _redrawn(app, window)}
    window.start_segmenting()
    running: Callable[[], bool] = lambda: window.segmenting is not None  # noqa: E731
    found["segmenting"] = _beats(app, PATIENCE_SECONDS, running)
    _rest(app, window)
    return {**found, "rest_after": _beats(app, PHASE_SECONDS), "redrawn_after": _redrawn(app, window)}


def learning(path: Path) -> dict[str, Any]:
    """Beats while strokes come one after another: in a window that only shows them, and in one that learns from them."""
    from scribbling import one_by_one

    app, window = _window()
    window.open_paths([path])
    _rest(app, window)
    strokes = one_by_one(path, window.document.state.volume.grid, STROKES)
    window.slices.show()
    found = {"rest": _beats(app, PHASE_SECONDS), "drawing": _drawing(app, window, strokes)}
    window.document.change("Clear annotations", annotations=())
    window.learning.switch(True)
    window.annotating.take("scribble")
    found["features_ahead"] = _beats(app, PHASE_SECONDS)
    found["learning"] = _drawing(app, window, strokes)
    found["filling"] = _beats(app, PATIENCE_SECONDS, lambda: not window.learning.settled)
    window.learning.switch(False)
    return found


def _drawing(app: Any, window: Any, strokes: list[Any]) -> list[tuple[float, float]]:
    """Return beats while strokes come and the crosshair goes to each."""
    from PySide6.QtCore import QTimer

    left = list(strokes)

    def draw() -> None:
        if left:
            stroke = left.pop(0)
            window.document.show(crosshair_xyz=tuple(stroke.path_xyz[0]))
            window.document.change("Scribble", annotations=(*window.document.state.annotations, stroke))

    timer = QTimer()
    timer.timeout.connect(draw)
    timer.start(STROKE_MS)
    gaps = _beats(app, PATIENCE_SECONDS, lambda: bool(left))
    timer.stop()
    return gaps


def opening(path: Path) -> dict[str, Any]:
    """Beats while a large file is opened, and when it is open."""
    app, window = _window()
    window.open_paths([path])
    busy: Callable[[], bool] = lambda: not (window.document.state.volume and window.viewport.resting)  # noqa: E731
    found = {"opening": _beats(app, PATIENCE_SECONDS, busy)}
    return {**found, "rest": _beats(app, PHASE_SECONDS), "redrawn": _redrawn(app, window)}


def _window() -> tuple[Any, Any]:
    from volviz.gui.app import application

    app = application()
    from volviz.gui.window import Window

    window = Window()
    window.resize(1280, 800)
    _shown(app, window)
    window.furnish()
    _beats(app, 0.5)
    return app, window


def _shown(app: Any, window: Any) -> dict[str, float]:
    """Show a window; return when it was painted and its event loop had had a turn after that, on the clock and of the processor."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    found: dict[str, float] = {}

    def usable() -> None:
        found.update(usable=_since_start(), cpu=time.process_time())
        app.exit()

    class Painted(QObject):
        def eventFilter(self, _watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if event.type() == QEvent.Type.Paint:
                window.removeEventFilter(self)
                QTimer.singleShot(0, usable)
            return False

    painted = Painted()
    window.installEventFilter(painted)
    window.show()
    app.exec()
    return found


def _until(app: Any, done: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise SystemExit("the window did not do in four minutes what it was asked for")
        app.processEvents()
        time.sleep(0.001)


def _rest(app: Any, window: Any) -> None:
    _until(app, lambda: window.viewport.resting and not window.jobs.running)
    _beats(app, 1.0)


def _redrawn(app: Any, window: Any) -> list[tuple[float, float]]:
    from PySide6.QtCore import QTimer

    timer = QTimer()
    timer.timeout.connect(lambda: window.document.show(camera=window.document.state.camera.orbited(0.5, 0.0)))
    timer.start(REDRAW_MS)
    found = _beats(app, PHASE_SECONDS)
    timer.stop()
    _until(app, lambda: window.viewport.resting)
    return found


def _beats(app: Any, seconds: float, while_: Callable[[], bool] = lambda: True) -> list[tuple[float, float]]:
    """Return the gaps between beats, and how much of each is the window's own, while something is so and for so long at the most."""
    from PySide6.QtCore import QTimer

    gaps: list[tuple[float, float]] = []
    last, waited = time.perf_counter(), _waited()
    until = last + seconds

    def beat() -> None:
        nonlocal last, waited
        now, waited_now = time.perf_counter(), _waited()
        gaps.append((now - last, now - last - (waited_now - waited)))
        last, waited = now, waited_now
        if now > until or not while_():
            app.exit()

    timer = QTimer()
    timer.timeout.connect(beat)
    timer.start(BEAT_MS)
    app.exec()
    timer.stop()
    return gaps


def _waited() -> float:
    """Return for how long this thread had work and no processor, in seconds; 0 where the system does not say."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


def _since_start() -> float:
    """Return how long this process lives, the interpreter's own start included."""
    return time.clock_gettime(time.CLOCK_MONOTONIC) - float(os.environ.get("VOLVIZ_BENCHMARK_BEGAN", "0"))


def run(name: str, path: Path | None = None) -> Any:
    """Measure one thing in a process of its own."""
    began = {"VOLVIZ_BENCHMARK_BEGAN": str(time.clock_gettime(time.CLOCK_MONOTONIC))}
    with tempfile.TemporaryDirectory() as settings:
        command = [sys.executable, __file__, "--child", name, *([str(path)] if path else [])]
        environment = {**os.environ, **began, "XDG_CONFIG_HOME": settings, "XDG_STATE_HOME": settings}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def summary(values: list[float]) -> dict[str, float]:
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def stalls(gaps: list[tuple[float, float]]) -> dict[str, dict[str, float]]:
    """Return what the gaps between beats are like, and the window's own: those that a person notices are the last few."""
    return {"whole": _spread([whole for whole, _ in gaps]), "own": _spread([own for _, own in gaps])}


def _spread(gaps: list[float]) -> dict[str, float]:
    ordered = sorted(gaps)
    at = lambda share: ordered[min(len(ordered) - 1, int(share * len(ordered)))]  # noqa: E731
    total = sum(gaps)
    late = sum(gap for gap in gaps if gap > 0.1)  # of its time, how much the window spends not answering within 0.1 s
    found = {"median": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": ordered[-1]}
    return {**found, "over_100_ms": late / total, "seconds": total, "beats": len(gaps)}


def sparse(path: Path) -> None:
    """Write an MRC file of 3 GB that takes next to no room: noise in its middle, zeros elsewhere."""
    import mrcfile
    import numpy as np

    with mrcfile.new_mmap(path, shape=LARGE, mrc_mode=2, overwrite=True) as mrc:
        mrc.voxel_size = 8.0
        mrc.data[390:410, 300:700, 300:700] = np.random.default_rng(0).normal(0, 1, (20, 400, 400))


def measure(only: set[str], repeats: int) -> dict[str, Any]:
    found: dict[str, Any] = {"load": os.getloadavg(), "cores": os.cpu_count()}
    if "start" in only:
        run("bare"), run("start")  # byte code, and the disk
        pairs = [(run("bare"), run("start")) for _ in range(repeats)]
        found["start"] = {
            "bare": summary([b["usable"] for b, _ in pairs]),
            "usable": summary([s["usable"] for _, s in pairs]),
            "furnished": summary([s["furnished"] for _, s in pairs]),
            "bare_cpu": summary([b["cpu"] for b, _ in pairs]),
            "usable_cpu": summary([s["cpu"] for _, s in pairs]),
            "furnished_cpu": summary([s["furnished_cpu"] for _, s in pairs]),
        }
    if "drop" in only:
        runs = [run("drop", SAMPLE) for _ in range(repeats)]
        found["drop"] = {key: summary([r[key] for r in runs]) for key in runs[0]}
    if "segment" in only:
        found["segment"] = {name: stalls(gaps) for name, gaps in run("segment", SAMPLE).items()}
    if "learn" in only:
        found["learn"] = {name: stalls(gaps) for name, gaps in run("learn", SAMPLE).items()}
    if "open" in only:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "large.mrc"
            sparse(path)
            found["open"] = {name: stalls(gaps) for name, gaps in run("open", path).items()}
    return found


def table(found: dict[str, Any]) -> list[str]:
    lines = [f"load {found['load'][0]:.1f} on {found['cores']} cores; seconds"]
    for part in ("start", "drop"):
        if part in found:
            lines += [f"{part:<26}{'min':>8}{'median':>8}{'max':>8}"]
            lines += [f"  {n:<24}" + "".join(f"{v[k]:8.2f}" for k in ("min", "median", "max")) for n, v in found[part].items()]
    if "start" in found:
        for name in ("usable", "furnished"):
            for suffix in ("", "_cpu"):
                over = {k: found["start"][name + suffix][k] / found["start"]["bare" + suffix][k] for k in ("min", "median")}
                lines.append(f"  {name + suffix} / bare{suffix:<10}" + "".join(f"{v:8.2f}" for v in over.values()))
    for part in ("segment", "learn", "open"):
        if part in found:
            lines += [f"{part + ', gaps':<26}{'median':>8}{'p95':>8}{'p99':>8}{'max':>8}{'>0.1 s':>8}"]
            for name, both in found[part].items():
                for which, gaps in both.items():
                    figures = (f"{gaps[k]:8.3f}" for k in ("median", "p95", "p99", "max", "over_100_ms"))
                    lines.append(f"  {name + ', ' + which:<24}" + "".join(figures))
    if "learn" in found:
        for name in ("p95", "p99", "max", "over_100_ms"):
            over = found["learn"]["learning"]["whole"][name] / max(found["learn"]["drawing"]["whole"][name], 1e-6)
            lines.append(f"  {name}, learning / drawing alone {over:8.2f}")
    return lines


CHILDREN: dict[str, Callable[..., Any]] = {
    "bare": bare,
    "start": start,
    "drop": drop,
    "segment": segmenting,
    "learn": learning,
    "open": opening,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=["start", "drop", "segment", "learn", "open"], help="default: everything")
    parser.add_argument("--repeats", type=int, default=7, help="of what is short")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--child", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        name, *paths = given.child
        print(json.dumps(CHILDREN[name](*map(Path, paths))), flush=True)
        os._exit(0)  # what a window has to tidy up is not measured
    found = measure(set(given.only or ("start", "drop", "segment", "learn", "open")), given.repeats)
    print("\n".join(table(found)))
    if given.json:
        given.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
