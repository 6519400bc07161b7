"""``volviz train METHOD``: the options are the fields of the method's dataclass, so nothing is spelled twice."""

from __future__ import annotations

import argparse
import ast
import inspect
import os
import textwrap
import types
import typing
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from volviz.cli.progress import Progress
from volviz.core.errors import VolvizError
from volviz.core.report import silent


def train(arguments: argparse.Namespace) -> None:
    """Fit a segmenter and save the model."""
    from volviz.segment.models import find_segmenter
    from volviz.tasks.train import train_file

    # A segmenter is a dataclass, which a protocol cannot say.
    method: type[Any] = find_segmenter(arguments.method)
    parser = _Parser(prog=f"volviz train {arguments.method}", description=inspect.getdoc(method))
    parser.add_argument("--out", type=Path, required=True, metavar="MODEL.safetensors", help="where the model goes, with its card (.json)")
    parser.add_argument("--data", nargs="+", default=[], metavar="TOMO:LABELS", help="your own tomograms with their labels")
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
    told = documented(method)
    for field in fields(method):
        _add(group, field, typing.get_type_hints(method)[field.name], told.get(field.name, ""))
    given = vars(parser.parse_args(arguments.rest))
    segmenter = method(**{f.name: given[f.name] for f in fields(method) if given[f.name] is not None})
    leads = os.environ.get("RANK", "0") == "0"  # of the processes of torchrun the first speaks
    with Progress() if leads else nullcontext(silent) as report:
        train_file(
            segmenter,
            given["out"],
            data=[_pair(text) for text in given["data"]],
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


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> typing.NoReturn:
        raise VolvizError(f"{message[:1].upper()}{message[1:]}; see {self.prog} --help.")


def documented(kind: type[Any]) -> dict[str, str]:
    """Return what the string under each field of a class says."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    told: dict[str, str] = {}
    for before, after in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(before, ast.AnnAssign)
            and isinstance(before.target, ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            told[before.target.id] = inspect.cleandoc(str(after.value.value)).replace("\n", " ")
    return told


def _add(group: argparse._ArgumentGroup, field: Field[Any], hint: Any, told: str) -> None:
    """Add the option of one field. Its default stays the dataclass's own."""
    name = f"--{field.name.replace('_', '-')}"
    default = "" if field.default in {MISSING, None} else f" (default: {field.default})"
    text = f"{told}{default}".strip().replace("%", "%%")
    if typing.get_origin(hint) in {typing.Union, types.UnionType}:
        hint = next(k for k in typing.get_args(hint) if k is not type(None))
    if hint is bool:
        group.add_argument(name, action=argparse.BooleanOptionalAction, default=None, help=text)
    elif typing.get_origin(hint) is typing.Literal:
        group.add_argument(name, choices=typing.get_args(hint), default=None, help=text)
    else:
        read: Callable[[str], Any] = hint if hint in {int, float, str, Path} else ast.literal_eval
        metavar = {int: "N", float: "X", Path: "PATH"}.get(hint, "VALUE")
        group.add_argument(name, type=read, default=None, metavar=metavar, help=text)


def _pair(text: str) -> tuple[Path, Path]:
    tomogram, colon, labels = text.rpartition(":")
    if not colon or not tomogram or not labels:
        raise VolvizError(f"'{text}' is not a tomogram and its labels; write TOMO.mrc:LABELS.mrc.")
    return Path(tomogram), Path(labels)
