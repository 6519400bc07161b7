"""Weights that other programs trained: Nano-Oetzi (``.ckpt``) and pytorch-3dunet (``.pytorch``)."""

from __future__ import annotations

from volviz.segment.foreign.reading import read_foreign

__all__ = ["read_foreign"]
