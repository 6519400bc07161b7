"""Values for the fields of a recipe, from text or JSON, checked against what each field takes."""

from __future__ import annotations

import math
import typing
from dataclasses import fields
from typing import Any, Literal

from volviz.core.errors import VolvizError
from volviz.simulate.spec import Spec

_WORDS = {2: "two {}numbers joined by a comma", 3: "three {}numbers joined by commas"}
_SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


def parse(setting: str) -> tuple[str, Any]:
    """Return the field and the value that ``NAME=VALUE`` gives it; ranges are written ``400,480``.

    Raises:
        VolvizError: there is no such field, or it takes something else.
    """
    name, equals, text = setting.partition("=")
    if not equals:
        raise VolvizError(f"'{setting}' sets nothing; write NAME=VALUE, such as spikes=20,40.")
    hint = _hint(name)
    value: Any = text
    if typing.get_origin(hint) is tuple:
        value = [part for part in (p.strip() for p in text.split(",")) if part]
    return name, checked(name, value)


def checked(name: str, value: Any) -> Any:
    """Return a value as the field of this name takes it.

    Raises:
        VolvizError: there is no such field, or it takes something else.
    """
    hint = _hint(name)
    try:
        return _as(hint, value)
    except (TypeError, ValueError, KeyError):
        given = ",".join(map(str, value)) if isinstance(value, list) else value
        raise VolvizError(f"{name} of a simulation takes {_wanted(hint)}, not '{given}'.") from None


def _hint(name: str) -> Any:
    if name not in {field.name for field in fields(Spec)}:
        raise VolvizError(f"A simulation has no '{name}'; docs/simulator.md lists what it has.")
    return typing.get_type_hints(Spec)[name]


def _as(hint: Any, value: Any) -> Any:
    if typing.get_origin(hint) is Literal:
        if value not in typing.get_args(hint):
            raise ValueError
        return value
    if typing.get_origin(hint) is tuple:
        kinds = typing.get_args(hint)
        if isinstance(value, str) or (kinds[-1] is not Ellipsis and len(value) != len(kinds)):
            raise ValueError
        return tuple(_as(kinds[0], part) for part in value)
    if hint is bool:
        return _SWITCH[value.lower()] if isinstance(value, str) else _of_type(bool, value)
    if hint is str:
        return _of_type(str, value)
    if isinstance(value, bool) or not math.isfinite(number := float(value)) or (hint is int and number != int(number)):
        raise ValueError
    return int(number) if hint is int else number


def _of_type(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _wanted(hint: Any) -> str:
    if typing.get_origin(hint) is Literal:
        return " or ".join(typing.get_args(hint))
    if typing.get_origin(hint) is tuple:
        kinds = typing.get_args(hint)
        return "names of files joined by commas" if kinds[0] is str else _WORDS[len(kinds)].format("whole " if kinds[0] is int else "")
    return {bool: "on or off", int: "a whole number", float: "a number"}[hint]
