"""What can be typed."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

from volviz.cli import animating, combining, commands, suggesting
from volviz.cli.training import train
from volviz.core.errors import VolvizError

SCENES = ["virions", "layer", "vesicles", "membrane", "cell", "ice"]
LOOKS = (
    "virion, membrane, print, paper, one of your own (saved in the window), a JSON file, or a preset (tf-*.json), a session or a folder of "
    "Nano-Oetzi"
)
DESCRIPTION = """\
Look at virions in cryo-electron tomograms: segment them softly, draw them, measure them.
Without a command, volviz opens the window on the files named.
"""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence instead of a page of usage."""

    def error(self, message: str) -> NoReturn:
        if "expected one argument" in message:  # argparse takes what begins with - for another option
            message = message.replace("expected one argument", "a value is missing") + " (one that begins with - is written behind =)"
        raise VolvizError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return what was asked for; ``.command`` is the function that does it.

    Raises:
        VolvizError: it cannot be understood.
    """
    parser, names = build_parser()
    if not argv or (argv[0] not in names and argv[0] not in {"-h", "--help", "--version"}):
        if argv and not argv[0].startswith("-") and not Path(argv[0]).exists() and not set(argv[0]) & set("./\\"):
            raise VolvizError(f"There is neither a command nor a file called '{argv[0]}'; see volviz --help.")
        argv = ["open", *argv]
    return parser.parse_args(argv)


def build_parser() -> tuple[_Parser, set[str]]:
    """Return the parser, and the names of the commands."""
    parser = _Parser(prog="volviz", description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", action=_Version)
    sub = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, run: Callable[[argparse.Namespace], None], text: str) -> _Parser:
        first = text.partition(". ")[0].rstrip(".")
        made = sub.add_parser(name, help=first[0].lower() + first[1:], description=textwrap.fill(text, 100))
        made.set_defaults(command=run)
        return made

    p = command(
        "open",
        commands.open_window,
        "The desktop application. Opens tomograms, segmentations, .volviz sessions, and pictures that volviz saved.",
    )
    p.add_argument("paths", nargs="*", metavar="PATH")
    p.add_argument("--software", action="store_true", help="draw without the graphics card: slower, where its driver fails or is too old")
    _find(p)

    p = command(
        "demo",
        commands.demo,
        "The whole way on a sample tomogram: simulate, segment, draw. Shows it in the window if there is a screen and no --out.",
    )
    p.add_argument("--out", type=Path, metavar="DIR", help="folder for the results (default: volviz-demo)")
    p.add_argument("--overwrite", action="store_true", default=None, help="replace results that are there already")
    p.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")

    p = command("info", commands.info, "Header, statistics, warnings, and what volviz will do about them.")
    p.add_argument("path", metavar="PATH", type=Path)
    _voxel_size(p)
    _index(p)
    p.add_argument("--json", action="store_true", help="print JSON")

    p = command(
        "convert",
        commands.convert,
        "Write a volume or segmentation in another format. The suffix decides: .mrc .mrc.gz .tif .zarr. Weights of another "
        "program (.ckpt .pytorch) become a .safetensors file with a model card.",
    )
    p.add_argument("path", metavar="IN", type=Path)
    p.add_argument("out", metavar="OUT", type=Path)
    _voxel_size(p)
    _index(p)
    _overwrite(p)

    p = command("combine", combining.combine, combining.ABOUT)
    combining.add_arguments(p)
    _overwrite(p)

    p = command("simulate", commands.simulate, "Make a tomogram of virions, with its labels in OUT_labels.mrc.")
    p.add_argument("out", metavar="OUT.mrc", type=Path)
    p.add_argument("--virions", type=int, metavar="N", help="how many virions")
    p.add_argument("--shape", type=int, nargs=3, metavar=("Z", "Y", "X"), help="voxels along each axis")
    p.add_argument("--voxel-size", type=_positive, metavar="A", help="in angstrom")
    p.add_argument("--snr", type=_positive, metavar="S", help="signal to noise ratio of one tilt image")
    p.add_argument("--seed", type=int, metavar="N", help="another seed, another tomogram")
    p.add_argument("--random", action="store_true", help="draw everything not given from the ranges that the bundled model learnt from")
    p.add_argument("--scene", choices=SCENES, help="what is there, the rest drawn as by --random")
    p.add_argument("--difficulty", choices=["easy", "mixed", "hard"], help="how noisy and crowded, the rest drawn as by --random")
    p.add_argument(
        "--densities",
        type=Path,
        metavar="DIR",
        help="folder of structures: atomic models (.pdb) give spikes their heads, density maps (.mrc, dense is bright) are free proteins",
    )
    p.add_argument("--spec", type=Path, metavar="FILE.json", help="recipe whose fields are docs/simulator.md's; options go before it")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any field of docs/simulator.md, for example spikes=20,40 or tilt_range=-50,66 or scheme=bidirectional or dark=off",
    )
    _overwrite(p)

    p = command("segment", commands.segment, "Classify every voxel softly: background, membrane, spikes, lumen.")
    p.add_argument("path", metavar="TOMO", type=Path)
    p.add_argument("--out", type=Path, required=True, metavar="DIR|X.zarr", help="folder for MRC files, or one OME-Zarr")
    p.add_argument("--bits", type=int, choices=[8, 16], default=8, help="how fine the probabilities are (default: 8)")
    p.add_argument(
        "--z",
        type=_slices,
        metavar="A:B",
        help="slices from A up to, not including, B hold the specimen (the first is 0); the rest, such as the films where ice meets "
        "air, becomes background",
    )
    p.add_argument(
        "--augment",
        type=int,
        choices=[1, 4, 8],
        default=1,
        help="see every tile from 4 sides (mirrored in the slice plane) or 8 (upside down too) and take the mean: as many times slower",
    )
    p.add_argument(
        "--uncertainty",
        choices=["margin", "spread"],
        help="write it as a volume: margin is 1 less the lead of the first class over the second, spread the standard deviation "
        "over the sides of --augment",
    )
    _model(p)
    _voxel_size(p)
    _overwrite(p)

    p = command(
        "clean",
        commands.clean,
        "Clean a segmentation: remove dust, fill holes, smooth, trim. Writes another one; the same settings of volviz render and "
        "of the window show it without.",
    )
    p.add_argument("path", metavar="SEGMENTATION|PROJECT", type=Path, help="what volviz segment wrote, or a session")
    p.add_argument("--out", type=Path, required=True, metavar="DIR|X.zarr", help="folder for MRC files, or one OME-Zarr")
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="WHAT=VALUE",
        help="of a class: membrane.dust=20 (removes objects smaller than a sphere of 20 nm), holes=5 (nm, fills), smooth=1 (nm), "
        "hysteresis=0.8 (probability that an object must reach), trim=10,10 (nm from both ends of z), level=0.5 (where an object "
        "ends); of all classes: cleaning.dust=20",
    )
    _find(p)
    _overwrite(p)

    p = command(
        "mesh",
        commands.mesh,
        "Write the surfaces of classes as triangles. The suffix decides: .glb .obj .ply hold all classes in their colours, .stl one "
        "each. A surface is where a class rises through the middle of its ramp; positions are those of the tomogram.",
    )
    p.add_argument("path", metavar="SEGMENTATION|PROJECT|PICTURE", type=Path)
    p.add_argument("--out", type=Path, required=True, metavar="X.glb|X.obj|X.ply|X.stl")
    p.add_argument(
        "--class",
        action="append",
        default=[],
        dest="classes",
        metavar="NAME",
        help="a class; may be repeated (default: all that are shown)",
    )
    p.add_argument("--level", type=float, metavar="P", help="the probability at the surface (default: the middle of each class's ramp)")
    p.add_argument("--closed", action="store_true", help="close what the border of the volume cuts open")
    p.add_argument("--bin", type=int, default=1, metavar="N", help="average cubes of N voxels first: 2 gives a quarter of the triangles")
    fewer = p.add_mutually_exclusive_group()
    fewer.add_argument("--keep", type=_positive, default=1.0, metavar="SHARE", help="keep this share of the triangles, such as 0.1")
    fewer.add_argument("--triangles", type=int, metavar="N", help="keep so many triangles at most, of all surfaces together")
    p.add_argument("--estimate", action="store_true", help="say how many triangles and bytes it would be, and write nothing")
    p.add_argument("--unit", choices=["angstrom", "nm"], default="angstrom", help="of the positions (default: angstrom, as ChimeraX reads)")
    p.add_argument("--region", metavar="Z0:Z1,Y0:Y1,X0:X1", help="only this box of voxels")
    p.add_argument("--set", action="append", default=[], metavar="WHAT=VALUE", help="for example spikes.dust=8 (nm), membrane.low=0.3")
    _find(p)
    _overwrite(p)

    p = command(
        "measure",
        commands.measure,
        "Measure the objects of a segmentation into a table. Volume (nm3), surface (nm2), diameter of a sphere as large (nm), centre "
        "and box (angstrom), mean probability, whether it touches the border: a CSV file with one row for each object. A name in "
        ".star gets their centres for RELION instead.",
    )
    p.add_argument(
        "path", metavar="SEGMENTATION|PROJECT", type=Path, help="what volviz segment wrote, a volume of hard labels, or a session"
    )
    p.add_argument("--out", type=Path, required=True, metavar="X.csv|X.star")
    p.add_argument("--class", dest="classes", action="append", default=[], metavar="NAME", help="only this class; may be given again")
    p.add_argument(
        "--threshold",
        type=_positive,
        metavar="P",
        help="probability at which objects end (default: 0.5; of a session, where the ramp of the class begins)",
    )
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="WHAT=VALUE",
        help="clean before it is measured, for example spikes.dust=8 (nm; see volviz clean)",
    )
    p.add_argument("--relion", type=int, choices=[4, 5], default=5, help="which RELION a STAR file is for (default: 5)")
    _voxel_size(p)
    _overwrite(p)

    p = command(
        "annotations",
        commands.annotation_files,
        "Write annotations as another kind of file. The suffixes decide: .annotations.json and sessions hold all kinds; .mrc and .zarr "
        "are label volumes on the tomogram (-1 and 255 are unlabelled); .csv, .star and .tbl are points, in angstrom, "
        "as RELION and as Dynamo has them.",
    )
    p.add_argument("path", metavar="IN", type=Path, help="annotations, a session, a label volume, or points")
    p.add_argument("out", metavar="OUT", type=Path)
    p.add_argument("--tomogram", type=Path, metavar="TOMO", help="what they lie on; label volumes, STAR files and tables of Dynamo need it")
    p.add_argument("--label", default="spikes", metavar="NAME", help="class of points that name none (default: spikes)")
    p.add_argument("--relion", type=int, choices=[4, 5], default=5, help="which RELION a STAR file is for (default: 5)")
    p.add_argument(
        "--pixel-size",
        type=_positive,
        metavar="A",
        help="of coordinates of RELION 4 (that of the tilt series) and Dynamo, in angstrom (default: what the file states, else the "
        "tomogram's voxels)",
    )
    _voxel_size(p)
    _overwrite(p)

    p = command("train", train, "Fit a segmenter to simulated tomograms, or to your own with --data.")
    p.add_argument("method", metavar="METHOD", help="which segmenter: unet, scribble-forest, or one that a plug-in brings")
    p.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="its options: see volviz train METHOD --help")

    p = command("suggest", suggesting.suggest, suggesting.ABOUT)
    suggesting.add_arguments(p)
    _voxel_size(p)
    _overwrite(p)

    p = command(
        "evaluate",
        commands.evaluate,
        "Compare a segmentation with labels. F1 and IoU per class, accuracy, expected calibration error (of voxels whose foreground "
        "probability exceeds 0.05 or whose label is not background), and objects: envelopes are pieces of lumen of 5000 nm3 or "
        "more, spikes pieces of 50 nm3 or more, joined by faces, edges or corners; two match that share more than half of their "
        "union.",
    )
    p.add_argument("prediction", metavar="PREDICTION", type=Path)
    p.add_argument("labels", metavar="LABELS", type=Path)
    p.add_argument("--instances", type=Path, metavar="FILE", help="a volume that numbers the true objects (default: pieces of the labels)")
    p.add_argument("--json", action="store_true", help="print JSON")

    p = command("render", commands.render, "Draw a still or a video. Without --segmentation the model is run first.")
    p.add_argument("path", metavar="TOMO|PROJECT|PICTURE", type=Path)
    p.add_argument(
        "--segmentation",
        type=Path,
        nargs="+",
        metavar="S",
        help="what volviz segment wrote, or files of classes as volviz combine takes them; the word none: the density alone",
    )
    combining.add_options(p)
    p.add_argument("--out", type=Path, required=True, metavar="X.png|X.mp4", help="see docs/videos.md for the formats of videos")
    p.add_argument("--size", type=_size, metavar="WxH[mm]", help="in pixels, or on paper (default: 1920x1080)", default=(1920, 1080, ""))
    p.add_argument("--dpi", type=_positive, metavar="D", help="pixels to the inch, written into a still")
    p.add_argument("--camera", metavar="JSON", help="a camera as JSON, a file of it, or a side: front back left right top bottom")
    p.add_argument("--quality", choices=["cached", "exact"], default="cached", help="exact lights every sample by itself: slow")
    p.add_argument("--bits", type=int, choices=[8, 16], help="how fine the probabilities are drawn (default: as they are)")
    p.add_argument("--transparent", action="store_true", help="no background (PNG)")
    p.add_argument(
        "--marks",
        nargs="?",
        const=True,
        default=False,
        type=Path,
        metavar="FILE",
        help="draw annotations over it: those of the session or, of a tomogram, those of a file, as volviz annotations takes them",
    )
    p.add_argument("--look", metavar="NAME|FILE", help=LOOKS)
    p.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="WHAT=VALUE",
        help="for example membrane.low=0.3, shadow.on=off, light.size=20, clips.x=0.2,0.8 (cut), slices.z=0.5 (density on a plane), "
        "guides.scale_bar=off, spikes.dust=8 (see volviz clean)",
    )
    p.add_argument("--region", metavar="Z0:Z1,Y0:Y1,X0:X1", help="draw only this box of voxels, in full resolution")
    p.add_argument(
        "--compare",
        action="append",
        default=[],
        metavar="stages|WHAT=VALUE",
        help="panels side by side: the stages of light, or one panel for every --compare, its settings divided by semicolons",
    )
    animating.add_options(p)
    _find(p)
    _model(p)
    _voxel_size(p)
    _overwrite(p)
    return parser, set(sub.choices)


class _Version(argparse.Action):
    def __init__(self, option_strings: Sequence[str], dest: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from importlib.metadata import version

        parser.exit(message=f"volviz {version('volviz')}\n")


def _model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--model",
        default="unet",
        metavar="NAME|PATH",
        help="a model by name, or a file of weights: .safetensors, .ckpt of Nano-Oetzi, .pytorch of pytorch-3dunet (default: unet)",
    )
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument("--dense", choices=["auto", "dark", "bright"], default="auto", help="which sign of the density is matter")


def _voxel_size(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--voxel-size", type=_positive, metavar="A", help="in angstrom, instead of what the file says")


def _index(parser: argparse.ArgumentParser) -> None:
    text = "which of several volumes, channels or times in the file, counted from 0 (default: the first)"
    parser.add_argument("--index", type=int, metavar="N", help=text)


def _find(parser: argparse.ArgumentParser) -> None:
    text = "where to look for files of a session that have moved, also in folders below (may be given again)"
    parser.add_argument("--find", action="append", default=[], type=Path, metavar="FOLDER", help=text)


def _overwrite(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return value


def _slices(text: str) -> tuple[int, int]:
    first, colon, last = text.partition(":")
    if not colon or not (first or "0").isdigit() or not (last or "0").isdigit():
        raise argparse.ArgumentTypeError(f"{text} is no range of slices such as 40:200")
    from volviz.core.grid import END

    return int(first or 0), int(last or END)


def _size(text: str) -> tuple[float, float, str]:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(mm)?", text.strip().lower())
    if found is None or (not found[3] and "." in text) or not float(found[1]) or not float(found[2]):
        raise argparse.ArgumentTypeError(f"{text} is not a size such as 3840x2160 or 90x60mm")
    return float(found[1]), float(found[2]), found[3] or ""
