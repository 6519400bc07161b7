"""How right a model is: on simulated tomograms that it never learned from, on simulated virions in real density, and on two real ones.

    python benchmarks/accuracy.py                            # the bundled model: about nine minutes on two cores
    python benchmarks/accuracy.py --quick --model my.safetensors
    python benchmarks/accuracy.py --pictures --out results   # with slices to look at

Everything goes through `volviz.segment`, as a person would do it. Prints a table with the target beside each figure and
writes ``accuracy.json`` (and the pictures) to ``--out``. Simulated tomograms are kept in ``--work`` for the next time.
``--benchmark DIR`` scores labelled volumes of one's own instead: every ``X.mrc`` with its ``X_labels.mrc``,
and ``X_instances.mrc`` if there is one.
What is measured and why is in docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import operator
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import implanted
import numpy as np
import overlay
import real
import validation
from scipy import ndimage

import volviz
from volviz.core.grid import Region
from volviz.core.segmentation import Segmentation
from volviz.core.volume import Volume
from volviz.measure import Counts, compare_instances, count
from volviz.segment.models import load
from volviz.segment.protocol import Run

ROOT = Path(__file__).resolve().parent.parent
STRUCTURES = ("membrane", "spikes", "lumen")
TARGETS = {"f1.membrane": 0.90, "f1.spikes": 0.75, "f1.lumen": 0.96, "macro_f1": 0.87}
ECE = 0.05


@dataclass(frozen=True)
class Figure:
    """A measured number, and what it should be: a comparison and a limit, or nothing."""

    name: str
    value: float | None
    target: tuple[str, float] | None = None

    @property
    def met(self) -> bool | None:
        if self.target is None or self.value is None:
            return None
        return bool({">=": operator.ge, "<=": operator.le, "<": operator.lt}[self.target[0]](self.value, self.target[1]))

    def row(self) -> str:
        value = "none" if self.value is None else f"{self.value:.4f}"
        target = f"{self.target[0]} {self.target[1]:g}" if self.target else ""
        return f"| {self.name:<58} | {value:>7} | {target:>8} | {'' if self.met is None else 'yes' if self.met else 'NO':<3} |"


@dataclass
class Judge:
    """Runs one model and gathers what it shows."""

    model: str
    device: Any
    data: Path
    work: Path
    out: Path
    quick: bool
    pictures: bool
    figures: list[Figure] = field(default_factory=list)
    volumes: dict[str, Any] = field(default_factory=dict)

    def segment(self, volume: Volume) -> Segmentation:
        return volviz.segment(volume, model=self.model, device=self.device)

    def show(self, *figures: Figure) -> None:
        self.figures += figures
        for figure in figures:
            print(figure.row(), flush=True)

    def picture(self, name: str, volume: Volume, found: Segmentation, truth: Volume | None = None) -> None:
        if self.pictures:
            file = "".join(c if c.isalnum() else "_" for c in name.lower()).strip("_")
            overlay.draw(self.out / f"{file}.jpg", name, volume, found, truth)

    def labelled(self, group: str, cases: Iterable[validation.Case], *, targets: bool) -> None:
        """Score volumes with labels: each by itself, and all together from the sum of their counts."""
        total: Counts | None = None
        seen: list[dict[str, float | None]] = []
        for case in cases:
            volume, truth = opened(case.tomogram), opened(case.labels)
            found = self.segment(volume)
            counts = count(found, truth)
            objects = compare_instances(found, truth, opened(case.instances) if case.instances else None)
            self.volumes[case.name] = {**counts.scores(), **objects}
            seen.append(objects)
            total = counts if total is None else total + counts
            self.show(Figure(f"{case.name}: macro_f1", counts.scores()["macro_f1"]))
            self.picture(case.name, volume, found, truth)
        if total is None:
            return
        scores = total.scores()
        self.volumes[f"all of {group}"] = scores
        self.show(*(Figure(f"{group}: {key}", scores[key], (">=", limit) if targets else None) for key, limit in TARGETS.items()))
        self.show(Figure(f"{group}: ece", scores["ece"], ("<=", ECE) if targets else None))
        for kind in ("envelopes", "spikes"):
            found, true, matched = (sum(s[f"instances.{kind}.{what}"] or 0 for s in seen) for what in ("found", "true", "matched"))
            self.show(Figure(f"{group}: f1 of {kind} as objects", 2 * matched / (found + true) if found + true else None))

    def clear(self) -> None:
        recipes = validation.clear_virions()
        chosen = dict(list(recipes.items())[:2]) if self.quick else recipes
        self.labelled("clear virions", validation.cases(self.work, chosen), targets=True)

    def faint(self) -> None:
        recipes = validation.faint_spikes()
        self.labelled("faint spikes", validation.cases(self.work, dict(list(recipes.items())[:1]) if self.quick else recipes), targets=True)

    def mixed(self) -> None:
        recipes = validation.drawn("mixed", (102,) if self.quick else (102, 100, 103, 106))
        self.labelled("mixed", validation.cases(self.work, recipes), targets=False)

    def hard(self) -> None:
        recipes = validation.drawn("hard", (203,) if self.quick else (203, 202, 206))
        self.labelled("hard", validation.cases(self.work, recipes), targets=False)

    def ice(self) -> None:
        worst = 0.0
        recipes = validation.ice()
        for case in validation.cases(self.work, dict(list(recipes.items())[1:2]) if self.quick else recipes):
            volume = opened(case.tomogram)
            found = self.segment(volume)
            called = float(np.mean(found.hard() > 0))
            worst = max(worst, called)
            self.volumes[case.name] = real.fractions(found.hard())
            self.show(Figure(f"{case.name}: called virion", called))
            self.picture(case.name, volume, found)
        self.show(Figure("ice: called virion, the worst", worst, ("<", 0.002)))

    def sizes(self) -> None:
        """One virion at three voxel sizes."""
        scores = []
        for _, case in validation.one_virion_at_voxel_sizes(self.work):
            scores.append(count(self.segment(opened(case.tomogram)), opened(case.labels)).scores())
            self.volumes[case.name] = scores[-1]
        for key in TARGETS:
            values = [s[key] or 0.0 for s in scores]
            self.show(Figure(f"6, 10 and 14 A: largest difference of {key}", max(values) - min(values), ("<=", 0.1)))

    def tilings(self) -> None:
        """The same volume in two tilings. What differs most among the classes counts, in every voxel."""
        (case,) = validation.cases(self.work, dict(list(validation.clear_virions().items())[:1]))
        volume = opened(case.tomogram)
        predictor: Any = load(self.model)
        own = predictor.card.bricks
        tile = 5 * own.tile // 64 * 8  # small enough to cut this volume elsewhere than the model's own
        card = replace(predictor.card, bricks=replace(own, tile=tile, overlap=min(own.overlap, tile // 16 * 8)))
        one = self.segment(volume).probabilities()
        two = replace(predictor, card=card).predict(volume, Run(device=self.device)).probabilities()
        difference = np.abs(one - two).max(axis=0)
        self.show(
            Figure(f"tiles of {own.tile} and {tile}: mean difference", float(difference.mean()), ("<=", 0.02)),
            Figure(f"tiles of {own.tile} and {tile}: 99.9th percentile", float(np.percentile(difference, 99.9)), ("<=", 0.15)),
        )

    def implanted(self) -> None:
        """Simulated virions in real density."""
        path = self.data / "tomograms/lysosome.mrc"
        circles = real.read_circles(path.with_name("lysosome_membrane_circles.csv"))
        volume = opened(path, voxel_size=real.LYSOSOME_VOXEL_SIZE)
        for times in implanted.TIMES[1:2] if self.quick else implanted.TIMES:
            self.labelled(f"in real density, {times:g} x", implanted.cases(self.work, volume, circles, times), targets=False)

    def lysosome(self) -> None:
        path = self.data / "tomograms/lysosome.mrc"
        circles = real.read_circles(path.with_name("lysosome_membrane_circles.csv"))
        volume = opened(path, voxel_size=real.LYSOSOME_VOXEL_SIZE)
        if self.quick:  # half of a slab around four of the circles
            start, stop = (44, 0, 0), (80, 176, volume.grid.shape[2])
            volume = volume.crop(Region(start, stop))
            circles = [replace(c, z=c.z - start[0]) for c in circles if start[0] + 8 <= c.z < stop[0] - 4]
        found = self.segment(volume)
        figures = {**real.along_circles(found.hard(), circles), **real.along_lines(found.hard(), volume.read(), circles)}
        self.volumes["lysosome"] = figures
        targets = {"membrane_found": (">=", 0.6), "inside_called_spikes": ("<", 0.01), "inside_called_membrane": ("<", 0.01)}
        self.show(*(Figure(f"lysosome: {name.replace('_', ' ')}", value, targets.get(name)) for name, value in figures.items()))
        self.picture("Lysosome, 12.3 A", volume, found)
        if self.pictures:
            smooth = ndimage.gaussian_filter(volume.read(), 1)
            some = circles[::3]
            both = [(real.around(c, np.full(360, c.radius)), real.around(c, real.darkest_line(smooth[c.z], c))) for c in some]
            overlay.curves(self.out / "lysosome_circles.jpg", [smooth[c.z] for c in some], both)

    def cell(self) -> None:
        volume = opened(self.data / "tomograms/empiar11658_cell.mrc")
        if self.quick:
            volume = volume.crop(Region((52, 64, 64), (76, 192, 192)))
        found = self.segment(volume)
        figures = real.fractions(found.hard())
        self.volumes["cell"] = {**figures, "notes": list(found.provenance["notes"])}
        self.show(
            *(Figure(f"cell: {name.replace('_', ' ')}", v, ("<", 0.01) if name == "called_lumen" else None) for name, v in figures.items())
        )
        self.picture("Cell, 31 A", volume, found)

    def save(self, seconds: float) -> None:
        card: Any = getattr(load(self.model), "card", None)
        content = {
            "model": self.model,
            "weights_sha256": getattr(card, "sha256", ""),
            "quick": self.quick,
            "seconds": round(seconds),
            "figures": [
                {"name": f.name, "value": f.value, "target": " ".join(map(str, f.target)) if f.target else None, "met": f.met}
                for f in self.figures
            ],
            "volumes": self.volumes,
        }
        self.out.mkdir(parents=True, exist_ok=True)
        (self.out / "accuracy.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        met, missed = (sum(f.met is wanted for f in self.figures) for wanted in (True, False))
        print(f"\n{met} targets met, {missed} missed, in {seconds:.0f} s: {self.out / 'accuracy.json'}")


def opened(path: Path, **how: Any) -> Volume:
    value = volviz.open(path, **how)
    if not isinstance(value, Volume):
        raise SystemExit(f"{path} holds a segmentation, not a volume.")
    return value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parts = ("clear", "faint", "mixed", "hard", "ice", "sizes", "tilings", "implanted", "lysosome", "cell")
    parser.add_argument("--model", default="unet", metavar="NAME|PATH", help="which model to judge (default: the bundled one)")
    parser.add_argument("--quick", action="store_true", help="fewer volumes and parts of the real ones, for a first impression")
    parser.add_argument("--only", nargs="+", choices=parts, help="only these parts")
    parser.add_argument("--benchmark", type=Path, metavar="DIR", help="score the labelled volumes of this folder, and nothing else")
    parser.add_argument(
        "--out", type=Path, default=Path("accuracy"), metavar="DIR", help="where figures and pictures go (default: accuracy)"
    )
    parser.add_argument("--work", type=Path, metavar="DIR", help="where simulated volumes are kept (default: simulated, in --out)")
    parser.add_argument("--pictures", action="store_true", help="draw slices of every prediction over its density")
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared/data", metavar="DIR", help="the real tomograms")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    a = parser.parse_args()
    judge = Judge(a.model, a.device, a.data, a.work or a.out / "simulated", a.out, a.quick, a.pictures)
    start = time.monotonic()
    print(f"| {'figure':<58} | {'value':>7} | {'target':>8} | met |\n| {'-' * 58} | {'-' * 7} | {'-' * 8} | --- |", flush=True)
    if a.benchmark:
        judge.labelled(a.benchmark.name, validation.in_folder(a.benchmark), targets=True)
    else:
        chosen = a.only or [p for p in parts if not (a.quick and p in ("sizes", "tilings"))]
        for name in chosen:
            if name in ("implanted", "lysosome", "cell") and not (a.data / "tomograms").is_dir():
                print(f"{name}: left out, as {a.data} is not there", flush=True)
                continue
            run: Callable[[], None] = getattr(judge, name)
            run()
    judge.save(time.monotonic() - start)


if __name__ == "__main__":
    main()
