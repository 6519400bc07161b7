"""The parameters of a method, read off the fields of its dataclass: for the options of a command and for a form."""

from __future__ import annotations

import ast
import inspect
import textwrap
import types
import typing
from dataclasses import MISSING, dataclass, fields
from typing import Any

REQUIRED = object()
"""In the place of a default where there is none."""
# What published networks abbreviate in the names of their settings.
_IN_FULL = {"f": "feature", "num": "number of"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """One field: what it takes, what it is if nothing is said, and what the string under it tells.

    ``kind`` is its type without None, which ``optional`` says it may be. ``choices`` are those of a Literal. ``least`` and ``most``
    are the field's metadata of these names, None where it has none.
    """

    name: str
    kind: Any
    optional: bool = False
    default: Any = REQUIRED
    told: str = ""
    choices: tuple[Any, ...] = ()
    least: float | None = None
    most: float | None = None

    @property
    def title(self) -> str:
        """The name as people write it."""
        return " ".join(_IN_FULL.get(word, word) for word in self.name.split("_")).capitalize()


def parameters(method: type[Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a dataclass, in its order. Class variables are none."""
    hints, told = typing.get_type_hints(method), documented(method)
    found = []
    for field in fields(method):
        if not field.init:
            continue
        kind = hints[field.name]
        kinds = typing.get_args(kind) if typing.get_origin(kind) in {typing.Union, types.UnionType} else (kind,)
        kind = next((k for k in kinds if k is not type(None)), kinds[0])
        default = field.default if field.default_factory is MISSING else field.default_factory()
        default = REQUIRED if default is MISSING else default
        choices = typing.get_args(kind) if typing.get_origin(kind) is typing.Literal else ()
        least, most = (field.metadata.get(name) for name in ("least", "most"))
        found.append(Parameter(field.name, kind, type(None) in kinds, default, told.get(field.name, ""), choices, least, most))
    return tuple(found)


def documented(kind: type[Any]) -> dict[str, str]:
    """Return what the string under each field of a class says; nothing where its source cannot be had."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
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
