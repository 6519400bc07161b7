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


def from_json(kind: type[T], data: Any, unknown: list[str] | None = None) -> T:
    """Return the value that `to_json` wrote. Fields that are missing take their defaults; unknown ones are refused.

    With a list as ``unknown``, fields and members of lists that this version does not know are left out instead, and
    their places are put into the list.

    Raises:
        VolvizError: the data are not such a value.
    """
    return typing.cast("T", _decode(kind, data, kind.__name__, unknown))


def _decode(kind: Any, data: Any, where: str, unknown: list[str] | None) -> Any:
    origin = typing.get_origin(kind)
    arguments = typing.get_args(kind)
    if is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(kind, data, where, unknown)
    if origin in {Union, types.UnionType}:
        return _decode_union(arguments, data, where, unknown)
    if origin is Literal:
        return data if data in arguments else _refuse(where, data)
    if origin is tuple and isinstance(data, list):
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return _decode_list(arguments[0], data, where, unknown)
        if len(arguments) == len(data):
            return tuple(_decode(k, v, f"{where}[{i}]", unknown) for i, (k, v) in enumerate(zip(arguments, data, strict=True)))
    if origin is frozenset and isinstance(data, list):
        return frozenset(_decode(arguments[0], v, where, unknown) for v in data)
    if origin is Mapping and isinstance(data, dict):
        return {k: _decode(arguments[1], v, f"{where}.{k}", unknown) for k, v in data.items()}
    if kind is float and isinstance(data, int | float) and not isinstance(data, bool):
        return float(data)
    if kind in {int, str, bool} and type(data) is kind:
        return data
    return data if kind is type(None) and data is None else _refuse(where, data)


def _decode_list(kind: Any, data: list[Any], where: str, unknown: list[str] | None) -> tuple[Any, ...]:
    """Decode the members; one of a kind that a later version has added is left out if that is allowed."""
    kinds = typing.get_args(kind) if typing.get_origin(kind) in {Union, types.UnionType} else (kind,)
    names = {getattr(k, "__name__", "") for k in kinds}
    made = []
    for i, member in enumerate(data):
        if unknown is not None and isinstance(member, dict) and member.get("type", next(iter(names))) not in names:
            unknown.append(f"{where}[{i}] ({member['type']})")
        else:
            made.append(_decode(kind, member, f"{where}[{i}]", unknown))
    return tuple(made)


def _decode_dataclass(kind: type[Any], data: Any, where: str, unknown: list[str] | None) -> Any:
    if not isinstance(data, dict) or data.get("type", kind.__name__) != kind.__name__:
        return _refuse(where, data)
    hints = typing.get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}
    before = {f.metadata["was"]: f.name for f in known.values() if "was" in f.metadata}  # names in files of earlier versions
    data = {before.get(name, name): value for name, value in data.items()}
    strange = sorted(set(data) - set(known) - {"type"})
    if strange and unknown is None:
        raise VolvizError(f"{where} has a field '{strange[0]}' that this version of volviz does not know; a newer one may.")
    if unknown is not None:
        unknown.extend(f"{where}.{name}" for name in strange)
    missing = [n for n, f in known.items() if n not in data and f.default is MISSING and f.default_factory is MISSING]
    if missing:
        raise VolvizError(f"{where} lacks its '{missing[0]}'.")
    return kind(**{n: _decode(hints[n], v, f"{where}.{n}", unknown) for n, v in data.items() if n in known})


def _decode_union(kinds: tuple[Any, ...], data: Any, where: str, unknown: list[str] | None) -> Any:
    if data is None and type(None) in kinds:
        return None
    if isinstance(data, dict):
        named = [k for k in kinds if is_dataclass(k) and getattr(k, "__name__", "") == data.get("type")]
        return _decode(named[0], data, where, unknown) if named else _refuse(where, data)
    for kind in kinds:
        if kind is not type(None):
            try:
                return _decode(kind, data, where, unknown)
            except VolvizError:
                continue
    return _refuse(where, data)


def _refuse(where: str, data: Any) -> Any:
    shown = repr(data) if len(repr(data)) < 60 else f"{repr(data)[:57]}..."
    raise VolvizError(f"{where} cannot be {shown}.")
