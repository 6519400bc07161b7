"""Fields of a frozen value set as a person writes them: ``light.size`` to ``20``.

What a field takes is read off its type. One that is written in its own way says so in its metadata: ``reads`` is the
function from text (ValueError: it is none), ``takes`` the end of the sentence about it; `within` is the range of its numbers.
"""

from __future__ import annotations

import math
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any, Literal, TypeVar, Union

from volviz.core.errors import VolvizError

T = TypeVar("T")
SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
ABSENT = {"none", "auto", "off"}


def set_part(whole: T, head: str, rest: str, text: str, path: str) -> T:
    """Return a value with its field ``head``, or the field ``rest`` of that, replaced; ``path`` is for messages.

    Raises:
        VolvizError: there is no such field, or the text is no value for it.
    """
    old = getattr(whole, head)
    kinds = _kinds(whole, head)
    part: Any = next((kind for kind in kinds if is_dataclass(kind)), None)
    read_whole = any("reads" in f.metadata for f in fields(whole) if f.name == head)  # type: ignore[arg-type]
    if part is None or read_whole or (not rest and type(None) in kinds):
        if rest:
            raise VolvizError(f"'{path}' names no setting; write {head}=VALUE.")
        return _replaced(whole, head, text, path)
    return replace(whole, **{head: set_field(part() if old is None else old, rest, text, path)})  # type: ignore[type-var]


def set_field(value: T, name: str, text: str, path: str) -> T:
    """Return a value with one of its fields replaced.

    Raises:
        VolvizError: there is no such field, or the text is no value for it.
    """
    names = [f.name for f in fields(value)]  # type: ignore[arg-type]
    if name not in names:
        raise VolvizError(f"'{path}' names no setting; there are: {', '.join(names)}.")
    return _replaced(value, name, text, path)


def _replaced(value: T, name: str, text: str, path: str) -> T:
    kinds = _kinds(value, name)
    if type(None) in kinds and text.strip().lower() in ABSENT:
        return replace(value, **{name: None})  # type: ignore[type-var]
    own = next(f.metadata for f in fields(value) if f.name == name)  # type: ignore[arg-type]
    said = []
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            new = own["reads"](text) if "reads" in own else _read(kind, text.strip())
        except (ValueError, KeyError):
            said.append(own.get("takes") or _takes(kind))
        else:
            _check_range(new, own, text, path)
            return replace(value, **{name: new})  # type: ignore[type-var]
    if type(None) in kinds:
        said.append("none")
    raise VolvizError(f"'{text}' is no value for {path}; it takes {' or '.join(said)}.")


def _check_range(new: Any, own: Mapping[str, Any], text: str, path: str) -> None:
    """Refuse numbers beyond what a field says of itself with `within`."""
    if "least" not in own:
        return
    least, most = own["least"], own["most"]
    numbers = new if isinstance(new, tuple) else (new,)
    if not all(least <= number <= most for number in numbers):
        what = "a number" if len(numbers) == 1 else f"{len(numbers)} numbers"
        upto = "on" if most == math.inf else f"to {most:g}"
        raise VolvizError(f"{path} takes {what} from {least:g} {upto}, not {text.strip()}.")


def within(least: float, most: float = math.inf) -> dict[str, float]:
    """Return the metadata of a dataclass field whose numbers a person may set from ``least`` to ``most``."""
    return {"least": least, "most": most}


def _kinds(value: Any, name: str) -> tuple[Any, ...]:
    kind = typing.get_type_hints(type(value))[name]
    return typing.get_args(kind) if typing.get_origin(kind) in {Union, types.UnionType} else (kind,)


def _read(kind: Any, text: str) -> Any:
    if typing.get_origin(kind) is Literal:
        choices = typing.get_args(kind)
        return choices[choices.index(text.lower())]
    if typing.get_origin(kind) is tuple:
        kinds, texts = typing.get_args(kind), text.replace(",", " ").split()
        return tuple(_read(k, t) for k, t in zip(kinds, texts, strict=True))
    if is_dataclass(kind) and isinstance(kind, type):
        return {True: kind()}[SWITCH[text.lower()]]
    value = SWITCH[text.lower()] if kind is bool else kind(text)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError
    return value


def _takes(kind: Any) -> str:
    if typing.get_origin(kind) is Literal:
        *others, last = typing.get_args(kind)
        return f"{', '.join(others)} or {last}"
    if typing.get_origin(kind) is tuple:
        return f"{len(typing.get_args(kind))} numbers"
    if is_dataclass(kind):
        return "on"
    return {bool: "on or off", float: "a number", int: "a whole number"}.get(kind, "a word")
