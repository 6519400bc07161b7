"""``volviz train METHOD``: the options are the fields of the method's dataclass, so nothing is spelled twice."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import typing
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from volviz.cli.progress import Progress
from volviz.core.errors import VolvizError
from volviz.core.report import silent
from volviz.segment.parameters import REQUIRED, Parameter, parameters


def train(arguments: argparse.Namespace) -> None:
    """Fit a segmenter and save the model."""
    from volviz.segment.models import find_segmenter
    from volviz.tasks.train import train_file

    # A segmenter is a dataclass, which a protocol cannot say.
    method: type[Any] = find_segmenter(arguments.method)
    parser = _Parser(prog=f"volviz train {arguments.method}", description=inspect.getdoc(method))
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors", help="where the model goes, with its card (.json)")
    parser.add_argument("tomograms", nargs="*", type=Path, metavar="TOMO", help="tomograms in which you marked something")
    parser.add_argument(
        "--strokes",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="what was marked in each, in the same order: annotations (.annotations.json), a session (.volviz) or a label volume",
    )
    parser.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="TOMO:LABELS|SESSION",
        help=DATA,
    )
    parser.add_argument(
        "--simulate", type=int, default=0, metavar="N", help="simulate so many tomograms to learn from (the default without --data: 48)"
    )
    parser.add_argument("--pool", type=Path, metavar="DIR", help="folder that keeps the simulated tomograms for the next run")
    parser.add_argument(
        "--densities",
        type=Path,
        metavar="DIR",
        help="folder of structures for simulations: atomic models (.pdb) give spikes their heads, density maps (.mrc) are free proteins",
    )
    parser.add_argument("--device", choices=["auto", "cuda", "cpu"], default="auto")
    parser.add_argument(
        "--precision",
        choices=["auto", "float32", "bfloat16", "float16"],
        default="auto",
        help="of the convolutions; auto is the fastest that the device has circuits for",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace a model that is there already")
    group = parser.add_argument_group(f"parameters of {arguments.method}")
    known = parameters(method)
    for parameter in known:
        _add(group, parameter)
    given = vars(parser.parse_args(arguments.rest))
    segmenter = method(**{p.name: given[p.name] for p in known if given[p.name] is not None})
    leads = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun the first speaks
    with Progress() if leads else nullcontext(silent) as report:
        train_file(
            segmenter,
            given["out"],
            data=[*_together(given["tomograms"], given["strokes"]), *(_pair(text) for text in given["data"])],
            simulated=given["simulate"],
            pool=given["pool"],
            densities=given["densities"],
            device=given["device"],
            precision=given["precision"],
            overwrite=given["overwrite"],
            report=report,
        )
    if leads:
        print(given["out"])


DATA = (
    "your own tomograms with what is known of them: a segmentation, such as one made from scribbles, class numbers, or marks; "
    "or sessions (.volviz) with a segmentation or annotations"
)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise VolvizError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def _add(group: argparse._ArgumentGroup, parameter: Parameter) -> None:
    """Add the option of one field. Its default stays the dataclass's own."""
    name, kind = f"--{parameter.name.replace('_', '-')}", parameter.kind
    default = "" if parameter.default in (REQUIRED, None) else f" (default: {parameter.default})"
    text = f"{parameter.told}{default}".strip().replace("%", "%%")
    if kind is bool:
        group.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif parameter.choices:
        group.add_argument(name, type=type(parameter.choices[0]), choices=parameter.choices, default=None, help=text)
    else:
        read: Callable[[str], Any] = kind if kind in {int, float, str, Path} else ast.literal_eval
        metavar = {int: "N", float: "X", Path: "PATH"}.get(kind, "VALUE")
        group.add_argument(name, type=read, default=None, metavar=metavar, help=text)


def _together(tomograms: list[Path], strokes: list[Path]) -> list[tuple[Path, Path]]:
    if len(tomograms) != len(strokes):
        raise VolvizError(
            f"{len(tomograms)} tomograms, {len(strokes)} files of --strokes: one belongs to each tomogram, in the same order."
        )
    return list(zip(tomograms, strokes, strict=True))


def _pair(text: str) -> tuple[Path, Path]:
    if text.lower().endswith(".volviz"):
        return Path(text), Path(text)
    tomogram, colon, labels = text.rpartition(":")
    if not colon or not tomogram or not labels:
        raise VolvizError(f"'{text}' is not a tomogram and its labels; write TOMO.mrc:LABELS.mrc.")
    return Path(tomogram), Path(labels)
