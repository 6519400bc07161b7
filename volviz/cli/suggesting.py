"""``volviz suggest``: where to scribble next."""

from __future__ import annotations

import argparse
from pathlib import Path

from volviz.cli.commands import DENSE
from volviz.cli.progress import Progress

ABOUT = (
    "Say where a stroke would teach most. A forest learns from the strokes so far; places where it hesitates, far from what is "
    "marked and from one another, are listed, best first, in angstrom."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.add_argument("path", metavar="TOMO", type=Path)
    parser.add_argument(
        "--strokes",
        type=Path,
        required=True,
        metavar="FILE",
        help="what was marked: annotations (.annotations.json), or a session",
    )
    parser.add_argument(
        "--segmentation", type=Path, metavar="S", help="go by the uncertainty of this one, whatever made it; no forest is taught then"
    )
    parser.add_argument("--count", type=int, default=8, metavar="N", help="how many places at the most (default: 8)")
    parser.add_argument("--out", type=Path, metavar="X.csv", help="write them as a table, too")
    parser.add_argument(
        "--uncertainty", type=Path, metavar="U.mrc", help="write how little is known as a volume, 0 to 1, on voxels four times as large"
    )
    parser.add_argument("--features", default="all", metavar="TEXT", help="of the forest, as for volviz train scribble-forest")
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--dense", choices=["auto", "dark", "bright"], default="auto", help="which sign of the density is matter")


def suggest(arguments: argparse.Namespace) -> None:
    """List the places."""
    from volviz.segment.methods.scribble_forest import ScribbleForest
    from volviz.tasks.suggest import suggest_file

    with Progress() as report:
        found = suggest_file(
            arguments.path,
            arguments.strokes,
            segmentation=arguments.segmentation,
            out=arguments.out,
            uncertainty=arguments.uncertainty,
            count=arguments.count,
            method=ScribbleForest(features=arguments.features),
            device=arguments.device,
            dense_is_dark=DENSE[arguments.dense],
            voxel_size=arguments.voxel_size,
            overwrite=arguments.overwrite,
            report=report,
        )
    for place in found.places:
        x, y, z = place.point_xyz
        print(f"x {x:9.1f}  y {y:9.1f}  z {z:9.1f}  uncertainty {place.uncertainty:.2f}  {place.classes[0]} or {place.classes[1]}")
    if not found.places:
        print("nothing is uncertain")
    for path in (arguments.out, arguments.uncertainty):
        if path is not None:
            print(path)
