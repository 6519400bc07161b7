"""Units of length, as file formats spell them, in angstrom."""

from __future__ import annotations

import re

_METRE = 1e10
_PREFIXES = {
    "yocto": -24,
    "zepto": -21,
    "atto": -18,
    "femto": -15,
    "pico": -12,
    "nano": -9,
    "micro": -6,
    "milli": -3,
    "centi": -2,
    "deci": -1,
    "": 0,
    "hecto": 2,
    "kilo": 3,
    "mega": 6,
    "giga": 9,
    "tera": 12,
    "peta": 15,
    "exa": 18,
    "zetta": 21,
    "yotta": 24,
}
_SYMBOLS = {"pm": -12, "nm": -9, "um": -6, "mm": -3, "cm": -2, "m": 0, "km": 3, "micron": -6, "microns": -6}
_OTHERS = {
    "angstrom": 1.0,
    "angstroms": 1.0,
    "å": 1.0,
    "a": 1.0,
    "ångström": 1.0,
    "inch": 0.0254 * _METRE,
    "foot": 0.3048 * _METRE,
    "yard": 0.9144 * _METRE,
    "mile": 1609.344 * _METRE,
    "parsec": 3.0856775814913673e16 * _METRE,
}


def angstroms_per(unit: str | None) -> float | None:
    """Return the length of a unit in angstrom, by its name or symbol; None if there is none or it is not a length.

    The names are those OME-Zarr allows; the symbols those of OME-TIFF and ImageJ.
    """
    if not unit:
        return None
    # The micro sign and the Greek letter, and the angstrom sign and the Scandinavian letter, are pairs of lookalikes.
    plain = re.sub(r"\\u([0-9A-Fa-f]{4})", lambda code: chr(int(code[1], 16)), unit)  # as ImageJ writes what is not ASCII
    name = plain.strip().replace("µ", "u").replace("μ", "u").replace("\u212b", "å").lower()
    if name in _OTHERS:
        return _OTHERS[name]
    if name in _SYMBOLS:
        return _power(_SYMBOLS[name])
    for ending in ("meter", "metre", "meters", "metres"):
        if name.endswith(ending) and name.removesuffix(ending) in _PREFIXES:
            return _power(_PREFIXES[name.removesuffix(ending)])
    return None


def _power(exponent: int) -> float:
    # 10**7 is exact where 1e10 * 1e-3 need not be.
    return float(f"1e{exponent + 10}")
