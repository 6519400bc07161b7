"""Values to JSON and back, read off the dataclass itself so that nothing is spelled twice."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, Literal, TypeVar, Union

from volviz.core.errors import VolvizError

T = TypeVar("T")


def to_json(value: Any) -> Any:
    """Return a value as dictionaries, lists, strings, numbers. A dataclass in a union carries its name as ``type``.

    Raises:
        ValueError: something in it has no JSON form, such as an array.
    """
    if is_dataclass(value) and not isinstance(value, type):
        return {"type": type(value).__name__, **{f.name: to_json(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, Mapping):
        return {str(k): to_json(v) for k, v in value.items()}
    if isinstance(value, frozenset):
        return sorted(to_json(v) for v in value)
    if isinstance(value, tuple | list):
        return [to_json(v) for v in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(f"{type(value).__name__} has no JSON form")


def from_json(kind: type[T], data: Any) -> T:
    """Return the value that `to_json` wrote. Fields that are missing take their defaults; unknown ones are refused.

    Raises:
        VolvizError: the data are not such a value.
    """
    return typing.cast("T", _decode(kind, data, kind.__name__))


def _decode(kind: Any, data: Any, where: str) -> Any:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(kind, data, where)
    if origin in {Union, types.UnionType}:
        return _decode_union(arguments, data, where)
    if origin is Literal:
        return data if data in arguments else _refuse(where, data)
    if origin is tuple and isinstance(data, list):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_decode(arguments[0], v, f"{where}[{i}]") for i, v in enumerate(data))
        if len(arguments) == len(data):
            return tuple(_decode(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(arguments, data, strict=True)))
    if origin is frozenset and isinstance(data, list):
        return frozenset(_decode(arguments[0], v, where) for v in data)
    if origin is Mapping and isinstance(data, dict):
        return {k: _decode(arguments[1], v, f"{where}.{k}") for k, v in data.items()}
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if kind in {int, str, bool} and type(data) is kind:
        return data
    return data if kind is type(None) and data is None else _refuse(where, data)


def _decode_dataclass(kind: type[Any], data: Any, where: str) -> Any:
    if not isinstance(data, dict) or data.get("type", kind.__name__) != kind.__name__:
        return _refuse(where, data)
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    unknown = set(data) - set(known) - {"type"}
    if unknown:
        raise VolvizError(f"{where} has a field '{min(unknown)}' that this version of volviz does not know; a newer one may.")
    missing = [n for n, f in known.items() if n not in data and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise VolvizError(f"{where} lacks its '{missing[0]}'.")
    return kind(**{n: _decode(hints[n], v, f"{where}.{n}") for n, v in data.items() if n != "type"})


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str) -> Any:
    if data is None and type(None) in kinds:
        return None
    if isinstance(data, dict):
        named = [k for k in kinds if is_dataclass(k) and getattr(k, "__name__", "") == data.get("type")]
        return _decode(named[0], data, where) if named else _refuse(where, data)
    for kind in kinds:
        if kind is not type(None):
            try:
                return _decode(kind, data, where)
            except VolvizError:
                continue
    return _refuse(where, data)


def _refuse(where: str, data: Any) -> Any:
    shown = repr(data) if len(repr(data)) < 60 else f"{repr(data)[:57]}..."
    raise VolvizError(f"{where} cannot be {shown}.")
